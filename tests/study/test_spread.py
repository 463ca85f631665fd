"""Mean and deviation over reruns."""

from nas_tc.study import Spread


def test_a_spread_in_words():
    assert str(Spread.over([0.1, 0.2])) == "15.00 ± 7.07 %"
    assert str(Spread.over([0.125])) == "12.50 %"
