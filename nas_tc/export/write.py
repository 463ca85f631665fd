"""Exports a network of a study: source, weights, files for other runtimes, all verified."""

import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load

from nas_tc._files import check_folder
from nas_tc.data import ImageData
from nas_tc.errors import ExportError, StudyError, reason
from nas_tc.export.card import model_card
from nas_tc.export.comparison import ComparisonImages
from nas_tc.export.deployed import metadata_of, write_deployed
from nas_tc.export.formats import FILES, FORMATS, ONNX_FORMATS, Format, available_formats
from nas_tc.export.place import VERIFICATION, holds_export, sha256_of
from nas_tc.export.preprocess import is_scaled, preprocess_settings, preprocess_source
from nas_tc.export.source import network_source
from nas_tc.export.verify import TOLERANCE, Checked, Tested, checked, module_run, tested
from nas_tc.module import build
from nas_tc.module.build import Network
from nas_tc.study import StudyRecord, TrialRecord, weights_file, without_weights
from nas_tc.study.environment import environment

INT8_LOSS = 0.01  # most that 8 bits may add to the test error
_EXAMPLES = {"onnx": ("classify_onnx.py", "classify.mjs", "decode.mjs", "preprocess.mjs")}
# Every name that an export may write: what an earlier one left is removed, not mixed with this.
_OURS = (
    "network.py",
    "network.json",
    *FILES.values(),
    "preprocess.py",
    "preprocess.json",
    "classify.py",
    *_EXAMPLES["onnx"],
    VERIFICATION,
    "README.md",
)


@dataclass(frozen=True)
class Export:
    """What an export wrote.

    Attributes:
        paths: Files, in the order of reading.
        trained: The trained network on the images that the files were compared on.
        checks: How each file differs from it.
        left_out: Formats that were not written, and why.
        images: The images, in words.
    """

    paths: tuple[Path, ...]
    trained: Tested
    checks: tuple[Checked, ...]
    left_out: dict[Format, str]
    images: str


def export_trial(
    record: StudyRecord,
    trial: TrialRecord,
    out: Path,
    *,
    formats: Sequence[Format] | None = None,
    images: ImageData | None = None,
    int8_loss: float = INT8_LOSS,
    note: Callable[[str], None] = lambda _: None,
) -> Export:
    """Writes a network, its weights and the preparation of its images into the folder `out`.

    Each file is loaded again in its own runtime and compared with the trained network before any
    takes its place in `out`: either all are there, or the folder is as before. network.py imports
    torch alone; with the weights it gives the same outputs as the trained network, to the bit, on
    the same machine. preprocess.py, which needs NumPy and Pillow as well, reads image files as the
    search has read them; preprocess.json has its settings.

    Args:
        record: Record of the study.
        trial: Trial to export.
        out: Folder for the files.
        formats: Formats to write, the source always; None: all whose libraries are installed, and
            what fails the comparison in 8 bits is left out.
        images: Images of the study, to compare on those of the test and to calibrate 8 bits with
            those of the training; None: the comparison is on noise, and 8 bits are left out.
        int8_loss: Most that 8 bits may add to the test error, 0 to 1.
        note: Called with a line of text before each file: a comparison may take minutes.

    Raises:
        StudyError: The trial has no weights, or the folder cannot be written.
        NasTcError: The folder is a file, or holds files of these names that no export has written.
        ExportError: A file does not compute what the trained network does.
    """
    check_folder(out, _OURS, "export", is_own=holds_export(out))
    chosen = available_formats() if formats is None else tuple(formats)
    is_forced = formats is not None
    settings = preprocess_settings(record.settings["data"], trial.architecture.input)
    weights = _weights(record, trial)
    network = _network(record, trial, weights)
    comparison = ComparisonImages(images, trial.architecture)
    trained = tested(module_run(network), comparison, trial.architecture.classes)
    budget = record.settings["budget"]["expression"]
    metadata = metadata_of(settings, trial.network, budget)
    checks: list[Checked] = []
    left_out: dict[Format, str] = {}
    try:
        with _staged(out) as folder:
            _write_source(folder, trial, settings, weights)
            for format in [each for each in FORMATS if each in ("source", *chosen)]:
                note(f"{FILES[format]}: written, and run on {comparison.words}")
                try:
                    if format != "source":
                        batches = comparison.calibration()
                        write_deployed(
                            format, folder, trial.architecture, network, metadata, batches
                        )
                    check = checked(format, folder, trained, comparison)
                    _refuse(check, trained, record, int8_loss)
                except ExportError as error:
                    if is_forced or format != "int8":
                        raise ExportError(f"trial {trial.number}: {error}") from error
                    (folder / FILES[format]).unlink(missing_ok=True)
                    left_out[format] = str(error)
                else:
                    checks.append(check)
            written = [each.format for each in checks]
            _write_examples(folder, written)
            report = _verification(record, trial, trained, checks, left_out, comparison, folder)
            _write_json(folder / VERIFICATION, report)
            card = model_card(record, trial, settings, trained, checks, left_out, comparison)
            # A name of a data set may have bytes that are no text.
            (folder / "README.md").write_text(card, encoding="utf-8", errors="backslashreplace")
            names = [name for name in _OURS if (folder / name).exists()]
            _replace(folder, out, names)
    except OSError as error:
        raise StudyError(
            f"cannot write to {out}: {error.strerror}; choose another folder with --out"
        ) from None
    paths = tuple(out / name for name in names)
    return Export(paths, trained, tuple(checks), left_out, comparison.words)


def _weights(record: StudyRecord, trial: TrialRecord) -> bytes:
    file = weights_file(record.path, trial.number)
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise without_weights(record, trial) from None
    except OSError as error:
        raise StudyError(f"cannot read {file}: {reason(error)}") from None


def _network(record: StudyRecord, trial: TrialRecord, weights: bytes) -> Network:
    """The trained network."""
    network = build(trial.architecture)
    try:
        network.load_state_dict(load(weights))
    except (RuntimeError, SafetensorError) as error:
        raise StudyError(
            f"{weights_file(record.path, trial.number)}: not the weights of this network: "
            f"{reason(error)}"
        ) from None
    return network.eval()


def _refuse(check: Checked, trained: Tested, record: StudyRecord, int8_loss: float) -> None:
    """Refuses a file that does not compute what the trained network does.

    Raises:
        ExportError: It differs by more than rounding explains; in 8 bits, its error is too high.
    """
    name = FILES[check.format]
    if check.format != "int8":
        if not check.is_exact:
            raise ExportError(
                f"{name}: a score differs from the trained network's by "
                f"{check.largest_difference:.3g}, more than {TOLERANCE:g} of the largest, "
                f"{check.largest_score:.3g}; leave {check.format} out with --format"
            )
        return
    assert check.confusion is not None
    assert trained.confusion is not None
    metric = record.metric
    before, after = metric.of(trained.confusion), metric.of(check.confusion)
    if not after - before <= int8_loss:
        raise ExportError(
            f"{name}: 8 bits raise the test {metric.words} from {before:.2%} to {after:.2%}, more "
            f"than {100 * int8_loss:g} points; allow more with --int8-loss, or leave int8 out with "
            "--format"
        )


def _write_source(
    folder: Path, trial: TrialRecord, settings: dict[str, Any], weights: bytes
) -> None:
    """Writes what is in every export."""
    classes = tuple(settings["classes"])
    source = network_source(trial.architecture, classes)
    (folder / "network.py").write_text(source, encoding="utf-8")
    _write_json(folder / "network.json", trial.architecture.to_dict())
    (folder / FILES["source"]).write_bytes(weights)
    shape = ", ".join(map(str, trial.architecture.input))
    preprocess = preprocess_source(
        shape, scales=is_scaled(settings), is_deep="colour_range" in settings
    )
    (folder / "preprocess.py").write_text(preprocess, encoding="utf-8")
    _write_json(folder / "preprocess.json", settings)


def _write_examples(folder: Path, formats: Sequence[Format]) -> None:
    """Writes the programs that classify an image file with the exported files."""
    examples = files("nas_tc.export") / "examples"
    names = ["classify.py"]
    if any(each in ONNX_FORMATS for each in formats):
        names += _EXAMPLES["onnx"]
    for name in names:
        (folder / name).write_bytes((examples / name).read_bytes())


def _verification(
    record: StudyRecord,
    trial: TrialRecord,
    trained: Tested,
    checks: Sequence[Checked],
    left_out: dict[Format, str],
    images: ComparisonImages,
    folder: Path,
) -> dict[str, Any]:
    """The content of verification.json.

    A file that was damaged on its way to a device may still be run: its hash tells.
    """
    metric = record.metric
    return {
        "trial": trial.number,
        "images": images.words,
        "compared_images": len(trained.scores) - 1,
        "metric": metric.value,
        "tolerance": TOLERANCE,
        "trained": {metric.value: trained.error(metric), "in_study": trial.test_error},
        "files": {
            each.format: each.to_dict(metric) | {"sha256": sha256_of(folder / FILES[each.format])}
            for each in checks
        },
        "left_out": left_out,
        "calibration_images": images.calibration_images,
        "environment": environment(),
    }


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


@contextmanager
def _staged(out: Path) -> Iterator[Path]:
    """A folder inside `out` to write into; nothing of it is left in the end."""
    is_new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    folder = out / f".export-{secrets.token_hex(4)}.partial"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # it has files
                out.rmdir()


def _replace(folder: Path, out: Path, names: Sequence[str]) -> None:
    """Gives the files their places, and removes those that an earlier export alone has."""
    # What shows that the folder holds an export comes first: a kill between two files then leaves
    # one that the same command may complete.
    for name in sorted(names, key=lambda each: each != VERIFICATION):
        (folder / name).replace(out / name)
    for name in set(_OURS) - set(names):
        (out / name).unlink(missing_ok=True)
