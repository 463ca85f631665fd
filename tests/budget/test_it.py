"""The budget of a network of the user's: `it`."""

import pytest

from nas_tc.budget import parse_budget, resolve_budget
from nas_tc.cost import complexity
from nas_tc.errors import BudgetError
from nas_tc.zoo import find_network

IT = find_network("lenet5")
SHAPE = (1, 32, 32)


@pytest.mark.parametrize(
    ("expression", "factor"),
    [("it", 1.0), ("1.0*it", 1.0), ("it*0.8", 0.8), ("0.8 * it", 0.8), ("complexity<=.5*it", 0.5)],
)
def test_it_is_the_network(expression, factor):
    limit = resolve_budget(parse_budget(expression, IT), SHAPE)
    assert limit.complexity == int(complexity(IT) * factor)


def test_it_limits_other_measures_and_times():
    budget = parse_budget("0.9*it, params<=it, latency<=1.1*it@b2", IT)
    limit = resolve_budget(budget, SHAPE, classes=10)
    assert [cap.bound.measure for cap in limit.caps] == ["complexity", "params"]
    (time,) = budget.times
    assert time.most.reference.architecture == IT
    assert (float(time.most.factor), time.batch) == (1.1, 2)
    ranged = resolve_budget(parse_budget("complexity in 0.5*it..it", IT), SHAPE)
    assert ranged.least_complexity == -(-complexity(IT) // 2)


@pytest.mark.parametrize(
    ("expression", "it", "complaint"),
    [
        ("it*0.6", None, "'it' is the network that a search is around; give it with --around"),
        ("0*it", IT, "must be more than zero"),
        ("0.6*alexnet", IT, "write 'alexnet[*]0.6'"),
    ],
)
def test_what_it_is_not(expression, it, complaint):
    with pytest.raises(BudgetError, match=complaint):
        parse_budget(expression, it)
