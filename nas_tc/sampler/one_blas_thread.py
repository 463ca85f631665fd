"""One thread for the matrices of a proposal, whatever the machine has."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limits the libraries behind NumPy's and SciPy's matrices to one thread.

    The matrices are small: on two cores threads wait for each other five times as long as they
    work, and take the cores from trainings. With one, proposals do not depend on the number of
    cores either.
    """
    with _libraries().limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
