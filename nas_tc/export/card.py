"""The model card: README.md of an export, for whoever receives the network and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nas_tc._words import counted
from nas_tc.export.class_table import class_table
from nas_tc.export.comparison import ComparisonImages
from nas_tc.export.formats import FILES, ONNX_FORMATS, Format
from nas_tc.export.markdown import code_text, plain_text
from nas_tc.export.preprocess import UNKNOWN_PREPARATION, in_words, is_known
from nas_tc.export.verify import TOLERANCE, Checked, Tested
from nas_tc.onnx_graph import OPSET
from nas_tc.study import StudyRecord, TrialRecord
from nas_tc.study.names import NetworkNames

_CLASSES_NAMED = 100
_CONTENT: dict[Format, str] = {
    "source": "`network.py` and its weights: readable source that needs torch alone",
    "pt2": "a program of `torch.export`: `torch.export.load(...).module()`",
    "onnx": f"ONNX, opset {OPSET}; any batch; mean and spread inside; metadata `classes` and "
    "`preprocess`",
    "int8": "the same in 8 bits (QDQ), quantised after the training",
}


def model_card(
    record: StudyRecord,
    trial: TrialRecord,
    settings: Mapping[str, Any],
    trained: Tested,
    checks: Sequence[Checked],
    left_out: Mapping[Format, str],
    images: ComparisonImages,
) -> str:
    """The text of README.md.

    Args:
        record: Record of the study.
        trial: Trial that is exported.
        settings: Content of preprocess.json.
        trained: The trained network on the images that the files were compared on.
        checks: How each file differs from it.
        left_out: Formats that are not there, and why.
        images: The images of the comparison.
    """
    parts = (
        _head(record, trial),
        _use(checks, settings),
        _images(record, settings),
        _files(record, trained, checks, left_out, images),
        class_table(trial.confusion or trained.confusion, settings["classes"]),
        _limits(record, settings),
        _found(record, trial),
    )
    return "\n".join("\n".join(part) + "\n" for part in parts if part)


def _head(record: StudyRecord, trial: TrialRecord) -> list[str]:
    data = record.settings["data"]
    metric = record.metric.words
    error = 0.0 if trial.val_error is None else trial.val_error
    rows = [
        ("complexity (multiply-adds of the convolutions, one image)", f"{trial.complexity:,}"),
        ("parameters", f"{trial.params:,}"),
        *((f"{name}, measured in the search", _time(figure)) for name, figure in _times(trial)),
        (
            f"validation {metric}",
            f"{error:.2%} ({data['validation_images']:,} images of {plain_text(data['name'])})",
        ),
        (f"test {metric}", f"{_error(trial.test_error)} ({data['test_images']:,} images)"),
    ]
    if (again := trial.rerun_test_error) is not None:
        rows.append((f"test {metric} of {again.count} trainings with other seeds", str(again)))
    return [
        f"# Trial {trial.number}",
        "",
        f"    {NetworkNames(record.trials)(trial)}",
        "",
        "A convolutional network that classifies images, found by nas-tc within the budget "
        f"`{code_text(record.settings['budget']['expression'])}`.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {what} | {value} |" for what, value in rows),
    ]


def _times(trial: TrialRecord) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((name, figure) for name, figure in trial.times.items() if "ms" in figure)


def _time(figure: Mapping[str, Any]) -> str:
    span = ""
    if figure.get("low_ms") is not None and figure.get("high_ms") is not None:
        span = f" ({figure['low_ms']:.3f} to {figure['high_ms']:.3f})"
    return f"{figure['ms']:.3f} ms{span}"


def _use(checks: Sequence[Checked], settings: Mapping[str, Any]) -> list[str]:
    which, name, show = "class", "CLASSES", 'CLASSES[network(preprocess("photo.png")).argmax()]'
    if settings["probabilities"] == "sigmoid":
        which, name, show = (
            "classes",
            "named",
            'named(network(preprocess("photo.png"))[0].tolist())',
        )
    lines = [
        "## Use",
        "",
        f"Three lines read an image and print its {which}. They need torch, safetensors, NumPy and "
        "Pillow:",
        "",
        "```python",
        f"from network import Network; from preprocess import {name}, preprocess; "
        "import safetensors.torch",
        'network = Network().eval(); safetensors.torch.load_model(network, "weights.safetensors")',
        f"print({show})",
        "```",
        "",
        "`classify.py` is the same as a program. Where nas-tc is installed, `nas_tc.load(FOLDER)` "
        "gives the network.",
    ]
    formats = {each.format for each in checks}
    if formats & set(ONNX_FORMATS):
        lines += [
            "",
            "`classify_onnx.py` needs onnxruntime, NumPy and Pillow, and no torch. `classify.mjs` "
            "runs on Node.js:",
            "",
            "```sh",
            "python classify_onnx.py photo.jpg",
            "npm install onnxruntime-web pngjs jpeg-js && node classify.mjs photo.jpg",
            "```",
        ]
    if settings["probabilities"] == "sigmoid":
        lines += [
            "",
            "An image has any number of the classes: each score has its own sigmoid, and a class "
            "is named if that",
            f"is above the `threshold` in `preprocess.json`, {settings['threshold']:g}. A lower "
            "one finds more, and errs more.",
        ]
    return lines


def _images(record: StudyRecord, settings: Mapping[str, Any]) -> list[str]:
    classes = settings["classes"]
    shape = f"{settings['channels']}, {settings['height']}, {settings['width']}"
    colour = "grey" if settings["channels"] == 1 else "RGB"
    named = ", ".join(map(repr, classes[:_CLASSES_NAMED]))
    more = len(classes) - _CLASSES_NAMED
    rest = f" and {more:,} more, which `CLASSES` has" if more > 0 else ""
    known = is_known(record.settings["data"])
    return [
        "## Images",
        "",
        "`preprocess` reads an image file as the images of the training were read. Another filter, "
        "another",
        "order of colours or another background costs accuracy. An image is",
        "",
        in_words(settings),
        "" if known else f"\n{UNKNOWN_PREPARATION}\n",
        f"The network takes {colour} images as float tensors of shape (n, {shape}),",
        f"with values in 0 to 1, and gives a score for each of {len(classes)} classes: "
        f"{named}{rest}.",
    ]


def _files(
    record: StudyRecord,
    trained: Tested,
    checks: Sequence[Checked],
    left_out: Mapping[Format, str],
    images: ComparisonImages,
) -> list[str]:
    metric = record.metric
    lines = [
        "## Files, and how they were verified",
        "",
        f"Each file was loaded again in its runtime and run on {images.words}. The trained "
        "network's scores",
        f"are the reference: its test {metric.words} in float32 is "
        f"{_error(trained.error(metric))}.",
        "",
        "| file | content | runtime | largest difference of a score | changed classes | "
        f"{metric.words} | size |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{FILES[each.format]}` | {_CONTENT[each.format]} | {each.runtime} | "
        f"{each.largest_difference:.2g} of {each.largest_score:.3g} | {each.changed:,} | "
        f"{_error(each.error(metric))} | {each.bytes / 1e6:.2f} MB |"
        for each in checks
    ]
    lines += [
        "",
        f"Files in float32 that differ by more than {TOLERANCE:g} of the largest score are "
        "refused.",
    ]
    if any(each.format == "int8" for each in checks):
        lines.append(
            f"The ranges of the 8 bits come from {images.calibration_images} training images."
        )
    lines += [f"\n`{format}` is not here: {why}." for format, why in left_out.items()]
    return lines


def _error(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.2%}"


def _limits(record: StudyRecord, settings: Mapping[str, Any]) -> list[str]:
    data = record.settings["data"]
    size = f"{settings['height']} x {settings['width']}"
    return [
        "## Limits",
        "",
        f"- It knows {len(settings['classes'])} classes{_named(settings)}.",
        f"- It sees {size} pixels: what is smaller in an image is lost.",
        f"- Its errors are those of images like the {data['test_images']:,} test images of "
        f"{plain_text(data['name'])}; on other images",
        "  they are higher. The shares that the examples print are no calibrated probabilities.",
        "- Times hold for the machine that measured them, see `nas-tc time network.json`.",
    ]


def _named(settings: Mapping[str, Any]) -> str:
    if settings["probabilities"] == "sigmoid":
        return "; what else an image shows it does not tell"
    return " and names one of them for any image, also one that shows none"


def _found(record: StudyRecord, trial: TrialRecord) -> list[str]:
    settings, data = record.settings, record.settings["data"]
    recipe = settings["recipe"]
    lines = [
        "## How it was found",
        "",
        f"A search in the space `{code_text(settings['space']['name'])}` trained "
        f"{len(record.trained)} of {len(record.trials)} networks on {data['train_images']:,}",
        f"images of {plain_text(data['name'])} (checksum {code_text(data['checksum'])}), "
        f"{counted(recipe['epochs'], 'epoch')} each, seed {settings['seed']}, and compared them on "
        f"{data['validation_images']:,} validation",
        "images. The test images had no part in the choice.",
    ]
    if trial.train_s is not None:
        lines.append(f"This network was trained for {trial.train_s:.1f} s.")
    if record.runs:
        last = record.runs[-1]
        packages = ", ".join(
            f"{name} {version}"
            for name, version in last.get("packages", {}).items()
            if name in ("nas-tc", "torch")
        )
        lines += [
            "",
            f"    {code_text(last['command'])}",
            "",
            f"{last['started'][:10]}, {packages}.",
        ]
    return lines
