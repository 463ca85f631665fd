"""The model, what it learns from, and what it is asked for."""

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import TrialState, create_trial
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, DotProduct, Matern, WhiteKernel

from nas_tc.sampler.candidates import Candidate
from nas_tc.sampler.expected_improvement import Front, expected_improvement, knowledge_gradient
from nas_tc.sampler.observations import observations
from nas_tc.sampler.surrogate import Sample, Scale, Surrogate

errors = st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array)


@given(errors, errors)
def test_a_scale_keeps_the_order_and_can_be_undone(known, other):
    scale = Scale.of(known)
    order = np.argsort(other)
    assert (np.diff(scale.to(other)[order]) >= 0).all()
    if scale.unit > 1e-6:
        assert scale.back(scale.to(other)) == pytest.approx(other, abs=1e-9)


def noisy(seed, many=120, noise=0.3):
    """A smooth function of four numbers, seen through noise."""
    random = np.random.default_rng(seed)
    x = random.random((many, 4))
    truth = x[:, 0] + (x[:, 1] - 0.4) ** 2 - 0.5 * x[:, 2] * x[:, 3]
    return x, truth, truth + random.normal(0, noise * truth.std(), many)


def fitted(x, y, spreads=None):
    spreads = np.zeros(len(y)) if spreads is None else spreads
    model = Surrogate(x.shape[1])
    model.fit(Sample(x, y, spreads), lambda n: Sample(x[:n], y[:n], spreads[:n]))
    return model


def test_expected_errors_are_nearer_to_the_truth_than_observed_ones():
    for seed in range(5):
        x, truth, y = noisy(seed)
        model = fitted(x, y)
        expected = model.scale.back(model.predict(x)[0])
        assert np.abs(expected - truth).mean() < 0.7 * np.abs(y - truth).mean()


def test_the_truth_lies_within_the_spread_as_often_as_it_should():
    inside = []
    for seed in range(8):
        x, truth, y = noisy(seed)
        model = fitted(x[:90], y[:90])
        mean, deviation = model.predict(x[90:])
        inside.append(np.abs(model.scale.to(truth[90:]) - mean) < 1.96 * deviation)
    assert 0.8 < np.mean(inside) <= 1


def test_what_is_less_certain_counts_for_less():
    x, _, y = noisy(0, noise=0.05)
    wrong = y.copy()
    wrong[5] += 2
    sure, doubtful = np.zeros(len(y)), np.zeros(len(y))
    doubtful[5] = 50.0
    out = [
        abs(model.scale.back(model.predict(x[5:6])[0])[0] - y[5])
        for model in (fitted(x, wrong, sure), fitted(x, wrong, doubtful))
    ]
    assert out[1] < out[0]


def front(*members, limit=16.0):
    points = [Candidate((), (n,), cost, np.zeros(0)) for n, (cost, _) in enumerate(members)]
    return Front.of(points, np.array([error for _, error in members]), limit)


def test_the_front_is_what_nothing_beats():
    found = front((8, 0.3), (2, 0.5), (4, 0.6), (16, 0.3))
    assert [(p.cost, e) for p, e in zip(found.members, found.errors, strict=True)] == [
        (2, 0.5),
        (8, 0.3),
    ]


def test_expected_improvement_is_that_of_drawn_fronts():
    # by definition: over budgets, half at the limit, half even on the doublings below it
    known = front((2, 0.5), (8, 0.3))
    random = np.random.default_rng(0)
    costs, mean, deviation = np.array([1.0, 3, 9, 16]), np.full(4, 0.35), np.full(4, 0.1)
    found = expected_improvement(known, costs, mean, deviation, at_limit=0.5)
    budgets = np.exp2(np.linspace(0, 4, 4001))
    level = np.select([budgets < 2, budgets < 8], [0.5, 0.5], 0.3)
    for place, cost in enumerate(costs):
        drawn = random.normal(0.35, 0.1, 2000)
        below = np.maximum(0, level[None] - drawn[:, None]) * (budgets >= cost)
        expected = 0.5 * below[:, -1].mean() + 0.5 * below.mean()
        assert found[place] == pytest.approx(expected, rel=0.1)


@given(st.floats(0.1, 16), st.floats(0, 1), st.floats(0.001, 0.5), st.floats(0.01, 1))
def test_cheaper_and_better_is_never_worth_less(cost, mean, deviation, less):
    known = front((2, 0.5), (8, 0.3))
    gains = expected_improvement(
        known,
        np.array([cost, cost * less, cost]),
        np.array([mean, mean, mean * less]),
        np.full(3, deviation),
        at_limit=0.5,
    )
    # both are measured from the same cheapest cost, so that they can be compared
    assert gains[1] >= gains[0] - 1e-12
    assert gains[2] >= gains[0] - 1e-12
    assert (gains >= 0).all()


def test_at_the_limit_alone_it_is_the_textbook_s():
    known = front((16, 0.3))
    found = expected_improvement(known, np.array([16.0]), np.array([0.3]), np.ones(1), at_limit=0.5)
    assert found[0] == pytest.approx(0.5 * norm.pdf(0))


def test_the_knowledge_gradient_is_that_of_drawn_observations():
    random = np.random.default_rng(0)
    x, _, y = noisy(1, many=30)
    model = fitted(x, y)
    new, tried = random.random((5, x.shape[1])), x[:8]
    mean, deviation = model.predict(new)
    known, _ = model.predict(tried)
    covariance = model.covariance(model.posterior(new), model.posterior(tried))
    found = knowledge_gradient(mean, deviation, known, covariance, model.noise_variance)
    spread = np.sqrt(deviation**2 + model.noise_variance)
    for place in range(5):
        z = random.standard_normal(20_000)[:, None]
        after = known + covariance[place] / spread[place] * z
        own = mean[place] + deviation[place] ** 2 / spread[place] * z[:, 0]
        drawn = known.min() - np.minimum(after.min(axis=1), own).mean()
        assert found[place] == pytest.approx(drawn, abs=0.02 * deviation[place] + 1e-6)
    assert (found >= -1e-9).all()


def test_without_noise_a_second_look_is_worth_nothing():
    known = np.array([0.1, 0.3])
    none = knowledge_gradient(known, np.full(2, 1e-9), known, np.full((2, 2), 1e-18), 1e-6)
    assert none == pytest.approx(0, abs=1e-9)


def test_covariance_at_one_place_is_the_variance():
    x, _, y = noisy(2, many=25)
    model = fitted(x, y)
    found = model.posterior(x[:6])
    assert np.diag(model.covariance(found, found)) == pytest.approx(found.deviation**2, abs=1e-8)


def test_it_is_the_process_of_scikit_learn():
    x, _, y = noisy(3, many=60)
    new = np.random.default_rng(1).random((20, x.shape[1]))
    model = fitted(x[:40], y[:40])
    scale = Scale.of(y[:40])
    kernel = (
        ConstantKernel(1.0, (1e-3, 1e2)) * DotProduct(1.0, "fixed")
        + ConstantKernel(0.3, (1e-3, 1e2)) * Matern(0.5 * 2, "fixed", nu=2.5)
    ) + WhiteKernel(0.1, (1e-3, 1.0))
    few = GaussianProcessRegressor(kernel, alpha=1e-8, normalize_y=True)
    few.fit(x[:35], Scale.of(y[:35]).to(y[:35]))  # the variances: 10, 12, 14, 17, 20, 24, 29, 35
    whole = GaussianProcessRegressor(few.kernel_, alpha=1e-8, optimizer=None, normalize_y=True)
    whole.fit(x[:40], scale.to(y[:40]))
    mean, covariance = whole.predict(new, return_cov=True)
    noise = few.kernel_.k2.noise_level * whole._y_train_std**2
    found = model.posterior(new)
    assert found.mean == pytest.approx(mean, abs=1e-8)
    assert found.deviation**2 == pytest.approx(np.diag(covariance) - noise, abs=1e-8)
    both = model.covariance(found, model.posterior(x[:3]))
    joint = whole.predict(np.concatenate([new, x[:3]]), return_cov=True)[1]
    assert both == pytest.approx(joint[:20, 20:], abs=1e-8)
    assert model.mean(new) == pytest.approx(mean, abs=1e-8)


def trial(value=None, rungs=(), state=TrialState.COMPLETE, losses=None):
    shown = {} if losses is None else {"loss": losses}
    return create_trial(state=state, value=value, intermediate_values=dict(rungs), user_attrs=shown)


def read(*trials, reading=None):
    study = optuna.create_study()
    study.add_trials(trials)
    found = observations(study.trials, lambda _: True, reading=reading)
    rows = zip(found.numbers, found.errors, found.spreads, strict=True)
    return {number: (error, spread) for number, error, spread in rows}


def test_a_pruned_trial_is_read_by_what_became_of_others_at_its_rung():
    whole = [trial(v / 2, {1: v, 2: v / 2}) for v in (0.2, 0.4, 0.6, 0.8)]
    found = read(*whole, trial(0.7, {1: 0.7}, TrialState.PRUNED))
    assert found[4] == pytest.approx((0.35, 0), abs=1e-9)


def test_a_pruned_trial_is_read_by_its_loss_where_the_loss_says_more():
    # the error at the rung is the same for all; the loss is four times the final error
    whole = [trial(v, {1: 0.7, 2: v}, losses={"1": 4 * v}) for v in (0.2, 0.3, 0.4)]
    stopped = trial(0.7, {1: 0.7}, TrialState.PRUNED, losses={"1": 1.4})
    assert read(*whole, stopped, reading="loss")[3] == pytest.approx((0.35, 0), abs=1e-9)
    assert read(*whole, stopped)[3][0] == pytest.approx(0.3)


@pytest.mark.parametrize(("loss", "error"), [(0.1, 0.2), (1.0, 0.25), (30.0, 0.4), (1e4, 0.4)])
def test_an_estimate_stays_within_the_errors_that_were_seen(loss, error):
    whole = [trial(v, {1: 0.7, 2: v}, losses={"1": 4 * v}) for v in (0.2, 0.3, 0.4)]
    stopped = trial(0.7, {1: 0.7}, TrialState.PRUNED, losses={"1": loss})
    assert read(*whole, stopped, reading="loss")[3][0] == pytest.approx(error)


@pytest.mark.parametrize("losses", [None, {}, {"2": 1.0}])
def test_without_losses_a_pruned_trial_is_read_by_its_error(losses):
    whole = [trial(v / 2, {1: v, 2: v / 2}, losses=losses) for v in (0.2, 0.4, 0.6, 0.8)]
    found = read(*whole, trial(0.7, {1: 0.7}, TrialState.PRUNED, losses={"1": 2.0}), reading="loss")
    assert found[4] == pytest.approx((0.35, 0), abs=1e-9)


def test_a_rung_that_few_have_reached_says_nothing():
    whole = [trial(0.5, {1: 0.6}), trial(0.4)]
    assert read(*whole, trial(0.9, {1: 0.9}, TrialState.PRUNED)).keys() == {0, 1}


def test_what_diverged_is_as_bad_as_the_worst():
    found = read(trial(0.5), trial(0.7), trial(state=TrialState.PRUNED))
    assert found[2] == (0.7, 0)


def test_what_failed_or_runs_says_nothing():
    assert read(
        trial(0.5), trial(state=TrialState.FAIL), trial(state=TrialState.RUNNING)
    ).keys() == {0}
    assert read(trial(0.7, {1: 0.7}, TrialState.PRUNED)) == {}
