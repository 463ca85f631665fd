"""The recommended network of a study, and the evidence for it."""

from dataclasses import dataclass

from nas_tc.study import Recommendation, StudyRecord, TrialRecord


@dataclass(frozen=True)
class Recommended:
    """A recommendation for the user, among networks within the budget."""

    trial: TrialRecord
    evidence: str  # in words
    model: Recommendation | None  # by a model of all trials; None if reruns decided


def recommended(record: StudyRecord) -> Recommended | None:
    """The network of the front with the least expected error; None while no trial is complete.

    Where the whole front was trained again, the mean over the reruns decides: that needs no model.
    Otherwise each error, which was measured only once, is shrunk towards the expectation of a model
    of all trials. If the budget limits a time, trials without that time are left out, because they
    may be over it.
    """
    rerun = [(spread, t) for t in record.front if (spread := t.rerun_val_error) is not None]
    if rerun and len(rerun) == len(record.front):
        spread, trial = min(rerun, key=lambda each: each[0].mean)
        evidence = (
            f"trial {trial.number}: {record.metric.words} {spread} over {spread.count} trainings "
            f"with other seeds, the least of {len(rerun)} networks trained again"
        )
        return Recommended(trial, evidence.replace("1 trainings", "1 training"), None)
    model = record.recommendation
    if model is None:
        return None
    return Recommended(
        record.trial(model.choice.number), model.in_words(record.metric.words), model
    )
