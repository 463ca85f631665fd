"""The report as one page, without a browser: `test_page_in_a_browser` has one."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from nas_tc.metric import Confusion, MultilabelConfusion
from nas_tc.report import page_html
from nas_tc.report.page.chart import axes_of, points_of
from nas_tc.report.page.endings import endings_of
from nas_tc.report.page.timeline import timeline_of
from nas_tc.report.summary import summary
from nas_tc.study import objective, pareto_front


class Tags(HTMLParser):
    """All start tags with their attributes, and whether they are closed in order."""

    VOID = ("meta", "input", "img", "br", "link")

    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(page):
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    return tags.found


def data_of(page):
    text = re.search(r'id="chart-data">(.*?)</script>', page, re.DOTALL).group(1)
    return json.loads(text)


@pytest.fixture(scope="module")
def page(record):
    return page_html(record)


def test_nothing_in_a_study_becomes_markup(page):
    tags = parsed(page)
    assert not [tag for tag, _ in tags if tag in ("img", "iframe", "object", "link")]
    assert [attrs.get("type") for tag, attrs in tags if tag == "script"] == [
        "application/json", None,
    ]  # fmt: skip
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    assert page.count("&lt;/script&gt;&lt;img") > 10
    assert page.encode()  # a name that is no UTF-8


def test_nothing_is_loaded(page):
    tags = parsed(page)
    for _, attrs in tags:
        for name in ("src", "href", "data", "action"):
            assert name not in attrs or attrs[name].startswith("#")
    assert not re.findall(r"@import|url\((?!#share-)", page)
    policy = next(attrs for tag, attrs in tags if "http-equiv" in attrs)["content"]
    assert "default-src 'none'" in policy
    assert "script-src 'sha256-" in policy


def test_every_link_leads_somewhere_and_no_name_is_there_twice(page):
    tags = parsed(page)
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"][1:] for _, attrs in tags if "href" in attrs} <= set(ids)


def test_the_front_has_cards(page, record):
    cards = {attrs["id"] for tag, attrs in parsed(page) if attrs.get("class") == "card"}
    assert {f"trial-{trial.number}" for trial in record.shown} <= cards
    assert data_of(page)["recommended"] is not None
    assert f"nas-tc train {record.path} --trial" in page  # these have no weights


def test_a_card_of_a_network_with_weights_exports_it(study):
    assert f"nas-tc export {study.path} --trial 0 --out network-0" in page_html(study)


def test_the_axes_are_the_recorded_costs_with_their_fronts(record):
    axes = axes_of(record)
    assert [axis.name for axis in axes] == ["complexity", "latency", "params", "memory"]
    assert axes[0].limit == record.settings["budget"]["complexity"]
    for axis in axes:
        front = pareto_front(record.complete, ("error", axis.name))
        assert axis.front == tuple(trial.number for trial in front)


def test_a_point_has_the_costs_and_the_bar_of_its_network(record):
    axes = axes_of(record)
    points = {point["n"]: point for point in points_of(record, axes)}
    assert set(points) == {t.number for t in record.trials if t.state != "failed"}
    first = record.front[0]
    point = points[first.number]
    assert point["c"] == [objective(first, axis.name) for axis in axes]
    assert point["w"][1] == (1.4, 1.7)
    assert (point["lo"], point["hi"]) == pytest.approx((32 - 2.8284, 32 + 2.8284), abs=1e-3)


def test_what_did_not_end_well_is_told_with_its_reason(record, page):
    pruned, failed = endings_of(record)
    assert (pruned.state, failed.state) == ("pruned", "failed")
    assert failed.reason == "the worker died"
    assert failed.numbers == "10, 21 and 32"
    assert "after 1 of 2 epochs its training loss" in pruned.reason
    assert "the worker died" in page
    numbered = tuple(
        replace(trial, reason=f"latency {trial.number}.5 ms is over 1 ms", state="rejected")
        for trial in record.trials[:3]
    )
    (one,) = endings_of(replace(record, trials=numbered))
    assert len(one.trials) == 3


def test_addresses_of_machines_are_not_passed_on(record):
    reason = "the worker died: killed, memory on the node (IP: 192.0.2.2, ID: 93e4) was full"
    trials = tuple(replace(trial, reason=reason, state="failed") for trial in record.trials[:2])
    page = page_html(replace(record, trials=trials))
    assert "memory on the node was full" in page
    assert "192.0.2.2" not in page


def test_rows_of_the_timeline_do_not_overlap(record):
    timeline = timeline_of(record)
    assert len(timeline.rows) == 2
    assert not timeline.cuts
    assert sum(map(len, timeline.rows)) == len(record.trials)
    for row in timeline.rows:
        for one, other in pairwise(row):
            assert one.start + one.width <= other.start + 1e-9
    assert max(bar.start + bar.width for row in timeline.rows for bar in row) <= 1 + 1e-9


def test_a_night_between_two_runs_is_cut_out(record):
    later = timedelta(hours=9)
    trials = tuple(
        trial
        if trial.number < 20
        else replace(trial, started=trial.started + later, ended=trial.ended + later)
        for trial in record.trials
    )
    timeline = timeline_of(replace(record, trials=trials))
    ((place, length),) = timeline.cuts
    assert 0.4 < place < 0.6
    assert length == pytest.approx(9 * 3600, abs=60)
    assert timeline.busy_s < 3600


def test_studies_that_have_nothing_yet_have_a_page(study):
    for trials in ((), study.trials[3:]):
        page = page_html(replace(study, trials=trials, runs=()))
        parsed(page)
        assert "No network is trained to the end yet" in page


def test_many_classes_have_their_commonest_confusions(record):
    labels = np.arange(400) % 40
    confusion = Confusion.of(labels, np.where(labels < 30, labels, 0), 40)
    data = {**record.settings["data"], "classes": [f"class {n}" for n in range(40)]}
    number = record.front[0].number
    trials = tuple(
        replace(t, confusion=confusion if t.number == number else None) for t in record.trials
    )
    page = page_html(replace(record, trials=trials, settings={**record.settings, "data": data}))
    assert "The commonest confusions" in page
    assert "and 20 classes with lower errors" in page
    assert '<table class="matrix">' not in page


def test_images_with_several_labels_have_scores_by_class(record):
    random = np.random.default_rng(0)
    labels = random.integers(2, size=(60, 10)).astype(np.uint8)
    confusion = MultilabelConfusion.of(labels, labels + random.normal(-0.5, 0.6, (60, 10)))
    trials = tuple(replace(t, confusion=confusion if t.confusion else None) for t in record.trials)
    data = {**record.settings["data"], "multilabel": True}
    settings = {**record.settings, "data": data, "metric": "subset_error"}
    page = page_html(replace(record, trials=trials, settings=settings))
    parsed(page)
    assert "average precision" in page
    assert "F1 score" in page


def test_the_summary_is_markdown_that_stays_text(record):
    text = summary(record)
    assert "## The front" in text
    assert r"\</script\>\<img src=x onerror=alert(1)\>" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(record.shown)
    columns = {len(re.findall(r"(?<!\\)\|", line)) for line in rows}
    assert len(columns) == 1  # bars of the notation end no cell
