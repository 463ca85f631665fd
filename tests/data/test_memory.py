"""Images that are too many for the memory."""

import pytest

from nas_tc.data.memory import check_memory
from nas_tc.errors import DataError


def test_more_than_fits_in_memory_is_refused():
    with pytest.raises(DataError, match=r"30 % of the free memory is .* GiB"):
        check_memory(2**60, 10**9)
    with pytest.raises(DataError, match=r"take 2\.0 MiB and the limit is 1\.0 MiB"):
        check_memory(2**21, 10, 2**20)
