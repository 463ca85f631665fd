"""`nas-tc train STUDY --trial N --as-searched`: does a training give the same error again?"""

from pathlib import Path

import typer

from nas_tc.architecture import format_notation
from nas_tc.cli.console import console, percent
from nas_tc.cli.json_output import print_json


def train_again(
    study: Path,
    number: int | None,
    data: str | None,
    device: str,
    *,
    as_json: bool = False,
    quiet: bool = False,
) -> None:
    """Repeats the training of a trial, and compares the errors with those of the search.

    Args:
        study: Path of the study file.
        number: Number of the trial; None: the best.
        data: Place of the images now; None: where they were.
        device: "auto", "cpu" or "cuda".
        as_json: Whether to print JSON in the end, and text on standard error.
        quiet: Whether to print no text.

    Raises:
        Exit: With code 1, if an error is another.
        NasTcError: There is no such study, trial or device, or the images have changed.
    """
    from nas_tc.search.as_searched import changes_since, train_as_searched  # noqa: PLC0415
    from nas_tc.study import read_study  # noqa: PLC0415
    from nas_tc.study.images import images_of  # noqa: PLC0415

    record = read_study(study)
    trial = record.best if number is None else record.trial(number)
    screen = console(as_json=as_json, quiet=quiet)
    screen.print(f"trial {trial.number}: {format_notation(trial.architecture.stages)}")
    epochs = []
    for rung in train_as_searched(record, trial, images_of(record, data), device):
        known = trial.val_errors.get(rung.epoch)
        epochs.append({"epoch": rung.epoch, "val_error": rung.val_error, "in_search": known})
        screen.print(
            f"epoch {rung.epoch}: {record.metric.words} {percent(rung.val_error)}, in the search "
            f"{percent(known)}"
        )
    is_same = all(each["in_search"] in (None, each["val_error"]) for each in epochs)
    changes = [] if is_same else changes_since(record)
    if as_json:
        print_json(
            {
                "study": str(record.path),
                "trial": trial.number,
                "network": trial.network,
                "metric": record.metric.value,
                "epochs": epochs,
                "same": is_same,
                "then": changes,
            }
        )
    if is_same:
        screen.print("the same as in the search, to the last digit")
        return
    screen.print(
        "not the same: that is promised only for the same kind of processor and the same versions, "
        "and not for a GPU, whose sums have no fixed order"
    )
    for line in changes:
        screen.print(f"then: {line}")
    raise typer.Exit(1)
