"""Prefetching: a thread makes the next items of an iterator while the last one is used."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_T = TypeVar("_T")
_AHEAD = 2  # items
_END = object()


def prefetched(items: Iterator[_T]) -> Iterator[_T]:
    """The same items in the same order; an exception of `items` is raised in its place.

    torch lets other threads run while it copies and while a copy waits for the disk.
    """
    threads = torch.get_num_threads()  # a new thread would take its own choice
    with ThreadPoolExecutor(1, "prefetch", torch.set_num_threads, (threads,)) as pool:
        ahead = deque(pool.submit(next, items, _END) for _ in range(_AHEAD))
        while (item := ahead.popleft().result()) is not _END:
            ahead.append(pool.submit(next, items, _END))
            yield item  # type: ignore[misc]
