"""The front, timed with care at the end of a search."""

from nas_tc.study import read_study
from nas_tc.study.storage import open_study

GENEROUS = "latency<=(3,64)x3*50, complexity<=400k"


def test_who_is_over_the_budget_after_all_leaves_the_front(tiny_search, monkeypatch):
    record = tiny_search(GENEROUS, trials=2, study="left.db")
    path, lost = record.path, record.front[-1]
    with open_study(path, dict(record.settings)) as study:
        kept = dict(study.user_attrs["front_times"])
        kept[str(lost.number)] |= {"reason": "9 ms is not within it"}
        study.set_user_attr("front_times", kept)
    again = read_study(path)
    assert again.trial(lost.number).state == "rejected"
    assert again.trial(lost.number).reason == "9 ms is not within it"
    assert lost.number not in [trial.number for trial in again.front]
    assert again.done == record.done - 1
    resumed = tiny_search(GENEROUS, trials=2, study="left.db")  # another takes its place
    assert resumed.done == 2
    assert len(resumed.trials) > len(record.trials)
