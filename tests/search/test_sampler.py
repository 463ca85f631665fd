import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState

from brute_force import every_network
from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.search import AffordableSampler
from nas_tc.space import Space, extreme_network, load_space
from strategies import spaces

optuna.logging.set_verbosity(optuna.logging.ERROR)
PLAIN = load_space("plain-32")


def limit_of(multiply_adds, space=PLAIN):
    return resolve_budget(parse_budget(str(multiply_adds)), space.input)


def propose(sampler, study, error=None):
    """Asks for a network and ends its trial."""
    trial = study.ask(sampler.distributions)
    architecture = sampler._space.decode(trial.params)
    trial.set_user_attr("complexity", complexity(architecture))
    if error is not None:
        study.tell(trial, error(architecture))
    return architecture


def new_study(sampler):
    return optuna.create_study(sampler=sampler)


@pytest.mark.parametrize("multiply_adds", [120_000, 500_000, 6_000_000])
def test_every_proposal_is_affordable_and_new(multiply_adds):
    sampler = AffordableSampler(PLAIN, limit_of(multiply_adds), seed=1)
    study = new_study(sampler)
    found = [
        propose(sampler, study, error=lambda a: 1 / (1 + complexity(a)) ** 0.1) for _ in range(30)
    ]
    assert len(set(found)) == 30
    assert all(complexity(each) <= multiply_adds for each in found)
    assert sampler.rejected > 0


def test_what_is_rejected_leaves_no_trial_behind():
    sampler = AffordableSampler(PLAIN, limit_of(100_000), seed=1)
    study = new_study(sampler)
    propose(sampler, study)
    assert sampler.rejected > 100
    assert len(study.trials) == 1


def test_proposals_depend_on_seed_and_trials_alone():
    def run(seed, resume_after):
        sampler = AffordableSampler(PLAIN, limit_of(6_000_000), seed)
        study = new_study(sampler)
        found = []
        for number in range(16):
            if number == resume_after:
                sampler = study.sampler = AffordableSampler(PLAIN, limit_of(6_000_000), seed)
            found.append(propose(sampler, study, error=lambda a: a.depth / 100))
        return found

    whole = run(3, resume_after=None)
    assert run(3, resume_after=12) == whole
    assert run(4, resume_after=None) != whole


@settings(max_examples=25)
@given(spaces().filter(lambda space: space.settings <= 200), st.floats(0, 1))
def test_a_space_is_exhausted_and_then_said_to_be(space: Space, share):
    networks = every_network(space)
    if not networks:
        return
    costs = sorted(complexity(each) for each in networks)
    limit = costs[int(share * (len(costs) - 1))]
    affordable = {each for each in networks if complexity(each) <= limit}
    sampler = AffordableSampler(space, limit_of(limit, space), seed=0)
    study = new_study(sampler)
    found = set()
    while sampler.has_next(study):
        architecture = propose(sampler, study, error=lambda a: 0.5)
        assert architecture not in found
        found.add(architecture)
    assert found <= affordable
    # Even draws find what lies apart; where they miss, neighbours of the cheapest remain.
    assert len(found) >= min(len(affordable), 1)
    assert len(affordable) > 12 or found == affordable


def test_a_budget_that_hardly_anything_fits():
    least = complexity(extreme_network(PLAIN, "cheapest"))
    sampler = AffordableSampler(PLAIN, limit_of(least), seed=0)
    study = new_study(sampler)
    assert complexity(propose(sampler, study)) == least
    while sampler.has_next(study):
        assert complexity(propose(sampler, study)) == least
    with pytest.raises(ValueError, match="no other network within the budget"):
        study.ask(sampler.distributions)


def test_trials_that_were_cut_off_while_asked_for_do_no_harm():
    sampler = AffordableSampler(PLAIN, limit_of(6_000_000), seed=0)
    study = new_study(sampler)
    study.tell(study.ask(dict(list(sampler.distributions.items())[:3])), state=TrialState.FAIL)
    assert propose(sampler, study)


def test_foreign_parameters_are_refused():
    study = new_study(AffordableSampler(PLAIN, limit_of(6_000_000), seed=0))
    with pytest.raises(ValueError, match="'lr' is not a gene"):
        study.ask().suggest_float("lr", 0, 1)


def budget_of(expression, space=PLAIN):
    return resolve_budget(parse_budget(expression), space.input, space.classes)


def test_every_proposal_is_within_the_range():
    sampler = AffordableSampler(PLAIN, budget_of("complexity in 5.5M..6M"), seed=1)
    study = new_study(sampler)
    found = [propose(sampler, study, error=lambda a: 1 / a.depth) for _ in range(20)]
    assert len(set(found)) == 20
    assert all(5_500_000 <= complexity(each) <= 6_000_000 for each in found)


def test_a_narrow_range_is_climbed_to():
    # None of the even draws is in it, so it is reached from the cheapest network.
    limit = budget_of("complexity in 2.81G..2.82G")
    sampler = AffordableSampler(PLAIN, limit, seed=1)
    assert limit.admits(complexity(propose(sampler, new_study(sampler))))


def test_every_proposal_keeps_all_limits():
    limit = budget_of("params<=50k, memory<=256KiB, train_memory<=20MB@b128")
    sampler = AffordableSampler(PLAIN, limit, seed=1)
    study = new_study(sampler)
    found = [propose(sampler, study, error=lambda a: 1 / a.depth) for _ in range(15)]
    assert all(limit.broken_by(each) is None for each in found)
    assert sampler.rejected > 100
