"""A search around a network of the user's own."""

import json

import pytest

from nas_tc.architecture import Architecture, Head, parse_notation
from nas_tc.cost import complexity
from nas_tc.errors import NasTcError
from nas_tc.reading import OwnNetwork, own_network
from nas_tc.report import AgainstBaseline, against_baseline, against_own, recommended, write_report
from nas_tc.search.reruns import missing_reruns
from recording_listener import RecordingListener

OWN = Architecture(
    (1, 16, 16), parse_notation("(3,8)/2 | 2/2 | (3,16)"), Head("max", (4,), (16,)), 10, "none"
)


def test_it_is_trained_first_and_compared(tiny_search, tmp_path):
    listener = RecordingListener()
    record = tiny_search(
        None, space=None, around=OwnNetwork("mine.json", OWN), trials=3, reruns=1, listener=listener
    )
    it = record.own
    assert it.number == 0
    assert it.architecture == OWN
    assert it.baseline == "it"
    assert not it.is_landmark  # its space has it
    assert record.done == 3
    assert record.best_baseline is None
    assert record.settings["budget"]["complexity"] == complexity(OWN)
    assert record.settings["space"]["name"] == "around-mine"
    assert all(trial.complexity <= complexity(OWN) for trial in record.trials)
    assert all(trial.architecture.head == OWN.head for trial in record.trials)
    assert len(it.reruns) == 1
    assert not missing_reruns(record, 1)
    assert any(note.startswith("it: ") and "space has none" not in note for note in listener.notes)
    choice = recommended(record)
    against = against_own(record, choice)
    assert "it, the network of --around (" in str(against)
    assert against_baseline(record, choice) is None
    write_report(record, tmp_path / "report")
    manifest = json.loads((tmp_path / "report" / "manifest.json").read_text())
    assert manifest["against_own"] == str(against)
    again = tiny_search(None, space=None, around=OwnNetwork("mine.json", OWN), trials=3, reruns=1)
    assert len(again.trials) == len(record.trials)


def test_what_the_space_has_not_is_a_landmark(tiny_search, tiny):
    padded = Architecture(
        (1, 16, 16), parse_notation("(3,8)/2p0 | (3,16)"), tiny.head, 10, tiny.norm
    )
    record = tiny_search(
        "0.9*it", space=tiny, around=OwnNetwork("(3,8)/2p0 | (3,16)", padded), trials=1
    )
    assert record.own.is_landmark
    assert record.own.number not in {trial.number for trial in record.front}
    assert record.settings["budget"]["complexity"] == int(0.9 * complexity(padded))


def test_networks_by_text(tmp_path):
    assert own_network("J").network.input == (3, 224, 224)
    assert own_network("J", (1, 96, 96)).network.input == (1, 96, 96)
    notation = own_network("(3,16)x2 | 2/2 | (3,32)").network
    assert (notation.input, notation.norm, notation.head.bins) == ((3, 32, 32), "batch", (1,))
    file = tmp_path / "net.json"
    file.write_text(OWN.to_json())
    assert own_network(str(file)) == OwnNetwork(str(file), OWN)
    assert own_network(str(file)).name == "around-net"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"budget": None}, "give a --budget, as in alexnet.*, or a network with --around"),
        ({"reach": ["width=1..2"]}, "--reach bounds the space around a network; give it with"),
        ({"around": "J", "reach": ["width=1..2"]}, "--space gives one; leave one out"),
        ({"around": "resnet19", "space": None}, "unknown network 'resnet19'; did you mean"),
        ({"around": "(3,8) | 9/9 | (3,8) | 9/9 | (3,8)", "space": None}, "shrunk too far"),
    ],
)
def test_bad_settings_are_refused_before_training(fresh_search, settings, complaint):
    with pytest.raises(NasTcError, match=complaint):
        fresh_search(**{"budget": "400k", **settings})


def test_a_gain_whose_interval_holds_zero_may_be_chance(tiny_search):
    record = tiny_search(None, space=None, around=OwnNetwork("mine.json", OWN), trials=1)
    it = record.own
    for trainings, expected in ((3, True), (0, False)):
        gain = AgainstBaseline(it, 0.0093, 0.0045, cost=0.01, trainings=trainings)
        assert str(gain).endswith("which may be chance") == expected
        assert "at 1 % of its multiply-adds" in str(gain)
    least, most = AgainstBaseline(it, 0.0093, 0.0045, trainings=3).interval
    assert (round(least, 4), round(most, 4)) == (-0.0101, 0.0287)  # Student's t of 2: 4.303
