"""The report's page in a real Chromium: it draws, and is used by mouse and by keyboard."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from browser import Browser, chromium
from made_up_trials import EVIL
from nas_tc.report import page_html

KEPT = Path(__file__).parent / "front.png"
_CELLS = (48, 24)  # that pictures are compared in: fonts differ between machines
_NEAR = 24  # greatest difference of a cell's grey, of 255

CHROMIUM = chromium()
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = Browser(CHROMIUM, tmp_path_factory.mktemp("chromium"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def path(record, tmp_path_factory):
    found = tmp_path_factory.mktemp("page") / "report.html"
    found.write_text(page_html(record), encoding="utf-8")
    return found


@pytest.fixture
def page(browser, path):
    """The page in a wide window; in the end nothing was loaded and nothing complained."""
    browser.size(1280)
    browser.open(path)
    yield browser
    assert browser.errors == []
    assert browser.requests == [path.as_uri()]


def cells(file):
    with Image.open(file) as picture:
        return np.asarray(picture.convert("L").resize(_CELLS, Image.Resampling.BOX), dtype=int)


def test_the_front_is_drawn_with_every_network(page, record):
    assert page.run("document.getElementById('chart').dataset.state") == "complexity"
    drawn = set(
        page.run("[...document.querySelectorAll('#chart g.point')].map(e => +e.dataset.trial)")
    )
    assert drawn == {trial.number for trial in record.trials if trial.state != "failed"}
    front = set(
        page.run("[...document.querySelectorAll('#chart g.front')].map(e => +e.dataset.trial)")
    )
    assert front == {trial.number for trial in record.front}
    assert page.run("document.querySelectorAll('#chart .stairs, #chart .limit').length") == 2
    assert page.run("document.querySelectorAll('img, script').length") == 2  # and no other script


def test_the_axis_is_switched(page, record):
    before = page.run("document.querySelector('#chart .stairs').getAttribute('d')")
    page.run(
        "(() => {const e = document.getElementById('axis'); e.value = 1;"
        "e.dispatchEvent(new Event('change'))})()"
    )
    assert page.run("document.getElementById('chart').dataset.state") == "latency"
    assert page.run("document.querySelector('#chart .stairs').getAttribute('d')") != before
    assert "ms" in page.run("document.getElementById('chart').textContent")
    page.run("document.getElementById('others').click()")
    assert page.run("document.querySelectorAll('#chart g.pruned').length") == 0


def test_pointing_tells_of_a_network_and_a_click_opens_its_card(page, record):
    trial = record.front[-1]
    x, y = page.place(f'#chart g[data-trial="{trial.number}"] .ring')
    page.move(x, y)
    told = page.run("document.getElementById('told').textContent")
    assert told.startswith(f"trial {trial.number}: ")
    assert trial.network in told
    card = f"document.getElementById('trial-{trial.number}')"
    assert not page.run(f"{card}.open")
    page.click(x, y)
    assert page.run(f"{card}.open")
    assert page.run(f"document.activeElement.parentElement === {card}")
    assert EVIL in page.run(f"{card}.textContent")  # a class's name, as text


def test_the_front_is_reached_by_keyboard(page, record):
    page.run("document.getElementById('from-zero').focus()")
    page.press("Tab")
    first, second = (trial.number for trial in record.front[:2])
    number = "document.activeElement.dataset.trial"
    assert page.run(number) == str(first)
    page.press("ArrowRight")
    assert page.run(number) == str(second)
    page.run(
        "new Promise((done) => {const chart = document.getElementById('chart');"
        "new MutationObserver(done).observe(chart, {childList: true});"
        "chart.style.width = '500px';})"
    )
    assert page.run(number) == str(second)  # the chart was drawn anew, narrower
    page.press("End")
    assert page.run(number) == str(record.front[-1].number)
    assert "on the front" in page.run("document.activeElement.getAttribute('aria-label')")
    page.press("Enter")
    assert page.run("document.activeElement.tagName") == "SUMMARY"


def test_a_link_opens_its_card(page, record):
    number = record.front[0].number
    page.run(f"document.querySelector('a[href=\"#trial-{number}\"]').click()")
    assert page.run(f"document.getElementById('trial-{number}').open")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_needs_no_sideways_scrolling(page, dark):
    page.size(390, 844, dark=dark)
    page.run("document.getElementById('open-all').click()")
    assert page.run("document.documentElement.scrollWidth") <= 390
    paper = page.run("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") != dark


def test_what_is_read_aloud_has_names(page):
    unnamed = page.run(
        "[...document.querySelectorAll('a, button, select, input, [role=img], [role=region], svg')]"
        ".filter(e => !e.closest('[aria-hidden=true], [role=img]') || e.matches('[role=img]'))"
        ".filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length))"
        ".map(e => e.outerHTML.slice(0, 80))"
    )
    assert unnamed == []
    assert page.run("document.querySelectorAll('h1').length") == 1
    assert page.run("document.documentElement.lang") == "en"


def test_text_stands_out_from_its_ground(page):
    """WCAG 2.1 asks for a contrast of 4.5; in both schemes."""
    for dark in (False, True):
        page.size(1280, dark=dark)
        colours = page.run(
            "(() => {const s = getComputedStyle(document.documentElement); return ['paper',"
            "'panel','ink','soft','blue','orange','red','green'].map(n => "
            "s.getPropertyValue('--' + n).trim())})()"
        )
        paper, panel, *inks = map(_luminance, colours)
        for ground in (paper, panel):
            for ink in inks:
                low, high = sorted((ground, ink))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (dark, colours)


def test_the_front_looks_as_it_did(page, tmp_path):
    page.size(1000)
    page.screenshot(tmp_path / "front.png", "#chart")
    if not KEPT.exists():  # delete it to keep a new one
        KEPT.write_bytes((tmp_path / "front.png").read_bytes())
    far = np.abs(cells(tmp_path / "front.png") - cells(KEPT)).max()
    assert far <= _NEAR, f"look at {tmp_path / 'front.png'} beside {KEPT}"


def _luminance(colour):
    colour = colour.lstrip("#")
    colour = "".join(c * 2 for c in colour) if len(colour) == 3 else colour
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
