"""`nas-tc compare`: two studies side by side."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nas_tc._files import as_text
from nas_tc.cli import options
from nas_tc.cli.console import console, new_table, percent
from nas_tc.cli.json_output import print_json

if TYPE_CHECKING:
    from nas_tc.study import StudyRecord, TrialRecord

_LONGEST = 60  # characters of a setting's value


def compare(
    study: options.Study,
    other: options.OtherStudy,
    cost: Annotated[
        str | None,
        typer.Option(
            help="Cost axis of the fronts, as for nas-tc report.",
            show_default="the studies' if it is the same, else complexity",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare two studies: fronts, hypervolume, settings that differ."""
    from nas_tc.study import read_study  # noqa: PLC0415

    one, two = read_study(study), read_study(other)

    from nas_tc.cost.measures import parse_measure  # noqa: PLC0415
    from nas_tc.report import short_number  # noqa: PLC0415 - pandas takes seconds
    from nas_tc.report.comparison import compare_studies  # noqa: PLC0415

    found = compare_studies(one, two, cost)
    if as_json:
        print_json(found.to_dict())
        return
    screen = console()
    is_timed = parse_measure(found.cost)[0].is_timed
    words = found.studies[0].metric.words
    for letter, record, front, volume in zip(
        "AB", found.studies, found.fronts, found.hypervolumes, strict=True
    ):
        screen.print(
            f"{letter}: {record.path}, {len(record.trials)} trials, {len(front)} on the front, "
            f"hypervolume {volume:.3f}"
        )
    if _place(one) == _place(two):
        screen.print("note: A and B are the same study")
    if found.unlike is not None:
        screen.print(f"warning: errors cannot be compared, they differ in {found.unlike}")
    table = new_table(
        (f"{found.cost} up to", True), ("A", False), (f"val. {words} of A", True), ("B", False),
        (f"val. {words} of B", True), ("B less A", True),
    )  # fmt: skip
    for row in found.at_costs:
        limit = f"{row.most:.3f} ms" if is_timed else short_number(row.most)
        cells = [cell for best in row.best for cell in _cells(best)]
        table.add_row(limit, *cells, _difference(*row.best))
    screen.print(table)
    if not found.settings:
        screen.print("settings: all the same")
        return
    settings = new_table(("setting that differs", False), ("A", False), ("B", False))
    is_other_budget = any(name == "budget.expression" for name, _, _ in found.settings)
    for name, a, b in found.settings:
        if name == "budget.limits" and is_other_budget:  # what the expression says, in long
            continue
        settings.add_row(name, _short(a), _short(b))
    screen.print(settings)


def _place(record: "StudyRecord") -> Any:
    """What tells a study's file or URL from others."""
    return record.path.resolve() if isinstance(record.path, Path) else record.path


def _cells(trial: "TrialRecord | None") -> tuple[str, str]:
    if trial is None:
        return "-", "-"
    return f"trial {trial.number}", percent(trial.mean_val_error)


def _difference(one: "TrialRecord | None", two: "TrialRecord | None") -> str:
    if one is None or two is None or one.mean_val_error is None or two.mean_val_error is None:
        return "-"
    return f"{100 * (two.mean_val_error - one.mean_val_error):+.2f} points"


def _short(value: Any) -> str:
    text = as_text("-" if value is None else str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
