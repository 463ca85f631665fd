"""The front on the screen: a table with as many columns as fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nas_tc.cli.console import Screen, new_table, percent
from nas_tc.cost.measures import parse_measure

if TYPE_CHECKING:
    from nas_tc.study import Spread, StudyRecord, TrialRecord

_GAP = 3  # characters between two columns of a table
_NARROW_GAP = 2  # and of figures above their network
_EDGE = 1  # and beside the first and the last
_INDENT = "  "  # of a network below its figures


@dataclass(frozen=True)
class _Column:
    """A column of figures.

    Attributes:
        heading: What the figures are.
        rank: The greatest rank is left out first; 0 never is.
        cells: A text a network.
    """

    heading: str
    rank: int
    cells: Sequence[str]

    @property
    def width(self) -> int:
        """Characters of the widest cell."""
        return max(map(len, (self.heading, *self.cells)))


def print_front(
    screen: Screen,
    record: "StudyRecord",
    front: "Sequence[TrialRecord]",
    landmarks: "Sequence[TrialRecord]",
    objectives: tuple[str, ...],
) -> None:
    """Prints the networks of a front, a line each, or two where the screen is narrow.

    On two lines the second is the network; a pipe or a file always gets one. Where the figures
    alone are too wide, columns are left out and named.

    Args:
        screen: Screen to print on.
        record: Record of the study.
        front: Networks of the front, cheapest first; one at least.
        landmarks: Baselines that are not on the front.
        objectives: Names of the front's objectives; without any, the study's own.
    """
    from nas_tc.study.names import NetworkNames  # noqa: PLC0415

    shown = (*front, *landmarks)
    name = NetworkNames(record.trials)
    columns = _columns(record, shown, objectives)
    families = {trial.number: trial.baseline or "" for trial in record.baselines}
    texts = [_Column("network", 0, [name(trial) for trial in shown])]
    if families:
        texts.insert(0, _Column("baseline", 0, [families.get(each.number, "") for each in shown]))
    needed = _width([*columns, *texts], _GAP)
    if needed <= screen.width or not screen.is_terminal:
        table = new_table(
            *((each.heading, True) for each in columns), *((each.heading, False) for each in texts)
        )
        for index, cells in enumerate(
            zip(*(each.cells for each in (*columns, *texts)), strict=True)
        ):
            table.add_row(*cells, end_section=index == len(front) - 1)
        screen.width = max(needed, screen.width)
        screen.print(table)
        return
    columns, left_out = _fitting(columns, screen.width)
    table = new_table((_line(columns, [each.heading for each in columns]), False))
    for index, trial in enumerate(shown):
        family = families.get(trial.number, "")
        network = f"{family}: {name(trial)}" if family else name(trial)
        figures = _line(columns, [each.cells[index] for each in columns])
        table.add_row(f"{figures}\n{_INDENT}{network}", end_section=index == len(front) - 1)
    screen.print(table)
    if left_out:
        names = ", ".join(each.heading for each in left_out)
        screen.print(f"for {screen.width} characters left out: {names}; pareto.csv has them")


def _columns(
    record: "StudyRecord", shown: "Sequence[TrialRecord]", objectives: tuple[str, ...]
) -> list[_Column]:
    """All columns of figures, in the order of the table."""
    from nas_tc.report import computed_columns, share_of_budget  # noqa: PLC0415
    from nas_tc.study import objective  # noqa: PLC0415

    shares = [share_of_budget(record, trial) for trial in shown]
    words = record.metric.words
    columns = [
        _Column("trial", 0, [str(trial.number) for trial in shown]),
        _Column(f"val. {words}", 0, [percent(trial.mean_val_error) for trial in shown]),
        _Column("trainings", 8, [str(1 + len(trial.repeats)) for trial in shown]),
        _Column(f"test {words}", 1, [percent(trial.test_error) for trial in shown]),
        _Column("multiply-adds", 3, [f"{trial.complexity:,}" for trial in shown]),
        _Column("of budget", 6, ["-" if each is None else f"{each:.1%}" for each in shares]),
        _Column("parameters", 7, [f"{trial.params:,}" for trial in shown]),
    ]
    if not any(trial.repeats for trial in shown):
        columns = [each for each in columns if each.heading != "trainings"]
    for name in dict.fromkeys(name for trial in shown for name in trial.times):
        times = [
            f"{trial.times[name]['ms']:.3f}" if name in trial.times else "-" for trial in shown
        ]
        columns.append(_Column(f"{name}, ms", 2, times))
    for name in computed_columns(objectives):
        quantity = parse_measure(name)[0].quantity
        values = [format(objective(trial, name) or 0, quantity.number_format) for trial in shown]
        columns.append(_Column(f"{name}, {quantity.unit}", 2, values))
    if any(trial.reruns for trial in shown):
        again = [_spread(trial.rerun_val_error) for trial in shown]
        columns.append(_Column("again, val.", 4, again))
        columns.append(_Column("again, test", 5, [_spread(t.rerun_test_error) for t in shown]))
    return columns


def _fitting(columns: list[_Column], width: int) -> tuple[list[_Column], list[_Column]]:
    """The columns that fit into `width` characters, and those that do not, the last ranks."""
    kept = list(columns)
    while (
        _width(kept, _NARROW_GAP) > width and (worst := max(kept, key=lambda each: each.rank)).rank
    ):
        kept.remove(worst)
    return kept, [each for each in columns if each not in kept]


def _width(columns: Sequence[_Column], gap: int) -> int:
    """Characters of a line with these columns."""
    return sum(each.width + gap for each in columns) - gap + 2 * _EDGE


def _line(columns: Sequence[_Column], cells: Sequence[str]) -> str:
    """A line of figures, right-aligned below each other."""
    aligned = (cell.rjust(each.width) for each, cell in zip(columns, cells, strict=True))
    return (" " * _NARROW_GAP).join(aligned)


def _spread(spread: "Spread | None") -> str:
    """Mean and standard deviation in %, and the number of reruns: "8.12 ± 0.21 % (3)"."""
    return "-" if spread is None else f"{spread} ({spread.count})"
