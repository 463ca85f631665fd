"""What to write in place of common ways to say a budget that the language does not have."""

import re
from collections.abc import Callable

from nas_tc.cost.measures import MEASURES

_NUMBER = r"\d+(?:\.\d+)?"
_UNITS = {
    unit.lower(): unit for measure in MEASURES.values() for unit in measure.quantity.units if unit
}
_REPLACED: tuple[tuple[str, str, str | Callable[[re.Match[str]], str]], ...] = (
    ("a comma joins limits", r"\s*(?:;|&+|\band\b)\s*", ", "),
    ("a limit has <=", "≤", "<="),
    ("a star multiplies", r"\s*[×·]\s*|(?<=\w)\s+x\s+(?=[\d.])", "*"),
    ("digits stand together", r"(?<=\d)[_'](?=\d{3})|(?<=\d)\.(?=\d{3}\.)|(?<=\.\d{3})\.", ""),
    (
        "a share is a factor",
        rf"({_NUMBER})\s*%",
        lambda match: f"{float(match[1]) / 100:.6g}",
    ),
    ("the network comes first", rf"({_NUMBER})\s*(?:\*|\bof\b)\s*([^\s,]+)", r"\2*\1"),
    (
        "a unit has its own capitals",
        r"(?<=\d)(\s*)([A-Za-z]+)\b",
        lambda match: match[1] + _UNITS.get(match[2].lower(), match[2]),
    ),
)


def comma_in_number(text: str) -> tuple[int, int, str] | None:
    """The first number with a comma: where it begins and ends, and what to write; None without.

    A comma joins limits, so "1,500" would be two: at most 1, and at most 500.

    Args:
        text: Budget as it was written.
    """
    for match in re.finditer(r"(?<![\w.@])(\d+)((?:,\d+)+)(?![\w.]*@)", text):
        before = text[: match.start()]
        if before.count("(") + before.count("[") > before.count(")") + before.count("]"):
            continue  # of a notation
        groups = match[2].split(",")[1:]
        if match[1] != "0" and all(len(group) == 3 for group in groups):
            return (
                match.start(),
                match.end(),
                f"write {match[1] + ''.join(groups)!r}, without commas",
            )
        if len(groups) == 1:
            decimal = f"{match[1]}.{groups[0]}"
            return match.start(), match.end(), f"write {decimal!r}, or a space between two limits"
    return None


def correction(text: str) -> tuple[str, str] | None:
    """A budget that is written as the language has it, and the rules; None if nothing changes.

    Args:
        text: Budget as it was written, which cannot be read.
    """
    found, rules = text, []
    for rule, pattern, replacement in _REPLACED:
        changed = re.sub(pattern, replacement, found)
        if changed != found:
            found = changed
            rules.append(rule)
    return (found, " and ".join(rules)) if rules else None
