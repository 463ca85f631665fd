"""Experiments with real workers: small networks on digits."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest

from nas_tc.errors import NasTcError, StudyError
from nas_tc.experiment import parse_experiment
from nas_tc.experiment.run import Where, run_experiment
from nas_tc.experiment.trainings import open_trainings
from nas_tc.experiment.write import write_outcome

TEXT = """
title = "Depth against filter size"
input = [1, 16, 16]
data = "digits"
train_images = 200
seeds = 2

[recipe]
base = "quick"
epochs = 2

[budget]
reference = "A"
tolerance = 0.2

[[network]]
name = "A"
network = "(3,8)/2 | (3,16)/2+(3,16)"
paper_error = 37.4

[[network]]
name = "B"
network = "(3,8)/2 | (2,13)/2+(2,13)x2+(2,16)"
paper_error = 35.7

[[claim]]
says = "Smaller filters in deeper networks."
error = "A > B"
because = "Depth."
"""


class Recorder:
    """Records what an experiment reports; stops it after some trainings."""

    def __init__(self, most=None):
        self.notes, self.ends, self.seconds, self.most = [], [], [], most

    def note(self, text):
        self.notes.append(text)

    def ended(self, name, seed, training, progress):
        self.ends.append((name, seed, progress.done, progress.goal))
        self.seconds.append(progress.left_s)
        if len(self.ends) == self.most:
            raise KeyboardInterrupt


@pytest.fixture
def run(cluster, kept_workers, tmp_path):
    """Runs the small experiment; keywords change it."""

    def start(text=TEXT, most=None, fields=(), out="out", timed=False, **changed):
        recorder = Recorder(most)
        experiment = replace(parse_experiment(text, "small", "small.toml"), **changed)
        where = Where(workers=1, device="cpu")
        outcome = run_experiment(
            experiment,
            tmp_path / out,
            recorder,
            where=where,
            fields=dict(fields),
            timed=timed,
            command="nas-tc experiment small.toml",
        )
        return outcome, recorder

    return start


def test_an_interrupted_experiment_goes_on_and_its_report_agrees(run, tmp_path):
    stopped, recorder = run(most=1)
    assert stopped.interrupted
    assert (stopped.done, stopped.goal) == (1, 4)
    assert recorder.ends == [("A", 0, 1, 4)]
    write_outcome(stopped, tmp_path / "partial")  # what there is can be written
    assert "1 of 4 trainings are done" in (tmp_path / "partial" / "report.md").read_text()

    outcome, recorder = run()
    assert not outcome.interrupted
    assert [(name, seed) for name, seed, *_ in recorder.ends] == [("B", 0), ("A", 1), ("B", 1)]
    assert outcome.trainings["A"][0] == stopped.trainings["A"][0]
    assert recorder.seconds[-1] == pytest.approx(0, abs=1e-6)
    assert all(error < 0.9 for error in outcome.errors("A").values())
    assert [rung.epoch for rung in outcome.trainings["B"][1].rungs] == [1, 2]

    names = write_outcome(outcome, tmp_path / "out")
    assert all((tmp_path / "out" / name).stat().st_size for name in names)
    assert {"relations.png", "relations.svg", "report.md"} <= set(names)
    networks = pd.read_csv(tmp_path / "out" / "networks.csv")
    trainings = pd.read_csv(tmp_path / "out" / "trainings.csv")
    mean = trainings.groupby("network")["test_error"].agg(["mean", "std"])
    assert list(networks["test_error"]) == pytest.approx(list(mean["mean"]))
    assert list(networks["test_error_sd"]) == pytest.approx(list(mean["std"]))
    claims = pd.read_csv(tmp_path / "out" / "claims.csv")
    assert claims["test_difference"][0] == pytest.approx(
        mean["mean"]["A"] - mean["mean"]["B"], abs=1e-6
    )
    assert claims["verdict"][0] == outcome.claims[0].verdict
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["trainings"] == {"done": 4, "goal": 4}
    assert len(manifest["runs"]) == 2
    report = (tmp_path / "out" / "report.md").read_text()
    assert f"**{outcome.claims[0].verdict}**" in report
    assert "Depth." in report

    # Nothing is left to train; one seed more trains that seed alone; fewer seeds show fewer.
    _, recorder = run()
    assert recorder.ends == []
    more, recorder = run(seeds=3)
    assert [(name, seed) for name, seed, *_ in recorder.ends] == [("A", 2), ("B", 2)]
    fewer, _ = run(seeds=1)
    assert (more.done, fewer.done) == (6, 2)
    assert fewer.errors("A").items() <= more.errors("A").items()
    # Other settings would make errors incomparable.
    with pytest.raises(StudyError, match="recipe: epochs 2 against 3"):
        run(fields={"epochs": 3})
    with pytest.raises(StudyError, match="data: digits"):
        run(train_images=100)


def test_a_seed_gives_the_errors_of_nas_tc_train(run, tmp_path):
    from nas_tc.data import load_data
    from nas_tc.recipe import Recipe
    from nas_tc.training import train_fully

    outcome, _ = run(seeds=1)
    images = load_data("digits", side=(16, 16), train_images=200)
    recipe = Recipe.from_dict(outcome.settings["recipe"])
    network = outcome.entrants[0].architecture
    trained = train_fully(network, images, recipe, tmp_path / "train", seed=0)
    assert trained.curve[-1].val_error == outcome.trainings["A"][0].rungs[-1].val_error
    assert trained.single_view.top1 == outcome.errors("A")[0]


def test_a_diverged_training_is_told_and_left_out(run, tmp_path):
    outcome, _ = run(TEXT, fields={"learning_rate": 1e30, "optimizer": "sgd"}, seeds=1)
    assert "loss is nan" in outcome.trainings["A"][0].failure
    assert outcome.errors("A") == {}
    assert outcome.claims[0].verdict == "cannot be told"
    write_outcome(outcome, tmp_path / "out")
    assert "A with seed 0 failed: the loss is" in (tmp_path / "out" / "report.md").read_text()
    _, recorder = run(TEXT, fields={"learning_rate": 1e30, "optimizer": "sgd"}, seeds=1)
    assert recorder.ends == []  # it would diverge again


def test_what_is_wrong_is_said_before_any_training(run, tmp_path):
    with pytest.raises(NasTcError, match="which images"):
        run(data=None)
    with pytest.raises(NasTcError, match=r"train-images 9000: .*the experiment has train_images"):
        run(train_images=9000)
    with pytest.raises(NasTcError, match="epochs must be 1 or more"):
        run(fields={"epochs": 0})
    with pytest.raises(NasTcError, match="network 'B' has"):
        run(TEXT.replace("tolerance = 0.2", "tolerance = 0.001"))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_times_are_measured_in_the_end(run):
    outcome, recorder = run(seeds=1, timed=True)
    assert "timing 2 networks" in recorder.notes
    assert all(0 < each.low <= each.value <= each.high < 100 for each in outcome.times)


@pytest.mark.faults
def test_a_killed_experiment_goes_on(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(TEXT.replace("seeds = 2", "seeds = 6"))
    arguments = ["experiment", str(file), "--out", str(tmp_path / "out"), "--workers", "1"]
    command = [sys.executable, "-m", "nas_tc.cli", *arguments]
    environment = os.environ | {"RAY_TMPDIR": "/tmp"}
    first = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    database = tmp_path / "out" / "trainings.db"
    ended = 0
    until = time.monotonic() + 300
    while ended < 2 and time.monotonic() < until:
        time.sleep(0.2)
        ended = _count(database)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = _count(database)
    assert 2 <= kept < 12
    second = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"{kept} of 12 trainings are done" in second.stdout
    assert _count(database) == 12


def _count(database):
    import sqlite3

    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as opened:
            found = opened.execute("SELECT COUNT(*) FROM trainings").fetchone()[0]
        opened.close()
    except sqlite3.OperationalError:
        return 0
    return found


def test_one_file_serves_two_experiments(run, tmp_path):
    """Trainings belong to a network and a seed, whatever the experiment."""
    run(seeds=1)
    one = TEXT.replace('name = "A"', 'name = "Z"').replace('reference = "A"', 'reference = "Z"')
    outcome, recorder = run(one.replace("A > B", "Z > B"), seeds=1)
    assert recorder.ends == []
    assert outcome.done == 2
    settings = dict(outcome.settings)
    with open_trainings(tmp_path / "out" / "trainings.db", settings) as file:
        assert len(file.finished()) == 2
