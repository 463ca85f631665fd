"""A worker of a search: trains one network at a time, rung by rung, and measures times.

A rung is an epoch after which the network is validated and may be pruned.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from hashlib import blake2b

import torch
from safetensors.torch import load, save

from nas_tc.architecture import Architecture, format_notation
from nas_tc.data import ImageData
from nas_tc.data.memory import gib
from nas_tc.metric import AnyConfusion, Metric
from nas_tc.module import build
from nas_tc.recipe import Recipe
from nas_tc.timing import DTYPES, GpuTurns, NodeLock, gpu_uuid
from nas_tc.training import (
    DivergedError,
    Images,
    OutOfMemoryError,
    Rung,
    StepContext,
    Training,
    check_fits,
    choose_device,
    climb,
    confusion_of,
    images_on,
    keep_to_part,
    out_of_memory,
    ran_out,
    settle_on_core,
    take_huge_pages,
    with_colours,
)
from nas_tc.worker.measure import TimingSetup, measure, measure_front, measure_layers
from nas_tc.worker.rung_state import StateError, resume, state_after
from nas_tc.worker.timing_request import (
    FrontTimingRequest,
    FrontTimingResult,
    LayersRequest,
    TimingRequest,
    TimingResult,
)


@dataclass(frozen=True)
class TrainingResult:
    """A worker's answer after a rung.

    Attributes:
        rung: Epoch, error and times of the rung; None if the network diverged.
        weights: Weights in safetensors format after the last rung; None after others.
        state: State of the training after a rung that is not the last, for `Worker.begin`.
        earlier: Rungs of the training that this one has gone on from; only in its first answer.
        diverged: Reason to end the trial: the loss is not a number, or the memory does not suffice
            to train or to time the network.
        note: Message about this worker for the user; the same one may come from all workers.
    """

    rung: Rung | None = None
    weights: bytes | None = None
    state: bytes | None = None
    earlier: tuple[Rung, ...] = ()
    diverged: str | None = None
    note: str | None = None


def training_seed(seed: int, network: Architecture, repeat: int = 0) -> int:
    """Seed for a training. It depends on the network, not on the trial's number.

    So a trial that is run again gives the same result. It has 32 bits, because torch's generator on
    a processor uses no more.

    Args:
        seed: Seed of the search.
        network: Network to train.
        repeat: Number of earlier trainings of this network in the search.
    """
    text = f"{seed} {network.id}" + (f" {repeat}" if repeat else "")
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest())


def _images_note(data: ImageData, training: Images) -> str | None:
    """A message that the GPU has no room for the images; None if it has, or they are in a file."""
    if not training.streamed or data.train.file is not None:
        return None
    size = gib(data.train.images.nbytes)
    return (
        f"the {len(data.train):,} training images take {size}, more than half of what the GPU has "
        "for a worker: they stay in the machine's memory and are sent batch by batch"
    )


class Worker:
    """Trains one network at a time on one core or GPU; Ray runs it in a process of its own.

    Args:
        data: Images to train on, to validate and to test with.
        recipe: Recipe of the training.
        device: "cpu" or "cuda".
        alone: Whether training steps wait while another worker measures times, on this node's
            processors or on a GPU that workers share. On a GPU of its own a worker waits for none.
        sharers: Number of workers that share the GPU.
        metric: Metric of the validation errors.

    Raises:
        NasTcError: This machine has no such device, or no room on it. It ends the search.
    """

    def __init__(
        self,
        data: ImageData,
        recipe: Recipe,
        device: str,
        *,
        alone: bool = False,
        sharers: int = 1,
        metric: Metric = Metric.ERROR,
    ) -> None:
        self._device = choose_device(device)
        self._sharers = sharers
        keep_to_part(self._device, sharers)
        on_gpu = self._device.type == "cuda"
        self._lock: NodeLock | None = None
        self._turns: GpuTurns | None = None
        self._step_context: StepContext = nullcontext
        if alone:
            self._lock = NodeLock(gpu=gpu_uuid(self._device) if on_gpu else None)
            if not on_gpu:
                self._step_context = self._lock.step
            elif sharers > 1:  # of one search no other worker times on a GPU that is not shared
                self._turns = GpuTurns(self._lock, self._device)
                self._step_context = self._turns.step
        if self._device.type == "cpu":
            settle_on_core()
            take_huge_pages()
        self._recipe = recipe
        self._metric = metric
        self._moments = data.moments
        self._train, self._validation, self._test = (
            images_on(self._device, split, sharers=sharers)
            for split in (data.train, data.validation, data.test)
        )
        self._train = with_colours(self._train, recipe)
        note = _images_note(data, self._train)
        self._notes = [] if note is None else [note]  # which no answer has told yet
        self._timing_setup: TimingSetup | None = None
        self._training: Training | None = None
        self._climb: Iterator[Rung] = iter(())
        self._rungs: tuple[Rung, ...] = ()  # of the network so far

    def begin(
        self, architecture: Architecture, seed: int, state: bytes | None = None
    ) -> TrainingResult:
        """Drops the last network, builds a new one and trains it to its first or next rung.

        Args:
            architecture: Network to train.
            seed: Seed for weights and batches, from `training_seed`.
            state: State of the same training after a rung, to go on from; None: it begins. One that
                is of no use is noted, and the training begins.
        """
        self._forget()
        try:
            check_fits(architecture, self._recipe.batch_size, self._device, self._sharers)
        except OutOfMemoryError as error:
            return TrainingResult(diverged=str(error))
        self._architecture = architecture
        try:
            training = self._new_training(architecture, seed)
            if state is not None:
                try:
                    self._rungs = resume(training, state)
                except StateError as error:
                    self._notes.append(
                        f"a checkpoint cannot be used ({error}): the training of "
                        f"{format_notation(architecture.stages)} begins anew"
                    )
                    training = self._new_training(architecture, seed)
        except (MemoryError, RuntimeError) as error:
            return self._without_memory(error, architecture, self._recipe.batch_size)
        self._training = training
        self._climb = climb(
            training,
            self._validation.at(architecture.input[1:]),
            step_context=self._step_context,
            metric=self._metric,
            note=self._notes.append,
            validation_s=self._rungs[-1].validation_s if self._rungs else 0.0,
        )
        earlier = self._rungs
        return replace(self.advance(), earlier=earlier)

    def _new_training(self, architecture: Architecture, seed: int) -> Training:
        """The training of a network before its first epoch."""
        mean, std = self._moments
        network = build(architecture, mean=mean, std=std, seed=seed, init=self._recipe.init)
        return Training(
            network.to(self._device),
            self._train.at(architecture.input[1:]),
            self._recipe,
            seed=seed,
            step_context=self._step_context,
        )

    def advance(self) -> TrainingResult:
        """Trains the network to its next rung."""
        answer = self._next_rung()
        note = "; ".join(self._notes)
        self._notes.clear()
        return replace(answer, note=note or None)

    def _next_rung(self) -> TrainingResult:
        assert self._training is not None
        try:
            rung = next(self._climb)
        except DivergedError as error:
            return TrainingResult(diverged=str(error))
        except (MemoryError, RuntimeError) as error:
            return self._without_memory(error, self._architecture, self._recipe.batch_size)
        finally:
            self._end_turn()
        self._rungs += (rung,)
        if rung.epoch < self._recipe.epochs:
            return TrainingResult(rung, state=state_after(self._training, self._rungs))
        weights = self._training.network.state_dict()
        return TrainingResult(rung, save({k: v.contiguous().cpu() for k, v in weights.items()}))

    def time(
        self, request: TimingRequest | FrontTimingRequest | LayersRequest
    ) -> TimingResult | FrontTimingResult | TrainingResult:
        """Measures times while no worker of the node trains.

        Args:
            request: Request of the search.

        Returns:
            The result, or a `TrainingResult` with the reason if no memory is left.

        Raises:
            RuntimeError: Anything but a lack of memory.
        """
        assert self._lock is not None
        self._forget()
        setup = self._timing_setup or TimingSetup(self._device, self._lock)
        self._timing_setup = setup
        try:
            for setting, network in request.passes:
                if setting.what == "train_step":
                    check_fits(
                        network,
                        setting.batch,
                        self._device,
                        self._sharers,
                        dtype=DTYPES[setting.dtype],
                    )
            if isinstance(request, FrontTimingRequest):
                return measure_front(request, setup)
            if isinstance(request, LayersRequest):
                return measure_layers(request, setup)
            return measure(request, setup)
        except OutOfMemoryError as error:
            return TrainingResult(diverged=str(error))
        except (MemoryError, RuntimeError) as error:
            setup.references.clear()
            batch = max(setting.batch for setting, _ in request.passes)
            return self._without_memory(error, request.passes[0][1], batch, torch.float32)

    def test(self, architecture: Architecture, weights: bytes) -> AnyConfusion:
        """The confusion matrix on the test images; one for each class of several labels.

        Args:
            architecture: Network to test.
            weights: Its weights in safetensors format.
        """
        self._forget()  # a training that has ended, with the memory of its graph
        network = build(architecture)
        network.load_state_dict(load(weights))
        try:
            test = self._test.at(architecture.input[1:])
            return confusion_of(network.to(self._device), test, self._step_context)
        finally:
            self._end_turn()

    def _end_turn(self) -> None:
        """Lets others measure times on the GPU, since no step follows soon."""
        if self._turns is not None:
            self._turns.release()

    def _without_memory(
        self,
        error: MemoryError | RuntimeError,
        architecture: Architecture,
        batch: int,
        dtype: torch.dtype | None = None,
    ) -> TrainingResult:
        """The answer that no memory is left for a network; raises any other error again."""
        if not ran_out(error):
            raise error
        error.__traceback__ = None  # it holds the tensors
        self._forget()
        reason = out_of_memory(architecture, batch, self._device, dtype=dtype)
        return TrainingResult(diverged=reason)

    def _forget(self) -> None:
        """Drops the last network, so that its memory is free for the next."""
        self._training, self._climb, self._rungs = None, iter(()), ()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
