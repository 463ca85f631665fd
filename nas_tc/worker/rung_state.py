"""The state of a training after a rung as bytes, from which another worker goes on."""

from dataclasses import asdict
from io import BytesIO

import torch

from nas_tc.errors import first_line
from nas_tc.training import Rung, Training, ran_out

FORMAT = 1  # version of the state


class StateError(ValueError):
    """A state that this training cannot go on from."""


def state_after(training: Training, rungs: tuple[Rung, ...]) -> bytes:
    """The state of a training between two epochs: weights, optimizer, average and generators.

    Args:
        training: Training that has just reached a rung.
        rungs: Its rungs so far.
    """
    file = BytesIO()
    values = {
        "format": FORMAT,
        "training": training.state(),
        "rungs": [asdict(rung) for rung in rungs],
    }
    torch.save(values, file)
    return file.getvalue()


def resume(training: Training, state: bytes) -> tuple[Rung, ...]:
    """Takes a training to where another one was; a failure may leave it half changed.

    Args:
        training: New training with the same arguments.
        state: Bytes from `state_after`. Nothing in them can run: only tensors, numbers and lists
            are read.

    Returns:
        The rungs of the other training.

    Raises:
        StateError: The bytes are no state, or that of another training or version.
        RuntimeError: No memory is left.
    """
    try:
        values = torch.load(BytesIO(state), map_location="cpu", weights_only=True)
        rungs = tuple(Rung(**rung) for rung in values["rungs"])
        training.resume(values["training"])
    except Exception as error:
        # torch raises many kinds for what it cannot read.
        if ran_out(error):
            raise
        raise StateError(f"{type(error).__name__}: {first_line(str(error))}") from None
    if values["format"] != FORMAT or not rungs or not 0 < training.epoch < training.recipe.epochs:
        raise StateError(f"format {values['format']}, epoch {training.epoch}")
    return rungs
