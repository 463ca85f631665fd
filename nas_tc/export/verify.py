"""Loads exported files again, each in its own runtime, and compares them with the trained network.

A file is only as good as what its runtime makes of it, so nothing of the trained network is used
to run it.
"""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_model
from torch import Tensor, nn

from nas_tc.errors import ExportError, reason
from nas_tc.export.formats import FILES, Format
from nas_tc.export.program import read_program
from nas_tc.metric import AnyConfusion, Confusion, Metric, MultilabelConfusion
from nas_tc.onnx_graph import INPUT, OUTPUT, new_session, ort_version

Run = Callable[[Tensor], NDArray[np.float32]]  # images (n, channels, height, width) to scores
TOLERANCE = 1e-3  # of a score, as a share of the largest: ten times what float32 rounding explains
_TOP = 5


@dataclass(frozen=True)
class Tested:
    """What a network or a file of it says of the test images.

    Attributes:
        scores: Scores before the softmax or the sigmoids, (n, classes).
        confusion: Confusion matrix of the classes with the highest scores; None for images without
            labels.
    """

    scores: NDArray[np.float32]
    confusion: AnyConfusion | None

    def error(self, metric: Metric) -> float | None:
        """Its error by a metric, 0 to 1; None for images without labels."""
        return _error(self.confusion, metric)


@dataclass(frozen=True)
class Checked:
    """How a file differs from the trained network on the test images.

    Attributes:
        format: Format of the file.
        runtime: Program that ran it, and its version.
        largest_difference: Largest difference of a score.
        largest_score: Largest score of the trained network, for a scale.
        changed: Number of images whose class, or any label, has changed.
        confusion: Confusion matrix of the file; None for images without labels.
        bytes: Size of the file.
    """

    format: Format
    runtime: str
    largest_difference: float
    largest_score: float
    changed: int
    confusion: AnyConfusion | None
    bytes: int

    def error(self, metric: Metric) -> float | None:
        """Error of the file by a metric, 0 to 1; None for images without labels."""
        return _error(self.confusion, metric)

    @property
    def is_exact(self) -> bool:
        """Whether the scores are the trained network's up to rounding."""
        return self.largest_difference <= TOLERANCE * self.largest_score

    def to_dict(self, metric: Metric) -> dict[str, Any]:
        """As plain values, for verification.json."""
        return {
            "file": FILES[self.format],
            "bytes": self.bytes,
            "runtime": self.runtime,
            "largest_difference": self.largest_difference,
            "largest_score": self.largest_score,
            "changed_classes": self.changed,
            metric.value: self.error(metric),
        }


def _error(confusion: AnyConfusion | None, metric: Metric) -> float | None:
    return None if confusion is None else metric.of(confusion)


def module_run(network: nn.Module) -> Run:
    """The function that runs a module of torch."""

    @torch.inference_mode()
    def run(images: Tensor) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = network(images).numpy()
        return scores

    return run


def tested(run: Run, batches: Iterable[tuple[Tensor, Tensor | None]], classes: int) -> Tested:
    """Runs a network over all images, the first one also by itself: its batch is free.

    Args:
        run: Function that runs it.
        batches: Images, float, 0 to 1, and their labels if they have any.
        classes: Number of classes.
    """
    found: list[NDArray[np.float32]] = []
    labels: list[NDArray[Any]] = []
    for images, truth in batches:
        if not found:
            found.append(run(images[:1]))
        found.append(run(images))
        if truth is not None:
            labels.append(truth.numpy())
    scores = np.concatenate(found)
    if not labels:
        return Tested(scores, None)
    return Tested(scores, _confusion(scores[1:], np.concatenate(labels), classes))


def _confusion(scores: NDArray[np.float32], labels: NDArray[Any], classes: int) -> AnyConfusion:
    if labels.ndim == 2:
        return MultilabelConfusion.of(labels, scores)
    top = np.argpartition(-scores, min(_TOP, classes) - 1, axis=1)[:, :_TOP]
    wrong = int(np.all(top != labels[:, None], axis=1).sum()) if classes > _TOP else None
    return Confusion.of(labels, scores.argmax(1), classes, wrong)


def checked(
    format: Format,
    folder: Path,
    trained: Tested,
    batches: Iterable[tuple[Tensor, Tensor | None]],
) -> Checked:
    """Loads a file in its runtime, and compares it with the trained network.

    Args:
        format: Format of the file.
        folder: Folder of the export.
        trained: The trained network on the same images.
        batches: The images.

    Raises:
        ExportError: Its runtime cannot load or run it.
    """
    file = folder / FILES[format]
    try:
        run, runtime = _loaded(format, folder)
        own = tested(run, batches, trained.scores.shape[1])
    except Exception as error:  # any runtime has errors of its own
        raise ExportError(f"{file.name}: it cannot be run again: {reason(error)}") from error
    expected = trained.scores
    with np.errstate(invalid="ignore"):
        difference = float(np.abs(own.scores - expected).max())
    return Checked(
        format,
        runtime,
        difference,
        float(np.abs(expected).max()),
        int((_answers(own, trained) != _answers(trained, trained)).any(1)[1:].sum()),
        own.confusion,
        file.stat().st_size,
    )


def _answers(tested: Tested, trained: Tested) -> NDArray[Any]:
    """The class of each image, or all its labels, (n, answers)."""
    several = isinstance(trained.confusion, MultilabelConfusion)
    answers: NDArray[Any] = tested.scores > 0 if several else tested.scores.argmax(1)[:, None]
    return answers


def _loaded(format: Format, folder: Path) -> tuple[Run, str]:
    """The function that runs a file, and what it runs in."""
    file = folder / FILES[format]
    match format:
        case "source":
            network = from_source(folder)
            return module_run(network), f"torch {torch.__version__}"
        case "pt2":
            return module_run(read_program(file)), f"torch.export {torch.__version__}"
    session = new_session(file)

    def run(images: Tensor) -> NDArray[np.float32]:
        (scores,) = session.run([OUTPUT], {INPUT: images.numpy()})
        found: NDArray[np.float32] = scores
        return found

    return run, f"onnxruntime {ort_version()}"


def from_source(folder: Path) -> nn.Module:
    """The module that network.py and weights.safetensors of an exported folder describe.

    Args:
        folder: Folder of an export.
    """
    spec = importlib.util.spec_from_file_location("network", folder / "network.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network: nn.Module = module.Network().eval()
    load_model(network, folder / FILES["source"])
    return network
