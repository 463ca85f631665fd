"""The timeline of workers: which trial was trained when, beside which others."""

from dataclasses import dataclass
from datetime import datetime

from nas_tc.study import StudyRecord, TrialRecord

_GAP_S = 120.0  # a longer time without any trial is cut out
_CUT_SHARE = 0.02  # of the whole width that a cut takes


@dataclass(frozen=True, slots=True)
class Bar:
    """A trial on the timeline; positions are shares of its width, 0 to 1."""

    trial: TrialRecord
    start: float
    width: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows of bars that do not overlap, one for each worker that was busy.

    Attributes:
        rows: Bars of each row in their order. Which worker trained a trial is not recorded; trials
            of a row followed one another.
        cuts: Places of the pauses that were cut out, and their lengths in seconds.
        busy_s: Seconds that the width stands for, without the pauses.
        began: Local time of the first trial's start.
        ended: Local time of the last trial's end.
        use: Share of the rows' time during which a trial was trained, 0 to 1.
    """

    rows: tuple[tuple[Bar, ...], ...]
    cuts: tuple[tuple[float, float], ...]
    busy_s: float
    began: datetime
    ended: datetime
    use: float


def timeline_of(record: StudyRecord) -> Timeline | None:
    """The timeline of a study; None if no trial has ended, or its times were not kept.

    Args:
        record: Record of the study.
    """
    spans = [
        (trial.started, trial.ended, trial)
        for trial in record.trials
        if trial.started is not None and trial.ended is not None and trial.reused is None
    ]
    spans.sort(key=lambda each: (each[0], each[2].number))
    if not spans:
        return None
    pauses = _pauses([(start, end) for start, end, _ in spans])
    first = spans[0][0]
    last = max(end for _, end, _ in spans)
    busy = (last - first).total_seconds()
    busy = max(busy - sum(length for _, length in pauses), 1e-3)
    cut = _CUT_SHARE * busy
    whole = busy + cut * len(pauses)

    def place(moment: datetime) -> float:
        passed = (moment - first).total_seconds()
        before = [length for start, length in pauses if start < moment]
        return (passed - sum(before) + cut * len(before)) / whole

    rows: list[list[Bar]] = []
    ends: list[datetime] = []
    for start, end, trial in spans:
        bar = Bar(trial, place(start), place(end) - place(start), (end - start).total_seconds())
        free = next((at for at, until in enumerate(ends) if until <= start), None)
        if free is None:
            rows.append([bar])
            ends.append(end)
        else:
            rows[free].append(bar)
            ends[free] = end
    worked = sum(bar.seconds for row in rows for bar in row)
    cuts = tuple((place(start) + cut / whole / 2, length) for start, length in pauses)
    use = min(1.0, worked / (busy * len(rows)))
    return Timeline(tuple(map(tuple, rows)), cuts, busy, first, last, use)


def _pauses(spans: list[tuple[datetime, datetime]]) -> list[tuple[datetime, float]]:
    """Long times during which nothing was trained: when they began, and seconds."""
    found = []
    end = spans[0][1]
    for start, until in spans:
        if (length := (start - end).total_seconds()) > _GAP_S:
            found.append((end, length))
        end = max(end, until)
    return found
