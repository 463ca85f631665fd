"""Which network of a study to take, and on what evidence."""

from dataclasses import dataclass

from nas_tc.study import Recommendation, StudyRecord, TrialRecord, objective, recommend_network


@dataclass(frozen=True)
class Recommended:
    """The network to take, within the budget that all trials of a study keep."""

    trial: TrialRecord
    evidence: str  # in words
    model: Recommendation | None  # what the model of all trials says; None if reruns decided


def recommended(record: StudyRecord) -> Recommended | None:
    """The network of the front with the least expected error; None while no trial is complete.

    Where the whole front was trained again, the mean over the reruns decides: that needs no model.
    Elsewhere each error, measured but once, is shrunk towards what a model of all trials expects.
    Where time is limited, a trial without that time is not known to be within the budget, and is
    never recommended.
    """
    again = [(spread, t) for t in record.front if (spread := t.rerun_val_error) is not None]
    if again and len(again) == len(record.front):
        spread, trial = min(again, key=lambda each: each[0].mean)
        evidence = (
            f"trial {trial.number}: error {spread} over {spread.count} trainings with other seeds, "
            f"the least of {len(again)} networks trained again"
        )
        return Recommended(trial, evidence.replace("1 trainings", "1 training"), None)
    cost = record.objectives[1]
    known = [trial for trial in record.complete if objective(trial, cost) is not None]
    if not known:
        return None
    # The front's networks have their weights kept and their test errors measured.
    model = recommend_network(known, among={trial.number for trial in record.front})
    return Recommended(record.trial(model.choice.number), str(model), model)
