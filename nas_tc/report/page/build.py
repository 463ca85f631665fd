"""Puts the page together: numbers from the study, templates, one style and one script inside."""

import base64
import hashlib
from collections.abc import Sequence
from functools import partial
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from nas_tc._files import as_text
from nas_tc._words import duration, short_number
from nas_tc.report.against_baselines import against_baseline
from nas_tc.report.effects import Effects, effects
from nas_tc.report.family import family_tree
from nas_tc.report.page.cards import cards_of
from nas_tc.report.page.chart import Axis, axes_of, points_of
from nas_tc.report.page.endings import endings_of, told
from nas_tc.report.page.facts import run_rows, settings_rows
from nas_tc.report.page.timeline import timeline_of
from nas_tc.report.recommended import recommended
from nas_tc.study import StudyRecord
from nas_tc.study.environment import installed_version
from nas_tc.study.names import NetworkNames

_MOST_CARDS = 80


def page_html(
    record: StudyRecord,
    objectives: Sequence[str] = (),
    found: Effects | str | None = None,
) -> str:
    """The report as one HTML page that loads nothing.

    Names of classes, files and networks are escaped, and the page's policy runs no script but its
    own, so that nothing in a study can act on the page.

    Args:
        record: Record of the study.
        objectives: Objectives of the front; without any, the study's own.
        found: What `effects` says of the study; None: it is asked.
    """
    axes = axes_of(record, objectives)
    choice = recommended(record)
    numbers = _with_cards(record, axes, None if choice is None else choice.trial.number)
    environment = _environment(record)
    style, script = (_file(name) for name in ("page.css", "page.js"))
    data = record.settings["data"]
    text: str = environment.get_template("page.html.jinja").render(
        title=as_text(f"{record.settings['space']['name']} on {data['name']}"),
        record=record,
        metric=record.metric.words,
        version=installed_version("nas-tc"),
        style=Markup(style),
        script=Markup(script),
        script_hash=_hash(script),
        chart={
            "axes": [axis.to_dict() for axis in axes],
            "points": points_of(record, axes),
            "cards": sorted(numbers),
            "recommended": None if choice is None else choice.trial.number,
            "metric": record.metric.words,
            "budget": record.settings["budget"]["expression"],
            "epochs": record.settings["recipe"]["epochs"],
        },
        axes=axes,
        counts=record.states,
        choice=choice,
        against=against_baseline(record, choice),
        cards=cards_of(record, choice, numbers),
        numbers_with_cards=set(numbers),
        families=family_tree(record, choice, numbers),
        effects=effects(record) if found is None else found,
        endings=endings_of(record),
        timeline=timeline_of(record),
        settings=settings_rows(record),
        runs=[(run, run_rows(run)) for run in record.runs],
        command=as_text(str(record.runs[-1]["command"])) if record.runs else None,
    )
    return as_text(text)


def _with_cards(record: StudyRecord, axes: Sequence[Axis], best: int | None) -> list[int]:
    """Numbers of the trials that get a card: the study's own front first, then the others."""
    numbers = [number for number in (best,) if number is not None]
    numbers += [trial.number for trial in record.shown]
    numbers += [number for axis in axes for number in axis.front]
    return list(dict.fromkeys(numbers))[:_MOST_CARDS]


def _environment(record: StudyRecord) -> Environment:
    environment = Environment(
        loader=PackageLoader("nas_tc.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "percent": _percent,
        "short": partial(short_number, space="\N{NO-BREAK SPACE}"),
        "duration": duration,
        "told": told,
        "points": _points,
        "network": NetworkNames(record.trials),
    }
    environment.filters.update(filters)
    return environment


def _file(name: str) -> str:
    return (resources.files("nas_tc.report.page") / "templates" / name).read_text("utf-8")


def _hash(script: str) -> str:
    """The script's hash as a content security policy has it."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _points(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", "−")


def _percent(share: float | None, digits: int = 2) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f} %"
