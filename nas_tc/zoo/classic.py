"""Common settings of the networks of 2012 to 2014: ImageNet's images and a common head."""

from nas_tc.architecture import Architecture, Head, parse_notation


def classic(notation: str, head: Head) -> Architecture:
    """A network for 224x224 colour images and 1000 classes, without batch normalisation."""
    return Architecture((3, 224, 224), parse_notation(notation), head, classes=1000, norm="none")


def two_hidden(bins: int) -> Head:
    """A head of `bins` x `bins` maxima, two layers of 4096 with drop-out, and a classifier.

    The last pooling of these networks is part of the head: windows of 3x3 with stride 2 on a map of
    13x13, for one, are exactly 6x6 bins.
    """
    return Head("max", bins=(bins,), hidden=(4096, 4096), dropout=0.5)
