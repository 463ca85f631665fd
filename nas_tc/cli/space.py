"""`nas-tc space`: what may be chosen, how many networks that makes, what a budget leaves."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from nas_tc._words import counted
from nas_tc.architecture import Architecture, format_notation
from nas_tc.budget import Limit, parse_budget, resolve_budget
from nas_tc.cli import completion, options
from nas_tc.cli.console import console, new_table, parse_shape, shape_text
from nas_tc.cli.json_output import limits_values, print_json
from nas_tc.cost import complexity
from nas_tc.errors import NasTcError
from nas_tc.reading import own_network
from nas_tc.space import (
    Reach,
    Space,
    count_networks,
    extreme_network,
    fitting,
    load_space,
    shipped_spaces,
)


def space(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A shipped space or a TOML file; without it, all are listed.",
            autocompletion=completion.spaces,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only check the space, and name choices that no network has."),
    ] = False,
    budget: Annotated[
        str | None,
        typer.Option(
            help="A budget, such as alexnet*0.6 or 0.8*it: how many networks are within it."
        ),
    ] = None,
    around: options.Around = None,
    reach: options.Reach = None,
    input: options.AroundInput = None,
    as_json: options.AsJson = False,
) -> None:
    """Genes of a search space, and how many networks there are.

    `nas-tc budget` explains a budget, and says which of its limits binds.
    """
    own = None
    if around is not None:
        if name is not None:
            raise NasTcError(f"give the space {name!r} or --around, not both")
        own = own_network(around, None if input is None else parse_shape(input))
        found = own.space(Reach.parse(reach or ()))
    elif reach or input:
        raise NasTcError("--reach and --input are of the space around a network: give --around")
    elif name is not None:
        found = load_space(name)
    elif check or budget is not None:
        raise NasTcError("which space? Write nas-tc space NAME or FILE.toml before the options")
    else:
        _print_all(as_json=as_json)
        return
    limit = None
    if budget is not None:
        parsed = parse_budget(budget, None if own is None else own.network)
        limit = resolve_budget(parsed, found.input, found.classes)
    if as_json:
        print_json(
            {
                **_values(found),
                **({"dead_choices": list(_dead_choices(found))} if check else {}),
                **({} if limit is None else {"budget": _share(found, limit)}),
            }
        )
        return
    if check:
        _print_check(found)
    else:
        _print_space(found)
    if limit is not None:
        _print_share(limit, _share(found, limit))


def _print_all(*, as_json: bool) -> None:
    found: list[dict[str, Any]] = [
        {
            "space": shipped.name,
            "networks": count_networks(shipped),
            "description": shipped.description,
        }
        for shipped in map(load_space, shipped_spaces())
    ]
    if as_json:
        print_json(found)
        return
    table = new_table(("space", False), ("networks", True), ("description", False))
    for each in found:
        table.add_row(each["space"], f"{each['networks']:,}", each["description"])
    console().print(table)


def _values(found: Space) -> dict[str, Any]:
    """A space for other programs."""
    extremes = {which: extreme_network(found, which) for which in ("cheapest", "costliest")}
    return {
        "space": found.name,
        "description": found.description,
        "input": list(found.input),
        "classes": found.classes,
        "genes": {gene.name: list(gene.choices) for gene in found.genes},
        "settings": found.settings,
        "networks": count_networks(found),
        **{
            which: {
                "complexity": complexity(network),
                "network": format_notation(network.stages),
                "architecture": network.to_dict(),
            }
            for which, network in extremes.items()
        },
    }


def _print_space(found: Space) -> None:
    screen = console()
    table = new_table(("gene", False), ("choices", False))
    for gene in found.genes:
        table.add_row(gene.name, " ".join(map(str, gene.choices)))
    screen.print(f"{found.name}: {found.description}" if found.description else found.name)
    screen.print(table)
    fixed = [
        f"stage {number}: {stage.block[0]}"
        for number, stage in enumerate(found.stages, start=1)
        if len(stage.block) == 1 and stage.block != ("plain",)
    ]
    if fixed:
        screen.print(f"blocks    {', '.join(fixed)}")
    networks, settings = count_networks(found), found.settings
    screen.print(
        f"networks  {networks:,} at {shape_text(found.input)}, "
        f"from {settings:,} settings of the genes"
    )
    for which in ("cheapest", "costliest"):
        extreme = extreme_network(found, which)
        screen.print(
            f"{which:9} {complexity(extreme):,} multiply-adds: {_network_text(found, extreme)}"
        )


def _network_text(space: Space, network: Architecture) -> str:
    """The notation of a network, and its size where the space has a choice."""
    size = f" at {shape_text(network.input)}" if space.resolutions else ""
    return format_notation(network.stages) + size


def _print_check(found: Space) -> None:
    screen = console()
    networks = count_networks(found)
    extreme_network(found, "cheapest")  # some network exists
    choices = sum(len(gene.choices) for gene in found.genes)
    screen.print(
        f"{found.name}: valid; {counted(len(found.stages), 'stage')}, "
        f"{counted(len(found.genes), 'gene')} with {counted(choices, 'choice')}, "
        f"{counted(networks, 'network')} at {shape_text(found.input)}"
    )
    for gene, choice in _dead_choices(found):
        screen.print(
            f"note: no network has {gene} {choice}: maps vanish or blocks do not fit; leave it out"
        )


def _dead_choices(found: Space) -> Iterable[tuple[str, Any]]:
    from nas_tc.space import dead_choices  # noqa: PLC0415 - keeps nas-tc --help quick

    return dead_choices(found)


def _share(found: Space, limit: Limit) -> dict[str, Any]:
    """How many networks are within the complexity, and what share keeps the other limits."""
    from nas_tc.space import Feasible  # noqa: PLC0415

    values: dict[str, Any] = {"limits": limits_values(limit.caps)}
    if limit.tightest is not None:
        assert limit.complexity is not None
        within = Feasible(found, limit.least_complexity, limit.complexity)
        values["within_complexity"] = {
            "most": within.count,
            "least": within.count if within.is_exact else within.at_least,
            "share": within.count / count_networks(found),
        }
    if any(cap is not limit.tightest for cap in limit.caps):
        sample = fitting(found, limit, seeks_nearest=False)
        values["sample"] = {
            "networks": sample.networks,
            "is_all": sample.is_all,
            "fit": sample.fit,
        }
    values["to_be_timed"] = [bound.text for bound in limit.times]
    return values


def _print_share(limit: Limit, share: dict[str, Any]) -> None:
    screen = console()
    width = 9
    if (within := share.get("within_complexity")) is not None:
        count = f"{within['most']:,}"
        if within["least"] < within["most"]:
            count = f"{within['least']:,} to {count}"
        text = f"{count} networks, {within['share']:.3%}: {limit.tightest}"
        screen.print(f"{'within':{width}} {text}")
    if (sample := share.get("sample")) is not None:
        fit, looked_at = sample["fit"], sample["networks"]
        source = "all" if sample["is_all"] else "drawn from its settings"
        screen.print(
            f"{'within':{width}} {fit / looked_at:.2%} of {looked_at:,} networks, {source}: {limit}"
        )
    for text in share["to_be_timed"]:
        screen.print(f"{'':{width}} {text}: no formula says this; it has to be timed")
