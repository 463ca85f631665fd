"""On which images? Decoded once into uint8 arrays, split into training, validation and test."""

from nas_tc.data.contact_sheet import contact_sheet
from nas_tc.data.decode import Decoding, decoded_notes
from nas_tc.data.duplicates import Duplicates
from nas_tc.data.images import ImageData, Split, blind_name, majority_text
from nas_tc.data.load import load_data
from nas_tc.data.memory import parse_limit
from nas_tc.data.preparation import preparation
from nas_tc.data.survey import Survey, survey

__all__ = [
    "Decoding",
    "Duplicates",
    "ImageData",
    "Split",
    "Survey",
    "blind_name",
    "contact_sheet",
    "decoded_notes",
    "load_data",
    "majority_text",
    "parse_limit",
    "preparation",
    "survey",
]
