"""On which images? Decoded once into uint8 arrays, split into training, validation and test."""

from nas_tc.data.decode import Decoding
from nas_tc.data.images import ImageData, Split
from nas_tc.data.load import load_data

__all__ = ["Decoding", "ImageData", "Split", "load_data"]
