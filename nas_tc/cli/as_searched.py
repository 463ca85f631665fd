"""`nas-tc train STUDY --trial N --as-searched`: does a training give the same error again?"""

from pathlib import Path

import typer

from nas_tc.architecture import format_notation
from nas_tc.cli.console import console, percent


def train_again(study: Path, number: int | None, data: str | None, device: str) -> None:
    """Repeats the training of a trial, and compares the errors with those of the search.

    Args:
        study: Path of the study file.
        number: Number of the trial; None: the best.
        data: Place of the images now; None: where they were.
        device: "auto", "cpu" or "cuda".

    Raises:
        Exit: With code 1, if an error is another.
        NasTcError: There is no such study, trial or device, or the images have changed.
    """
    from nas_tc.search.as_searched import changes_since, train_as_searched  # noqa: PLC0415
    from nas_tc.study import read_study  # noqa: PLC0415
    from nas_tc.study.images import images_of  # noqa: PLC0415

    record = read_study(study)
    trial = record.best if number is None else record.trial(number)
    screen = console()
    screen.print(f"trial {trial.number}: {format_notation(trial.architecture.stages)}")
    is_same = True
    for rung in train_as_searched(record, trial, images_of(record, data), device):
        known = trial.val_errors.get(rung.epoch)
        is_same = is_same and known in (None, rung.val_error)
        screen.print(
            f"epoch {rung.epoch}: {record.metric.words} {percent(rung.val_error)}, in the search "
            f"{percent(known)}"
        )
    if is_same:
        screen.print("the same as in the search, to the last digit")
        return
    screen.print(
        "not the same: that is promised only for the same kind of processor and the same versions, "
        "and not for a GPU, whose sums have no fixed order"
    )
    for line in changes_since(record):
        screen.print(f"then: {line}")
    raise typer.Exit(1)
