"""Limits on times, as numbers."""

from dataclasses import replace

import pytest
from judged_times import SHAPE, limits

from nas_tc.errors import BudgetError
from nas_tc.timing import Setting, TimeLimit


def test_limits_as_numbers():
    ms, step, relative = limits(
        "latency<=2.5ms, train_step in 10ms..0.41s@b128, latency<=(3,64)x2*0.6@b8"
    )
    assert (ms.most, ms.least, ms.reference, ms.setting) == (2.5, 0.0, None, Setting())
    assert (step.most, step.least, step.setting) == (410.0, 10.0, Setting("train_step", 128))
    assert (relative.most, relative.setting) == (0.6, Setting(batch=8))
    assert relative.reference.input == SHAPE
    assert [each.name for each in (ms, step, relative)] == [
        "latency",
        "train_step@b128",
        "latency@b8",
    ]


def test_a_limit_in_onnxruntime():
    pytest.importorskip("onnxruntime")
    (limit,) = limits("latency<=2ms@b8 in onnxruntime int8")
    assert limit.setting == Setting("forward", 8, "int8", runtime="onnxruntime")
    assert limit.name == "latency@b8"


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("latency<=2ms on cuda", "the search runs on cpu; give the time table of that device"),
        ("latency_eager<=2ms", "on a processor, which launches no kernels"),
        ("train_step_eager<=2ms@b8", "write 'train_step' instead of 'train_step_eager'"),
        ("latency in 1ms..J@224*0.5", "must be of one reference"),
        ("latency in 2ms..1ms", "write the smaller end first"),
        (
            "latency<=J@224*0.6, latency<=2ms",
            "both limit latency; write one limit",
        ),
        ("latency<=J*0.5", "the reference of 'latency<=J*0.5' cannot be built on 16x16 images"),
    ],
)
def test_limits_that_are_refused(expression, complaint):
    with pytest.raises(BudgetError) as caught:
        limits(expression)
    assert complaint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_replays_and_eager_launches_are_limited_apart():
    replayed, eager, step = limits(
        "latency<=1ms, latency_eager<=2ms@b1, train_step_eager<=9ms@b32 on cuda", device="cuda"
    )
    assert (replayed.name, replayed.setting) == ("latency", Setting())
    assert (eager.name, eager.setting) == ("latency_eager", Setting(eager=True))
    assert (step.name, step.setting) == (
        "train_step_eager@b32",
        Setting("train_step", 32, eager=True),
    )


def test_a_table_of_another_device_takes_its_limits():
    assert limits("latency<=2ms on cuda", device=None)[0].most == 2.0


def test_a_time_limit_is_a_value():
    limit = TimeLimit("latency<=1ms", "latency", Setting(), 1.0)
    assert limit == replace(limit)
    assert limit.name == "latency"
