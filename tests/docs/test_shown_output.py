"""The comparison can fail."""

import pytest

from shown_output import first_difference, masked, unknown_shapes

PRINTED = ["one 1", "two 2", "three 3", "", "four 4", ""]


@pytest.mark.parametrize(
    ("shown", "difference"),
    [
        (PRINTED, None),
        (PRINTED[:-1], None),
        (["one 1", "...", "four 4"], None),
        (["..."], None),
        (["one 1", "two ...", "three 3", "", "four 4"], None),
        (["one 1", "three 3", "...", "four 4"], "three 3"),
        (["one 1", "two 3", "..."], "two 3"),
        (["two 2", "..."], "two 2"),
        (["one 1", "two 2"], "(more follows: three 3)"),
        ([*PRINTED[:-1], "five 5"], "five 5"),
        (["...", "four 4", "...", "one 1"], "one 1"),
    ],
)
def test_a_page_shows_what_is_printed(shown, difference):
    assert first_difference(shown, PRINTED) == difference


def test_a_shape_has_words_and_no_numbers():
    assert masked("trial 3: error 1.25 %, (3,8)x2 | 2/2 | basic(3,16)") == (
        "trial #: error # %, NETWORK"
    )
    assert masked(" ────  1e-16  7.5M") == "─ ─ #M"
    assert unknown_shapes(["took 3 s", "took 4 min", "..."], ["took 17.25 s"]) == ["took 4 min"]
