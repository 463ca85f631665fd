"""Comparison of what a page shows with what a command prints."""

import re

ELLIPSIS = "..."


def normal(line):
    """A line for comparison: rules of tables are one dash, and so are rounding errors."""
    return re.sub(r"─+|\b\d(?:\.\d)?e-1\d\b", "─", line.rstrip())


def masked(line):
    """The shape of a line: without numbers, networks, the machine and the widths of columns."""
    line = re.sub(r"^machine .*", "machine", normal(line))
    line = re.sub(r"\S*\(\d+,\d+\)\S*|(?:avg)?\b\d/\d\S*", "NETWORK", line)
    line = re.sub(r"NETWORK(?: \| NETWORK)+", "NETWORK", line)
    line = re.sub(r"\d[\d,.]*(?:e[-+]?\d+)?", "#", line)
    line = re.sub(r"\btrial # pruned after", "trial # complete after", line)
    line = re.sub(r"\b(epoch|seed|network)\b", r"\1s", line)
    line = re.sub(r"\s+", " ", line).strip()
    return re.sub(r"#(?: ?(?:%|±|\(#\)|#))+(?= |$)", "#", line)  # some columns are not always there


def _same(shown, printed):
    if shown.endswith(ELLIPSIS):
        return printed.startswith(shown.removesuffix(ELLIPSIS).rstrip())
    return shown == printed


def first_difference(shown, printed):
    """The first line of a page that does not follow in the output; None if all do.

    A line "..." stands for any number of lines, and so does the end of the block for blank ones.
    """
    shown, printed = [normal(line) for line in shown], [normal(line) for line in printed]
    while printed and not printed[-1]:
        printed.pop()
    while shown and not shown[-1]:
        shown.pop()
    place, gap = 0, False
    for line in shown:
        if line.strip() == ELLIPSIS:
            gap = True
            continue
        end = len(printed) if gap else min(place + 1, len(printed))
        found = next((i for i in range(place, end) if _same(line, printed[i])), None)
        if found is None:
            return line
        place, gap = found + 1, False
    return None if gap or place == len(printed) else f"(more follows: {printed[place]})"


def unknown_shapes(shown, printed):
    """The lines of a page whose shape no line of the output has."""
    shapes = {masked(line) for line in printed} | {"", ELLIPSIS}
    return [line for line in shown if masked(line) not in shapes]
