"""The steps of a training on a GPU: the host sends an epoch at once, and launches a graph a step.

A step of a small network has some sixty kernels, which take the host three times as long to launch
as the GPU to run. So the first steps run kernel by kernel, then one is captured in a CUDA graph,
and the others are replays of it. A graph works on the same memory each time. What differs between
steps, the images and the learning rate, is copied to a fixed place first, from what the epoch sent.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nas_tc._cuda_graph import capture_stream, captured_graph, renew_generator, why_not_captured
from nas_tc.recipe.recipe import Recipe
from nas_tc.training.batches import Images, altered, to_input
from nas_tc.training.colour import add_colours
from nas_tc.training.device_errors import ran_out
from nas_tc.training.draws import Draw, drawn_batches, is_altered
from nas_tc.training.sending import gathered, sent_ahead
from nas_tc.training.shard import Shard
from nas_tc.training.step import Step

GRAPHS_VARIABLE = "NAS_TC_CUDA_GRAPHS"
_EAGER_STEPS = 3  # libraries choose algorithms and allocate in these; SGD's first step is special


@dataclass(frozen=True, slots=True)
class _Epoch:
    """What decides about the steps of an epoch, on the GPU.

    Attributes:
        draws: int64, (steps, 4, k): see `Draw.packed`.
        numbers: float, (steps, 2): learning rate, and weight of the new weights in their average.
        colours: float, (steps, k, channels); None without the augmentation "colour".
        arrivals: uint8, (k, height, width, channels) a step, of images that stay in main memory.
    """

    draws: Tensor
    numbers: Tensor
    colours: Tensor | None
    arrivals: Iterator[Tensor]


class GpuSteps:
    """Steps one after another, with the same interface as `HostSteps`.

    Args:
        step: Step of the training.
        images: Images to learn from.
        recipe: Batch size and augmentation.
        generator: Generator on the processor, for the order of the images and their augmentation.
        shard: Part of every batch that this process trains on.
        captures: Whether to capture a step, unless the environment has NAS_TC_CUDA_GRAPHS=off. The
            steps of several processes that train one network are not captured: they wait for each
            other.

    Attributes:
        total: Sum of the losses of this epoch so far.
        reason: Why no step could be captured, on one line; empty if none has failed.
    """

    def __init__(
        self,
        step: Step,
        images: Images,
        recipe: Recipe,
        generator: torch.Generator,
        shard: Shard,
        *,
        captures: bool = True,
    ) -> None:
        self._device = images.labels.device
        batch = min(len(images), recipe.batch_size)
        size = len(range(batch)[shard.part(batch)])
        self.total = torch.zeros((), device=self._device)
        self.reason = ""
        self._step, self._images, self._recipe, self._shard = step, images, recipe, shard
        self._generator = generator
        self._labels = images.labels.cpu() if recipe.batches == "balanced" else None
        self._ahead: tuple[list[Draw], Tensor] | None = None  # and the generator's state before
        self._draw = torch.zeros(4, size, dtype=torch.int64, device=self._device)
        self._numbers = torch.zeros(2, device=self._device)
        self._colours: Tensor | None = None
        if "colour" in recipe.augment and images.colours is not None:
            self._colours = torch.zeros(size, len(images.colours), device=self._device)
        self._room: Tensor | None = None
        if images.streamed:
            shape = size, *images.pixels.shape[1:]
            self._room = torch.zeros(shape, dtype=torch.uint8, device=self._device)
            self._places = torch.arange(size, device=self._device)
        self._epoch: _Epoch | None = None
        self._at = 0  # step of the epoch
        is_off = os.environ.get(GRAPHS_VARIABLE) == "off"
        self._captures = captures and shard.size == 1 and not is_off
        self._eager_steps = 0  # so far
        self._stream: torch.cuda.Stream | None = None
        self._graph: torch.cuda.CUDAGraph | None = None

    def begin_epoch(self, rates: Sequence[float], shares: Sequence[float]) -> None:
        """Sends all that decides about the steps of an epoch.

        Args:
            rates: Learning rate of each step.
            shares: Weight of the new weights in their average in each step.
        """
        draws = self._drawn() if self._ahead is None else self._ahead[0]
        self._ahead = None
        colours = None
        if self._colours is not None:
            colours = torch.stack([each.colours for each in draws if each.colours is not None])
        arrivals: Iterator[Tensor] = iter(())
        if self._room is not None:
            batches = [each.chosen for each in draws]
            arrivals = sent_ahead(gathered(self._images.pixels, batches), self._device)
        self._epoch = _Epoch(
            torch.stack([each.packed() for each in draws]).to(self._device),
            torch.tensor([*zip(rates, shares, strict=True)]).to(self._device),
            None if colours is None else colours.to(self._device),
            arrivals,
        )
        self._at = 0
        self.total.zero_()

    def run(self) -> None:
        """Trains on the next batch; the host does not wait for the GPU."""
        self._load()
        if self._graph is None and self._captures and self._eager_steps >= _EAGER_STEPS:
            self._capture()
        if self._graph is not None:
            self._graph.replay()
        elif self._captures:
            self._run_on_stream()
        else:
            self._train_on_batch()

    def look_ahead(self) -> None:
        """Draws the numbers of the next epoch, while the GPU still works on this one."""
        before = self._generator.get_state()
        self._ahead = self._drawn(), before

    def generator_state(self) -> Tensor:
        """State of the generator between two epochs, before any number of the next is drawn."""
        return self._generator.get_state() if self._ahead is None else self._ahead[1]

    def resume_generator(self, state: Tensor) -> None:
        """Restores what `generator_state` returned."""
        self._ahead = None
        self._generator.set_state(state)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Images and labels of the step that was loaded last, as the step gets them."""
        chosen, down, across, flipped = self._draw.unbind()
        pixels, places = self._images.pixels, chosen
        if self._room is not None:
            pixels, places = self._room, self._places
        margin = self._images.margin
        if is_altered(margin, self._recipe):
            shifts = torch.stack([down, across])
            found = altered(pixels, places, margin, shifts, flipped.bool())
        else:
            found = pixels.index_select(0, places)
        floats = to_input(found, self._images.size)
        if self._colours is not None:
            add_colours(floats, self._colours)
        return floats, self._images.labels.index_select(0, chosen)

    def _drawn(self) -> list[Draw]:
        images = self._images
        return list(
            drawn_batches(
                len(images),
                images.margin,
                images.colours,
                self._recipe,
                self._generator,
                self._shard,
                self._labels,
            )
        )

    def _load(self) -> None:
        """Copies what decides about the next step to its fixed place, within the GPU."""
        assert self._epoch is not None
        self._draw.copy_(self._epoch.draws[self._at])
        self._numbers.copy_(self._epoch.numbers[self._at])
        if self._colours is not None and self._epoch.colours is not None:
            self._colours.copy_(self._epoch.colours[self._at])
        if self._room is not None:
            self._room.copy_(next(self._epoch.arrivals))
        self._at += 1

    def _train_on_batch(self) -> None:
        rate, share = self._numbers.unbind()
        self.total += self._step(*self.batch(), rate, share)

    def _run_on_stream(self) -> None:
        """Runs a step on the stream of the capture, where what it chooses is at hand later."""
        before = torch.cuda.current_stream(self._device)
        self._stream = self._stream or capture_stream(self._device)
        self._stream.wait_stream(before)
        with torch.cuda.stream(self._stream):
            self._train_on_batch()
        before.wait_stream(self._stream)
        self._eager_steps += 1

    def _capture(self) -> None:
        """Captures a step, or notes why not; then all steps run kernel by kernel."""
        assert self._stream is not None
        before = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(before)
        try:
            self._graph = captured_graph(self._train_on_batch, self._stream)
        except RuntimeError as error:
            if ran_out(error):  # beside the other workers of the GPU; step by step it has sufficed
                self.reason = "no memory is left for a graph"
            else:
                self.reason = why_not_captured(error)
            self._captures = False
            self._step.optimizer.drop_gradients()  # they are in the memory of the failed capture
            renew_generator(self._device)
        before.wait_stream(self._stream)
