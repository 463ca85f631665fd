"""Exports a trained network of a study: Python source, weights and a README."""

from pathlib import Path

from nas_tc._files import whole_file
from nas_tc.errors import StudyError, reason
from nas_tc.export.source import network_source
from nas_tc.study import StudyRecord, TrialRecord, weights_file, without_weights


def export_trial(record: StudyRecord, trial: TrialRecord, out: Path) -> tuple[Path, ...]:
    """Writes network.py, weights.safetensors and README.md into the folder `out`.

    network.py imports torch alone; with the weights it gives the same outputs as the trained
    network, to the bit, on the same machine.

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
    source, weights, readme = (
        out / name for name in ("network.py", "weights.safetensors", "README.md")
    )
    classes = tuple(record.settings["data"]["classes"])
    try:
        out.mkdir(parents=True, exist_ok=True)
        source.write_text(network_source(trial.architecture, classes), encoding="utf-8")
        with whole_file(weights) as partial:
            partial.write_bytes(weights_bytes)
        readme.write_text(_readme(record, trial), encoding="utf-8")
    except OSError as error:
        raise StudyError(
            f"cannot write to {out}: {error.strerror}; choose another folder with --out"
        ) from None
    return source, weights, readme


def _readme(record: StudyRecord, trial: TrialRecord) -> str:
    data = record.settings["data"]
    classes = data["classes"]
    channels, height, width = data["shape"]
    colour = "grey" if channels == 1 else "RGB"
    test = "not measured" if trial.test_error is None else f"{trial.test_error:.2%}"
    error = 0.0 if trial.val_error is None else trial.val_error
    return f"""# Trial {trial.number}

    {trial.network}

Found by nas-tc within the budget `{record.settings["budget"]["expression"]}`.

| | |
|---|---|
| complexity (multiply-adds of the convolutions, one image) | {trial.complexity:,} |
| parameters | {trial.params:,} |
| validation error | {error:.2%} ({data["validation_images"]:,} images of {data["name"]}) |
| test error | {test} ({data["test_images"]:,} images) |

Load it with torch and safetensors:

```python
from network import Network; from safetensors.torch import load_file
network = Network().eval()
network.load_state_dict(load_file("weights.safetensors"))
```

It takes {colour} images as float tensors of shape ({channels}, {height}, {width}), with values in
0 to 1, and gives a score for each of {len(classes)} classes. The normalisation is part of it.
"""
