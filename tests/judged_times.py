"""A judge of times, and a worker's results, without a clock."""

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.budget import parse_budget
from nas_tc.latency import LayerProfile, TimeTable, signatures_of
from nas_tc.search.time_judge import TimeJudge
from nas_tc.space import load_space
from nas_tc.timing import LOW_QUARTILE, Estimate, time_limits
from nas_tc.worker import JudgedTime, TimingResult

MACHINE = {"device": "Abacus 7", "threads": 1, "torch": "2.13", "cuda": None, "instructions": "x"}


SHAPE = (3, 16, 16)


SPACE = load_space("plain-32").at(SHAPE, 10)


def network(notation):
    return Architecture(SHAPE, parse_notation(notation), GAP, 10)


SLIM, WIDE = network("(3,8)/2 | (3,8)"), network("(3,64) | (3,64)")


def estimate(ms, spread=0.0):
    return Estimate(ms, ms, ms + spread, LOW_QUARTILE, 50)


def profile(architecture):
    """A millisecond a million multiply-adds, and a microsecond a layer."""
    found = tuple((each, each.macs / 1e6 + 0.001) for each in signatures_of(architecture))
    return LayerProfile(sum(ms for _, ms in found), found)


def limits(expression, device="cpu", classes=10):
    return time_limits(parse_budget(expression).times, SHAPE, classes, device)


def judge(expression, *known, measures=True, path=None, device="cpu", note=print):
    table = TimeTable(MACHINE)
    found = limits(expression, device)
    for each in known:
        for limit in found:
            table.of(limit.setting).add(each, profile(each))
    return TimeJudge(found, table, path, measures=measures, note=note)


def result(architecture, judge, ms, *, within=True, ratio=None, machine=MACHINE):
    times = tuple(
        JudgedTime(limit.name, estimate(ms), ratio, "accept" if within else "reject", within)
        for limit in judge.limits
    )
    request = judge.request_for(architecture)
    profiles = tuple((setting, each, profile(each)) for setting, each in request.to_profile)
    return TimingResult(times, profiles, machine)
