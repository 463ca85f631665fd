"""`nas-tc studies`: the studies of a folder, or of a PostgreSQL server."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc.cli import options
from nas_tc.cli.console import console, new_table, percent
from nas_tc.cli.json_output import print_json
from nas_tc.errors import NasTcError, StudyError

if TYPE_CHECKING:
    from nas_tc.study import StudyRecord


def studies(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder whose studies are listed, subfolders included; or "
            "postgresql://USER@HOST/DATABASE."
        ),
    ] = Path("results/local"),
    as_json: options.AsJson = False,
) -> None:
    """Studies of a folder or a PostgreSQL server: space, images, budget, trials, front."""
    from nas_tc.study import read_study  # noqa: PLC0415

    rows: list[dict[str, Any]] = []
    place, paths = _studies_in(folder)
    for path in paths:
        try:
            rows.append(_row(read_study(path)))
        except StudyError as error:
            if "not a study" in str(error):  # of another program
                continue
            rows.append({"study": str(path), "note": str(error).removeprefix(f"{path}: ")})
    if as_json:
        print_json(rows)
        return
    screen = console()
    if not rows:
        screen.print(f"no studies in {place}; nas-tc search makes them")
        return
    table = new_table(
        ("study", False), ("space", False), ("images", False), ("budget", False),
        ("trials", True), ("front", True), ("best val.", True), ("test", True),
        ("last run", False),
    )  # fmt: skip
    for row in rows:
        if "note" in row:
            table.add_row(row["study"], row["note"])
            continue
        table.add_row(
            row["study"], row["space"], row["data"], row["budget"], str(row["done"]),
            str(len(row["front"])), percent(row["best_val_error"]), percent(row["test_error"]),
            (row["last_run"] or "")[:16].replace("T", " "),
        )  # fmt: skip
    screen.print(table)


def _studies_in(folder: Path) -> tuple[str, Sequence[Path]]:
    """The place as it is printed, and its studies."""
    from nas_tc.study.server_studies import studies_on_server  # noqa: PLC0415
    from nas_tc.study.study_url import StudyUrl, study_path  # noqa: PLC0415

    place = study_path(folder)
    if isinstance(place, StudyUrl):
        return str(place), studies_on_server(place)
    if folder.is_file():
        raise NasTcError(
            f"{str(folder)!r} is a file; name the folder of your studies, or show one with "
            "nas-tc show"
        )
    if not folder.is_dir():
        raise NasTcError(f"no folder {str(folder)!r}; name the folder of your studies")
    return f"{folder}/", sorted(folder.rglob("*.db"))


def _row(record: "StudyRecord") -> dict[str, Any]:
    kept = record.settings
    best = record.front[-1] if record.front else None
    return {
        "study": str(record.path),
        "space": kept["space"]["name"],
        "data": kept["data"]["name"],
        "budget": kept["budget"]["expression"],
        "metric": record.metric.value,
        "seed": kept["seed"],
        "trials": len(record.trials),
        "done": record.done,
        "front": [trial.number for trial in record.front],
        "best_trial": None if best is None else best.number,
        "best_val_error": None if best is None else best.mean_val_error,
        "test_error": None if best is None else best.test_error,
        "last_run": record.runs[-1]["started"] if record.runs else None,
    }
