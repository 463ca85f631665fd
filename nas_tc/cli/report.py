"""`nas-tc report`: a study's tables and picture, from its file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc.cli import options
from nas_tc.cli.console import Screen, console
from nas_tc.cli.front_table import print_front
from nas_tc.cli.json_output import print_json
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
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
) -> None:
    """Pareto front of a study: a table here, and a page, tables and pictures as files."""
    if cost is not None and objectives is not None:
        raise NasTcError(
            "--cost and --objectives both set the objectives of the front; give one of them"
        )
    names = tuple(each.strip() for each in objectives.split(",")) if objectives else ()
    if cost is not None:
        names = ("error", cost)
    if reruns:
        from nas_tc.search import rerun  # noqa: PLC0415

        interrupt_on_signals()
        with listening(as_json=as_json, is_silent=quiet) as listener:
            record = rerun(
                study, reruns, data=data, workers=workers, device=device, listener=listener
            )
    else:
        from nas_tc.study import read_study  # noqa: PLC0415

        record = read_study(study)
    names = tuple("error" if each == record.metric else each for each in names)
    show_and_write(record, out, names, as_json=as_json, quiet=quiet)


def show_and_write(
    record: "StudyRecord",
    out: Path | None,
    objectives: tuple[str, ...] = (),
    *,
    as_json: bool = False,
    quiet: bool = False,
) -> None:
    """Prints the front and writes the report's files.

    Args:
        record: Record of the study.
        out: Folder for the files; None: beside the study.
        objectives: Names of the front's objectives.
        as_json: Whether to print JSON in place of text.
        quiet: Whether to print nothing.

    Raises:
        typer.Exit: With code 130, after the files are written, if the user stopped the search.
    """
    from nas_tc.report import write_report  # noqa: PLC0415
    from nas_tc.study import study_folder  # noqa: PLC0415

    folder = out if out is not None else study_folder(record.path)
    if not (as_json or quiet):
        _show(console(), record, objectives)
    paths = write_report(record, folder, objectives)
    if as_json:
        print_json(_values(record, paths, objectives))
    elif not quiet:
        names = ", ".join(path.name for path in paths)
        _show_end(console(), record, f"report: {folder}/ ({names})")
    if record.interrupted:
        typer.echo("stopped; run the same command again to go on", err=True)
        raise typer.Exit(130)


def _show(screen: Screen, record: "StudyRecord", objectives: tuple[str, ...]) -> None:
    """The front, the majority class and the recommendation."""
    from nas_tc.report import (  # noqa: PLC0415
        front_of,
        landmarks_of,
        majority_lines,
        recommended,
        worst_classes,
    )
    from nas_tc.study import weights_file  # noqa: PLC0415

    front = front_of(record, objectives)
    landmarks = landmarks_of(record, front)
    if front or landmarks:
        print_front(screen, record, front, landmarks, objectives)
    else:
        screen.print("no network is trained to the end yet")
    for line in majority_lines(record):
        screen.print(line)
    choice = recommended(record)
    if choice is None:
        return
    screen.print(f"recommended: {choice.evidence}")
    if (confusion := choice.trial.confusion) is not None:
        classes = worst_classes(confusion, record.settings["data"]["classes"])
        screen.print(f"trial {choice.trial.number}, test images: {classes}")
    if not weights_file(record.path, choice.trial.number).exists():
        screen.print(
            "its weights are not kept; train it: nas-tc train "
            f"{record.path} --trial {choice.trial.number}"
        )


def _show_end(screen: Screen, record: "StudyRecord", files: str) -> None:
    """The files, and the comparison with the baselines."""
    from nas_tc.report import against_baseline, against_own, recommended  # noqa: PLC0415

    screen.print(files)
    choice = recommended(record)
    comparisons = (against_baseline(record, choice), against_own(record, choice))
    if any(comparisons):
        screen.print(_seconds(record))
    for comparison in filter(None, comparisons):
        screen.print(str(comparison))


def _values(
    record: "StudyRecord", paths: Sequence[Path], objectives: tuple[str, ...]
) -> dict[str, Any]:
    """The report for other programs: the manifest, and the rows of pareto.csv."""
    from nas_tc.report import front_table, manifest  # noqa: PLC0415

    rows = front_table(record, objectives).astype(object).to_dict("records")
    return {
        "study": str(record.path),
        **manifest(record, objectives),
        "interrupted": record.interrupted,
        "networks": rows,
        "files": [str(path) for path in paths],
    }


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
