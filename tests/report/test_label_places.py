"""Labels of a plot lie on no other label and on no labelled point."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from nas_tc.report.label_places import Label, draw_labels


def drawn(labels, others=(), lines=()):
    """The axes with the labels, and their boxes in pixels."""
    figure = Figure(figsize=(8, 5), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xscale("log")
    axes.set_xlim(1e4, 1e7)
    axes.set_ylim(0, 4)
    draw_labels(axes, labels, others, lines)
    figure.draw_without_rendering()
    texts = [
        each for each in axes.get_children() if isinstance(each, Annotation) and each.get_text()
    ]
    boxes = {each.get_text(): Text.get_window_extent(each) for each in texts}  # without lines
    return axes, boxes


@pytest.mark.parametrize("seed", range(3))
def test_no_label_is_on_another_or_on_a_labelled_point(seed):
    random = np.random.default_rng(seed)
    x, y = 10 ** random.uniform(6.3, 6.9, 10), random.uniform(0, 1.2, 10)
    names = ["vgg", "resnet", "mobilenetv2", *map(str, range(100, 107))]
    labels = [
        Label(name, *place, "black", is_above=not name.isdigit())
        for name, *place in zip(names, x, y, strict=True)
    ]
    axes, boxes = drawn(labels, [(2e6, 0.5)] * 3)
    assert boxes.keys() == set(names)
    for one, other in combinations(boxes.values(), 2):
        assert not one.padded(-1).overlaps(other.padded(-1))
    for px, py in axes.transData.transform(np.column_stack([x, y])):
        assert not any(box.padded(-1).contains(px, py) for box in boxes.values())


def test_a_label_with_room_is_beside_and_above_its_point_or_above_it():
    axes, boxes = drawn([Label("7", 1e5, 2, "black"), Label("vgg", 1e6, 2, "black", is_above=True)])
    (x7, y7), (x, y) = axes.transData.transform([(1e5, 2), (1e6, 2)])
    assert x7 < boxes["7"].x0 < x7 + 15
    assert y7 < boxes["7"].y0 < y7 + 15
    assert boxes["vgg"].x0 < x < boxes["vgg"].x1
    assert y < boxes["vgg"].y0 < y + 15


def test_a_label_keeps_within_the_axes_and_off_other_points():
    axes, boxes = drawn([Label("123456", 9.9e6, 3.9, "black"), Label("9", 1e5, 1, "black")],
                        [(1.08e5, 1.08)])  # fmt: skip
    assert axes.get_window_extent().x1 >= boxes["123456"].x1
    assert axes.get_window_extent().y1 >= boxes["123456"].y1
    dot = axes.transData.transform((1.08e5, 1.08))
    assert not boxes["9"].padded(-1).contains(*dot)


def test_a_label_keeps_off_the_lines_of_a_front():
    point = (1e6, 2.0)
    line = ((1e4, 2.12), (1e7, 2.12))  # through the place straight above the point
    _, boxes = drawn([Label("vgg", *point, "black", is_above=True)])
    axes, off = drawn([Label("vgg", *point, "black", is_above=True)], lines=[line])
    (_, level), _ = axes.transData.transform(line)
    assert boxes["vgg"].y0 < level < boxes["vgg"].y1
    assert not off["vgg"].padded(-1).y0 < level < off["vgg"].padded(-1).y1
