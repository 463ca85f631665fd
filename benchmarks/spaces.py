"""How fast spaces of blocks are counted, drawn from, costed and searched, by seconds of one core.

    python benchmarks/spaces.py [--quick]

For each shipped space: its graph, a count within a complexity that one network in a million keeps
(and half of them), a thousand samples; the cost of one network, and of a million at once; a
proposal with 100 and with 1,000 finished trials, and with 100 within limits on memory. Beside it,
the ratio to plain-32 in the same run.
All times are those of the processor, so that other programs matter little. The last line is JSON.
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.search.network_sampler import network_sampler
from nas_tc.space import (
    Feasible,
    Space,
    complexity_batch,
    count_networks,
    extreme_network,
    load_space,
    shipped_spaces,
)
from nas_tc.space.graph import network_graph
from nas_tc.space.table import stage_tables

LIMITS = {  # several limits at once, which one network in a hundred or fewer keeps
    "plain-32": "complexity in 20M..30M, params<=30k",
    "residual-32": "complexity in 20M..30M, params<=60k",
    "mobile-32": "complexity<=6M, params<=30k",
    "mixed-32": "alexnet*0.6, params<=20k, train_memory<=60MB@b128",
    "tiny-96": "weights<=64KiB@int8, memory<=32KiB@int8",
}
MEMORY = {  # limits on memory, as people have them
    "plain-32": "memory<=1MB, train_memory<=60MB@b128",
    "mobile-224": "weights<=20MB, memory<=40MB, train_memory<=4GB@b32",
    "tiny-96": "weights<=256KiB@int8, memory<=320KiB@int8",
}


def seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def share_limit(space: Space, share: float) -> int:
    """A complexity that about this share of the networks keeps, by bisection of exact counts."""
    networks = count_networks(space)
    low, high = (complexity(extreme_network(space, end)) for end in ("cheapest", "costliest"))
    for _ in range(40):
        middle = int((low * high) ** 0.5)
        if Feasible(space, 0, middle).count < share * networks:
            low = middle
        else:
            high = middle
        if high <= low * 1.001:
            break
    return high


def count_and_draw(space: Space, limit: int) -> dict[str, float]:
    random = np.random.default_rng(0)
    held: list[Feasible] = []
    count_s = seconds(lambda: held.append(Feasible(space, 0, limit)))
    draw_s = seconds(lambda: held[0].draw(1000, random))
    inexact = 0.0 if held[0].is_exact else 1 - held[0].at_least / held[0].count
    return {"count_s": count_s, "draw_s": draw_s, "uncertain": inexact, "count": held[0].count}


def costs(space: Space, many: int) -> dict[str, float]:
    random = np.random.default_rng(1)
    rows = np.stack([random.integers(0, len(gene.choices), many) for gene in space.genes], axis=1)
    batch_s = seconds(lambda: complexity_batch(space, rows))
    exist = rows[complexity_batch(space, rows) >= 0][:2000]
    networks = [space.decode(values) for values in space.values(exist.tolist())]
    first_s, one_s = (
        seconds(lambda: [complexity(network) for network in networks]) / len(networks)
        for _ in range(2)
    )
    decode_s = seconds(lambda: [space.decode(v) for v in space.values(exist.tolist())])
    return {
        "per_s": many / batch_s,
        "first_us": 1e6 * first_s,
        "one_us": 1e6 * one_s,
        "decode_us": 1e6 * decode_s / len(networks),
    }


def proposals(space: Space, budget_text: str, trials: int, many: int) -> float:
    """Milliseconds a proposal, the median, with so many finished trials."""
    budget = resolve_budget(parse_budget(budget_text), space.input, space.classes)
    random = np.random.default_rng(2)
    feasible = Feasible(
        space, 0, budget.complexity or complexity(extreme_network(space, "costliest"))
    )
    distributions = {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}
    study = optuna.create_study(sampler=network_sampler(space, budget, 0))
    study.add_trials(
        [
            optuna.trial.create_trial(
                params=dict(genes), distributions=distributions, value=random.normal(0.5, 0.1)
            )
            for genes in feasible.values(feasible.draw(trials, random))
        ]
    )
    study.ask(distributions)
    return 1e3 * statistics.median(
        seconds(lambda: study.tell(study.ask(distributions), 0.5)) for _ in range(many)
    )


def first_proposal(space: Space, expression: str) -> float:
    """Seconds until the first proposal within several limits; the graph is known."""
    limit = resolve_budget(parse_budget(expression), space.input, space.classes)
    distributions = {gene.name: CategoricalDistribution(gene.choices) for gene in space.genes}

    def first() -> None:
        optuna.create_study(sampler=network_sampler(space, limit, 0)).ask(distributions)

    return seconds(first)


def measured(name: str, *, quick: bool) -> dict[str, float]:
    space = load_space(name)
    stage_tables.cache_clear()
    network_graph.cache_clear()
    found = {"graph_s": seconds(lambda: network_graph(space))}
    found["networks"] = count_networks(space)
    for share, key in ((1e-6, "rare"), (0.5, "half")):
        limit = share_limit(space, share)
        found |= {f"{key}_{what}": v for what, v in count_and_draw(space, limit).items()}
    found |= costs(space, 100_000 if quick else 1_000_000)
    for trials in (100, 1000):
        found[f"proposal_{trials}_ms"] = proposals(space, str(limit), trials, 4 if quick else 12)
    if name in MEMORY:
        found["proposal_memory_ms"] = proposals(space, MEMORY[name], 100, 4 if quick else 12)
    if name in LIMITS:
        found["first_s"] = first_proposal(space, LIMITS[name])
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spaces", nargs="*", default=None)
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    names = ["plain-32", *(options.spaces or [n for n in shipped_spaces() if n != "plain-32"])]
    print(
        "| space | networks | graph, s | one in 10^6: count, draw 1,000, s | half: the same | "
        "cost of one, first and again, us | a second in batches | "
        "proposal at 100, 1,000 trials, ms | ratio | within limits on memory, 100 trials, ms | "
        "first within several limits, s |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    found = {}
    for name in names:
        each = found[name] = measured(name, quick=options.quick)
        ratio = each["proposal_100_ms"] / found["plain-32"]["proposal_100_ms"]
        first = f"{each['first_s']:.2f}" if "first_s" in each else ""
        memory = f"{each['proposal_memory_ms']:.0f}" if "proposal_memory_ms" in each else ""
        print(
            f"| {name} | {each['networks']:.2g} | {each['graph_s']:.2f} | "
            f"{each['rare_count_s']:.2f}, {each['rare_draw_s']:.2f} | "
            f"{each['half_count_s']:.2f}, {each['half_draw_s']:.2f} | {each['first_us']:.0f}, "
            f"{each['one_us']:.0f} | "
            f"{each['per_s'] / 1e6:.1f} M | {each['proposal_100_ms']:.0f}, "
            f"{each['proposal_1000_ms']:.0f} | {ratio:.1f} | {memory} | {first} |",
            flush=True,
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
