"""Writes images with several labels, from scikit-learn's digits: python several_digits.py out.npz

Each image of 24x24 pixels shows one to four digits at random places; these digits are its labels.
Training, validation and test images show different samples of them.
"""

import sys

import numpy as np
from sklearn.datasets import load_digits

SIDE = 8  # pixels of a digit
CELLS = 3  # a row: an image has nine places
SPLITS = {"train": (0.0, 0.6, 2400), "val": (0.6, 0.8, 600), "test": (0.8, 1.0, 1000)}


def main(path: str) -> None:
    """Writes `x_train`, `y_train` and so on: images, and a row of zeros and ones for each."""
    random = np.random.default_rng(0)
    digits, numbers = load_digits(return_X_y=True)
    digits = np.round(digits.reshape(-1, SIDE, SIDE) * (255 / 16)).astype(np.uint8)
    order = random.permutation(len(digits))
    arrays = {}
    for split, (begin, end, count) in SPLITS.items():
        pool = order[int(begin * len(order)) : int(end * len(order))]
        images = np.zeros((count, CELLS * SIDE, CELLS * SIDE), dtype=np.uint8)
        labels = np.zeros((count, 10), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            chosen = random.choice(pool, random.integers(1, 5))
            for digit, place in zip(chosen, random.permutation(CELLS**2), strict=False):
                top, left = SIDE * (place // CELLS), SIDE * (place % CELLS)
                image[top : top + SIDE, left : left + SIDE] = digits[digit]
                label[numbers[digit]] = 1
        arrays |= {f"x_{split}": images, f"y_{split}": labels}
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
