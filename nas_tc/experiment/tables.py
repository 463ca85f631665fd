"""The tables of an experiment as data frames, and as Markdown."""

from collections.abc import Iterable, Sequence

import pandas as pd

from nas_tc.architecture import Architecture, format_head, format_notation
from nas_tc.cost import network_cost
from nas_tc.experiment.outcome import Outcome
from nas_tc.experiment.statistics import Difference
from nas_tc.study.spread import Spread

_ESCAPED = str.maketrans({"|": r"\|", "[": r"\["})


def networks_table(outcome: Outcome) -> pd.DataFrame:
    """One row a network, as in Table 1 of He & Sun (2015).

    Columns: network (its name), paper_error, seeds (trainings that did not fail), failed,
    val_error, val_error_sd, test_error, test_error_sd (0 to 1, mean and standard deviation over the
    seeds), train_loss (mean, last epoch), depth, complexity (multiply-adds), ratio (to the budget's
    reference, or else to the first network), params, train_s (mean seconds); latency_ms,
    latency_low_ms and latency_high_ms if times were measured; resolution (height and width of the
    input) if it is not the same for all; notation, norm, head (None if it has no
    name), activation, origin, unequal_because.

    Args:
        outcome: Outcome of the experiment.
    """
    reference = _reference(outcome)
    sizes = _resolutions_differ(outcome)
    rows = []
    for place, each in enumerate(outcome.entrants):
        trained = outcome.trainings[each.name].values()
        rungs = [one.rungs[-1] for one in trained if one.rungs]
        val, test = (outcome.spread(each.name, which) for which in ("val", "test"))
        timed = {} if outcome.times is None else _time(outcome, place)
        rows.append(
            {
                "network": each.name,
                "paper_error": each.paper_error,
                "seeds": len(rungs),
                "failed": sum(one.failure is not None for one in trained),
                "val_error": None if val is None else val.mean,
                "val_error_sd": None if val is None else val.deviation,
                "test_error": None if test is None else test.mean,
                "test_error_sd": None if test is None else test.deviation,
                "train_loss": _mean([rung.train_loss for rung in rungs]),
                "depth": each.architecture.depth,
                "complexity": each.complexity,
                "ratio": round(each.complexity / reference, 4),
                "params": network_cost(each.architecture).params,
                "train_s": _mean([rung.train_s for rung in rungs]),
                **timed,
                **({"resolution": each.architecture.resolution} if sizes else {}),
                "notation": format_notation(each.architecture.stages),
                "norm": each.architecture.norm,
                "head": format_head(each.architecture.head),
                "activation": each.architecture.activation,
                "origin": each.origin,
                "unequal_because": each.unequal_because,
            }
        )
    return pd.DataFrame(rows)


def trainings_table(outcome: Outcome) -> pd.DataFrame:
    """One row a training: network, seed, val_error, test_error, train_loss, train_s, failure."""
    rows = []
    for each in outcome.entrants:
        for seed, training in sorted(outcome.trainings[each.name].items()):
            last = training.rungs[-1] if training.rungs else None
            rows.append(
                {
                    "network": each.name,
                    "seed": seed,
                    "val_error": last and last.val_error,
                    "test_error": training.test_error,
                    "train_loss": last and last.train_loss,
                    "train_s": last and last.train_s,
                    "failure": training.failure,
                }
            )
    columns = ["network", "seed", "val_error", "test_error", "train_loss", "train_s", "failure"]
    return pd.DataFrame(rows, columns=columns)


def differences_table(outcome: Outcome) -> pd.DataFrame:
    """One row a pair of networks.

    Columns: first, second, relation (the trade-off that leads from the first to the second), change
    (in words), seeds (that both were trained with), and for the validation and the test error the
    difference, first less second, 0 to 1, with Student's 95 % interval: test_difference, test_low,
    test_high, ...

    Args:
        outcome: Outcome of the experiment.
    """
    steps = {(each.first, each.second): each for each in outcome.relations}
    rows = []
    for first, second in outcome.pairs:
        step = steps.get((first, second)) or steps.get((second, first))
        test = outcome.difference(first, second)
        rows.append(
            {
                "first": first,
                "second": second,
                "relation": step and step.kind,
                "change": step and step.change,
                "seeds": 0 if test is None else test.count,
                **_difference("test", test),
                **_difference("val", outcome.difference(first, second, "val")),
            }
        )
    return pd.DataFrame(rows)


def claims_table(outcome: Outcome) -> pd.DataFrame:
    """One row a pair of neighbours in a claim's order.

    Columns: claim (number), says, order, first, sign, second, paper_difference, seeds,
    test_difference, test_low, test_high (first less second, 0 to 1), verdict, and claim_verdict
    of the whole order.

    Args:
        outcome: Outcome of the experiment.
    """
    rows = [
        {
            "claim": number,
            "says": result.claim.says,
            "order": result.claim.order,
            "first": pair.first,
            "sign": pair.sign,
            "second": pair.second,
            "paper_difference": None if pair.paper is None else round(pair.paper, 6),
            "seeds": 0 if pair.difference is None else pair.difference.count,
            **_difference("test", pair.difference),
            "verdict": pair.verdict,
            "claim_verdict": result.verdict,
        }
        for number, result in enumerate(outcome.claims, start=1)
        for pair in result.pairs
    ]
    return pd.DataFrame(rows)


def table_one(outcome: Outcome) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table in the report: as Table 1, with our errors.

    Errors are in per cent, mean and standard deviation over the seeds.

    Args:
        outcome: Outcome of the experiment.
    """
    parts = [_parts(each.architecture) for each in outcome.entrants]
    most = max(map(len, parts))
    headings, rows = short_table(outcome)
    headings = [
        *headings[:-1],
        *(f"stage {n // 2 + 1}" if n % 2 == 0 else "pool" for n in range(most)),
        "parameters",
        "s a training",
    ]
    for row, stages, each in zip(rows, parts, outcome.entrants, strict=True):
        rungs = [one.rungs[-1] for one in outcome.trainings[each.name].values() if one.rungs]
        seconds = _mean([rung.train_s for rung in rungs])
        row[-1:] = [
            *stages,
            *[""] * (most - len(stages)),
            f"{network_cost(each.architecture).params:,}",
            "" if seconds is None else f"{seconds:.0f}",
        ]
    return headings, rows


def short_table(outcome: Outcome) -> tuple[list[str], list[list[str]]]:
    """Headings and rows of the table on the screen, which ends with the notation.

    Args:
        outcome: Outcome of the experiment.
    """
    has_paper = any(each.paper_error is not None for each in outcome.entrants)
    reference = _reference(outcome)
    sizes = _resolutions_differ(outcome)
    headings = [
        "network",
        *(["paper, %"] if has_paper else []),
        "val., %",
        "test, %",
        "seeds",
        "d",
        "multiply-adds",
        "ratio",
        *([] if outcome.times is None else ["latency, ms"]),
        *(["resolution"] if sizes else []),
        "notation",
    ]
    rows = []
    for place, each in enumerate(outcome.entrants):
        paper = "" if each.paper_error is None else f"{100 * each.paper_error:.1f}"
        rows.append(
            [
                each.name + (" *" if each.unequal_because else ""),
                *([paper] if has_paper else []),
                _spread(outcome.spread(each.name, "val")),
                _spread(outcome.spread(each.name)),
                str(len(outcome.errors(each.name))),
                str(each.architecture.depth),
                f"{each.complexity:,}",
                f"{each.complexity / reference:.3f}",
                *([] if outcome.times is None else [f"{outcome.times[place].value:.3f}"]),
                *([each.architecture.resolution] if sizes else []),
                format_notation(each.architecture.stages),
            ]
        )
    return headings, rows


def markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; bars and brackets in cells are escaped.

    A bar would begin another cell, and `inverted[6](3,48)` would be a link.
    """
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        f"| {' | '.join(cell.translate(_ESCAPED) for cell in line)} |" for line in lines
    )


def _parts(network: Architecture) -> list[str]:
    """Stages and poolings in turn, as columns: what is not there is empty."""
    found = []
    for stage in network.stages:
        text, _, pool = format_notation((stage,)).partition(" | ")
        found += [text, pool]
    return found[:-1] if not found[-1] else found


def _reference(outcome: Outcome) -> int:
    """Complexity that ratios refer to: of the budget's reference, or of the first network."""
    cost = outcome.experiment.equal_cost
    name = outcome.entrants[0].name if cost is None else cost.reference
    return next(each.complexity for each in outcome.entrants if each.name == name)


def _resolutions_differ(outcome: Outcome) -> bool:
    return len({each.architecture.resolution for each in outcome.entrants}) > 1


def _time(outcome: Outcome, place: int) -> dict[str, float]:
    assert outcome.times is not None
    found = outcome.times[place]
    return {
        "latency_ms": found.value,
        "latency_low_ms": found.low,
        "latency_high_ms": found.high,
    }


def _difference(which: str, found: Difference | None) -> dict[str, float | None]:
    names = (f"{which}_difference", f"{which}_low", f"{which}_high")
    values = (None,) * 3 if found is None else (found.mean, found.low, found.high)
    return {
        name: None if value is None else round(value, 6)
        for name, value in zip(names, values, strict=True)
    }


def _spread(spread: Spread | None) -> str:
    if spread is None:
        return ""
    deviation = "" if spread.deviation is None else f" ± {100 * spread.deviation:.2f}"
    return f"{100 * spread.mean:.2f}{deviation}"


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None
