"""Numbers as people say them: short, with units."""


def short_number(value: float, space: str = "") -> str:
    """1500000 as "1.5M".

    Args:
        value: Number, 0 or more.
        space: What stands before the unit.
    """
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{space}{unit}"
    return f"{value:.3g}"


def counted(number: int, noun: str) -> str:
    """1 and "epoch" as "1 epoch", 2 as "2 epochs".

    Args:
        number: How many.
        noun: What one is called; several have an s more.
    """
    return f"{number:,} {noun}{'s'[: number != 1]}"


def duration(seconds: float) -> str:
    """3700 seconds as "1 h 01 min"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
