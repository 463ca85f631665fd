"""The most accurate random forest of at most 20,000 nodes: a budget on anything, not on networks.

A forest's size is known before it is grown: at most so many trees of at most so many leaves. So
`BudgetSampler` proposes only forests that are small enough, and trades one parameter against
another as layer replacement does: more trees against fewer leaves.

    python examples/budget_sampler.py
"""

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

from nas_tc.sampler import BudgetSampler
from nas_tc.study import Tried, recommend

NODES = 20_000
DISTRIBUTIONS = {
    "trees": IntDistribution(5, 400, log=True),
    "leaves": IntDistribution(8, 400, log=True),
    "features": FloatDistribution(0.02, 0.5, log=True),
    "criterion": CategoricalDistribution(["gini", "entropy"]),
}


def nodes(params) -> int:
    """A binary tree of n leaves has 2n - 1 nodes."""
    return params["trees"] * (2 * params["leaves"] - 1)


def main(trials: int = 30) -> optuna.Study:
    images, digits = load_digits(return_X_y=True)

    def objective(trial: optuna.Trial) -> float:
        forest = RandomForestClassifier(
            n_estimators=trial.suggest_int("trees", 5, 400, log=True),
            max_leaf_nodes=trial.suggest_int("leaves", 8, 400, log=True),
            max_features=trial.suggest_float("features", 0.02, 0.5, log=True),
            criterion=trial.suggest_categorical("criterion", ["gini", "entropy"]),
            random_state=0,
        )
        return 1 - cross_val_score(forest, images, digits, cv=3).mean()

    study = optuna.create_study(sampler=BudgetSampler(DISTRIBUTIONS, nodes, NODES, seed=0))
    study.optimize(objective, n_trials=trials)
    tried = [Tried(t.number, t.params, nodes(t.params), t.value) for t in study.get_trials()]
    for budget in (NODES // 4, NODES):
        chosen = recommend(tried, DISTRIBUTIONS, budget)
        print(f"within {budget:,} nodes: {chosen}\n  {chosen.choice.params}")
    return study


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
