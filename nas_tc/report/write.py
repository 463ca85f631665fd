"""Writes a study's report: a page, tables, pictures and a manifest."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nas_tc._report_files import ALWAYS, FIRST
from nas_tc.errors import StudyError
from nas_tc.report.against_baselines import against_baseline, against_own
from nas_tc.report.columns import write_csv
from nas_tc.report.effects import effects
from nas_tc.report.page import page_html
from nas_tc.report.per_class import study_tables
from nas_tc.report.plot import draw_front
from nas_tc.report.recommended import recommended
from nas_tc.report.summary import summary
from nas_tc.report.tables import front_of, front_table, trials_table
from nas_tc.study import StudyRecord
from nas_tc.study.columns import in_metric


def write_report(
    record: StudyRecord, out: Path, objectives: Sequence[str] = ()
) -> tuple[Path, ...]:
    """Writes the report into the folder `out`.

    report.html is a page to explore, in one file; report.md a summary for a repository or an issue;
    pareto.csv and trials.csv are tables, trials.parquet is the second with its types; pareto.png
    and pareto.svg are pictures of the front, and manifest.json has all settings. Where networks
    were tested, per_class.csv and confusion.csv, too; see `class_table` and
    `confusion_table`.

    Args:
        record: Record of the study.
        out: Folder for the files; made if it does not exist.
        objectives: Objectives of the front: "error" and one cost or more. Without any, the study's
            own.

    Returns:
        Paths of the files.

    Raises:
        StudyError: The folder cannot be written.
        NasTcError: The objectives make no front, or the study does not hold them.
    """
    tables = study_tables(record)
    paths = {name: out / name for name in (*ALWAYS, *tables)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_csv(front_table(record, objectives), paths[FIRST])
        trials = trials_table(record)
        write_csv(trials, paths["trials.csv"])
        trials.convert_dtypes().to_parquet(paths["trials.parquet"], index=False)
        draw_front(record, paths["pareto.png"], objectives, also=[paths["pareto.svg"]])
        paths["manifest.json"].write_text(
            json.dumps(manifest(record, objectives), indent=2) + "\n", encoding="utf-8"
        )
        for name, table in tables.items():
            write_csv(table, paths[name])
        found = effects(record)  # fits a model, so once for both
        paths["report.md"].write_text(summary(record, objectives, found), encoding="utf-8")
        page = page_html(record, objectives, found)
        paths["report.html"].write_text(page, encoding="utf-8")
    except OSError as error:
        raise StudyError(
            f"cannot write the report to {out}: {error.strerror}; the study is safe: choose "
            "another folder and run nas-tc report"
        ) from None
    return tuple(paths.values())


def manifest(record: StudyRecord, objectives: Sequence[str] = ()) -> dict[str, Any]:
    """Every setting, what the study was made with, and what came out."""
    choice = recommended(record)
    against, own = against_baseline(record, choice), against_own(record, choice)
    return {
        "settings": dict(record.settings),
        "runs": list(record.runs),
        "trials": dict(record.states),
        **({"timing": dict(record.timing)} if record.timing else {}),
        "objectives": list(objectives or record.objectives),
        "front": [trial.number for trial in front_of(record, objectives)],
        "recommended": None
        if choice is None
        else {"trial": choice.trial.number, "evidence": choice.evidence},
        **({} if not record.baselines else {"baselines": _baselines(record)}),
        **({} if against is None else {"against_baselines": str(against)}),
        **({} if own is None else {"against_own": str(own)}),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _baselines(record: StudyRecord) -> dict[str, Any]:
    """Each family's trial and results."""
    return {
        str(trial.baseline): {
            "trial": trial.number,
            "complexity": trial.complexity,
            in_metric("val_error", record.metric): trial.mean_val_error,
            in_metric("test_error", record.metric): trial.test_error,
            "train_s": trial.train_s,
        }
        for trial in record.baselines
    }
