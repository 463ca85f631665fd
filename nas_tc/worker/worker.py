"""What runs inside a worker: one network at a time, rung by rung."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b

import torch
from safetensors.torch import load, save

from nas_tc.architecture import Architecture
from nas_tc.data import ImageData
from nas_tc.data.memory import gib
from nas_tc.module import Network, build
from nas_tc.recipe import Recipe
from nas_tc.timing import DTYPES, NodeLock
from nas_tc.training import (
    DivergedError,
    Images,
    OutOfMemoryError,
    Rung,
    StepContext,
    check_fits,
    choose_device,
    error_rate,
    images_on,
    keep_to_part,
    out_of_memory,
    ran_out,
    settle_on_core,
    take_huge_pages,
    train,
    with_colours,
)
from nas_tc.worker.timing_request import (
    Bench,
    FrontTimingRequest,
    FrontTimingResult,
    TimingRequest,
    TimingResult,
    measure,
    time_together,
)


@contextmanager
def _whole_step(lock: NodeLock, device: torch.device) -> Iterator[None]:
    """The context of a step that ends when the GPU has done all that was queued, not before."""
    with lock.step():
        yield
        torch.cuda.synchronize(device)


@dataclass(frozen=True)
class Report:
    """What a worker says after a rung.

    Attributes:
        rung: what is known now; None if the network diverged.
        weights: in safetensors format, after the last rung.
        diverged: why there is no use in going on: the loss is no number, or no memory is left, be
            it to train or to read the clock.
        note: what the user is to hear about this worker, in its first report.
    """

    rung: Rung | None = None
    weights: bytes | None = None
    diverged: str | None = None
    note: str | None = None


def training_seed(seed: int, network: Architecture, repeat: int = 0) -> int:
    """The seed of a training: it hangs on the network, so a trial run again gives the same.

    It has 32 bits, because that is what torch's generator on a processor looks at.

    Args:
        seed: of the search.
        network: to be trained.
        repeat: how often the search has trained it before.
    """
    text = f"{seed} {network.id}" + (f" {repeat}" if repeat else "")
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest())


def _images_note(data: ImageData, training: Images) -> str | None:
    """What to say about images in memory that the GPU has no room for."""
    if not training.streamed or data.train.file is not None:
        return None
    size = gib(data.train.images.nbytes)
    return (
        f"the {len(data.train):,} training images take {size}, more than half of what the GPU has "
        "for a worker: they stay in the machine's memory and are sent batch by batch"
    )


class Worker:
    """Trains one network at a time on one core or GPU; Ray makes a process of it.

    Args:
        data: to train on, to validate and to test with.
        recipe: of the training.
        device: "cpu" or "cuda".
        alone: whether steps stand back while another worker of this node reads the clock.
        sharers: workers on this one's GPU.

    Raises:
        NasTcError: no such device here, or no room on it; `Pool` ends the search with it.
    """

    def __init__(
        self,
        data: ImageData,
        recipe: Recipe,
        device: str,
        *,
        alone: bool = False,
        sharers: int = 1,
    ) -> None:
        self._device = choose_device(device)
        self._sharers = sharers
        keep_to_part(self._device, sharers)
        self._lock = NodeLock() if alone else None
        self._step_context: StepContext = nullcontext if self._lock is None else self._lock.step
        if self._lock is not None and self._device.type == "cuda":
            self._step_context = partial(_whole_step, self._lock, self._device)
        if self._device.type == "cpu":
            settle_on_core()
            take_huge_pages()
        self._recipe = recipe
        self._moments = data.moments
        self._train, self._validation, self._test = (
            images_on(self._device, split, sharers=sharers)
            for split in (data.train, data.validation, data.test)
        )
        self._train = with_colours(self._train, recipe)
        self._note = _images_note(data, self._train)
        self._bench: Bench | None = None
        self._network: Network | None = None
        self._rungs: Iterator[Rung] = iter(())

    def begin(self, architecture: Architecture, seed: int) -> Report:
        """Builds a network and trains it to the first rung; what was there before is dropped."""
        self._forget()
        try:
            check_fits(architecture, self._recipe.batch_size, self._device, self._sharers)
        except OutOfMemoryError as error:
            return Report(diverged=str(error))
        mean, std = self._moments
        self._architecture = architecture
        try:
            network = build(architecture, mean=mean, std=std, seed=seed, init=self._recipe.init)
            self._network = network.to(self._device)
        except (MemoryError, RuntimeError) as error:
            return self._without_memory(error)
        self._rungs = train(
            self._network,
            self._train,
            self._validation,
            self._recipe,
            seed=seed,
            step_context=self._step_context,
        )
        note, self._note = self._note, None
        return replace(self.advance(), note=note)

    def advance(self) -> Report:
        """Trains to the next rung."""
        assert self._network is not None
        try:
            rung = next(self._rungs)
        except DivergedError as error:
            return Report(diverged=str(error))
        except (MemoryError, RuntimeError) as error:
            return self._without_memory(error)
        if rung.epoch < self._recipe.epochs:
            return Report(rung)
        state = {k: v.contiguous().cpu() for k, v in self._network.state_dict().items()}
        return Report(rung, save(state))

    def time(
        self, order: TimingRequest | FrontTimingRequest
    ) -> TimingResult | FrontTimingResult | Report:
        """Reads the clock while nobody else on the node trains; a report if no memory is left."""
        assert self._lock is not None
        self._forget()
        self._bench = self._bench or Bench.here(self._device, self._lock)
        try:
            for limit in order.limits:
                if limit.setting.what == "train_step":
                    for network in (*order.networks, limit.reference):
                        if network is not None:
                            check_fits(
                                network,
                                limit.setting.batch,
                                self._device,
                                self._sharers,
                                dtype=DTYPES[limit.setting.dtype],
                            )
            if isinstance(order, FrontTimingRequest):
                return time_together(order, self._bench)
            return measure(order, self._bench)
        except OutOfMemoryError as error:
            return Report(diverged=str(error))
        except (MemoryError, RuntimeError) as error:
            if not ran_out(error):
                raise
            error.__traceback__ = None  # it holds the tensors
            self._bench.references.clear()
            self._forget()
            batch = max(limit.setting.batch for limit in order.limits)
            reason = out_of_memory(order.networks[0], batch, self._device, dtype=torch.float32)
            return Report(diverged=reason)

    def test_error(self, architecture: Architecture, weights: bytes) -> float:
        """Error on the test images, 0 to 1, of a network with these weights."""
        network = build(architecture)
        network.load_state_dict(load(weights))
        return error_rate(network.to(self._device), self._test, self._step_context)

    def _without_memory(self, error: MemoryError | RuntimeError) -> Report:
        """The report that no memory is left; any other error is raised again."""
        if not ran_out(error):
            raise error
        error.__traceback__ = None  # it holds the tensors
        self._forget()
        batch = self._recipe.batch_size
        return Report(diverged=out_of_memory(self._architecture, batch, self._device))

    def _forget(self) -> None:
        """Drops the last network, so that its memory is there for the next."""
        self._network, self._rungs = None, iter(())
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
