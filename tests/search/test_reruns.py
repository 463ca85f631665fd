"""The front trained again with other seeds."""

from dataclasses import replace
from statistics import fmean, stdev

import pytest

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.errors import DataError, NasTcError, StudyError
from nas_tc.report import front_table
from nas_tc.search import rerun
from nas_tc.search.reruns import missing_reruns
from nas_tc.study import read_study
from nas_tc.worker import training_seed
from recording_listener import RecordingListener


def test_the_front_again_with_two_other_seeds(tiny_search):
    record = tiny_search(trials=2)
    again = rerun(record.path, 2, workers=2)
    assert again == read_study(record.path)
    assert [t.number for t in again.front] == [t.number for t in record.front]
    for trial in again.front:
        assert [each.seed for each in trial.reruns] == [1, 2]
        assert all(0 <= e.val_error <= 1 and 0 <= e.test_error <= 1 for e in trial.reruns)
        spread = trial.rerun_val_error
        values = [each.val_error for each in trial.reruns]
        assert (spread.mean, spread.deviation) == (fmean(values), stdev(values))
        assert trial.reruns[0] != trial.reruns[1]
    assert all(not t.reruns for t in again.trials if t not in again.front)
    table = front_table(again)
    assert list(table["reruns"]) == [2] * len(again.front)
    assert list(table["rerun_test_error"]) == pytest.approx(
        [t.rerun_test_error.mean for t in again.front], abs=1e-6
    )
    # What is there is not trained again.
    listener = RecordingListener()
    assert rerun(record.path, 2, listener=listener) == again
    assert not listener.notes


def test_a_seed_reaches_the_training():
    """torch's generator on a processor looks at 32 bits."""
    network = Architecture((1, 16, 16), parse_notation("(3,8)"), GAP, 10)
    other = Architecture((1, 16, 16), parse_notation("(3,9)"), GAP, 10)
    seeds = [training_seed(0, network), training_seed(1, network), training_seed(0, other)]
    assert len({seed % 2**32 for seed in seeds}) == 3
    assert training_seed(0, network) == seeds[0]


def test_an_interrupted_rerun_goes_on(tiny_search):
    record = tiny_search(trials=2)

    def interrupt(text):
        if "with seed 1" in text:
            raise KeyboardInterrupt

    stopped = rerun(record.path, 2, workers=1, listener=RecordingListener(at_note=interrupt))
    assert stopped.interrupted
    assert sum(len(trial.reruns) for trial in stopped.trials) == 1
    whole = rerun(record.path, 2, workers=1)
    assert not whole.interrupted
    assert all(len(trial.reruns) == 2 for trial in whole.front)


def test_what_cannot_be_trained_again(study, tmp_path):
    """A study of the digits, made by hand."""
    with pytest.raises(NasTcError, match="reruns must be 1 or more, not 0"):
        rerun(study.path, 0)
    with pytest.raises(NasTcError, match="workers must be 1 or more"):
        rerun(study.path, 1, workers=0)
    with pytest.raises(StudyError, match="no study file"):
        rerun(tmp_path / "nothing.db", 1)
    with pytest.raises(DataError, match="nothing"):
        rerun(study.path, 1, data=f"parquet:{tmp_path / 'nothing'}")


@pytest.mark.parametrize(("lent", "seeds"), [(None, [1, 2]), (0, [1, 2]), (1, [2, 3]), (2, [1, 3])])
def test_the_seed_that_a_lent_result_was_trained_with_is_left_out(study, lent, seeds):
    assert study.settings["seed"] == 0
    trials = tuple(replace(trial, reused_seed=lent) for trial in study.trials)
    missing = missing_reruns(replace(study, trials=trials), 2)
    cheap, expensive = (trial.number for trial in study.front)
    first, second = seeds
    assert [(trial.number, seed) for trial, seed in missing] == [
        (cheap, first),
        (expensive, first),
        (cheap, second),
        (expensive, second),
    ]
