"""A small network on few digits, for tests of training."""

import torch

from nas_tc.architecture import GAP, Architecture, parse_notation
from nas_tc.data import load_data
from nas_tc.training import Images


def few_digits():
    """The digits at 16 pixels, 320 of them for training."""
    return load_data("digits", side=(16, 16), train_images=320)


def small(data, notation="(3,8)/2 | (3,16)/2"):
    """A network of two convolutions for the images and classes of a data set."""
    return Architecture(data.shape, parse_notation(notation), GAP, len(data.classes))


def images(split):
    """A split as training takes it."""
    return Images(torch.tensor(split.images), torch.tensor(split.labels))


def same(one, other):
    """Whether two networks have the same weights, to the bit."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
