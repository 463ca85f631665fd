"""Draws a network as SVG: its layers as boxes, their shares of the multiply-adds as colours."""

from collections.abc import Iterator
from html import escape

from nas_tc.architecture import Add, Architecture, Concat, Conv, Linear, Scale, walk
from nas_tc.cost import Cost, network_cost
from nas_tc.drawing.layout import MARGIN, Box, Group, arcs, layout

_TOP = 78.0  # room for the title
_AXIS = _TOP + 140.0  # centre line of all boxes, picture pixels from the top
_HEIGHT = 420.0
_LEAST_WIDTH = 660.0  # room for the totals and the scale of colours
_PALE, _WARM, _DARK = (255, 247, 230), (244, 140, 60), (140, 22, 30)
_FONT = 'font-family="Helvetica, Arial, sans-serif"'


def draw_network(architecture: Architecture, title: str, *, gradient: str = "share") -> str:
    """An SVG picture: boxes as tall as the map and as broad as the channels, to scale.

    The colour is a layer's share of the multiply-adds; shortcuts and branches are arcs. Fully
    connected layers, which have no map, are bars of one size.

    Args:
        architecture: Network to draw.
        title: Title of the picture.
        gradient: Identifier of the scale of colours, which is to be unique on a page.

    Raises:
        ArchitectureError: A map shrinks to nothing.
    """
    layers = walk(architecture)
    cost = network_cost(architecture)
    largest_share = max(layer.macs for layer in layers) / cost.macs
    groups = layout(layers)
    boxes = [box for group in groups for box in group.boxes]
    width = max(groups[-1].x + groups[-1].width + MARGIN, _LEAST_WIDTH)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {_HEIGHT:.0f}" '
        f'width="{width:.0f}" height="{_HEIGHT:.0f}" {_FONT}>',
        f'<rect width="{width:.0f}" height="{_HEIGHT:.0f}" fill="white"/>',
        *_heading(title, cost, largest_share, width, gradient),
    ]
    for start, end in arcs(layers):
        lines.append(_arc(boxes[start : end + 1]))
    for group in groups:
        lines += [_box(box, cost.macs, largest_share) for box in group.boxes]
        lines += _label(group)
    return "\n".join([*lines, "</svg>", ""])


def _heading(
    title: str, cost: Cost, largest_share: float, width: float, gradient: str
) -> Iterator[str]:
    """Title, totals and the scale of colours; the darkest is a layer of the largest share."""
    shape = "x".join(map(str, cost.architecture.input))
    totals = f"{shape} images, {_short(cost.macs)} multiply-adds, {_short(cost.params)} parameters"
    yield _text(MARGIN, 34, title, 20, weight="bold")
    yield _text(MARGIN, 56, totals, 13, colour="#555")
    left = max(width - MARGIN - 150, _LEAST_WIDTH - MARGIN - 150)
    yield (
        f'<defs><linearGradient id="{gradient}">'
        + "".join(
            f'<stop offset="{part:.0%}" stop-color="{_colour(part)}"/>' for part in (0, 0.5, 1)
        )
        + "</linearGradient></defs>"
    )
    yield (
        f'<rect x="{left:.1f}" y="22" width="150" height="10" fill="url(#{gradient})" '
        'stroke="#999" stroke-width="0.5"/>'
    )
    yield _text(left, 16, "share of the multiply-adds", 11, colour="#555")
    yield _text(left, 47, "0 %", 11, colour="#555")
    yield _text(
        left + 150, 47, f"{largest_share:.0%}".replace("%", " %"), 11, colour="#555", anchor="end"
    )


def _box(box: Box, macs: int, largest_share: float) -> str:
    """A layer's box, with its figures as a tooltip; `macs` are those of the whole network."""
    layer = box.layer
    share = layer.macs / macs
    shape = "x".join(map(str, layer.output))
    text = f"{layer.name}: {shape}, {layer.macs:,} multiply-adds ({share:.1%})"
    text += f", {layer.params:,} parameters"
    tip = f"<title>{escape(text)}</title>"
    if isinstance(layer, Add | Scale | Concat):
        return (
            f'<circle cx="{box.middle:.1f}" cy="{_AXIS}" r="{box.width / 2:.1f}" fill="#5a7fa8">'
            f"{tip}</circle>"
        )
    fill = _colour(share / largest_share) if isinstance(layer, Conv | Linear) else "#c9d3de"
    return (
        f'<rect x="{box.x:.1f}" y="{_AXIS - box.height / 2:.1f}" width="{box.width:.1f}" '
        f'height="{box.height:.1f}" fill="{fill}" stroke="#444" stroke-width="0.6">{tip}</rect>'
    )


def _arc(boxes: list[Box]) -> str:
    """A curve from the first box to the last, over those between."""
    start, end = boxes[0], boxes[-1]
    tallest = max(box.height for box in boxes)
    top = _AXIS - tallest / 2 - 22
    first, last = _AXIS - start.height / 2, _AXIS - end.height / 2
    return (
        f'<path d="M {start.middle:.1f} {first:.1f} C {start.middle:.1f} {top:.1f}, '
        f'{end.middle:.1f} {top:.1f}, {end.middle:.1f} {last:.1f}" fill="none" '
        'stroke="#5a7fa8" stroke-width="0.9"/>'
    )


def _label(group: Group) -> Iterator[str]:
    """The stage's name, its convolutions and its output shape."""
    channels, height, width = group.boxes[-1].layer.output
    kernels = [box.layer for box in group.boxes if isinstance(box.layer, Conv)]
    if kernels:
        sizes = ", ".join(f"{size}x{size}" for size in sorted({each.filter for each in kernels}))
        what = f"{len(kernels)} conv{'s' if len(kernels) > 1 else ''} {sizes}"
        shape = f"{channels} x {height}²" if height == width else f"{channels} x {height}x{width}"
    else:
        what = ", ".join(
            f"{box.layer.n_out}" for box in group.boxes if isinstance(box.layer, Linear)
        )
        shape = ""
    bottom = _AXIS + 150
    yield (
        f'<line x1="{group.x:.1f}" x2="{group.x + group.width:.1f}" y1="{bottom:.1f}" '
        f'y2="{bottom:.1f}" stroke="#bbb"/>'
    )
    for number, (text, colour) in enumerate(
        ((group.name, "#222"), (what, "#555"), (shape, "#555")), start=1
    ):
        yield _text(group.x, bottom + 15 * number, text, 11, colour=colour)


def _text(
    x: float,
    y: float,
    text: str,
    size: int,
    *,
    colour: str = "#222",
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" '
        f'font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _colour(part: float) -> str:
    """A colour from pale (0) to dark (1), as in "#f48c3c"."""
    if part < 0.5:
        low, high, place = _PALE, _WARM, 2 * part
    else:
        low, high, place = _WARM, _DARK, 2 * part - 1
    mixed = (round(a + (b - a) * place) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _short(number: int) -> str:
    """A number with a unit: 1,234,567 as "1.23 M"."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)
