"""Writes what an experiment has shown: a report, tables, the relation graph, a manifest."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nas_tc._files import check_folder, whole_file
from nas_tc.errors import StudyError, reason
from nas_tc.experiment.graph import draw_relations
from nas_tc.experiment.outcome import Outcome
from nas_tc.experiment.tables import (
    claims_table,
    differences_table,
    markdown,
    networks_table,
    table_one,
    trainings_table,
)
from nas_tc.report import write_csv

_FIRST = "networks.csv"  # so a folder that has it has an experiment, whole or not
_ITS_COLUMNS = "network,paper_error,seeds,"  # that it begins with
_OTHERS = ("trainings.csv", "differences.csv", "claims.csv", "report.md", "manifest.json")
_GRAPH = ("relations.svg", "relations.png")


def check_outcome_folder(out: Path) -> None:
    """Refuses a folder in which an experiment would replace files that none has written.

    Args:
        out: Folder for the files, which may not exist.

    Raises:
        NasTcError: It is a file, or holds such files.
    """
    names = (_FIRST, *_OTHERS, *_GRAPH)
    check_folder(out, names, "experiment", is_own=_holds_experiment(out))


def _holds_experiment(out: Path) -> bool:
    try:
        with (out / _FIRST).open(encoding="utf-8", errors="replace") as opened:
            return opened.readline().startswith(_ITS_COLUMNS)
    except OSError:
        return False


def write_outcome(outcome: Outcome, out: Path) -> tuple[str, ...]:
    """Writes the files of an experiment into a folder.

    Args:
        outcome: Outcome of the experiment, which need not be complete.
        out: Folder for the files; made if it does not exist.

    Returns:
        Names of the files.

    Raises:
        StudyError: The folder cannot be written.
    """
    tables = {
        _FIRST: networks_table(outcome),
        "trainings.csv": trainings_table(outcome),
        "differences.csv": differences_table(outcome),
        "claims.csv": claims_table(outcome),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            write_csv(table, out / name)
        drawn = draw_relations(outcome, *(out / name for name in _GRAPH))
        texts = {
            "report.md": "\n".join(_report(outcome, drawn=drawn)) + "\n",
            "manifest.json": json.dumps(manifest(outcome), indent=2) + "\n",
        }
        for name, text in texts.items():
            with whole_file(out / name) as partial:
                partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StudyError(
            f"cannot write into {out}: {reason(error)}; the trainings are safe in {outcome.file}: "
            "run the same command again with another --out and --trainings"
        ) from None
    return ("report.md", *tables, *(_GRAPH if drawn else ()), "manifest.json")


def manifest(outcome: Outcome) -> dict[str, Any]:
    """Every setting, what the trainings were made with, and the verdicts."""
    experiment = outcome.experiment
    cost = experiment.equal_cost
    return {
        "experiment": experiment.name,
        "title": experiment.title,
        "settings": dict(outcome.settings),
        "seeds": experiment.seeds,
        "budget": cost and {"reference": cost.reference, "tolerance": cost.tolerance},
        "networks": {each.name: each.architecture.to_dict() for each in outcome.entrants},
        "trainings": {"done": outcome.done, "goal": outcome.goal},
        "claims": [
            {"order": each.claim.order, "says": each.claim.says, "verdict": each.verdict}
            for each in outcome.claims
        ],
        "runs": [dict(run) for run in outcome.runs],
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _report(outcome: Outcome, *, drawn: bool) -> Iterator[str]:
    """The lines of report.md."""
    experiment, data, recipe = (
        outcome.experiment,
        outcome.settings["data"],
        outcome.settings["recipe"],
    )
    yield f"# {experiment.title}"
    yield ""
    if experiment.description:
        yield experiment.description
        yield ""
    yield (
        f"{data['name']}: {data['train_images']:,} training, {data['validation_images']:,} "
        f"validation and {data['test_images']:,} test images. Recipe {experiment.recipe}, "
        f"epochs {recipe['epochs']}, batch size {recipe['batch_size']}, optimizer "
        f"{recipe['optimizer']}, learning rate {recipe['learning_rate']:g}. "
        f"{outcome.done} of {outcome.goal} trainings are done."
    )
    yield from ("", "## Networks", "", markdown(*table_one(outcome)), "")
    yield from ("Errors are means over the seeds, with their standard deviations.", "")
    yield from _footnotes(outcome)
    if outcome.claims:
        yield from ("", "## Claims", "")
        yield from _claims(outcome)
    if outcome.relations:
        yield from ("", "## Relations", "")
        if drawn:
            yield from (f"![Which replacement leads where, and its effect]({_GRAPH[1]})", "")
        yield from _relations(outcome)


def _footnotes(outcome: Outcome) -> Iterator[str]:
    """What the table leaves out: reasons, origins, failed trainings."""
    for each in outcome.entrants:
        if each.unequal_because:
            yield f"- \\* {each.name}: {each.unequal_because}."
        if each.origin:
            yield f"- {each.name} is {each.origin}."
        for seed, training in outcome.trainings[each.name].items():
            if training.failure is not None:
                yield f"- {each.name} with seed {seed} failed: {training.failure}."


def _relations(outcome: Outcome) -> Iterator[str]:
    rows = []
    for step in outcome.relations:
        effect = outcome.difference(step.second, step.first)
        shown = "" if effect is None else str(effect)
        rows.append([f"{step.first} → {step.second}", step.kind, step.change, shown])
    yield markdown(["step", "trade-off", "change", "test error, points"], rows)
    yield ""
    yield "Effects are those of the second network against the first: below zero it is better."


def _claims(outcome: Outcome) -> Iterator[str]:
    rows = [
        [
            str(number),
            f"{pair.first} {pair.sign} {pair.second}",
            "" if pair.paper is None else f"{100 * pair.paper:+.1f}",
            "" if pair.difference is None else str(pair.difference),
            "" if pair.difference is None else str(pair.difference.count),
            pair.verdict,
        ]
        for number, result in enumerate(outcome.claims, start=1)
        for pair in result.pairs
    ]
    headings = ["claim", "errors", "paper, points", "ours, points (95 % interval)", "seeds"]
    yield markdown([*headings, "verdict"], rows)
    yield ""
    yield (
        "Differences are errors of the first network less those of the second: test errors, paired "
        "by seed, with Student's 95 % intervals; the paper's are of ImageNet. One interval in "
        "twenty misses the truth, and none is widened for there being several."
    )
    for number, result in enumerate(outcome.claims, start=1):
        margin = f" (about the same: within {100 * result.claim.margin:g} points)"
        yield ""
        yield (
            f"{number}. {result.claim.says} Errors {result.claim.order}"
            f"{margin if '~' in result.claim.signs else ''}: **{result.verdict}**."
        )
        if result.claim.because:
            yield f"   {' '.join(result.claim.because.split())}"
