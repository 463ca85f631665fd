"""Balance between classes with many images and few: weights of the loss, or the order of images."""

import torch
from torch import Tensor


def balanced_weights(labels: Tensor) -> Tensor:
    """Weights that give each class the same part in the loss: n / (classes x images of the class).

    Classes without images do not count. The mean over the images is 1, so the learning rate need
    not change. King & Zeng, "Logistic regression in rare events data" (2001), as in scikit-learn's
    `compute_class_weight("balanced")`.

    Where images have several labels, each label is a problem of two classes: who has it, and who
    has not. The two weights relate as torch's `pos_weight` to 1, and have the mean 1, too.

    Args:
        labels: Numbers of the classes, from 0, int64, (n,); or uint8, (n, classes).

    Returns:
        A weight for each number up to the greatest, float32; 0 for a class without images. Where
        images have several labels, (2, classes): the weight of a label that is lacking, and of one
        that is there; 1 where all images have it or none has.
    """
    if labels.ndim == 2:
        having = labels.sum(0, dtype=torch.int64)
        lacking = len(labels) - having
        both = torch.stack([lacking, having])
        return torch.where((both > 0).all(0), len(labels) / (2 * both.clamp(min=1)), 1.0).float()
    counts = torch.bincount(labels)
    weights = len(labels) / (counts.count_nonzero() * counts.clamp(min=1))
    return torch.where(counts > 0, weights, 0.0).float()


def balanced_order(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Indices of images for an epoch, as many as there are, in which each class is as frequent.

    Places are dealt in rounds, one a class in random order, so that any run of images is balanced,
    too. A class's images follow one another in random order, and again in another one when all
    were taken: those of rare classes come several times, of common classes only some come.

    Args:
        labels: Numbers of the classes, from 0, int64, (n,), on the processor.
        generator: Generator on the processor.
    """
    count = len(labels)
    present, numbers = torch.unique(labels, return_inverse=True)
    rounds = -(-count // len(present))
    dealt = torch.rand(rounds, len(present), generator=generator).argsort(1).flatten()[:count]
    places = dealt.argsort(stable=True).split(torch.bincount(dealt).tolist())
    members = numbers.argsort(stable=True).split(torch.bincount(numbers).tolist())
    order = torch.empty(count, dtype=torch.int64)
    for at, images in zip(places, members, strict=False):
        times = -(-len(at) // len(images))
        drawn = [torch.randperm(len(images), generator=generator) for _ in range(times)]
        order[at] = images[torch.cat(drawn)[: len(at)]]
    return order
