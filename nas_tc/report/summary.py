"""A study in Markdown, for a repository, an issue or a message."""

import re
from collections.abc import Iterable, Iterator, Sequence

from nas_tc._files import as_text
from nas_tc.report.against_baselines import against_baseline, against_own
from nas_tc.report.effects import Effects, effects
from nas_tc.report.majority import majority_lines
from nas_tc.report.plot import axis_label
from nas_tc.report.recommended import recommended
from nas_tc.report.tables import front_of, landmarks_of
from nas_tc.study import StudyRecord, TrialRecord, objective
from nas_tc.study.names import NetworkNames

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def summary(
    record: StudyRecord,
    objectives: Sequence[str] = (),
    found: Effects | str | None = None,
) -> str:
    """The front, the recommendation, what mattered and how to make the study again, in Markdown.

    Args:
        record: Record of the study.
        objectives: Objectives of the front; without any, the study's own.
        found: What `effects` says of the study; None: it is asked.
    """
    found = effects(record) if found is None else found
    return as_text("\n".join(_lines(record, objectives, found)) + "\n")


def _lines(record: StudyRecord, objectives: Sequence[str], found: Effects | str) -> Iterator[str]:
    kept = record.settings
    data = kept["data"]
    yield f"# {_text(kept['space']['name'])} on {_text(data['name'])}"
    yield ""
    ends = (
        ", ".join(f"{count} {state}" for state, count in record.states.items()) or "no trials yet"
    )
    yield (
        f"Budget {_code(kept['budget']['expression'])}; {ends}; {data['train_images']:,} training "
        f"images, {data['validation_images']:,} for validation; seed {kept['seed']}."
    )
    yield ""
    choice = recommended(record)
    if choice is not None:
        yield f"Recommended: {choice.evidence}: {_code(NetworkNames(record.trials)(choice.trial))}."
        yield ""
    for line in majority_lines(record):
        yield f"- {_text(line)}"
    for against in (against_baseline(record, choice), against_own(record, choice)):
        if against is not None:
            yield f"- {_text(str(against))}"
    yield ""
    yield from _front(record, objectives)
    yield from _mattered(found)
    if record.runs:
        yield "## Make it again"
        yield ""
        yield from ("```sh", str(record.runs[-1]["command"]), "```")


def _front(record: StudyRecord, objectives: Sequence[str]) -> Iterator[str]:
    front = front_of(record, objectives)
    landmarks = landmarks_of(record, front)
    if not front and not landmarks:
        return
    names = [name for name in (objectives or record.objectives) if name != "error"]
    costs = dict.fromkeys([*names, "complexity", "params"])
    metric, name = record.metric.words, NetworkNames(record.trials)
    families = {trial.number: trial.baseline for trial in record.baselines}
    headings = ["trial", f"validation {metric}", f"test {metric}"]
    headings += [axis_label(name) for name in costs] + ["network"]
    yield "## The front"
    yield ""
    yield _row(headings)
    yield _row(["--:"] * (len(headings) - 1) + [":--"])
    for trial in (*front, *landmarks):
        family = families.get(trial.number)
        network = _code(name(trial).replace("|", r"\|")) + (f" ({family})" if family else "")
        cells = [str(trial.number), _percent(trial.mean_val_error), _percent(trial.test_error)]
        cells += [_cost(trial, name) for name in costs]
        yield _row([*cells, network])
    yield ""


def _mattered(found: Effects | str) -> Iterator[str]:
    yield "## What mattered at equal cost"
    yield ""
    if isinstance(found, str):
        yield f"Not known: {found}."
    else:
        yield (
            f"At {found.least:,} to {found.most:,} multiply-adds, {found.near} of the "
            f"{found.trials} trained networks, with 95 % intervals:"
        )
        yield ""
        yield from (f"- {effect}" for effect in found.clear)
        if not found.clear:
            yield "- no choice has a clear effect: all intervals include 0"
    yield ""


def _cost(trial: TrialRecord, name: str) -> str:
    value = objective(trial, name)
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f} %"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    return f"`{text}`"


def _text(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
