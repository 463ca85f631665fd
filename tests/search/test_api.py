"""Whole searches: real digits, real SQLite, real Ray."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import nas_tc
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity, network_cost
from nas_tc.data import load_data
from nas_tc.errors import BudgetError, DataError, DeviceError, NasTcError
from nas_tc.module import build
from nas_tc.study import read_study, weights_file
from nas_tc.study.front import near_front
from nas_tc.training import Images, error_rate
from recording_listener import RecordingListener


def test_a_search_from_budget_to_front(fresh_search, tmp_path):
    listener = RecordingListener()
    record = fresh_search(listener=listener, workers=2)
    assert record.done == 6 == len(listener.ends) == listener.last.done
    assert len({trial.architecture for trial in record.trials}) == 6
    for trial in record.trials:
        cost = network_cost(trial.architecture)
        assert trial.complexity == cost.complexity <= 400_000
        assert trial.params == cost.params
        assert trial.state in ("complete", "pruned")
        assert set(trial.val_errors) <= {1, 2}
    assert record.front
    errors = [trial.val_error for trial in record.front]
    assert errors == sorted(errors, reverse=True)
    assert record.best is record.front[-1]
    assert all(0 <= trial.test_error <= 1 for trial in record.front)
    assert all(t.test_error is None for t in record.trials if t not in record.front)
    assert record == read_study(tmp_path / "study.db")
    assert "budget: 400,000 multiply-adds" in listener.notes[1]


def test_weights_are_those_near_the_front_and_give_its_errors(tiny_search, tmp_path):
    record = tiny_search()
    files = {file.name for file in record.weights_folder.iterdir()}
    kept = near_front(record.complete, record.objectives, 3)
    assert files == {weights_file(record.path, t.number).name for t in kept}
    data = load_data("digits", side=(16, 16))
    best = record.best
    network = build(best.architecture)
    network.load_state_dict(load_file(weights_file(record.path, best.number)))
    for split, expected in ((data.validation, best.val_error), (data.test, best.test_error)):
        images = Images(torch.from_numpy(split.images), torch.from_numpy(split.labels))
        assert error_rate(network, images) == expected
    for trial in record.front:
        assert trial.confusion.error == trial.test_error
        assert trial.confusion.images == len(data.test)


def test_running_it_again_resumes(tiny_search):
    first = tiny_search(trials=3)
    listener = RecordingListener()
    second = tiny_search(trials=6, listener=listener)
    assert [t.architecture for t in second.trials[:3]] == [t.architecture for t in first.trials]
    assert [t.val_errors for t in second.trials[:3]] == [t.val_errors for t in first.trials]
    assert (first.done, second.done, len(listener.ends)) == (3, 6, 3)
    assert any("3 trials are done, training up to 6" in note for note in listener.notes)
    third = tiny_search(trials=6, listener=(listener := RecordingListener()))
    assert third.trials == second.trials
    assert any("nothing is left to train" in note for note in listener.notes)


def test_the_same_seed_gives_the_same_search(tiny_search):
    one = tiny_search(study="a.db")
    two = tiny_search(study="b.db")
    other = tiny_search(study="c.db", seed=1)
    assert [(t.network, t.val_errors) for t in one.trials] == [
        (t.network, t.val_errors) for t in two.trials
    ]
    assert [t.network for t in one.trials] != [t.network for t in other.trials]


def test_a_space_with_fewer_networks_than_trials(tiny_search):
    listener = RecordingListener()
    record = tiny_search(budget="20k", trials=500, epochs=1, listener=listener)
    assert 1 <= record.done < 500
    assert f"no other network within the budget: {record.done} are trained" in listener.notes[-1]


def test_what_is_wrong_is_said_before_any_training(tiny_search, monkeypatch):
    def no_pool(*_, **__):
        pytest.fail("a worker was started")

    monkeypatch.setattr("nas_tc.search.api.Pool", no_pool)
    for change, error, complaint in (
        ({"budget": "5k"}, BudgetError, "the cheapest, .* raise the budget to at least"),
        ({"budget": "alexnt"}, NasTcError, "did you mean 'alexnet'"),
        ({"space": "plain"}, NasTcError, "unknown space 'plain'"),
        ({"data": "mnist"}, NasTcError, "unknown data 'mnist'"),
        ({"device": "tpu"}, NasTcError, "unknown device 'tpu'"),
        ({"trials": 0}, NasTcError, "trials must be 1 or more"),
        ({"workers": 0}, NasTcError, "workers must be 1 or more"),
        ({"seed": -1}, NasTcError, "seed must be 0 to 32767"),
        ({"augment": "spin"}, NasTcError, "unknown augmentation 'spin'"),
        ({"epochs": 0}, NasTcError, "epochs must be 1 or more"),
        ({"train_images": 5}, DataError, "choose from 10"),
    ):
        with pytest.raises(error, match=complaint):
            tiny_search(**change)


def test_more_workers_than_the_cluster_has(tiny_search):
    with pytest.raises(DeviceError, match="--workers 50: Ray has 2 CPUs"):
        tiny_search(workers=50)


def test_a_budget_that_does_not_bind_is_said_to(tiny_search):
    listener = RecordingListener()
    tiny_search(budget="1G", trials=1, listener=listener)
    assert "the budget does not bind" in listener.notes[2]


def test_a_reference_is_taken_at_the_size_of_the_data(tiny_search):
    listener = RecordingListener()
    record = tiny_search(budget="alexnet@32*0.05", trials=1, listener=listener)
    limit = resolve_budget(parse_budget("alexnet@32*0.05"), (1, 16, 16))
    assert record.settings["budget"]["complexity"] == limit.complexity
    assert "alexnet at 3x32x32 has" in listener.notes[1]
    assert complexity(record.trials[0].architecture) <= limit.complexity


def test_the_package_can_be_called_and_looked_into():
    assert callable(nas_tc.search)
    assert nas_tc.search.rerun.__name__ == "rerun"


def test_a_search_on_a_streamed_set(tiny_search, tmp_path, monkeypatch):
    monkeypatch.setenv("NAS_TC_CACHE", str(tmp_path / "cache"))
    random = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(60):
            pixels = random.integers(0, 128 if name == "cat" else 256, (16, 16), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number}.png")
    spec = f"imagefolder:{tmp_path / 'images'}"
    found = [
        tiny_search(data=spec, trials=2, study=f"{limit}.db", memory_limit=limit)
        for limit in ("1GiB", "0.01MB")
    ]
    assert len(list((tmp_path / "cache").glob("*/train-images.npy"))) == 1  # 120 need no cache
    one, other = ([(t.network, t.val_errors) for t in record.trials] for record in found)
    assert one == other
