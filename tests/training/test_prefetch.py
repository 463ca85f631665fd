"""Items that a thread makes ahead."""

import threading

import pytest

from nas_tc.training.prefetch import prefetched


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_items_are_the_same_in_the_same_order(count):
    assert list(prefetched(iter(range(count)))) == list(range(count))


def test_another_thread_makes_them():
    (made_by,) = prefetched(threading.current_thread().name for _ in range(1))
    assert made_by != threading.current_thread().name


def test_an_error_is_raised_in_its_place():
    def items():
        yield from (1, 2, 3)
        raise ValueError("broken")

    found = prefetched(items())
    assert [next(found) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(ValueError, match=r"^broken$"):
        next(found)
