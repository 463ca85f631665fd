"""The paper's equations for widths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas_tc.replacement.depth_filter import FILTERS
from nas_tc.replacement.equations import solve_width, terms


@given(
    st.integers(1, 512),
    st.sampled_from(FILTERS),
    st.integers(2, 12),
    st.integers(1, 512),
    st.integers(1, 512),
)
def test_solving_for_the_width_undoes_the_terms(n_in, filter, depth, width, last_width):
    target = terms(n_in, filter, depth, width, last_width)
    assert solve_width(n_in, filter, depth, last_width, target) == pytest.approx(width, rel=1e-6)


EQUATIONS = [  # n_in, filter, depth, width, last width; and as it is printed
    ((128, 3, 3, 256, 256), 128 * 9 * 256 + 2 * 256 * 9 * 256),  # Eqn. (6), left
    ((128, 3, 6, 160, 256), 128 * 9 * 160 + 4 * 160 * 9 * 160 + 160 * 9 * 256),  # right
    ((128, 3, 9, 128, 256), 8 * 128 * 9 * 128 + 128 * 9 * 256),  # Eqn. (7), right
    ((64, 5, 1, 128, 128), 64 * 25 * 128),  # Eqn. (4) and (5), left
    ((64, 3, 2, 128, 128), 64 * 9 * 128 + 128 * 9 * 128),  # Eqn. (4), right; (8), left
    ((64, 2, 4, 128, 128), 64 * 4 * 128 + 3 * 128 * 4 * 128),  # Eqn. (5), right
    ((64, 3, 4, 64, 128), 3 * 64 * 9 * 64 + 64 * 9 * 128),  # Eqn. (8), right; (10), left
    ((128, 2, 6, 256, 256), 128 * 4 * 256 + 5 * 256 * 4 * 256),  # Eqn. (9), left
    ((256, 2, 2, 2304, 256), 9 * 2 * 256 * 4 * 256),  # Eqn. (11)
]


@pytest.mark.parametrize(("layers", "printed"), EQUATIONS)
def test_the_terms_of_the_equations(layers, printed):
    assert terms(*layers) == printed


def test_equation_10_is_not_what_table_1_has():
    """Its right side begins with 96 filters, which no stage can have; E in Table 1 has 128."""
    printed = 64 * 4 * 96 + 96 * 4 * 128 + 2 * 128 * 4 * 128
    of_i, of_e = terms(64, 3, 4, 64, 128), terms(64, 2, 4, 128, 128)
    assert (printed / of_i, of_e / of_i) == pytest.approx((1.111, 1.244), abs=0.001)
