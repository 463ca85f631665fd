"""`nas-tc report`: a study's tables and picture, from its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_tc.cli.console import console, new_table, percent
from nas_tc.cli.progress import listening

if TYPE_CHECKING:
    from nas_tc.search import Spread, StudyRecord


def report(
    study: Annotated[Path, typer.Argument(help="The study file.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for pareto.csv, trials.csv, pareto.png and manifest.json.",
            show_default="beside the study",
        ),
    ] = None,
    reruns: Annotated[
        int, typer.Option(help="First train the front again, with so many other seeds.", min=0)
    ] = 0,
    data: Annotated[
        str | None,
        typer.Option(help="For --reruns: the images.", show_default="where the search found them"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="For --reruns: processes.", show_default="one a core or GPU"),
    ] = None,
    device: Annotated[str, typer.Option(help="For --reruns: auto, cpu or cuda.")] = "auto",
) -> None:
    """Pareto front of a study: a table here, and CSV, PNG and JSON files."""
    from nas_tc.search import read_study  # noqa: PLC0415

    if not reruns:
        show_and_write(read_study(study), out)
        return
    from nas_tc.search import rerun  # noqa: PLC0415

    with listening() as listener:
        record = rerun(study, reruns, data=data, workers=workers, device=device, listener=listener)
    show_and_write(record, out)
    if record.interrupted:
        typer.echo("stopped; run the same command again to go on", err=True)
        raise typer.Exit(130)


def show_and_write(record: "StudyRecord", out: Path | None) -> None:
    """Prints the front and writes the report's files."""
    from nas_tc.report import write_report  # noqa: PLC0415
    from nas_tc.search import study_folder  # noqa: PLC0415

    again = any(trial.reruns for trial in record.front)
    table = new_table(
        ("trial", True),
        ("val. error", True),
        ("test error", True),
        ("multiply-adds", True),
        ("of budget", True),
        ("parameters", True),
        *([("again, val.", True), ("again, test", True)] if again else []),
        ("network", False),
    )
    limit = record.settings["budget"]["complexity"]
    for trial in record.front:
        table.add_row(
            str(trial.number),
            percent(trial.val_error),
            percent(trial.test_error),
            f"{trial.complexity:,}",
            f"{trial.complexity / limit:.1%}" if limit else "-",
            f"{trial.params:,}",
            *([_spread(trial.rerun_val_error), _spread(trial.rerun_test_error)] if again else []),
            trial.network,
        )
    screen = console()
    if record.front:
        screen.print(table)
    else:
        screen.print("no network is trained to the end yet")
    folder = out if out is not None else study_folder(record.path)
    paths = write_report(record, folder)
    screen.print(f"report: {folder}/ ({', '.join(path.name for path in paths)})")


def _spread(spread: "Spread | None") -> str:
    return "-" if spread is None else f"{spread} ({spread.count})"
