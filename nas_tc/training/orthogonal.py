"""Orthogonal matrices near those of the layers, for Muon: one by one, or side by side on a GPU."""

from collections.abc import Sequence

import torch
from torch import Tensor

# Coefficients of the iteration by Jordan et al.: singular values end between 0.68 and 1.14.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5
# Multiply-adds by which a matrix's padding may cost more than a batch of its own. That has twenty
# kernels, some 60 us of a GPU that does 1e14 multiply-adds a second.
MOST_PADDING = 5e9


def orthogonalized(matrix: Tensor) -> Tensor:
    """The matrix with all singular values near 1, by a Newton-Schulz iteration.

    Args:
        matrix: Floating-point numbers, (rows, columns); or a batch, (matrices, rows, columns), of
            matrices that have no more rows than columns.
    """
    if matrix.ndim == 3:
        return _iterated(matrix / (matrix.norm(dim=(1, 2), keepdim=True) + 1e-7))
    is_wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if is_wide else matrix.T
    x = _iterated(x / (x.norm() + 1e-7))
    return x if is_wide else x.T


def _iterated(x: Tensor) -> Tensor:
    product = torch.addmm if x.ndim == 2 else torch.baddbmm
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        polynomial = product(gram, gram, gram, beta=_B, alpha=_C)
        x = product(x, polynomial, x, beta=_A)
    return x


class SideBySide:
    """Matrices of one network that are made orthogonal in one batch, padded with zeros.

    A small layer's products keep a GPU waiting for their launches: twenty kernels a layer and step.
    Rows and columns of zeros stay zero under the iteration and leave the others as they are.

    Args:
        shapes: Rows and columns of each matrix.
        dtype: Type of the numbers.
        device: Place of the matrices.
    """

    def __init__(
        self, shapes: Sequence[tuple[int, int]], dtype: torch.dtype, device: torch.device
    ) -> None:
        sides = [sorted(shape) for shape in shapes]
        rows, columns = (max(side[place] for side in sides) for place in (0, 1))
        self._shapes = list(shapes)
        self._batch = torch.zeros(len(sides), rows, columns, dtype=dtype, device=device)

    def orthogonalized(self, matrices: Sequence[Tensor]) -> list[Tensor]:
        """The matrices with all singular values near 1, float32.

        Args:
            matrices: Matrices of the shapes given.
        """
        for place, matrix in zip(self._places(self._batch), matrices, strict=True):
            place.copy_(matrix)
        return self._places(orthogonalized(self._batch).float())

    def _places(self, batch: Tensor) -> list[Tensor]:
        """Each matrix's part of a batch, as a view; tall ones lie there transposed."""
        return [
            matrix[:rows, :columns] if rows <= columns else matrix[:columns, :rows].T
            for matrix, (rows, columns) in zip(batch, self._shapes, strict=True)
        ]


def batches(
    shapes: Sequence[tuple[int, int]], most_padding: float = MOST_PADDING
) -> list[list[int]]:
    """Which matrices to take side by side, largest first, for so much padding at most.

    Args:
        shapes: Rows and columns of each matrix.
        most_padding: Multiply-adds, for a matrix and one call.

    Returns:
        The numbers of the matrices of each batch.
    """
    sides = [(min(shape), max(shape)) for shape in shapes]
    found: list[list[int]] = []
    rows = columns = 0  # of the last batch
    for number in sorted(range(len(sides)), key=lambda each: _work(*sides[each]), reverse=True):
        there = len(found[-1]) if found else 0
        wider = max(rows, sides[number][0]), max(columns, sides[number][1])
        before = there * _work(rows, columns) + _work(*sides[number])
        if not there or (there + 1) * _work(*wider) - before > most_padding:
            found.append([])
            wider = sides[number]
        found[-1].append(number)
        rows, columns = wider
    return found


def _work(rows: int, columns: int) -> float:
    """Multiply-adds of the iteration for a matrix that has no more rows than columns."""
    return _ITERATIONS * rows**2 * (2.0 * columns + rows)
