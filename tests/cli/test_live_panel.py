"""The panel of the live view: it fits every screen, and says what is going on."""

import io
import time
from dataclasses import replace

import pytest
from rich.console import Console, Group

from nas_tc.cli.live_panel import _rounded, panel
from nas_tc.metric import Metric
from nas_tc.search.events import Progress, RunningTrial


@pytest.fixture
def progress(study):
    trained = study.trained
    running = tuple(
        RunningTrial(
            number, study.trials[0].architecture, "vgg" if number == 40 else None, number == 42,
            time.monotonic() - 61, {1: 0.8, 4: 0.25} if number == 41 else {},
        )
        for number in range(40, 56)
    )  # fmt: skip
    return Progress(
        done=12,
        goal=40,
        running=16,
        pruned=5,
        failed=1,
        best=study.front[-1],
        left_s=1234.0,
        metric=Metric.ERROR,
        rejected=3,
        trials=running,
        trained=trained,
        front=study.front,
        epochs=12,
        images_per_s=5310.4,
    )


def shown(progress, width=120, height=40, **how):
    """The panel as a screen of this size shows it."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=width, color_system=None)
    console.print(Group(*panel(progress, 90.0, 0.0, width, height, **how)))
    return file.getvalue().splitlines()


def test_it_says_what_is_going_on(progress):
    head, counts, *rest = shown(progress)
    assert "12/40 trials, 1 min 30 s, about 21 min 00 s left" in head
    assert counts.rstrip() == (
        "7 finished, 5 pruned, 3 rejected, 1 failed, 5,310 images/s, best val. error 10.00 %"
    )
    text = "\n".join(rest)
    assert "vgg       0/12" in text
    assert "trial 41  4/12 █▃ 25.00 %       61 s  (3,8)/2" in text
    assert "trial 42  is timed" in text
    assert text.count("●") == len(progress.front) + 1  # and the legend
    assert "● front  · others  (multiply-adds)" in text
    assert "more" in text


@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 12, 17, 18, 24, 50])
@pytest.mark.parametrize("width", [1, 10, 24, 40, 71, 72, 80, 120, 300])
def test_it_fits_every_screen(progress, width, height):
    for how in (False, True):
        lines = shown(progress, width, height, ascii_only=how)
        assert 1 <= len(lines) <= max(1, height // 2 + 1)
        assert max(map(len, lines)) <= width
    for other in (
        replace(progress, trained=(), front=(), best=None, left_s=None, trials=()),
        replace(progress, goal=None, left_s=None, images_per_s=None),
        replace(progress, done=40, trials=()),
    ):
        assert len(shown(other, width, height)) <= max(1, height // 2 + 1)


def test_nothing_but_ascii_where_the_screen_has_no_more(progress):
    for line in panel(progress, 90.0, 0.0, 100, 40, ascii_only=True)[1:]:
        assert line.plain.isascii()


def test_the_time_left_runs_down_between_two_events(progress):
    file = io.StringIO()
    console = Console(file=file, width=120)
    console.print(panel(progress, 90.0, 634.0, 120, 40)[0])
    assert "about 10 min 00 s left" in file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, 1), (7.4, 7), (48, 50), (143, 140), (1490, 1500), (5000, 5100), (40_000, 39_600)],
)
def test_an_estimate_is_rounded(seconds, shown):
    assert _rounded(seconds) == shown


def test_a_network_that_was_trained_again_has_one_point(progress, study):
    (best,) = study.front[-1:]
    again = replace(best, number=99, repeat_of=best.number)
    text = "\n".join(shown(replace(progress, trained=(*study.trained, again), trials=())))
    assert text.count("·") == "\n".join(shown(replace(progress, trials=()))).count("·")
