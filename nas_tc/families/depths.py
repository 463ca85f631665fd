"""Which stage takes another unit when a network becomes deeper."""


def deepened(depths: tuple[int, ...], extra: int) -> tuple[int, ...]:
    """Depths with `extra` more units, dealt to all stages but the first, from the last on.

    A network of one stage takes them there.
    """
    found = list(depths)
    takers = range(len(found) - 1, 0, -1) or range(1)
    for number in range(extra):
        found[takers[number % len(takers)]] += 1
    return tuple(found)
