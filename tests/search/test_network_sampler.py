"""The sampler over the networks of a space."""

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState

from brute_force import every_network
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import ArchitectureError, BudgetError
from nas_tc.experience import experience_for, load_experience, numbers_of
from nas_tc.search.network_sampler import network_sampler
from nas_tc.space import Feasible, Space, extreme_network, load_space, parse_space
from strategies import spaces

optuna.logging.set_verbosity(optuna.logging.ERROR)
PLAIN = load_space("plain-32")


def budget_of(expression, space=PLAIN):
    return resolve_budget(parse_budget(str(expression)), space.input, space.classes)


def propose(sampler, study, error=None, space=PLAIN):
    """Asks for a network and ends its trial."""
    trial = study.ask(sampler.distributions)
    architecture = space.decode(trial.params)
    if error is not None:
        study.tell(trial, error(architecture))
    return architecture


@pytest.mark.parametrize("multiply_adds", [120_000, 500_000, 6_000_000])
def test_every_proposal_is_affordable_and_mostly_new(multiply_adds):
    sampler = network_sampler(PLAIN, budget_of(multiply_adds), seed=1)
    study = optuna.create_study(sampler=sampler)
    found = [
        propose(sampler, study, error=lambda a: 1 / (1 + complexity(a)) ** 0.1) for _ in range(30)
    ]
    assert len(set(found[:8])) == 8
    assert len(set(found)) > 24
    assert all(complexity(each) <= multiply_adds for each in found)


@pytest.mark.parametrize("experience", [None, load_experience("plain-2")])
def test_proposals_depend_on_seed_and_trials_alone(experience):
    def new(seed):
        return network_sampler(PLAIN, budget_of(6_000_000), seed, experience=experience)

    def run(seed, resume_after):
        sampler = new(seed)
        study = optuna.create_study(sampler=sampler)
        found = []
        for number in range(24):
            if number == resume_after:
                sampler = study.sampler = new(seed)
            found.append(propose(sampler, study, error=lambda a: a.depth / 100))
        return found

    whole = run(3, resume_after=None)
    assert run(3, resume_after=20) == whole
    assert run(4, resume_after=None) != whole


def regret(experience, truth, seed, trials=24):
    """How far the best of a search is above the least of a thousand networks, as logarithms."""
    limit = budget_of(6_000_000)
    sampler = network_sampler(PLAIN, limit, seed, experience=experience)
    study = optuna.create_study(sampler=sampler)
    for _ in range(trials):
        propose(sampler, study, error=truth)
    feasible = Feasible(PLAIN, 0, limit.complexity)
    drawn = feasible.values(feasible.draw(1000, np.random.default_rng(0)))
    return study.best_value - min(truth(PLAIN.decode(each)) for each in drawn)


@pytest.mark.parametrize("name", ["plain-32", "mixed-32", "mobile-32"])
def test_the_first_proposals_are_expected_to_be_good_for_their_cost(name):
    space = load_space(name).at((3, 32, 32), 10)
    experience = load_experience(experience_for(space))
    limit = budget_of(6_000_000, space)
    feasible = Feasible(space, 0, limit.complexity)
    drawn = feasible.values(feasible.draw(1000, np.random.default_rng(0)))
    usual = [space.decode(each) for each in drawn]
    sampler = network_sampler(space, limit, seed=0, experience=experience)
    study = optuna.create_study(sampler=sampler)
    first = [propose(sampler, study, space=space) for _ in range(8)]
    assert len(set(first)) == 8

    def expected(networks):
        return experience.expected(np.array([numbers_of(each, 32) for each in networks]))

    def octaves(networks):
        return np.log2([complexity(each) for each in networks])

    line = np.polyfit(octaves(usual), expected(usual), 1)
    above = expected(usual) - np.polyval(line, octaves(usual))
    assert (expected(first) - np.polyval(line, octaves(first)) < np.quantile(above, 0.1)).all()
    # They do not crowd at the limit.
    assert octaves(first).min() < np.quantile(octaves(usual), 0.5)


def test_a_network_that_does_not_exist_teaches_nothing():
    space = PLAIN.at((3, 4, 4), 10)
    sampler = network_sampler(
        space, budget_of(10**6, space), 0, experience=load_experience("plain-2")
    )
    study = optuna.create_study(sampler=sampler)
    vanishing = {gene.name: gene.choices[0] for gene in space.genes} | {
        "stage1.pool": "3/2",
        "stage2.pool": "3/2",
        "stage1.stride": 2,
    }
    with pytest.raises(ArchitectureError):
        complexity(space.decode(vanishing))
    study.add_trial(
        optuna.trial.create_trial(params=vanishing, distributions=sampler.distributions, value=0.9)
    )
    found = [propose(sampler, study, error=lambda a: a.depth / 100, space=space) for _ in range(12)]
    assert all(complexity(each) <= 10**6 for each in found)


def test_an_experience_that_is_wrong_is_seen_through():
    experience = load_experience("plain-2")

    def opposite(network):
        return float(-experience.expected(numbers_of(network)[None])[0])

    misled = np.mean([regret(experience, opposite, seed) for seed in range(2)])
    alone = np.mean([regret(None, opposite, seed) for seed in range(2)])
    spread = 0.12  # standard deviation of what is expected of a thousand networks
    assert misled < alone + spread


@settings(max_examples=25)
@given(spaces().filter(lambda space: space.settings <= 100), st.floats(0, 1))
def test_a_space_is_exhausted_and_then_said_to_be(space: Space, share):
    networks = every_network(space)
    if not networks:
        return
    costs = sorted(complexity(each) for each in networks)
    limit = costs[int(share * (len(costs) - 1))]
    affordable = {each for each in networks if complexity(each) <= limit}
    sampler = network_sampler(space, budget_of(limit, space), seed=0)
    study = optuna.create_study(sampler=sampler)
    found = []
    while sampler.has_next(study):
        found.append(propose(sampler, study, error=lambda a: 0.5, space=space))
    assert len(found) == len(affordable)
    assert set(found) == affordable


def test_a_budget_that_hardly_anything_fits():
    least = complexity(extreme_network(PLAIN, "cheapest"))
    sampler = network_sampler(PLAIN, budget_of(least), seed=0)
    study = optuna.create_study(sampler=sampler)
    found = set()
    while sampler.has_next(study):
        found.add(propose(sampler, study, error=lambda a: 0.5))
    assert {complexity(each) for each in found} == {least}


def test_trials_that_were_cut_off_while_asked_for_do_no_harm():
    sampler = network_sampler(PLAIN, budget_of(6_000_000), seed=0)
    study = optuna.create_study(sampler=sampler)
    study.tell(study.ask(dict(list(sampler.distributions.items())[:3])), state=TrialState.FAIL)
    assert propose(sampler, study)


def test_every_proposal_is_within_the_range():
    sampler = network_sampler(PLAIN, budget_of("complexity in 5.5M..6M"), seed=1)
    study = optuna.create_study(sampler=sampler)
    found = [propose(sampler, study, error=lambda a: 1 / a.depth) for _ in range(20)]
    assert len(set(found)) > 16
    assert all(5_500_000 <= complexity(each) <= 6_000_000 for each in found)


def test_a_narrow_range_is_reached():
    limit = budget_of("complexity in 2.81G..2.82G")
    sampler = network_sampler(PLAIN, limit, seed=1)
    study = optuna.create_study(sampler=sampler)
    assert limit.admits(complexity(propose(sampler, study)))


@pytest.mark.parametrize(
    "expression",
    [
        "params<=50k, memory<=256KiB, train_memory<=20MB@b128",
        "complexity<=6M, params in 20k..25k",
        "params<=11k",  # where uniform samples hardly ever fit
        "complexity in 20M..30M, params<=30k",  # where both ends of the space break a limit
    ],
)
def test_every_proposal_keeps_all_limits(expression):
    limit = budget_of(expression)
    sampler = network_sampler(PLAIN, limit, seed=1)
    study = optuna.create_study(sampler=sampler)
    found = [propose(sampler, study, error=lambda a: 1 / a.depth) for _ in range(15)]
    assert all(limit.broken_by(each) is None for each in found)


def test_limits_that_no_network_keeps_together_are_told():
    with pytest.raises(BudgetError, match=r"no network of the space|no setting is found"):
        network_sampler(PLAIN, budget_of("complexity<=110k, params<=500"), seed=0)


def test_a_draw_does_not_depend_on_the_luck_of_those_before():
    limit = budget_of("params<=50k")  # one uniform sample of forty fits

    def drawn(seeds):
        draws = network_sampler(PLAIN, limit, seed=0)._constraints.draws
        return {seed: draws.draw(1, np.random.default_rng(seed)) for seed in seeds}

    assert drawn(range(8)) == drawn(reversed(range(8)))


@pytest.mark.parametrize("listed", [True, False])
def test_what_is_admitted_may_change_with_every_trial(listed, monkeypatch):
    """As a table of times does that learns while the search goes on."""
    if not listed:
        monkeypatch.setattr("nas_tc.search.network_sampler._LISTED", 0)
        monkeypatch.setattr("nas_tc.sampler.feasible_draws._LISTED", 0)
    space = parse_space(FEW, "few", "few.toml")
    networks = set(every_network(space))
    deep = {each for each in networks if each.depth > 2}
    refused, asked = set(), []

    def admits(architecture):
        asked.append(architecture)
        return architecture not in refused

    sampler = network_sampler(space, budget_of("1G", space), seed=0, admits=admits)
    study = optuna.create_study(sampler=sampler)
    found = [propose(sampler, study, error=lambda a: 1 / a.depth, space=space) for _ in range(16)]
    assert deep & set(found)
    refused |= deep
    while sampler.has_next(study):
        found.append(propose(sampler, study, error=lambda a: 1 / a.depth, space=space))
        assert found[-1] not in deep
    assert networks - deep <= set(found)
    refused.clear()
    while sampler.has_next(study):
        found.append(propose(sampler, study, error=lambda a: 1 / a.depth, space=space))
    assert set(found) == networks
    assert len(found) < 2 * len(networks)  # some are trained again


def test_few_settings_are_judged_for_a_proposal():
    asked = []
    sampler = network_sampler(
        PLAIN, budget_of("6M"), seed=0, admits=lambda each: asked.append(each) or len(asked) % 4
    )
    study = optuna.create_study(sampler=sampler)
    many = []
    for _ in range(20):
        before = len(asked)
        assert sampler.has_next(study)
        propose(sampler, study, error=lambda a: 1 / a.depth)
        many.append(len(asked) - before)
    assert sorted(many)[10] < 150  # of 512 in the pool, which was judged when it was drawn


FEW = """
input = [1, 16, 16]

[[stage]]
depth = [1, 2]
width = [4, 8]
filter = [3]
stride = [2]

[[stage]]
depth = [1, 2, 3]
width = [8, 16]
filter = [2, 3]
"""


def test_where_the_clock_alone_admits_nothing_it_is_told():
    limit = budget_of("latency<=1ms")
    with pytest.raises(BudgetError, match="no network within 'latency<=1ms' was found"):
        network_sampler(PLAIN, limit, seed=0, admits=lambda _: False)._constraints.draws.draw(
            1, np.random.default_rng(0)
        )
