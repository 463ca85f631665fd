"""The layer time table: what it holds, what it foretells, what it refuses."""

import json
from dataclasses import replace
from statistics import geometric_mean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, Join, nest, parse_notation, walk
from nas_tc.cost import network_cost
from nas_tc.errors import ArchitectureError, TableError
from nas_tc.latency import (
    LayerProfile,
    LayerTimes,
    TimeTable,
    agreement,
    calibrate,
    default_table,
    fit_overhead,
    nodes_of,
    profile_layers,
    scaled,
    signatures_of,
    unseen_networks,
)
from nas_tc.space import load_space
from nas_tc.timing import Setting, one_thread
from nas_tc.zoo import ZOO
from strategies import architectures

CPU = torch.device("cpu")
SMALL = Architecture((3, 16, 16), parse_notation("(3,4)x2 | 2/2 | (3,8)"), GAP, 5)
MACHINE = {"device": "Abacus 7", "threads": 1, "torch": "2.13", "cuda": None, "instructions": "x"}


def profile(architecture, ms=1.0, overhead=0.0):
    """As if each layer took `ms`."""
    found = [(signature, ms) for signature in signatures_of(architecture)]
    return LayerProfile(sum(time for _, time in found) + overhead, tuple(found))


def filled(*networks, ms=1.0):
    times = LayerTimes()
    for network in networks:
        times.add(network, profile(network, ms))
    return times


@given(architectures())
def test_signatures_add_up_to_the_network(architecture):
    found = signatures_of(architecture)
    cost = network_cost(architecture)
    assert sum(signature.macs for signature in found) == cost.macs
    assert sum(signature.params for signature in found) == cost.params
    assert found[0].kind.startswith("first ")
    assert not any(signature.kind.startswith("first ") for signature in found[1:])


def test_a_name_does_not_count_and_a_shape_does():
    twice = Architecture((3, 16, 16), parse_notation("(3,4) | (3,4)x2"), GAP, 5)
    keys = [signature.key for signature in signatures_of(twice)]
    assert keys[0] == "first conv 3/1 pad 1 norm relu: 3x16x16>4x16x16"
    assert keys[1] == keys[2] == "conv 3/1 pad 1 norm relu: 4x16x16>4x16x16"
    assert len(set(keys)) == 4
    wider = [signature.key for signature in signatures_of(twice.at((3, 16, 18)))]
    assert not set(keys[:-1]) & set(wider[:-1])
    assert keys[-1] == wider[-1] == "fc: 4x1x1>5x1x1"


@given(architectures())
def test_a_part_by_part_walk_gives_the_same_nodes(architecture):
    assert nodes_of(architecture) == nest(walk(architecture))


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "mobilenetv2", "alexnet"])
def test_branches_are_one_unit(name):
    nodes = nodes_of(ZOO[name].architecture)
    assert nodes == nest(walk(ZOO[name].architecture))
    found = signatures_of(ZOO[name].architecture)
    assert len(found) == len(nodes)
    joins = [
        signature for node, signature in zip(nodes, found, strict=True) if isinstance(node, Join)
    ]
    assert all(signature.kind.removeprefix("first ").startswith("(") for signature in joins)
    assert bool(joins) == (name != "alexnet")


@pytest.mark.parametrize(
    "setting", [Setting(), Setting("train_step", 2), Setting("train_step", 3, "bf16")]
)
@pytest.mark.parametrize("network", [SMALL, replace(SMALL, norm="none")])
def test_all_layers_are_timed_inside_their_network(network, setting):
    with one_thread():
        found = profile_layers(network, setting, CPU, least_s=0)
    assert [signature for signature, _ in found.layers] == signatures_of(network)
    assert all(ms > 0 for _, ms in found.layers)
    assert found.whole_ms > 0


def test_branches_are_timed_inside_their_network():
    network = ZOO["resnet18"].architecture.at((3, 32, 32), 10)
    with one_thread():
        found = profile_layers(network, Setting("train_step", 2), CPU, least_s=0)
    assert len(found.layers) == len(nodes_of(network))
    assert all(ms > 0 for _, ms in found.layers)


@given(architectures())
def test_the_time_of_a_known_network_is_the_sum_of_its_layers(architecture):
    times = filled(architecture, ms=0.5)
    assert times.untimed(architecture) == []
    predicted = times.predict(architecture)
    assert predicted.ms == pytest.approx(0.5 * len(signatures_of(architecture)))
    assert (predicted.guessed, predicted.layers) == (0, len(signatures_of(architecture)))
    assert (predicted.low_ms, predicted.high_ms) == (0.0, float("inf"))


def test_layers_that_were_never_timed_are_guessed_from_their_like():
    times = filled(
        *(Architecture((3, s, s), parse_notation(f"(3,{w})x3"), GAP, 5) for s, w in SIZES)
    )
    for entry in times.layers.values():  # in proportion to the work
        entry.ms = 1e-6 * (entry.signature.macs + entry.signature.values)
    times.add(SMALL, profile(SMALL))  # throws away what was worked out before
    wanted = Architecture((3, 24, 24), parse_notation("(3,20)x3"), GAP, 5)
    predicted = times.predict(wanted)
    truth = sum(1e-6 * (signature.macs + signature.values) for signature in signatures_of(wanted))
    assert predicted.guessed == predicted.layers == 5
    assert predicted.ms == pytest.approx(truth, rel=0.25)
    assert times.predict(replace(wanted, activation="tanh")) is None


@given(architectures(), architectures(), architectures())
def test_what_was_foretold_before_the_table_grew_is_forgotten(wanted, first, second):
    times = filled(first)
    times.predict(wanted)
    times.add(second, profile(second, ms=0.5))
    fresh = LayerTimes(times.layers.values(), times.totals, times.checks, times.networks)
    assert times.predict(wanted) == fresh.predict(wanted) == times.predict(wanted)


SIZES = [(16, 8), (16, 16), (16, 32), (32, 8), (32, 16), (32, 32)]


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
def test_the_geometric_mean_of_all_sightings_counts(sightings):
    times = LayerTimes()
    for ms in sightings:
        times.add(SMALL, profile(SMALL, ms=ms))
    for each in times.layers.values():
        assert each.networks == len(sightings)
        assert each.ms == pytest.approx(geometric_mean(sightings))


def test_a_layer_of_quite_another_size_is_not_guessed():
    known = [Architecture((3, s, s), parse_notation(f"(3,{w})x3"), GAP, 5) for s, w in SIZES]
    times = filled(*known)
    wider, far_wider = (
        Architecture((3, 32, 32), parse_notation(f"(3,{w})x3"), GAP, 5) for w in (48, 512)
    )
    assert times.predict(wider).guessed == 5
    assert times.predict(far_wider) is None


def test_a_line_through_whole_and_sum():
    fixed, factor = fit_overhead([(s, 0.3 + 1.1 * s) for s in (1.0, 2.0, 5.0, 9.0)])
    assert (fixed, factor) == (pytest.approx(0.3), pytest.approx(1.1))
    assert fit_overhead([]) == (0.0, 1.0)
    assert fit_overhead([(2.0, 3.0)]) == (0.0, 1.5)
    disturbed = [(s, 1.05 * s) for s in (1.0, 2.0, 5.0)] + [(3.0, 9.0), (4.0, 9.0)]
    assert fit_overhead(disturbed) == (pytest.approx(0.0), pytest.approx(1.05))


def test_the_range_of_a_foretold_time_is_what_went_wrong_before():
    times = filled(SMALL)
    for number in range(19):
        times.add_check(10.0, 10.0 + number / 10)
    assert times.error_range is None
    times.add_check(10.0, 8.0)
    assert times.error_range == (0.8, pytest.approx(1.18))
    predicted = times.predict(SMALL)
    assert (predicted.low_ms, predicted.high_ms) == (
        pytest.approx(0.8 * predicted.ms),
        pytest.approx(1.18 * predicted.ms),
    )
    for _ in range(40):
        times.add_check(10.0, 10.0)
    assert times.error_range == (1.0, 1.0)  # the latest forty
    for measured in (5.0, 30.0, 9.0, 12.0):  # one at each end is left out of forty
        times.add_check(10.0, measured)
    assert times.error_range == (0.9, 1.2)


def test_a_network_that_cannot_exist_is_refused():
    with pytest.raises(ArchitectureError):
        filled(SMALL).predict(SMALL.at((3, 1, 1)))


def test_a_table_comes_back_from_its_file(tmp_path):
    path = tmp_path / "deep" / "table.json"
    table = TimeTable(MACHINE)
    table.of(Setting()).add(SMALL, profile(SMALL, 0.25, overhead=0.125))
    table.of(Setting()).add_check(1.0, 1.5)
    table.of(Setting("train_step", 64, "bf16")).add(SMALL, profile(SMALL))
    table.write(path)
    found = TimeTable.read(path)
    assert found.machine == MACHINE
    assert found.times.keys() == table.times.keys()
    for setting, times in table.times.items():
        there = found.times[setting]
        assert there.layers == times.layers
        assert list(there.totals) == list(times.totals)
        assert list(there.checks) == list(times.checks)
        assert there.networks == {SMALL.id}
        assert there.predict(SMALL) == times.predict(SMALL)
    assert [each.name for each in path.parent.iterdir()] == ["table.json"]


def test_what_others_added_meanwhile_is_kept(tmp_path):
    path = tmp_path / "table.json"
    ours, theirs = TimeTable(MACHINE), TimeTable(MACHINE)
    other = SMALL.at((3, 32, 32))
    ours.of(Setting()).add(SMALL, profile(SMALL))
    theirs.of(Setting()).add(other, profile(other))
    theirs.of(Setting(batch=2)).add(other, profile(other))
    theirs.write(path)
    ours.write(path)
    found = TimeTable.read(path)
    assert found.of(Setting()).networks == {SMALL.id, other.id}
    assert not found.of(Setting()).untimed(other)
    assert not found.of(Setting(batch=2)).untimed(other)


def test_a_table_is_told_at_the_pace_of_what_is_to_come(tmp_path):
    path = tmp_path / "table.json"
    table = TimeTable(MACHINE, quiet_ms=(1.0, 4.0, 12.0))
    slow, quick = table.of(Setting(batch=9)), table.of(Setting())
    slow.add(SMALL, profile(SMALL, ms=3.0))
    quick.add(SMALL, profile(SMALL, ms=0.1))
    quick.add_check(0.5, 0.6)
    table.write(path)
    found = TimeTable.read(path)
    assert found.quiet_ms == (1.0, 4.0, 12.0)
    found.rescale_to(None)
    found.rescale_to((0.5, 4.0, 9.0))  # what takes 0.5 ms, and what takes 15 ms
    assert found.of(Setting()).predict(SMALL).ms == pytest.approx(0.05 * len(signatures_of(SMALL)))
    assert list(found.of(Setting()).checks) == [(0.25, pytest.approx(0.3))]
    assert found.of(Setting(batch=9)).predict(SMALL).ms == pytest.approx(
        2.25 * len(signatures_of(SMALL))
    )
    for each in found.of(Setting()).layers.values():
        assert each.ms == pytest.approx(0.05)
    TimeTable(MACHINE).write(path)  # without a reference_speed it keeps that of the file
    assert TimeTable.read(path).quiet_ms == (1.0, 4.0, 12.0)
    ours = TimeTable(MACHINE, quiet_ms=(2.0, 8.0, 24.0))
    ours.write(path)  # takes in what is there, at its own reference_speed
    assert TimeTable.read(path).of(Setting()).predict(SMALL).ms == pytest.approx(
        0.2 * len(signatures_of(SMALL))
    )


def test_a_table_of_before_there_was_a_pace_is_read(tmp_path):
    path = tmp_path / "table.json"
    good().write(path)
    values = json.loads(path.read_text())
    del values["calm_ms"]
    path.write_text(json.dumps(values))
    found = TimeTable.read(path)
    found.rescale_to((1.0, 2.0, 3.0))
    assert {each.ms for each in found.of(Setting()).layers.values()} == {1.0}


@pytest.mark.parametrize("quiet_ms", [[], [1.0, 2.0], [1.0, -2.0, 3.0], 7.0, ["a", 2, 3]])
def test_a_pace_that_is_none_is_refused(tmp_path, quiet_ms):
    path = tmp_path / "table.json"
    good().write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "calm_ms": quiet_ms}))
    with pytest.raises(TableError, match="a damaged time table"):
        TimeTable.read(path)


def test_tables_of_two_machines_are_not_mixed(tmp_path):
    path = tmp_path / "table.json"
    TimeTable(MACHINE).write(path)
    with pytest.raises(TableError, match=r"another machine \(torch '2.13', here '2.14'\)"):
        TimeTable({**MACHINE, "torch": "2.14"}).write(path)


def good():
    table = TimeTable(MACHINE)
    table.of(Setting()).add(SMALL, profile(SMALL))
    return table


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "a damaged time table"),
        ('{"kind": "nas-tc ti', "a damaged time table"),
        ("[1, 2]", "not a time table of nas-tc"),
        ('{"format": 1}', "not a time table of nas-tc"),
        ('{"kind": "nas-tc time table", "format": 2}', "of format 2, this nas-tc reads 1"),
        ('{"kind": "nas-tc time table", "format": 1}', "a damaged time table (KeyError"),
        (("batch", 0), "a damaged time table"),
        (("what", "sideways"), "a damaged time table"),
        (("totals", [[1.0]]), "a damaged time table"),
        (("checks", [[1.0, "2"]]), "not a number of milliseconds"),
        (("layers", [["fc", "1x1x1>1x1x1", 1, 2, 3, -1.0, 1]]), "not a time: -1.0 ms"),
        (("layers", [["fc", "1x1x1>1x1x1", 1, 2, 3, float("nan"), 1]]), "not a time: nan ms"),
        (("layers", [["fc"]]), "a damaged time table"),
    ],
)
def test_a_damaged_or_foreign_file_is_refused_in_one_line(tmp_path, content, complaint):
    path = tmp_path / "table.json"
    if isinstance(content, tuple):
        good().write(path)
        values = json.loads(path.read_text())
        values["times"][0][content[0]] = content[1]
        content = json.dumps(values)
    path.write_text(content)
    with pytest.raises(TableError) as caught:
        TimeTable.read(path)
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(TableError):  # and it is not written over
        good().write(path)


def test_a_file_that_is_not_there_or_cannot_be_written(tmp_path):
    with pytest.raises(TableError, match="cannot read the time table"):
        TimeTable.read(tmp_path / "none.json")
    with pytest.raises(TableError, match="cannot read the time table"):
        TimeTable.read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError, match="cannot write the time table"):
        good().write(tmp_path / "file" / "table.json")


def test_the_place_of_a_table_tells_devices_and_versions_apart(tmp_path):
    place = default_table(tmp_path, MACHINE)
    assert place == tmp_path / "times" / "Abacus-7-2.13-1.json"
    assert place != default_table(tmp_path, {**MACHINE, "torch": "2.13+cpu"})


def test_calibration_ends_when_all_layers_are_known(monkeypatch):
    monkeypatch.setattr("nas_tc.latency.calibration.profile_layers", lambda a, *_, **__: profile(a))
    space = load_space("plain-32").at((3, 64, 64), 10)
    few = replace(
        space,
        stages=tuple(
            replace(stage, width=stage.width[:1], last_width=(), filter=(3,), pool=("none",))
            for stage in space.stages
        ),
    )
    times = LayerTimes()
    timed = list(calibrate(times, few, Setting(), CPU, networks=1000))
    assert len(timed) < 200
    assert sum(each.new for each in timed) == len(times.layers)
    assert len(times.checks) > 0
    again = list(calibrate(times, few, Setting(), CPU, networks=1000))
    assert sum(each.new for each in again) < 20  # what thirty draws had missed
    assert all(each.id not in times.networks for each in unseen_networks(times, few, 0))


def test_calibration_can_be_stopped_and_goes_on(monkeypatch):
    monkeypatch.setattr("nas_tc.latency.calibration.profile_layers", lambda a, *_, **__: profile(a))
    space = load_space("plain-32")
    times = LayerTimes()
    first = [each.architecture for each in calibrate(times, space, Setting(), CPU, networks=8)]
    known = len(times.layers)
    second = [each.architecture for each in calibrate(times, space, Setting(), CPU, networks=8)]
    assert len(times.layers) > known
    assert not set(first) & set(second)


def test_agreement_of_ranks_and_errors():
    found = agreement([1.0, 2.2, 2.7, 8.0], [1.0, 2.0, 3.0, 4.0])
    assert found.spearman == pytest.approx(1.0)
    assert found.median_error == pytest.approx(0.1)
    assert found.worst_error == pytest.approx(1.0)
    assert found.within == 0.5 or found.within == 0.75  # 2.2 / 2 may round either way
    assert agreement([1.0, 1.0, 2.0], [1.0, 2.0, 3.0]).spearman == pytest.approx(0.866, abs=1e-3)
    assert scaled([10, 20, 40], [1.0, 2.0, 5.0]) == [1.0, 2.0, 4.0]


def test_a_verdict_costs_microseconds_because_nothing_is_built(monkeypatch):
    """The bound itself is measured by benchmarks/timing.py, not by a test."""
    monkeypatch.setattr("nas_tc.latency.layer_profiler.dummy_network", None)
    monkeypatch.setattr("nas_tc.timing.work.dummy_network", None)
    assert filled(SMALL).predict(SMALL) is not None
