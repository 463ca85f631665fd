"""A learning curve as a small SVG picture."""

from collections.abc import Mapping

from markupsafe import Markup

_WIDTH, _HEIGHT = 320, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 40, 12, 30


def curve_svg(val_errors: Mapping[int, float], train_losses: Mapping[int, float]) -> Markup:
    """Validation error and training loss over the epochs at which they were measured.

    Args:
        val_errors: Validation error by epoch, 0 to 1.
        train_losses: Training loss by epoch.
    """
    last = max(val_errors, default=1)
    top = max(val_errors.values(), default=1.0) or 1.0
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" class="curve" role="img" '
        f'aria-label="learning curve: {_spoken(val_errors)}">',
        f'<path class="axis" d="M{_LEFT} {_TOP}V{_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}"/>',
    ]
    if losses := {epoch: loss for epoch, loss in train_losses.items() if epoch <= last}:
        most = max(losses.values()) or 1.0
        parts.append(_line("loss", {e: loss / most for e, loss in losses.items()}, last, ""))
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 4}" y="{_TOP + 8}" class="loss-text">{most:.2f}</text>'
            f'<text x="{_WIDTH - _RIGHT + 4}" y="{_HEIGHT - _BOTTOM}" class="loss-text">0</text>'
        )
    parts.append(_line("error", {e: error / top for e, error in val_errors.items()}, last, "dots"))
    parts.append(
        f'<text x="{_LEFT - 4}" y="{_TOP + 8}" text-anchor="end">{100 * top:.3g} %</text>'
        f'<text x="{_LEFT - 4}" y="{_HEIGHT - _BOTTOM}" text-anchor="end">0</text>'
    )
    parts += [
        f'<text x="{_x(epoch, last):.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{epoch}</text>'
        for epoch in val_errors
    ]
    return Markup("".join([*parts, "</svg>"]))


def _line(name: str, heights: Mapping[int, float], last: int, dots: str) -> str:
    """A polyline; heights are shares of the picture's."""
    places = [
        (_x(epoch, last), _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - height))
        for epoch, height in sorted(heights.items())
    ]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    marks = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    return f'<g class="{name}"><path d="{path}"/>{marks if dots else ""}</g>'


def _x(epoch: int, last: int) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * epoch / max(last, 1)


def _spoken(val_errors: Mapping[int, float]) -> str:
    return ", ".join(f"{100 * error:.2f} % after {e}" for e, error in val_errors.items())
