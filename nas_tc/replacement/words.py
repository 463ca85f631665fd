"""Layers in words, as He & Sun (2015) write them: "three 3x3"."""

from nas_tc.architecture import Plain, Stage, format_block

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(count: int) -> str:
    """A count as a word up to ten, and in digits beyond."""
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)


def layers(depth: int, filter: int, width: int | None = None) -> str:
    """Layers of one filter size, with their number of filters if given: "three 3x3 of 256"."""
    text = f"{number(depth)} {filter}x{filter}"
    return text if width is None else f"{text} of {width}"


def units(stage: Stage, width: int | None = None) -> str:
    """The units of a stage, with the block if it is not plain: "two basic 3x3 of 64".

    Args:
        stage: Stage to name.
        width: Number of filters to name; None: none.
    """
    depth, _, rest = layers(stage.depth, stage.filter, width).partition(" ")
    block = "" if stage.block == Plain() else f"{format_block(stage.block)} "
    return f"{depth} {block}{rest}"
