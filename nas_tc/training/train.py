"""The training loop: it trains a network by a recipe and measures the error at each rung."""

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch
from torch import nn

from nas_tc.metric import Metric
from nas_tc.recipe.recipe import Recipe
from nas_tc.training.balance import balanced_weights
from nas_tc.training.batches import Images
from nas_tc.training.device import device_generator_state, resume_device_generator
from nas_tc.training.ema import WeightEma
from nas_tc.training.evaluate import confusion_of
from nas_tc.training.gpu_steps import GpuSteps
from nas_tc.training.host_steps import HostSteps
from nas_tc.training.muon import Muon
from nas_tc.training.schedule import learning_rate
from nas_tc.training.sgd import Sgd
from nas_tc.training.shard import Shard
from nas_tc.training.step import Step, StepContext

_STEPS_UNSEEN = 50  # steps between two looks at the loss on a GPU: each look empties its queue


class DivergedError(RuntimeError):
    """The loss is no longer a number."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Errors and times of a network after some epochs."""

    epoch: int  # epochs trained so far
    val_error: float  # metric of the validation images, 0 to 1
    train_loss: float  # mean over the last epoch
    train_s: float  # seconds of training so far, validation not counted
    validation_s: float = 0.0  # seconds of validation so far


class Training:
    """A network in training, epoch by epoch, which can be interrupted and resumed.

    The same arguments give the same weights on the same kind of processor. On a GPU they give the
    same batches, and weights that differ by rounding: its libraries sum in no fixed order. Matrix
    products run in bfloat16 where the device is fast at it; sums and weights stay float32.

    Args:
        network: Network on the device of the images, in channels_last format; trained in place.
        training: Images to learn from.
        recipe: Epochs, schedule and augmentation.
        seed: Seed for the order of the images and their augmentation.
        shard: Part of every batch that this process trains on; None: all of it.
        step_context: Makes a context that is entered for each step, so that others can have the
            machine to themselves in between.
        captures: Whether steps on a GPU are replays of a CUDA graph.
    """

    def __init__(
        self,
        network: nn.Module,
        training: Images,
        recipe: Recipe,
        *,
        seed: int,
        shard: Shard | None = None,
        step_context: StepContext = nullcontext,
        captures: bool = True,
    ) -> None:
        self._step_context = step_context
        self.network = network
        self.recipe = recipe
        self.epoch = 0  # epochs trained so far
        self.train_s = 0.0
        self._has_noted = False  # that no step could be captured
        self._images = training
        self._shard = shard or Shard()
        forward = self._shard.forward(network)
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # drop-out draws on the global generator
        self._optimizer = (
            Muon(network, recipe)
            if recipe.optimizer == "muon"
            else Sgd(network.parameters(), recipe)
        )
        self._ema = WeightEma(network, recipe.ema) if recipe.ema else None
        weights = balanced_weights(training.labels) if recipe.class_weights == "balanced" else None
        step = Step(forward, self._optimizer, self._ema, recipe.label_smoothing, weights)
        self._steps: HostSteps | GpuSteps
        if training.labels.device.type == "cpu":
            self._steps = HostSteps(step, training, recipe, generator, self._shard)
        else:
            self._steps = GpuSteps(
                step, training, recipe, generator, self._shard, captures=captures
            )

    def run_epoch(self, note: Callable[[str], None] = lambda _: None) -> float:
        """Trains for one more epoch.

        Args:
            note: Called with the reason if no step could be captured in a CUDA graph.

        Returns:
            Mean loss of the epoch.

        Raises:
            DivergedError: The loss is not a finite number. It is raised as soon as that is seen.
        """
        started = time.perf_counter()
        self.network.train()
        unseen = 1 if self._images.labels.device.type == "cpu" else _STEPS_UNSEEN
        steps = max(1, len(self._images) // self.recipe.batch_size)
        first = self.epoch * steps
        self._steps.begin_epoch(
            [learning_rate(self.recipe, first + step, steps) for step in range(steps)],
            [0.0] * steps if self._ema is None else self._ema.shares(steps),
        )
        for step in range(steps):
            with self._step_context():
                self._steps.run()
                if self._ema is not None:
                    self._ema.steps += 1
                if (step + 1) % unseen == 0:
                    self._check(self._steps.total.item())
        if self.epoch + 1 < self.recipe.epochs:
            self._steps.look_ahead()
        mean_loss = self._shard.mean(self._steps.total).item() / steps  # waits: a true clock
        self._check(mean_loss)
        if self._steps.reason and not self._has_noted:
            self._has_noted = True
            note(f"the GPU is told each operation of a step by itself: {self._steps.reason}")
        self.epoch += 1
        self.train_s += time.perf_counter() - started
        return mean_loss

    def evaluated(self) -> nn.Module:
        """The network to evaluate: with the averaged weights if the recipe has an average."""
        return self.network if self._ema is None else self._ema.network

    def state(self) -> dict[str, Any]:
        """The state of the training, for `resume`: tensors, numbers and lists."""
        return {
            "epoch": self.epoch,
            "train_s": self.train_s,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state(),
            "average": None if self._ema is None else self._ema.network.state_dict(),
            "averaged_steps": 0 if self._ema is None else self._ema.steps,
            "generator": self._steps.generator_state(),
            "global_generator": torch.get_rng_state(),
            "device_generator": device_generator_state(self._images.labels.device),
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Restores what `state` returned, in another process too, with the same arguments."""
        self.epoch = state["epoch"]
        self.train_s = state["train_s"]
        self.network.load_state_dict(state["network"])
        self._optimizer.resume(state["optimizer"])
        if self._ema is not None:
            self._ema.network.load_state_dict(state["average"])
            self._ema.steps = state["averaged_steps"]
        self._steps.resume_generator(state["generator"])
        torch.set_rng_state(state["global_generator"])
        resume_device_generator(self._images.labels.device, state.get("device_generator"))

    def _check(self, loss: float) -> None:
        if not isfinite(loss):
            raise DivergedError(f"the loss is {loss} in epoch {self.epoch + 1}")


def train(
    network: nn.Module,
    training: Images,
    validation: Images,
    recipe: Recipe,
    *,
    seed: int,
    step_context: StepContext = nullcontext,
    metric: Metric = Metric.ERROR,
    note: Callable[[str], None] = lambda _: None,
) -> Iterator[Rung]:
    """Trains `network` in place, as `Training` does; yields after each rung of the recipe.

    After the recipe's last epoch the network has the averaged weights if the recipe has an average.

    Args:
        network: Network on the device of the images, in channels_last format.
        training: Images to learn from.
        validation: Images to measure the error on; the network never learns from them.
        recipe: Epochs, schedule and augmentation.
        seed: Seed for the order of the images and their augmentation.
        step_context: Makes a context that is entered for each step and each batch of validation
            images.
        metric: Metric of the validation errors.
        note: Called with a line of text if the steps do not run as fast as they should.

    Yields:
        The errors and times at each rung.

    Raises:
        DivergedError: The loss is not a finite number.
    """
    run = Training(network, training, recipe, seed=seed, step_context=step_context)
    yield from climb(run, validation, step_context=step_context, metric=metric, note=note)


def climb(
    run: Training,
    validation: Images,
    *,
    step_context: StepContext = nullcontext,
    metric: Metric = Metric.ERROR,
    note: Callable[[str], None] = lambda _: None,
    validation_s: float = 0.0,
) -> Iterator[Rung]:
    """Trains a network on from where its training is; yields after each rung of the recipe.

    Args:
        run: Training, new or resumed.
        validation: As for `train`.
        step_context: As for `train`.
        metric: As for `train`.
        note: As for `train`.
        validation_s: Seconds of validation so far.

    Yields:
        The errors and times at each rung.

    Raises:
        DivergedError: The loss is not a finite number.
    """
    recipe = run.recipe
    while run.epoch < recipe.epochs:
        loss = run.run_epoch(note)
        if run.epoch in recipe.rungs:
            started = time.perf_counter()
            error = metric.of(confusion_of(run.evaluated(), validation, step_context))
            validation_s += time.perf_counter() - started
            if run.epoch == recipe.epochs and recipe.ema:
                run.network.load_state_dict(run.evaluated().state_dict())
            yield Rung(run.epoch, error, loss, run.train_s, validation_s)
