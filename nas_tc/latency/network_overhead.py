"""The time of a network beyond the sum of its layers' times."""

from collections.abc import Iterable


def fit_overhead(totals: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Fixed overhead of a network, milliseconds, and the factor for the sum of its layers' times.

    Neither is negative, and the factor is above 0.

    A line through (sum, whole) with the least squares of the relative error, for the half of the
    networks with the least overhead: a run of the whole network is longer than those of its
    layers, and so is disturbed more often.

    Args:
        totals: Pairs of the sum of the layers' times and the time of the whole, milliseconds.
    """
    pairs = sorted(totals, key=lambda pair: pair[1] / pair[0])
    pairs = pairs[: (len(pairs) + 1) // 2]
    if not pairs:
        return 0.0, 1.0
    # Divided by the whole: 1 = fixed * a + factor * b.
    rows = [(1 / whole, layers / whole) for layers, whole in pairs]
    aa = sum(a * a for a, _ in rows)
    ab = sum(a * b for a, b in rows)
    bb = sum(b * b for _, b in rows)
    sum_a, sum_b = (sum(column) for column in zip(*rows, strict=True))
    determinant = aa * bb - ab * ab
    if determinant > 1e-9 * aa * bb:
        fixed = (sum_a * bb - sum_b * ab) / determinant
        factor = (sum_b * aa - sum_a * ab) / determinant
        if fixed >= 0 and factor > 0:  # few noisy networks may say that layers take no time at all
            return fixed, factor
    return 0.0, sum_b / bb
