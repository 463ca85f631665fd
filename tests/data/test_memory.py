"""Images that are too many for the memory."""

import pytest

from nas_tc.data import parse_limit
from nas_tc.data.memory import check_memory
from nas_tc.errors import DataError


def test_more_than_fits_in_memory_is_refused():
    with pytest.raises(DataError, match=r"30 % of the free memory is .* GiB"):
        check_memory(2**60, 10**9)
    with pytest.raises(DataError, match=r"take 2\.0 MiB and the limit is 1\.0 MiB"):
        check_memory(2**21, 10, 2**20)


def test_a_limit_is_a_number_with_a_unit():
    assert [parse_limit(text) for text in ("4GiB", "1.5 MB")] == [2**32, 1_500_000]
    for wrong in ("4", "4 G", "-1GiB", "much"):
        with pytest.raises(DataError, match="as in 4GiB"):
            parse_limit(wrong)
