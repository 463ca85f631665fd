"""Measures times in a worker, while no other worker of the node trains or measures."""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import torch

from nas_tc.architecture import Architecture
from nas_tc.data.cache import cache_folder
from nas_tc.errors import CaptureError
from nas_tc.latency import LayerProfile, profile_layers
from nas_tc.timing import (
    Builder,
    Estimate,
    NodeLock,
    Run,
    Runtime,
    Setting,
    Stopwatch,
    TimeLimit,
    decide_ratio,
    find_reference_speed,
    launched_alike,
    one_thread,
    read_reference_speed,
    stopwatch,
    time_interleaved,
    time_rebuilds,
    timing_machine,
    work_of,
)
from nas_tc.worker.timing_request import (
    FrontTimingRequest,
    FrontTimingResult,
    JudgedTime,
    LayersRequest,
    Pass,
    TimingRequest,
    TimingResult,
)

_BRIEF_RUNS = 6  # runs of a network whose layers are mostly in the table already
_REFERENCE_S = 120.0  # seconds after which a quick estimate of a reference is measured again
_FRONT_S = 60.0  # seconds for all builds of the front; if they take longer, there are fewer
_FRONT_REBUILDS = 9  # builds of each network: the median's interval leaves one out at each end


@dataclass(slots=True)
class BuiltReference:
    """The reference network of a limit, ready to run, and the latest quick estimate of its time.

    Attributes:
        run: Runs the reference once.
        estimate: Quick estimate, milliseconds; None if there is none yet.
        at_s: Time at which it was made, seconds of the monotonic clock.
    """

    run: Run
    estimate: Estimate | None = None
    at_s: float = 0.0


@dataclass(slots=True)
class TimingSetup:
    """The device, lock, stopwatch and references with which a worker measures times.

    Attributes:
        device: Device that networks run on.
        lock: Lock of the processors or of the GPU, which training steps wait for.
        watches: Stopwatch of each runtime that was timed, which corrects times to the reference
            speed if that is known.
        references: Reference networks of limits, kept because building AlexNet takes longer than
            timing it.
    """

    device: torch.device
    lock: NodeLock
    watches: dict[Runtime, Stopwatch] = field(default_factory=dict)
    references: dict[tuple[Setting, Architecture], BuiltReference] = field(default_factory=dict)

    def watch_of(self, runtime: Runtime) -> Stopwatch:
        """The stopwatch of a runtime; its reference speed is measured briefly if it is not known.

        The lock must be free.
        """
        if runtime not in self.watches:
            with one_thread(), self.lock.timing():
                speed = find_reference_speed(self.device, cache_folder(), runtime, brief=True)
            self.watches[runtime] = stopwatch(self.device, speed)
        return self.watches[runtime]

    def update_reference_speed(self) -> None:
        """Reads the reference speeds that another worker may have measured meanwhile."""
        for runtime, watch in self.watches.items():
            with one_thread():
                speed = read_reference_speed(self.device, cache_folder(), runtime)
            known = watch.reference_speed
            if speed is not None and (known is None or speed.quiet_ms != known.quiet_ms):
                self.watches[runtime] = stopwatch(self.device, speed)
                for (setting, _), reference in self.references.items():
                    if setting.runtime == runtime:
                        reference.estimate = None

    def reference_of(self, limit: TimeLimit) -> BuiltReference | None:
        """The limit's reference, built at its first use; None if it has none."""
        if limit.reference is None:
            return None
        key = limit.setting, limit.reference
        if key not in self.references:
            run = work_of(limit.reference, limit.setting, self.device)
            self.references[key] = BuiltReference(run)
        return self.references[key]


def measure(request: TimingRequest, setup: TimingSetup) -> TimingResult:
    """Times the layers that are asked for, and judges a network by its limits.

    Layers of a pass that cannot be captured in a CUDA graph stay out of the table. The lock is
    released between two measurements, so that training goes on.

    Args:
        request: Request of the search.
        setup: Setup of this worker.
    """
    started = time.monotonic()
    setup.update_reference_speed()
    times: list[JudgedTime] = []
    with one_thread():
        profiles = _profiles(request.to_profile, setup, brief=request.brief)
        for limit in request.limits:
            times.append(_judge(request, limit, setup))
            if not times[-1].within:
                break
        return _result(started, setup, tuple(times), profiles)


def measure_layers(request: LayersRequest, setup: TimingSetup) -> TimingResult:
    """Times layers for the table, briefly.

    Args:
        request: Request of the search.
        setup: Setup of this worker.
    """
    started = time.monotonic()
    setup.update_reference_speed()
    with one_thread():
        profiles = _profiles(request.to_profile, setup, brief=True)
        return _result(started, setup, (), profiles)


def _profiles(
    to_profile: tuple[Pass, ...], setup: TimingSetup, *, brief: bool
) -> tuple[tuple[Setting, Architecture, LayerProfile], ...]:
    """The times of layers; the lock is released between two networks, so that training goes on."""
    found = []
    for setting, network in to_profile:
        speed = setup.watch_of(setting.runtime).reference_speed
        profile = partial(profile_layers, network, setting, setup.device, reference_speed=speed)
        with suppress(CaptureError):
            with setup.lock.timing():
                times = profile(least_s=0.0, fewest=_BRIEF_RUNS) if brief else profile()
            found.append((setting, network, times))
    return tuple(found)


def _result(
    started: float,
    setup: TimingSetup,
    times: tuple[JudgedTime, ...],
    profiles: tuple[tuple[Setting, Architecture, LayerProfile], ...],
) -> TimingResult:
    machine = timing_machine(setup.device)
    seconds = time.monotonic() - started
    quiet_ms = {
        runtime: watch.reference_speed.quiet_ms
        for runtime, watch in setup.watches.items()
        if watch.reference_speed is not None
    }
    return TimingResult(times, profiles, machine, seconds, quiet_ms)


def measure_front(request: FrontTimingRequest, setup: TimingSetup) -> FrontTimingResult:
    """Times several networks in turn, over several builds on a processor.

    Args:
        request: Request of the search.
        setup: Setup of this worker.
    """
    started = time.monotonic()
    setup.update_reference_speed()
    columns = []
    with one_thread():
        for limit in request.limits:
            found = _time_front(request, limit, setup)
            columns.append(
                [
                    JudgedTime.of(
                        limit, ms, ratio, (ratio or ms).judge(limit.most, limit.least), reason
                    )
                    for ms, ratio, reason in found
                ]
            )
    times = tuple(zip(*columns, strict=True))
    return FrontTimingResult(times, time.monotonic() - started)


def _time_front(
    request: FrontTimingRequest, limit: TimeLimit, setup: TimingSetup
) -> list[tuple[Estimate, Estimate | None, str | None]]:
    """The milliseconds of each network, and its ratio to the limit's reference if there is one.

    The third is the reason why the host launched it, if one of them could not be captured. The
    reference is built only once: building AlexNet takes longer than timing it.
    """
    # One pool for all, since their graphs are alive together: else each would keep its maps.
    pool = None if setup.device.type == "cpu" else torch.cuda.graph_pool_handle()
    builders: list[Builder] = [
        partial(work_of, each, limit.setting, setup.device, pool) for each in request.networks
    ]
    watch, reference = setup.watch_of(limit.setting.runtime), setup.reference_of(limit)
    with setup.lock.timing():
        if setup.device.type != "cpu":
            others = [] if reference is None else [reference.run]
            runs, reason = launched_alike([*(build() for build in builders), *others])
            networks = runs[: len(builders)]
            other = None if reference is None else runs[-1]
            found = time_interleaved(watch, networks, other, least_s=request.least_s)
            return [(*times, reason) for times in found]
        if reference is not None:
            run = reference.run
            builders.append(lambda: run)
        times = time_rebuilds(
            watch,
            builders,
            rebuilds=_FRONT_REBUILDS,
            rebuild_s=request.least_s / _FRONT_REBUILDS,
            most_s=_FRONT_S,
        )
    return [
        (times.time(number), None if reference is None else times.ratio(number), None)
        for number in range(len(request.networks))
    ]


def _judge(request: TimingRequest, limit: TimeLimit, setup: TimingSetup) -> JudgedTime:
    """The time of the request's network, and the verdict whether it is within one limit."""
    watch = setup.watch_of(limit.setting.runtime)
    quick = request.brief or watch.reference_speed is not None
    run = work_of(request.network, limit.setting, setup.device)
    reference = setup.reference_of(limit)
    others = [] if reference is None else [reference.run]
    (run, *others), reason = launched_alike([run, *others])
    if reference is not None and reason is not None:
        reference = BuiltReference(others[0])  # its estimate was one of replays, perhaps
    ratio: Estimate | None = None
    with setup.lock.timing():
        if reference is None:
            estimate, verdict = watch.decide(
                run, limit.most, least_ms=limit.least, most_s=request.most_s, quick=quick
            )
        else:
            ratio, estimate, verdict = decide_ratio(
                watch,
                run,
                reference.run,
                limit.most,
                least=limit.least,
                most_s=request.most_s,
                reference_estimate=_quick_estimate(reference, watch) if quick else None,
            )
    return JudgedTime.of(limit, estimate, ratio, verdict, reason)


def _quick_estimate(reference: BuiltReference, watch: Stopwatch) -> Estimate:
    """Milliseconds of a reference, measured again after two minutes; a run may take long."""
    now = time.monotonic()
    if reference.estimate is None or now - reference.at_s > _REFERENCE_S:
        reference.estimate, reference.at_s = watch.quick_estimate(reference.run), now
    return reference.estimate
