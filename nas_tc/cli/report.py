"""`nas-tc report`: a study's tables and picture, from its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console
from nas_tc.cli.front_table import print_front
from nas_tc.cli.progress import listening
from nas_tc.cli.signals import interrupt_on_signals
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import NasTcError

if TYPE_CHECKING:
    from nas_tc.study import StudyRecord

_COSTS = ", ".join(MEASURES)


def report(
    study: options.Study,
    out: options.ReportFolder = None,
    cost: Annotated[
        str | None,
        typer.Option(
            help=f"Cost axis of the front: {_COSTS}; with a batch as in train_memory@b128.",
            show_default="latency if the budget limits it, else complexity",
        ),
    ] = None,
    objectives: Annotated[
        str | None,
        typer.Option(help="Objectives of a front with several costs: error,complexity,latency."),
    ] = None,
    reruns: options.Reruns = 0,
    data: options.DataOfStudy = None,
    workers: options.Workers = None,
    device: options.Device = "auto",
) -> None:
    """Pareto front of a study: a table here, and CSV, PNG and JSON files."""
    from nas_tc.study import read_study  # noqa: PLC0415

    if cost is not None and objectives is not None:
        raise NasTcError(
            "--cost and --objectives both set the objectives of the front; give one of them"
        )
    names = tuple(each.strip() for each in objectives.split(",")) if objectives else ()
    if cost is not None:
        names = ("error", cost)
    kept = read_study(study)
    names = tuple("error" if each == kept.metric else each for each in names)
    if not reruns:
        show_and_write(kept, out, names)
        return
    from nas_tc.search import rerun  # noqa: PLC0415

    interrupt_on_signals()

    with listening() as listener:
        record = rerun(study, reruns, data=data, workers=workers, device=device, listener=listener)
    show_and_write(record, out, names)


def show_and_write(
    record: "StudyRecord", out: Path | None, objectives: tuple[str, ...] = ()
) -> None:
    """Prints the front and writes the report's files.

    Args:
        record: Record of the study.
        out: Folder for the files; None: beside the study.
        objectives: Names of the front's objectives.

    Raises:
        typer.Exit: With code 130, after the files are written, if the user stopped the search.
    """
    from nas_tc.report import (  # noqa: PLC0415
        against_baseline,
        front_of,
        landmarks_of,
        majority_lines,
        recommended,
        worst_classes,
        write_report,
    )
    from nas_tc.study import study_folder, weights_file  # noqa: PLC0415

    front = front_of(record, objectives)
    landmarks = landmarks_of(record, front)
    screen = console()
    if front or landmarks:
        print_front(screen, record, front, landmarks, objectives)
    else:
        screen.print("no network is trained to the end yet")
    for line in majority_lines(record):
        screen.print(line)
    choice = recommended(record)
    if choice is not None:
        screen.print(f"recommended: {choice.evidence}")
        if (confusion := choice.trial.confusion) is not None:
            classes = worst_classes(confusion, record.settings["data"]["classes"])
            screen.print(f"trial {choice.trial.number}, test images: {classes}")
        if not weights_file(record.path, choice.trial.number).exists():
            screen.print(
                "its weights are not kept; train it: nas-tc train "
                f"{record.path} --trial {choice.trial.number}"
            )
    folder = out if out is not None else study_folder(record.path)
    paths = write_report(record, folder, objectives)
    screen.print(f"report: {folder}/ ({', '.join(path.name for path in paths)})")
    if (against := against_baseline(record, choice)) is not None:
        screen.print(_seconds(record))
        screen.print(str(against))
    if record.interrupted:
        typer.echo("stopped; run the same command again to go on", err=True)
        raise typer.Exit(130)


def _seconds(record: "StudyRecord") -> str:
    """Training time of the baselines and, apart from it, of the trials."""
    spent = {True: 0.0, False: 0.0}
    for trial in record.trials:
        if trial.reused is None:
            spent[trial.baseline is not None] += trial.train_s or 0.0
    count = len(record.baselines)
    return (
        f"{count} baseline{'s'[: count != 1]}: {spent[True]:.1f} s of training, apart from the "
        f"trials' {spent[False]:.1f} s"
    )
