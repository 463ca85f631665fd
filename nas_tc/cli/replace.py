"""`nas-tc replace`: other networks at the same complexity, one layer replacement away."""

import json
import re
from collections.abc import Iterable
from functools import cache
from itertools import groupby, islice
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from nas_tc.architecture import Architecture, format_notation
from nas_tc.budget import Limit, parse_budget, resolve_budget
from nas_tc.cli import options
from nas_tc.cli.console import console, new_table, shape_text
from nas_tc.cli.network import described, network_of, surroundings
from nas_tc.cost import network_cost
from nas_tc.cost.measures import MEASURES
from nas_tc.errors import BudgetError, NasTcError, unknown
from nas_tc.replacement import TOLERANCE, TRADE_OFFS, Replacement, TradeOff, chains
from nas_tc.zoo import ZOO

_MOST_STEPS = 3
_MOST_NETWORKS = 50_000  # by the paper's trade-offs, three steps from A lead to 12,362

_TITLES: dict[TradeOff, str] = {
    "depth-filter": "depth against filter size",
    "depth-width": "depth against width",
    "width-filter": "width against filter size",
    "pooling": "a pooling, and wider layers behind it",
    "delay": "delayed subsampling",
    "basic-plain": "residual units against pairs of convolutions",
    "bottleneck-basic": "bottlenecks against basic residual units",
    "separable-plain": "separable against full filters",
    "expansion-depth": "expansion against depth",
    "expansion-width": "expansion against width",
    "resolution-depth": "size of the images against depth",
    "resolution-width": "size of the images against width",
}


def replace(
    network: options.Network,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Keep only networks within this budget: alexnet*0.6, params<=5M.",
            show_default="any",
        ),
    ] = None,
    tolerance: Annotated[
        str, typer.Option(help="How far the complexity may be from the network's.")
    ] = f"{TOLERANCE:.0%}",
    input: options.Input = None,
    head: options.Head = None,
    norm: options.Norm = None,
    classes: options.Classes = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A trade-off: {', '.join(TRADE_OFFS)}. Can be repeated.", show_default="all"
        ),
    ] = None,
    steps: Annotated[
        int, typer.Option(help=f"Replacements one after another, 1 to {_MOST_STEPS}.")
    ] = 1,
    as_json: options.AsJson = False,
) -> None:
    """List the networks that replace a few layers by others at about the same complexity."""
    if not 1 <= steps <= _MOST_STEPS:
        raise NasTcError(f"--steps must be 1 to {_MOST_STEPS}, not {steps}")
    share, kinds = _share(tolerance), _kinds(kind or TRADE_OFFS)
    architecture = network_of(network, input, head, norm, classes)
    limit = None if budget is None else _limit(budget, architecture)
    ways = chains(architecture, steps=steps, tolerance=share, kinds=kinds)
    found = list(islice(ways, _MOST_NETWORKS + 1))
    if len(found) > _MOST_NETWORKS:
        raise NasTcError(
            f"--steps {steps} leads to more than {_MOST_NETWORKS:,} networks: name trade-offs with "
            "--kind, take fewer steps or a smaller --tolerance"
        )
    kept = [
        each for each in found if limit is None or limit.broken_by(each[-1].architecture) is None
    ]
    own = network_cost(architecture).complexity
    values = {
        "network": network,
        **_described(architecture),
        **described(architecture),
        "tolerance": share,
        "budget": None if limit is None else str(limit),
        "over_budget": len(found) - len(kept),
        "replacements": [_as_dict(each, own) for each in kept],
    }
    if as_json:
        typer.echo(json.dumps(values, indent=2))
    else:
        _print(values, surroundings(network, architecture, head, norm))


def _print(values: dict[str, Any], around: str) -> None:
    screen = console()
    screen.print(
        f"{values['network']} at {shape_text(tuple(values['input']))}: {values['notation']}",
        markup=False,
    )
    screen.print(around)
    screen.print(
        f"{values['complexity']:,} multiply-adds, Eqn. (1); {values['params']:,} parameters"
    )
    for kinds, rows in groupby(sorted(values["replacements"], key=_order), key=_traded):
        title = ", then ".join(_TITLES[TRADE_OFFS[kind]] for kind in kinds)
        screen.print(_table(title, rows, values["input"]))
    low, high = 1 / (1 + values["tolerance"]), 1 + values["tolerance"]
    count = len(values["replacements"])
    screen.print(f"{count} replacement{'s'[: count != 1]} at x{low:.3f} to x{high:.3f}")
    if values["budget"] is not None:
        over = values["over_budget"]
        screen.print(f"within {values['budget']}; {over} more are not")


def _traded(row: dict[str, Any]) -> tuple[int, ...]:
    """The trade-offs of a row's steps, by their places in `TRADE_OFFS`."""
    return tuple(TRADE_OFFS.index(step["trade_off"]) for step in row["steps"])


def _order(row: dict[str, Any]) -> tuple[int, tuple[int, ...], float]:
    """Few steps first, then by what is traded, then the nearest to the network's complexity."""
    return len(row["steps"]), _traded(row), max(row["ratio"], 1 / row["ratio"])


def _table(title: str, rows: Iterable[dict[str, Any]], own: list[int]) -> Table:
    """What was traded, and below it the network; numbers first, so that long lines fold alike.

    `own` is the input of the network that is replaced: an input of another size is named.
    """
    table = new_table(
        ("ratio", True), ("multiply-adds", True), ("parameters", True), (title, False)
    )
    for row in rows:
        name = "" if row["name"] is None else f"{row['name']} = "
        _, *size = row["input"]
        at = f" at {shape_text(size)}" if size != own[1:] else ""
        table.add_row(
            f"x{row['ratio']:.4f}",
            f"{row['complexity']:,}",
            f"{row['params']:,}",
            Text.assemble(
                *(f"{step['change']}, {step['place']}\n" for step in row["steps"]),
                (name + row["notation"] + at, "dim"),
            ),
        )
    return table


def _as_dict(way: tuple[Replacement, ...], own: int) -> dict[str, Any]:
    return {
        **_described(way[-1].architecture),
        "ratio": way[-1].complexity / own,
        "steps": [
            {
                "description": each.description,
                "trade_off": each.trade_off,
                "change": each.change,
                "place": each.place,
                "stages": list(each.stages),
                "ratio": each.ratio,
            }
            for each in way
        ],
    }


def _described(architecture: Architecture) -> dict[str, Any]:
    cost = network_cost(architecture)
    return {
        "name": _zoo_names().get(architecture),
        "notation": format_notation(architecture.stages),
        "id": architecture.id,
        "input": list(architecture.input),
        "complexity": cost.complexity,
        "params": cost.params,
    }


@cache
def _zoo_names() -> dict[Architecture, str]:
    return {entry.architecture: name for name, entry in ZOO.items()}


def _share(text: str) -> float:
    """A share as it is written: both "5%" and "0.05" are 0.05."""
    match = re.fullmatch(r"(\d{1,4}(?:\.\d{0,9})?|\.\d{1,9})\s*(%?)", text.strip())
    if match is None or (not match[2] and float(match[1]) > 1):
        raise NasTcError(f"--tolerance {text!r}: write a share of the complexity, as in 5% or 0.05")
    return float(match[1]) / (100 if match[2] else 1)


def _kinds(names: list[str] | tuple[str, ...]) -> list[TradeOff]:
    for name in names:
        if name not in TRADE_OFFS:
            raise unknown("trade-off", name, TRADE_OFFS)
    return [kind for kind in TRADE_OFFS if kind in names]


def _limit(budget: str, architecture: Architecture) -> Limit:
    limit = resolve_budget(parse_budget(budget), architecture.input, architecture.classes)
    if limit.times:
        *most, last = [name for name, measure in MEASURES.items() if not measure.is_timed]
        raise BudgetError(
            f"replacements are chosen by formula, which cannot keep {limit.times[0].text!r}; "
            f"limit {', '.join(most)} or {last}, and time networks with nas-tc time"
        )
    return limit
