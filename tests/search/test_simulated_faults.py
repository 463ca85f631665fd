"""Searches through faults at every seam: what a search promises holds after each of them."""

from itertools import islice

import pytest
from simulated_faults import WRITES
from simulated_results import BrokenError
from simulated_search import KINDS, simulate

SEEDS = 98
FAULTS = [kind for kind in KINDS if kind != "none"]


@pytest.mark.parametrize("kind", FAULTS)
def test_no_fault_loses_or_repeats_anything(tmp_path, kind):
    struck = {}
    for seed in range(SEEDS // len(FAULTS)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        outcome = simulate(seed, folder, kind)
        struck |= outcome.struck
    assert len({name for name, _ in struck} & set(KINDS[kind])) >= 0.6 * len(KINDS[kind])


def test_a_file_that_stays_is_removed_by_the_next_start_that_gets_so_far(tmp_path):
    """A full disk keeps checkpoints from going, and then the next start from getting to them."""
    assert ("full", "unlink") in simulate(2013049, tmp_path).struck


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_a_thousand_searches_keep_their_promises(tmp_path, first):
    places = set()
    for seed in range(first, first + 250):
        folder = tmp_path / str(seed)
        folder.mkdir()
        places |= {place for kind, place in simulate(seed, folder).struck if kind == "kill"}
    assert places >= {*WRITES, *(f"behind {each}" for each in WRITES), "write_bytes", "unlink"}


@pytest.mark.parametrize("seed", range(3))
def test_the_same_seed_runs_the_same_search(tmp_path, seed):
    runs = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        runs.append(simulate(seed, tmp_path / name, "all", real_sampler=seed == 0))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("seed", range(6))
def test_a_search_that_was_killed_proposes_what_an_undisturbed_one_does(tmp_path, seed):
    """With one worker, whose trainings give the same results whenever they happen."""
    ends = []
    for kind in ("none", "kills", "disk"):
        folder = tmp_path / kind
        folder.mkdir()
        ends.append(simulate(seed, folder, kind, workers=1, goal=7, real_sampler=True).ended)
    assert ends[1] == ends[0]
    assert ends[2] == ends[0]


def test_a_broken_promise_is_seen(tmp_path, monkeypatch):
    """A driver that writes weights behind their trial loses them to a kill between the two."""
    from nas_tc.study.weights import Weights

    monkeypatch.setattr(Weights, "keep", lambda *args: None)
    with pytest.raises(BrokenError, match="of the front has no weights"):
        simulate(0, tmp_path, "none")
    assert not list(islice(tmp_path.rglob("*.safetensors"), 1))


def test_a_training_that_begins_anew_for_nothing_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr("nas_tc.study.checkpoints.Checkpoints.read", lambda *args: None)
    with pytest.raises(BrokenError, match=r"rung is whole, and its training begins anew"):
        simulate(0, tmp_path, "workers")
