"""Several limits, their units, ranges, batches and references; where errors point."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity, network_cost
from nas_tc.cost.memory import inference_bytes, training_memory
from nas_tc.errors import BudgetError, NasTcError
from nas_tc.zoo import ZOO
from strategies import architectures

SMALL = (3, 32, 32)
NOTATION = "(3,16)x2 | 2/2 | (3,32)/2"


@pytest.mark.parametrize(
    ("expression", "measure", "most"),
    [
        ("complexity<=120M", "complexity", 120_000_000),
        ("params <= 5M", "params", 5_000_000),
        ("memory<=64MiB", "memory", 64 * 2**20),
        ("memory<=64MB@b1", "memory", 64 * 10**6),
        ("memory<=1.5kB", "memory", 1500),
        ("train_memory<=2GiB@b128", "train_memory", 2 * 2**30),
        ("params<=lenet5@32", "params", 61_706),  # the sum that is known for it
    ],
)
def test_limits_by_formula(expression, measure, most):
    (cap,) = resolve_budget(parse_budget(expression), SMALL).caps
    assert (cap.bound.measure, cap.most, cap.least) == (measure, most, 0)


@pytest.mark.parametrize(
    ("expression", "ms", "batch", "device"),
    [
        ("latency<=2.5ms", "2.5", 1, None),
        ("latency<=40ms@b128 on cuda", "40", 128, "cuda"),
        ("latency <= 250 us @ b4 on cpu", "0.25", 4, "cpu"),
        ("train_step<=0.41s@b128", "410", 128, None),
    ],
)
def test_times(expression, ms, batch, device):
    limit = resolve_budget(parse_budget(expression), SMALL)
    (bound,) = limit.times
    assert (bound.most.factor, bound.batch, bound.device) == (Decimal(ms), batch, device)
    assert limit.caps == ()
    assert str(limit) == expression


def test_a_time_may_refer_to_a_network():
    (bound,) = parse_budget("latency<=alexnet*0.6@b2").bounds
    assert bound.most.reference.architecture == ZOO["alexnet"].architecture
    assert (bound.most.factor, bound.batch) == (Decimal("0.6"), 2)


def test_several_limits_must_all_hold():
    limit = resolve_budget(parse_budget("memory<=64MiB@b2, alexnet*0.6,params<=20k"), SMALL)
    assert [cap.bound.measure for cap in limit.caps] == ["complexity", "params", "memory"]
    expensive = Architecture(SMALL, parse_notation("(3,64)x2 | 2/2 | (3,64)"), GAP, 10)
    assert limit.broken_by(expensive).bound.measure == "complexity"
    deep = Architecture(SMALL, parse_notation("(3,8)/3 | (3,256)/3"), GAP, 10)
    assert limit.broken_by(deep).bound.text == "params<=20k"
    small = Architecture(SMALL, parse_notation("(3,8)/2 | (3,8)/2"), GAP, 10)
    assert limit.broken_by(small) is None


def test_a_range_has_a_floor():
    limit = resolve_budget(parse_budget("complexity in alexnet*0.55..alexnet*0.6"), SMALL)
    whole = complexity(ZOO["alexnet"].architecture.at(SMALL))
    assert (limit.least_complexity, limit.complexity) == (-(-whole * 55 // 100), whole * 6 // 10)
    assert not limit.admits(limit.least_complexity - 1)
    assert limit.admits(limit.least_complexity)
    assert limit.admits(limit.complexity)
    assert not limit.admits(limit.complexity + 1)
    assert str(limit).startswith("5,683,551 to 6,200,236 multiply-adds (complexity in ")


def test_the_tighter_of_two_limits_counts():
    limit = resolve_budget(parse_budget("alexnet*0.6, complexity<=1M, 2M"), SMALL)
    assert limit.complexity == 1_000_000
    assert (limit.reference_input, limit.reference_complexity) == (None, None)


def test_without_a_complexity_none_is_limited():
    limit = resolve_budget(parse_budget("params<=1M"), SMALL)
    assert limit.complexity is None
    assert limit.admits(10**15)


def test_references_of_every_sort(tmp_path):
    network = Architecture((3, 48, 48), parse_notation(NOTATION), GAP, 7)
    file = tmp_path / "net.json"
    file.write_text(network.to_json())
    for reference in (NOTATION, str(file)):
        limit = resolve_budget(parse_budget(f"{reference}*0.5, params<=1G"), SMALL)
        assert limit.complexity == complexity(network.at(SMALL)) // 2
    ranged = resolve_budget(parse_budget(f"complexity in {file}*.5 .. {file}"), SMALL)
    assert (ranged.least_complexity, ranged.complexity) == (1_548_288, 3_096_576)


def test_a_path_upwards_is_no_range(tmp_path, monkeypatch):
    network = Architecture((3, 48, 48), parse_notation(NOTATION), GAP, 7)
    (tmp_path / "net.json").write_text(network.to_json())
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    limit = resolve_budget(parse_budget("complexity in 1k .. ../net.json"), SMALL)
    assert (limit.least_complexity, limit.complexity) == (1000, 3_096_576)


def test_a_reference_has_the_classes_of_the_data_unless_it_has_its_own_images():
    budget = parse_budget("params<=alexnet")
    alexnet = ZOO["alexnet"].architecture
    of_data = resolve_budget(budget, SMALL, classes=10).caps[0].most
    assert of_data == network_cost(alexnet.at(SMALL, 10)).params
    own = resolve_budget(parse_budget("params<=alexnet@224"), SMALL, classes=10).caps[0].most
    assert own == network_cost(alexnet).params


@given(architectures(), st.integers(1, 9))
def test_what_a_network_has_is_what_the_formulas_say(architecture, batch):
    expression = f"1M, params<=1M, memory<=1MB@b{batch}, train_memory<=1MB@b{batch}"
    caps = resolve_budget(parse_budget(expression), SMALL).caps
    assert [cap.of(architecture) for cap in caps] == [
        complexity(architecture),
        network_cost(architecture).params,
        inference_bytes(architecture, batch),
        training_memory(architecture, batch).peak_bytes,
    ]


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("latency<=2.5", "at character 10 ('2.5'): a time needs a unit, us, ms or s"),
        ("memory<=64", "at character 9 ('64'): a size in memory needs a unit"),
        ("latency<=64MiB", "at character 12 ('MiB'): latency is a time, in us, ms or s"),
        ("memory<=5ms", "at character 10 ('ms'): memory is a size in memory"),
        ("2.5ms", "as in 'latency<=2.5ms'"),
        ("params<=5M, memory<=64Mb", "at character 23 ('Mb'): unknown unit 'Mb'"),
        ("5M, memry<=64MiB", "at character 5; did you mean 'memory'?"),
        ("params<=vgg17*.5", "at character 9; did you mean 'vgg16'?"),
        ("5M,", "at character 4: a limit is missing"),
        ("5M,,6M", "at character 4: a limit is missing"),
        ("params<=", "at character 9: an amount is missing"),
        ("params>=5M", "at character 7 ('>='): write '<=' for a limit"),
        ("params<=0", "at character 9 ('0'): a budget must be more than zero"),
        ("alexnet*0.6*2", "at character 8 ('*0.6*2')"),
        ("train_memory<=2GiB", "at character 19: train_memory needs its batch"),
        ("train_step<=2s", "train_step needs its batch"),
        ("params<=5M@b2", "at character 11 ('@b2'): params does not depend on the batch"),
        ("memory<=5MB@b0", "a batch has at least one image"),
        ("memory<=5MB on cpu", "at character 16 ('cpu'): memory is the same on every device"),
        ("latency_eager<=2ms on cpu", "latency_eager is for GPUs; write 'latency'"),
        ("train_step_eager<=2s", "train_step_eager needs its batch"),
        ("latency<=2ms on tpu", "unknown device 'tpu'"),
        ("latency<=2ms in tvm", "unknown runtime 'tvm'"),
        ("latency<=2ms in onnxruntime bf16", "unknown type of numbers in onnxruntime 'bf16'"),
        ("params<=2M in onnxruntime", "params is the same in every runtime"),
        ("train_step<=2s@b8 in onnxruntime", "onnxruntime runs forward passes on processors"),
        ("latency<=2ms on cuda in onnxruntime", "onnxruntime is timed on processors alone"),
        ("complexity in 100M", "a range has two ends"),
        ("complexity in 120M..100M", "is empty: it goes from 120,000,000 to 100,000,000"),
        ("complexity in ..5M", "at character 15: an amount is missing"),
        ("nowhere.json*0.5", "at character 1 ('nowhere.json'): cannot read the network file"),
        ("(3,16)x2 | (3*.5", "part 2 ('(3')"),
    ],
)
def test_errors_point_at_the_character(expression, complaint):
    with pytest.raises(NasTcError) as raised:
        resolve_budget(parse_budget(expression), SMALL)
    assert complaint in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("expression", "batch", "dtype"),
    [
        ("latency<=2ms in onnxruntime", 1, "fp32"),
        ("latency<=alexnet*0.5@b8 in onnxruntime int8", 8, "int8"),
        ("latency in 1ms..2ms@b8 on cpu in onnxruntime", 8, "fp32"),
    ],
)
def test_a_time_in_another_runtime(expression, batch, dtype):
    (bound,) = parse_budget(f"complexity<=5M, {expression}").times
    assert (bound.runtime, bound.batch, bound.dtype) == ("onnxruntime", batch, dtype)
    assert bound.text == expression
    assert parse_budget("latency<=2ms in torch").times[0].runtime == "torch"


TOKENS = ["complexity", "params", "memory", "latency", "train_step", "in", "<=", "..", ",", "@b2"]
TOKENS += [
    "@224",
    "*0.5",
    "ms",
    "MiB",
    "5",
    "5M",
    "alexnet",
    "on",
    "cuda",
    "onnxruntime",
    "(3,8)",
    "|",
    "[",
    " ",
]


@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
def test_any_row_of_tokens_is_read_or_refused_in_one_line(text):
    try:
        limit = resolve_budget(parse_budget(text), SMALL)
    except NasTcError as raised:
        said = str(raised)
    else:
        said = str(limit)
        assert limit.caps or limit.times
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("expression", "instead"),
    [
        ("1,000,000", "1000000"),
        ("params<=1,000,000", "1000000"),
        ("1,500", "1500"),
        ("alexnet*0,6", "0.6"),
        ("alexnet*1,5", "1.5"),
        ("1_000_000", "1000000"),
        ("1'000'000", "1000000"),
        ("1.000.000", "1000000"),
        ("120m", "120M"),
        ("120 K", "120 k"),
        ("memory<=64mb", "memory<=64MB"),
        ("latency<=2MS", "latency<=2ms"),
        ("alexnet*0.6 and params<=5M", "alexnet*0.6, params<=5M"),
        ("alexnet*0.6; params<=5m", "alexnet*0.6, params<=5M"),
        ("alexnet*0.6 && params<=5M", "alexnet*0.6, params<=5M"),
        ("params≤5M", "params<=5M"),
        ("alexnet × 0.6", "alexnet*0.6"),
        ("alexnet x 0.6", "alexnet*0.6"),
        ("0.6*alexnet", "alexnet*0.6"),
        ("60% of alexnet", "alexnet*0.6"),
        ("alexnet*60%", "alexnet*0.6"),
    ],
)
def test_what_to_write_instead_is_said(expression, instead):
    with pytest.raises(BudgetError, match=f"write {re.escape(repr(instead))}") as raised:
        parse_budget(expression)
    assert repr(expression) in str(raised.value)
    if instead[0].isalpha():
        parse_budget(instead)


@pytest.mark.parametrize(
    "expression", ["(3,128)x2 | 2/2 | basic(3,256)*0.5", "alexnet@224,120M", "alexnet*0.6, 120M"]
)
def test_commas_that_join_limits_and_those_of_a_notation_stay(expression):
    assert parse_budget(expression).bounds


def test_int8_is_a_type_of_numbers():
    weights, memory = parse_budget("weights<=256KiB@int8, memory in 1kB..320KiB @ int8").bounds
    assert (weights.measure, weights.most.factor) == ("weights_int8", 256 * 1024)
    assert (memory.measure, memory.least.factor) == ("memory_int8", 1000)
    for text, complaint in (
        ("weights<=1MB@int4", "float32, or int8"),
        ("params<=1M@int8", "weights and memory are"),
        ("memory<=1MB@b4@int8", "does not depend on the batch"),
    ):
        with pytest.raises(BudgetError, match=complaint):
            parse_budget(text)
