"""Rule by which the networks of a family become deeper."""


def deepened(depths: tuple[int, ...], extra: int) -> tuple[int, ...]:
    """Depths of the stages after `extra` more units are added, one at a time.

    The last stage gets the first of them, the stage before it the next, and so on; after the second
    stage the last has its turn again. The first stage gets units only if it is the only stage.
    """
    found = list(depths)
    turns = range(len(found) - 1, 0, -1) or range(1)
    for number in range(extra):
        found[turns[number % len(turns)]] += 1
    return tuple(found)
