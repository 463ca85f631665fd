"""`nas-tc budget`: what a budget means, and what it leaves of a space."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from nas_tc.architecture import format_notation
from nas_tc.budget import Limit, parse_budget, resolve_budget
from nas_tc.cli import options
from nas_tc.cli.console import console, new_table, parse_shape, shape_text
from nas_tc.cli.json_output import limits_values, print_json
from nas_tc.cli.predictions import calibration, predicted_times, tables_of
from nas_tc.errors import NasTcError, TableError
from nas_tc.space import (
    LimitShare,
    Space,
    SpaceShare,
    extreme_network,
    fitting,
    load_space,
)

if TYPE_CHECKING:
    from nas_tc.latency import PredictedLimit


def budget(
    expression: Annotated[
        str,
        typer.Argument(
            help="The budget: alexnet*0.6; or several limits: params<=5M, memory<=64MiB.",
            show_default=False,
        ),
    ],
    space: options.Space = "plain-32",
    data: options.DataForShape = None,
    input: options.SpaceInput = None,
    time_table: options.TimeTable = None,
    as_json: options.AsJson = False,
) -> None:
    """Explain a budget: its numbers, the space's range, what fits, which limit binds.

    Times are predicted by a table of layer times, where there is one.
    """
    parsed = parse_budget(expression)
    found = _at(load_space(space), data, input)
    limit = resolve_budget(parsed, found.input, found.classes)
    screen = console(as_json=as_json)
    tables = tables_of(limit, time_table)
    share: SpaceShare | None = None
    times: tuple[PredictedLimit, ...] = ()
    try:
        times = predicted_times(limit, found, tables)
        if limit.caps or times:
            share = fitting(found, limit, times=times)
    except TableError as error:
        if time_table is not None:
            adding = calibration(space, found, limit.times[0], time_table)
            raise TableError(f"{time_table}: {error}; add them: {adding}") from None
        screen.print(f"{error}")
        times, share = (), fitting(found, limit) if limit.caps else None
    if as_json:
        print_json(_values(space, found, limit, times, share))
        return
    width = max(12, *(len(bound.measure) for bound in limit.budget.bounds))
    for cap in limit.caps:
        screen.print(f"{cap.bound.measure:{width}}  {cap}")
    _print_times(space, found, limit, times, width)
    if share is not None:
        screen.print(_table(found, share, times))
        _print_verdict(found, share)


def _print_times(
    name: str, space: Space, limit: Limit, times: "Sequence[PredictedLimit]", width: int
) -> None:
    screen = console()
    for time in times:
        error = time.times.error_range
        source = f"predicted by a table of {time.device}, {len(time.times.layers):,} layers"
        if error is not None:
            low, high = (ratio - 1 for ratio in error)
            source += f"; its error was {low:+.1%} to {high:+.1%}"
        screen.print(f"{time.bound.measure:{width}}  {time}: {source}")
    for bound in () if times else limit.times:
        command = calibration(name, space, bound, None)
        what = f"{bound.text}: no formula says this; it has to be timed"
        screen.print(f"{bound.measure:{width}}  {what}")
        screen.print(f"{'':{width}}  to predict it: {command}")


def _at(space: Space, data: str | None, input: str | None) -> Space:
    if data is not None and input is not None:
        raise NasTcError("--data and --input both say how large the images are; give one")
    if input is not None:
        return space.at(parse_shape(input), space.classes)
    if data is None:
        return space
    from nas_tc.data import load_data  # noqa: PLC0415 - reads all the images

    images = load_data(data, side=space.input[1:])
    return space.at(images.shape, len(images.classes))


def _values(
    name: str,
    space: Space,
    limit: Limit,
    times: "Sequence[PredictedLimit]",
    share: SpaceShare | None,
) -> dict[str, Any]:
    """The budget for other programs."""
    values: dict[str, Any] = {
        "budget": str(limit.budget),
        "space": space.name,
        "input": list(space.input),
        "classes": space.classes,
        "limits": limits_values(limit.caps),
        "predicted_limits": [
            {
                **each,
                "device": time.device,
                "layers": len(time.times.layers),
                "error_range": time.times.error_range,
            }
            for each, time in zip(limits_values(times), times, strict=True)
        ],
        "unpredicted_limits": [
            {"limit": bound.text, "to_predict_it": calibration(name, space, bound, None)}
            for bound in (() if times else limit.times)
        ],
    }
    if share is not None:
        values["share"] = {
            "networks": share.networks,
            "is_all": share.is_all,
            "fit": share.fit,
            "limits": [
                {
                    "limit": row.cap.bound.text,
                    "smallest": smallest,
                    "median": row.median,
                    "largest": largest,
                    "fit": row.fit,
                }
                for row, smallest, largest in _ranges(space, share)
            ],
            "binds": None if share.binding is None else share.binding.bound.text,
            "found": None if share.found is None else format_notation(share.found.stages),
            "nearest": share.nearest,
        }
    return values


def _ranges(space: Space, share: SpaceShare) -> Iterator[tuple[LimitShare, float, float]]:
    """The figures of each limit, and the smallest and the largest amount in the space."""
    for row in share.caps:
        smallest, largest = row.smallest, row.largest
        if row.cap.bound.measure == "complexity":  # known without drawing
            smallest, largest = (
                row.cap.of(extreme_network(space, which)) for which in ("cheapest", "costliest")
            )
        yield row, smallest, largest


def _table(space: Space, share: SpaceShare, times: "Sequence[PredictedLimit]") -> Table:
    table = new_table(
        ("limit", False), ("smallest", True), ("median", True), ("largest", True), ("fit", True)
    )
    for row, smallest, largest in _ranges(space, share):
        table.add_row(
            row.cap.bound.text + (", predicted" if row.cap in times else ""),
            row.cap.shown(smallest),
            row.cap.shown(row.median),
            row.cap.shown(largest),
            f"{row.fit / share.networks:.2%}",
        )
    if len(share.caps) > 1:
        table.add_row("all limits", "", "", "", f"{share.fit / share.networks:.2%}")
    return table


def _print_verdict(space: Space, share: SpaceShare) -> None:
    screen = console()
    source = "all there are" if share.is_all else "drawn evenly from the settings"
    screen.print(
        f"of {share.networks:,} networks of {space.name} at {shape_text(space.input)}, {source}"
    )
    if share.nearest is not None:
        screen.print(share.nearest)
    elif share.found is not None:
        notation = format_notation(share.found.stages)
        screen.print(f"none of these fits, but they lead to one that does: {notation}")
    elif share.binding is None and (cap := _beyond(space, share)):
        screen.print(f"every one of these fits; the costliest network exceeds {cap}")
    elif share.binding is None:
        screen.print("the budget does not bind: every one fits")
    else:
        screen.print(f"binds: {share.binding.bound.text}")


def _beyond(space: Space, share: SpaceShare) -> str | None:
    """The limit on complexity that the costliest network exceeds; None if it exceeds none."""
    costliest = extreme_network(space, "costliest")
    for row in share.caps:
        if row.cap.bound.measure == "complexity" and not row.cap.admits(row.cap.of(costliest)):
            return row.cap.bound.text
    return None
