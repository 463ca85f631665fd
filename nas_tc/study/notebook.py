"""A study in a notebook: its front as an HTML table."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from nas_tc._files import as_text
from nas_tc.metric import Metric
from nas_tc.study.names import NetworkNames
from nas_tc.study.trial import TrialRecord


def notebook_html(
    title: str, trials: Sequence[TrialRecord], shown: Sequence[TrialRecord], metric: Metric
) -> str:
    """Networks as an HTML table, and how many trials ended in each way.

    Args:
        title: Name of the study.
        trials: All its trials.
        shown: Those that get a row.
        metric: Metric of the errors.
    """
    counts = Counter(trial.state for trial in trials)
    ends = ", ".join(f"{count} {state}" for state, count in counts.items()) or "no trials yet"
    headings = ["trial", f"val. {metric.words}", f"test {metric.words}", "multiply-adds"]
    times = list(dict.fromkeys(name for trial in shown for name in trial.times))
    headings += ["parameters", *(f"{name}, ms" for name in times), "network"]
    name = NetworkNames(trials)
    head = "".join(f"<th>{escape(each)}</th>" for each in headings)
    rows = "".join(_row(trial, name(trial), times) for trial in shown)
    return (
        f"<div><p><b>{_text(title)}</b><br>{_text(ends)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(trial: TrialRecord, name: str, times: list[str]) -> str:
    network = name if trial.baseline is None else f"{trial.baseline}: {name}"
    cells = [
        str(trial.number),
        _percent(trial.mean_val_error),
        _percent(trial.test_error),
        f"{trial.complexity:,}",
        f"{trial.params:,}",
        *(f"{trial.times[name]['ms']:.3f}" if name in trial.times else "–" for name in times),
    ]
    figures = "".join(f"<td>{_text(cell)}</td>" for cell in cells)
    return f"<tr>{figures}<td style='text-align:left'><code>{_text(network)}</code></td></tr>"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.2f} %"


def _text(text: str) -> str:
    return escape(as_text(text))
