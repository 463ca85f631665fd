"""`nas-tc report`: a study's tables and picture, from its file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nas_tc.cli.console import console, new_table, percent

if TYPE_CHECKING:
    from nas_tc.search import StudyRecord


def report(
    study: Annotated[Path, typer.Argument(help="The study file.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for pareto.csv, trials.csv, pareto.png and manifest.json.",
            show_default="beside the study",
        ),
    ] = None,
) -> None:
    """Pareto front of a study: a table here, and CSV, PNG and JSON files."""
    from nas_tc.search import read_study  # noqa: PLC0415

    show_and_write(read_study(study), out)


def show_and_write(record: "StudyRecord", out: Path | None) -> None:
    """Prints the front and writes the report's files."""
    from nas_tc.report import write_report  # noqa: PLC0415
    from nas_tc.search import study_folder  # noqa: PLC0415

    table = new_table(
        ("trial", True),
        ("val. error", True),
        ("test error", True),
        ("multiply-adds", True),
        ("of budget", True),
        ("parameters", True),
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
