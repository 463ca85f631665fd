"""Exports a network of a study: Python source, weights, the preparation of images, a README."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nas_tc._files import whole_file
from nas_tc.errors import StudyError, reason
from nas_tc.export.preprocess import (
    UNKNOWN_PREPARATION,
    in_words,
    is_known,
    is_scaled,
    preprocess_settings,
    preprocess_source,
)
from nas_tc.export.source import network_source
from nas_tc.study import StudyRecord, TrialRecord, weights_file, without_weights

_CLASSES_NAMED = 100


def export_trial(record: StudyRecord, trial: TrialRecord, out: Path) -> tuple[Path, ...]:
    """Writes a network, its weights and the preparation of its images into the folder `out`.

    network.py imports torch alone; with the weights it gives the same outputs as the trained
    network, to the bit, on the same machine. preprocess.py, which needs NumPy and Pillow as well,
    reads image files as the search has read them; preprocess.json has its settings.

    Args:
        record: Record of the study.
        trial: Trial to export.
        out: Folder for the files.

    Returns:
        Paths of the files.

    Raises:
        StudyError: The trial has no weights, or the folder cannot be written.
    """
    try:
        weights_bytes = weights_file(record.path, trial.number).read_bytes()
    except FileNotFoundError:
        raise without_weights(record, trial) from None
    except OSError as error:
        raise StudyError(
            f"cannot read {weights_file(record.path, trial.number)}: {reason(error)}"
        ) from None
    paths = tuple(
        out / name
        for name in (
            "network.py", "weights.safetensors", "preprocess.py", "preprocess.json", "README.md",
        )
    )  # fmt: skip
    source, weights, preprocess, settings_file, readme = paths
    settings = preprocess_settings(record.settings["data"], trial.architecture.input)
    classes = tuple(settings["classes"])
    shape = ", ".join(map(str, trial.architecture.input))
    try:
        out.mkdir(parents=True, exist_ok=True)
        source.write_text(network_source(trial.architecture, classes), encoding="utf-8")
        with whole_file(weights) as partial:
            partial.write_bytes(weights_bytes)
        preprocess.write_text(
            preprocess_source(shape, scales=is_scaled(settings)), encoding="utf-8"
        )
        settings_file.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
        # A name of a data set may have bytes that are no text.
        text = _readme(record, trial, settings)
        readme.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StudyError(
            f"cannot write to {out}: {error.strerror}; choose another folder with --out"
        ) from None
    return paths


def _readme(record: StudyRecord, trial: TrialRecord, settings: Mapping[str, Any]) -> str:
    data = record.settings["data"]
    classes = data["classes"]
    channels, height, width = trial.architecture.input
    colour = "grey" if channels == 1 else "RGB"
    test = "not measured" if trial.test_error is None else f"{trial.test_error:.2%}"
    metric = record.metric.words
    error = 0.0 if trial.val_error is None else trial.val_error
    word = "" if is_known(data) else f"\n{UNKNOWN_PREPARATION}\n"
    named = ", ".join(map(repr, classes[:_CLASSES_NAMED]))
    more = len(classes) - _CLASSES_NAMED
    rest = f" and {more:,} more, which `CLASSES` has" if more > 0 else ""
    return f"""# Trial {trial.number}

    {trial.network}

Found by nas-tc within the budget `{record.settings["budget"]["expression"]}`.

| | |
|---|---|
| complexity (multiply-adds of the convolutions, one image) | {trial.complexity:,} |
| parameters | {trial.params:,} |
| validation {metric} | {error:.2%} ({data["validation_images"]:,} images of {data["name"]}) |
| test {metric} | {test} ({data["test_images"]:,} images) |

Three lines read an image and print its class. They need torch, safetensors, NumPy and Pillow:

```python
from network import Network; from preprocess import CLASSES, preprocess; import safetensors.torch
network = Network().eval(); safetensors.torch.load_model(network, "weights.safetensors")
print(CLASSES[network(preprocess("photo.png")).argmax()])
```

## Images

`preprocess` reads an image file as the images of the training were read. Another filter, another
order of colours or another background costs accuracy. An image is

{in_words(settings)}
{word}
The network takes {colour} images as float tensors of shape (n, {channels}, {height}, {width}),
with values in 0 to 1, and gives a score for each of {len(classes)} classes: {named}{rest}.
"""
