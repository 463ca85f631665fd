"""Judges candidates by time in a search: predicted in the driver, measured in a worker."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

from nas_tc.architecture import Architecture
from nas_tc.errors import TableError
from nas_tc.latency import TimeTable, nodes_of
from nas_tc.timing import TimeLimit
from nas_tc.worker import JudgedTime, TimingRequest, TimingResult

_WRITE_EVERY = 20  # results
_SHARE = 0.03  # of the time of a training: what a verdict may take, on all workers together
_FEW_NEW = 0.25  # share of a network's layers that may be new without a profile, once checked
_MOST_S_AT_FIRST = 0.5  # before a training has shown how long it takes
_MOST_S = 60.0
_CERTAIN_GUESSED = 0.5  # share of a network's layers that may be guessed, if it is not measured
_MEASURE_EVERY = 8  # networks that are clearly within: the table must see some of them, too


class TimeJudge:
    """Judges candidates by their times, and adds what workers measure to the table.

    A network is proposed only if it is within the limits three times in four, by its prediction and
    the error of that. One that is quick enough by more than the table was ever wrong is trained
    without a measurement. The rest is measured, unless the table is of another device: then it
    alone decides. Once the error of predictions is known, the time for a verdict near a limit is in
    proportion to the time of a training. The front is measured with care in the end.

    Args:
        limits: Limits on times.
        table: Table of the device that the limits are meant for; grows.
        path: File of the table; None: it is not kept.
        measures: Whether candidates are measured here; False for the table of another device.
        workers: Workers that wait while one of them measures.
        note: Called with a message if the table cannot be kept, or passes cannot be captured.

    Attributes:
        timed: Number of networks that were measured.
        timing_s: Seconds that workers have spent on it.
        is_lenient: Whether a network is proposed that is within the limits by an end of its range
            alone, since none is likely within them.
    """

    def __init__(
        self,
        limits: tuple[TimeLimit, ...],
        table: TimeTable,
        path: Path | None,
        *,
        measures: bool,
        workers: int = 1,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.limits = limits
        self.measures = measures
        self.table = table
        self._path = path
        self._note = note
        self._results = 0
        self._workers = workers
        self._trainings = 0
        self._train_s = 0.0
        self._certain = 0
        self.timed = 0
        self.timing_s = 0.0
        self.is_lenient = False
        self._references_ms: dict[str, float | None] = {}
        self._is_eager_noted = False

    def admits(self, architecture: Architecture) -> bool:
        """Whether a network is likely within the limits by the table; takes microseconds.

        Where nothing is known yet, and candidates are measured here, all are admitted.
        """
        return all(self._admits(architecture, limit) for limit in self.limits)

    def certain_times(self, architecture: Architecture) -> dict[str, dict[str, Any]]:
        """Predicted times of a network that is clearly within the limits, for the study.

        Clearly: by more than the table, whose own error is known, was ever wrong, with no more
        than half of the layers guessed. Every eighth such network is measured all the same, so
        that the table's error includes them.

        Args:
            architecture: The network.

        Returns:
            The times by the limits' names; nothing if the network must be measured.
        """
        for limit in self.limits:
            times = self.table.of(limit.setting)
            predicted, unit_ms = times.predict(architecture), self.unit_ms(limit)
            if predicted is None or unit_ms is None or times.error_range is None:
                return {}
            if predicted.guessed > predicted.layers * _CERTAIN_GUESSED:
                return {}
            if predicted.high_ms > limit.most * unit_ms or predicted.low_ms < limit.least * unit_ms:
                return {}
        self._certain += 1
        return {} if self._certain % _MEASURE_EVERY == 0 else self.predicted_times(architecture)

    def predicted_times(self, architecture: Architecture) -> dict[str, dict[str, Any]]:
        """Predicted times of a network by the limits' names, for the study.

        A limit is left out if nothing was timed for it.
        """
        found = {}
        for limit in self.limits:
            predicted = self.table.of(limit.setting).predict(architecture)
            if predicted is not None:
                ms = predicted.ms
                found[limit.name] = {"ms": ms, "predicted_ms": ms, "verdict": "predicted"}
        return found

    def request_for(self, architecture: Architecture) -> TimingRequest:
        """The request to a worker: the network with its limits, and layers that are new."""
        is_known = self.is_known
        to_profile = dict.fromkeys(
            (limit.setting, network)
            for limit in self.limits
            for network in (architecture, limit.reference)
            if network is not None and self._needs_profile(network, limit, is_known=is_known)
        )
        return TimingRequest(
            architecture,
            self.limits,
            tuple(to_profile),
            brief=is_known,
            most_s=self._most_s() if is_known else _MOST_S,
        )

    @property
    def is_known(self) -> bool:
        """Whether the error of predictions is known for each limit."""
        return all(
            times.error_range is not None
            or (times.regression is not None and times.regression.half < inf)
            for times in (self.table.of(limit.setting) for limit in self.limits)
        )

    def add_training(self, train_s: float) -> None:
        """Adds the seconds of a training, which decide how long a measurement may take."""
        self._trainings += 1
        self._train_s += train_s

    def add_timing(self, networks: int, seconds: float) -> None:
        """Adds the seconds that a worker spent on measuring so many networks."""
        self.timed += networks
        self.timing_s += seconds

    def add_result(self, architecture: Architecture, result: TimingResult) -> None:
        """Adds a result's layers to the table, and how well it predicted the network.

        Args:
            architecture: Network that was measured.
            result: Answer of the worker.

        Raises:
            TableError: The worker runs on another kind of machine than the table's.
        """
        self._take(result)
        settings = {limit.name: limit.setting for limit in self.limits}
        for judged in result.times:
            if judged.not_captured is not None:
                self._note_eager(judged)
                continue
            times = self.table.of(settings[judged.name])
            predicted = times.predict(architecture)
            if predicted is not None and architecture.id not in times.networks:
                times.add_check(predicted.ms, judged.estimate.value)
        self._add_profiles(result)
        if self._results % _WRITE_EVERY == 0:
            self.save()

    def add_layers(self, result: TimingResult) -> None:
        """Adds the layers of networks that are not candidates.

        Args:
            result: Answer of the worker.

        Raises:
            TableError: The worker runs on another kind of machine than the table's.
        """
        self._take(result)
        self._add_profiles(result)

    def _take(self, result: TimingResult) -> None:
        self.add_timing(len(result.profiles) if not result.times else 1, result.seconds)
        self.table.check_same_device(result.machine, self._path or Path("the time table"))
        for runtime, quiet_ms in result.quiet_ms.items():
            self.table.rescale_to(quiet_ms, runtime)

    def _add_profiles(self, result: TimingResult) -> None:
        for setting, network, profile in result.profiles:
            self.table.of(setting).add(network, profile)
        self._references_ms.clear()
        self._results += 1

    def _note_eager(self, judged: JudgedTime) -> None:
        """Notes, once, that a limit on replays is kept by eager launches, which take longer."""
        if not self._is_eager_noted:
            self._is_eager_noted = True
            self._note(
                f"{judged.name} is measured with the launches of the host, since no CUDA graph "
                f"could be made: {judged.not_captured}"
            )

    def save(self) -> None:
        """Writes the table for the next search; if that fails, notes it once and goes on."""
        if self._path is None or not self._results:
            return
        try:
            self.table.write(self._path)
        except TableError as error:
            self._path = None
            self._note(f"the times of layers are not kept for later searches: {error}")

    def unit_ms(self, limit: TimeLimit) -> float | None:
        """Milliseconds that a limit is a multiple of: 1, or the predicted time of its reference.

        None if nothing was timed for it.
        """
        if limit.reference is None:
            return 1.0
        if limit.name not in self._references_ms:
            predicted = self.table.of(limit.setting).predict(limit.reference)
            self._references_ms[limit.name] = None if predicted is None else predicted.ms
        return self._references_ms[limit.name]

    def _needs_profile(self, network: Architecture, limit: TimeLimit, *, is_known: bool) -> bool:
        """Whether the layers of a network are to be timed; a few may be guessed."""
        times = self.table.of(limit.setting)
        new = len(times.untimed(network))
        if not is_known or not new:
            return bool(new)
        predicted = times.predict(network)
        return new > len(nodes_of(network)) * _FEW_NEW or predicted is None or predicted.unlike > 0

    def _most_s(self) -> float:
        if not self._trainings:
            return _MOST_S_AT_FIRST
        return min(_SHARE * self._train_s / self._trainings / self._workers, _MOST_S)

    def _admits(self, architecture: Architecture, limit: TimeLimit) -> bool:
        predicted = self.table.of(limit.setting).predict(architecture)
        unit_ms = self.unit_ms(limit)
        if predicted is None or unit_ms is None:
            return self.measures  # a table that decides alone must have a time
        most_ms, least_ms = limit.most * unit_ms, limit.least * unit_ms
        if not self.measures and not predicted.unlike:
            return least_ms <= predicted.ms <= most_ms
        if predicted.high_ms == inf:
            return self.measures
        if self.is_lenient:
            return predicted.low_ms <= most_ms and predicted.high_ms >= least_ms
        return predicted.likely_ms <= most_ms and predicted.likely_least_ms >= least_ms
