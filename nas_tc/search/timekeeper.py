"""Times in a search: foretold in the driver, measured in a worker, learned by the table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from nas_tc.architecture import Architecture, format_notation
from nas_tc.errors import BudgetError, StudyError, TableError
from nas_tc.latency import Prediction, TimeTable, nodes_of
from nas_tc.search.jobs import wait_for_answer
from nas_tc.search.timing_records import amount
from nas_tc.space import Space, extreme_network
from nas_tc.timing import TimeLimit
from nas_tc.worker import FrontTimingRequest, TimingRequest, TimingResult

_SAVE_EVERY = 20  # reports
_SHARE = 0.03  # of the time of a training: what a brief verdict may take, on all workers together
_FEW = 0.25  # of a network's layers: what a warm table may go on guessing
_MOST_S_AT_FIRST = 0.5  # before a training has shown how long it takes
_MOST_S = 60.0
_VOUCHED = 0.5  # of a network's layers: what may be guessed of one that the clock does not see
_LOOK_EVERY = 8  # networks that are clearly within: the table must not only learn from the others


class Clock(Protocol):
    """A pool of workers, as far as it reads the clock."""

    def time(self, key: Any, order: TimingRequest | FrontTimingRequest) -> None:
        """Lets a worker carry out an order."""

    def next_result(self, timeout_s: float) -> tuple[Any, Any] | None:
        """A key and what the worker answered."""

    def release(self, key: Any) -> None:
        """The worker is idle again."""


class Timekeeper:
    """Judges candidates by time.

    What the table foretells as too slow, by more than it ever was wrong, is no trial at all, and
    what it foretells as quick enough, by as much, is trained without the clock. The rest is
    measured, unless the table is of another device: then it alone decides. Once the table knows its
    own error, what is near a limit is measured in proportion to what training takes; who is on
    the front in the end is measured with care.

    Args:
        limits: on times.
        table: of the device that the limits are meant for.
        path: where the table is kept; None: nowhere.
        measures: whether candidates are timed here; False for the table of another device.
        workers: that stand still while one of them reads the clock.
        note: hears that the table cannot be kept.

    Attributes:
        timed: networks that were measured.
        timing_s: seconds that workers have spent on it.
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
        self._reports = 0
        self._workers = workers
        self._trainings = 0
        self._assured = 0
        self._train_s = 0.0
        self.timed = 0
        self.timing_s = 0.0
        self._references_ms: dict[str, float | None] = {}

    def admits(self, architecture: Architecture) -> bool:
        """Whether the table lets a network pass; microseconds.

        When candidates are measured here, only what is clearly out of the limits is refused.
        """
        return all(self._admits(architecture, limit) for limit in self.limits)

    def assured(self, architecture: Architecture) -> dict[str, dict[str, Any]]:
        """The times of a network that is clearly within the limits; nothing if the clock must say.

        Clearly: by more than the table, which knows its own error, ever was wrong, with no more
        than half of the layers guessed. Every eighth such network is left to the clock all
        the same, so that the table sees how it fares with them.
        """
        for limit in self.limits:
            said = self.table.of(limit.setting).predict(architecture)
            unit = self._unit_ms(limit)
            if said is None or unit is None or said.guessed > said.layers * _VOUCHED:
                return {}
            if said.high_ms > limit.most * unit or said.low_ms < limit.least * unit:
                return {}
        self._assured += 1
        return {} if self._assured % _LOOK_EVERY == 0 else self.foretold(architecture)

    def order(self, architecture: Architecture) -> TimingRequest:
        """What a worker is to measure of a network: its limits, and layers that are new."""
        is_warm = all(self.table.of(limit.setting).error_range for limit in self.limits)
        inside = dict.fromkeys(
            (limit.setting, network)
            for limit in self.limits
            for network in (architecture, limit.reference)
            if network is not None and self._is_news(network, limit, is_warm=is_warm)
        )
        return TimingRequest(
            architecture,
            self.limits,
            tuple(inside),
            brief=is_warm,
            most_s=self._most_s() if is_warm else _MOST_S,
        )

    def _is_news(self, network: Architecture, limit: TimeLimit, *, is_warm: bool) -> bool:
        """Whether a look inside a network is worth its time; a table knows its error by guesses."""
        times = self.table.of(limit.setting)
        unknown = len(times.unknown(network))
        if not is_warm or not unknown:
            return bool(unknown)
        return unknown > len(nodes_of(network)) * _FEW or times.predict(network) is None

    def trained(self, train_s: float) -> None:
        """Takes note of how long a training took, which says how long a timing may take."""
        self._trainings += 1
        self._train_s += train_s

    def spent(self, networks: int, seconds: float) -> None:
        """Takes note of what timing so many networks took of a worker's time."""
        self.timed += networks
        self.timing_s += seconds

    def learn(self, architecture: Architecture, report: TimingResult) -> None:
        """Takes a report's layers into the table, and how well its figures were foretold.

        Raises:
            TableError: the worker is of another kind of machine than the table.
        """
        self.spent(1, report.seconds)
        self.table.check_same_device(report.machine, self._path or Path("the time table"))
        self.table.tell_at(report.calm_ms)
        by_name = {limit.name: limit.setting for limit in self.limits}
        for figure in report.figures:
            times = self.table.of(by_name[figure.name])
            said = times.predict(architecture)
            if said is not None and architecture.id not in times.networks:
                times.check(said.ms, figure.time.value)
        for setting, network, inside in report.inside:
            self.table.of(setting).add(network, inside)
        self._references_ms.clear()
        self._reports += 1
        if self._reports % _SAVE_EVERY == 0:
            self.save()

    def save(self) -> None:
        """Keeps the table for the next search; one that cannot be written is done without."""
        if self._path is None or not self._reports:
            return
        try:
            self.table.write(self._path)
        except TableError as error:
            self._path = None
            self._note(f"the times of layers are not kept for later searches: {error}")

    def foretold(self, architecture: Architecture) -> dict[str, dict[str, Any]]:
        """The times that the table says, for the study; what it cannot say is left out."""
        found = {}
        for limit in self.limits:
            said = self.table.of(limit.setting).predict(architecture)
            if said is not None:
                found[limit.name] = {"ms": said.ms, "foretold_ms": said.ms, "verdict": "foretold"}
        return found

    def prepare(self, clock: Clock, space: Space, check: Callable[[], None] = lambda: None) -> str:
        """Sees that something can fit, before any training; times the references meanwhile.

        Args:
            clock: the workers.
            space: of the search.
            check: called while a worker is waited for; ends the search after Ctrl-C.

        Returns:
            What there is to say about it.

        Raises:
            BudgetError: not even the cheapest network of the space is quick enough, or the table
                cannot foretell a reference.
        """
        cheapest = extreme_network(space, "cheapest")
        if not self.measures:
            for limit in self.limits:
                self._check_foretold(limit, cheapest)
            return f"times: foretold by a table of {self.table.machine['device']}, not measured"
        clock.time("cheapest", self.order(cheapest))
        report = wait_for_answer(clock.next_result, check)
        clock.release("cheapest")
        if not isinstance(report, TimingResult):
            reason = getattr(report, "diverged", None) or report
            raise StudyError(f"the cheapest network could not be timed: {reason}")
        self.learn(cheapest, report)
        self.save()
        said = []
        for figure, limit in zip(report.figures, self.limits, strict=False):
            said.append(f"{figure.name} of the cheapest network is {amount(figure)}")
            if not figure.within and limit.least == 0:
                raise BudgetError(
                    f"no network is within {limit.text!r}: the cheapest of the space "
                    f"{space.name!r}, {format_notation(cheapest.stages)}, takes {amount(figure)}; "
                    "raise the budget"
                )
        return "times: " + ", ".join(said)

    def _most_s(self) -> float:
        if not self._trainings:
            return _MOST_S_AT_FIRST
        return min(_SHARE * self._train_s / self._trainings / self._workers, _MOST_S)

    def _admits(self, architecture: Architecture, limit: TimeLimit) -> bool:
        said = self.table.of(limit.setting).predict(architecture)
        if said is None:
            return self.measures  # a table that decides alone must know
        unit = self._unit_ms(limit)
        if unit is None:
            return self.measures
        if not self.measures:
            return limit.least * unit <= said.ms <= limit.most * unit
        return said.low_ms <= limit.most * unit and said.high_ms >= limit.least * unit

    def _unit_ms(self, limit: TimeLimit) -> float | None:
        """What a limit is a multiple of, by the same table as the candidate's time."""
        if limit.reference is None:
            return 1.0
        if limit.name not in self._references_ms:
            said = self.table.of(limit.setting).predict(limit.reference)
            self._references_ms[limit.name] = None if said is None else said.ms
        return self._references_ms[limit.name]

    def _check_foretold(self, limit: TimeLimit, cheapest: Architecture) -> None:
        said: Prediction | None = self.table.of(limit.setting).predict(cheapest)
        unit = self._unit_ms(limit)
        if said is None or unit is None:
            who = "the reference" if unit is None else "the space"
            raise BudgetError(
                f"the time table knows no layers like those of {who} for {limit.text!r} "
                f"({limit.setting}); add them on its device with nas-tc calibrate"
            )
        if said.ms > limit.most * unit:
            raise BudgetError(
                f"no network is within {limit.text!r}: the table foretells {said.ms:.3g} ms for "
                f"the cheapest, {format_notation(cheapest.stages)}; raise the budget"
            )
