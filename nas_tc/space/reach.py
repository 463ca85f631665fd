"""How far a space around a network goes from it: bounds that a user can set."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from nas_tc.errors import SpaceError, unknown

_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*\.\.\s*(\d+(?:\.\d+)?)")
_FACTORS = ("depth", "width")
_MOVES = ("block", "stride", "pool", "stage")


@dataclass(frozen=True, slots=True)
class Reach:
    """Bounds of a space around a network.

    Attributes:
        depth: Least and most units of a stage, as multiples of the network's.
        width: Least and most filters, as multiples of the network's.
        filter: Sides of the filters to choose from beside the network's, pixels; None: the next
            smaller and larger ones.
        block: Whether a stage may be of a related block: a residual one in place of plain
            convolutions, another expansion.
        stride: Whether the strides of convolutions and poolings may move.
        pool: Whether poolings may change and go.
        stage: Whether a stage on smaller maps may be added in the end.
    """

    depth: tuple[float, float] = (0.5, 2.0)
    width: tuple[float, float] = (0.5, 2.0)
    filter: tuple[int, ...] | None = None
    block: bool = True
    stride: bool = True
    pool: bool = True
    stage: bool = True

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Self:
        """The bounds that a user named: "width=0.5..2", "filter=3,5", "pool=no".

        Args:
            texts: One bound each.

        Raises:
            UnknownNameError: There is no such bound.
            SpaceError: A value cannot be read.
        """
        found = cls()
        for text in texts:
            name, _, value = (part.strip() for part in text.partition("="))
            known = (*_FACTORS, "filter", *_MOVES)
            if name not in known:
                raise unknown("bound", name, known, within=text)
            found = replace(found, **{name: _value(name, value)})
        return found


def _value(name: str, text: str) -> Any:
    if name in _MOVES:
        if text not in ("yes", "no"):
            raise SpaceError(f"--reach {name} is yes or no, not {text!r}")
        return text == "yes"
    if name == "filter":
        if text == "no":
            return ()
        if not re.fullmatch(r"[1-9]\d?(\s*,\s*[1-9]\d?)*", text):
            raise SpaceError(f"--reach filter is sides in pixels, as in filter=3,5, not {text!r}")
        return tuple(sorted({int(side) for side in text.split(",")}))
    match = _RANGE.fullmatch(text)
    least, most = (float(match[1]), float(match[2])) if match else (0.0, 0.0)
    if not 0 < least <= 1 <= most <= 16:
        raise SpaceError(
            f"--reach {name} is a range of factors around 1, as in {name}=0.5..2, not {text!r}"
        )
    return (least, most)
