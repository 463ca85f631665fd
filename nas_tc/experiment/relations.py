"""Which replacement leads from one network of an experiment to another?"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from nas_tc.architecture import Architecture, Head, Stage, format_block, format_head
from nas_tc.experiment.networks import Entrant
from nas_tc.replacement import PAPER_TRADE_OFFS, TOLERANCE, TradeOff, replacements
from nas_tc.replacement.words import number

# A replacement keeps the widths that the paper keeps. On small maps 2x2 filters then cost up to a
# quarter less, and the networks of an experiment get their widths changed to make up for it.
_WIDE = 0.4
_WIDTH = re.compile(r"( ->)? of \d+")  # the widths that a replacement solves are not ours

_Steps = dict[Architecture, tuple[TradeOff, str]]


@dataclass(frozen=True, slots=True)
class Relation:
    """A step from one network to another.

    Attributes:
        first: Name of the network that the step leads from.
        second: Name of the network that it leads to.
        kind: Trade-off of a layer replacement; or "depth", "width", "block", "resolution", "norm",
            "activation" or "head": what else differs.
        change: Change in words: "three 3x3 -> six 2x2, stage 3".
    """

    first: str
    second: str
    kind: str
    change: str


def relations(entrants: Sequence[Entrant]) -> tuple[Relation, ...]:
    """All steps between two networks, in their order.

    Of networks that differ in the depth of one stage alone, only neighbours are related.
    """
    steps = [_replacements_of(each.architecture) for each in entrants]
    found = []
    for place, first in enumerate(entrants):
        for later, second in enumerate(entrants[place + 1 :], start=place + 1):
            ways = [(first, second, steps[place]), (second, first, steps[later])]
            known = [way for way in ways if _leads(*way)][:1]
            found += [
                Relation(one.name, other.name, *step[_form(other.architecture)])
                for one, other, step in known
            ]
            if not known:
                others = _other(first.architecture, second.architecture)
                found += [Relation(first.name, second.name, *each) for each in others]
    return tuple(_neighbours(found, entrants))


def _leads(first: Entrant, second: Entrant, steps: _Steps) -> bool:
    """Whether one of the first network's replacements is the second, but for solved widths."""
    form = _form(second.architecture)
    ratio = second.complexity / first.complexity
    equal = 1 / (1 + TOLERANCE) <= ratio <= 1 + TOLERANCE
    return equal and form in steps and form != _form(first.architecture)


def _replacements_of(network: Architecture) -> _Steps:
    """Trade-off and change of all replacements of a network, by their form."""
    found: _Steps = {}
    for each in replacements(network, tolerance=_WIDE, kinds=PAPER_TRADE_OFFS):
        change = f"{_WIDTH.sub('', each.change)}, {each.place}"
        found.setdefault(_form(each.architecture), (each.trade_off, change))
    return found


def _form(network: Architecture) -> Architecture:
    """The network with all widths the same that a replacement may solve: all but the last ones."""
    return replace(network, stages=tuple(replace(each, width=1) for each in network.stages))


def _other(a: Architecture, b: Architecture) -> Iterator[tuple[str, str]]:
    """What else two networks differ in, if it is one thing: its kind and the change in words."""
    yield from _in_setting(a, b)
    if len(a.stages) != len(b.stages) or replace(a, stages=b.stages) != b:
        return
    changed = [
        (index, one, two)
        for index, (one, two) in enumerate(zip(a.stages, b.stages, strict=True), start=1)
        if one != two
    ]
    blocks = {(one.block, two.block) for _, one, two in changed}
    if len(blocks) == 1 and all(_same_but_block(one, two) for _, one, two in changed):
        ((old, new),) = blocks
        if old != new:
            yield "block", f"{format_block(old)} -> {format_block(new)}"
            return
    if len(changed) == 1:
        index, one, two = changed[0]
        if one.depth != two.depth and replace(one, depth=two.depth, width=two.width) == two:
            more = "more" if two.depth > one.depth else "fewer"
            units = (two.depth - one.depth) * two.block.convs
            yield "depth", f"{number(abs(units))} {more} {two.filter}x{two.filter}, stage {index}"
        elif replace(one, width=two.width) == two:
            yield "width", f"{one.width} -> {two.width} filters, stage {index}"


def _in_setting(a: Architecture, b: Architecture) -> Iterator[tuple[str, str]]:
    """The kind and the change of two networks of the same stages that differ in one thing."""
    if replace(a, norm=b.norm) == b:
        yield "norm", f"norm {a.norm} -> {b.norm}"
    if replace(a, activation=b.activation) == b:
        yield "activation", f"{a.activation} -> {b.activation}"
    if replace(a, head=b.head) == b:
        before, behind = _heads_in_words(a.head, b.head)
        yield "head", f"head {before} -> {behind}"
    if replace(a, input=b.input) == b:
        yield "resolution", f"{a.resolution} -> {b.resolution} images"


def _heads_in_words(*heads: Head) -> list[str]:
    """The names of heads, with what tells them apart where the names do not."""
    names = [format_head(each) or f"{each.pool} {each.bins} {each.hidden}" for each in heads]
    if len(set(names)) > 1:
        return names
    return [
        f"{name} with drop-out {head.dropout:g}" for name, head in zip(names, heads, strict=True)
    ]


def _same_but_block(one: Stage, two: Stage) -> bool:
    """Whether two stages differ in block and inner width alone, by units or by convolutions."""
    depths = (one.depth, one.depth * one.block.convs), (two.depth, two.depth * two.block.convs)
    return any(a == b for a, b in zip(*depths, strict=True)) and (
        replace(one, depth=1) == replace(two, depth=1, block=one.block, last_width=one.last_width)
        and one.last_width == two.last_width
    )


def _neighbours(found: Sequence[Relation], entrants: Sequence[Entrant]) -> Iterator[Relation]:
    """The relations without steps of depth that others make up."""
    depths = {each.name: each.architecture.depth for each in entrants}
    deeper = [each for each in found if each.kind == "depth"]
    for each in found:
        low, high = sorted((depths[each.first], depths[each.second]))
        between = any(
            other.first == each.first and low < depths[other.second] < high for other in deeper
        )
        if each.kind != "depth" or not between:
            yield each
