"""Labelled data sets: the IMDB reviews, and files of the user's own.

Every source gives the same thing, `Examples`: texts, and the numbers and names of their labels.
"""

from edgernn.data.examples import Examples, NoUnlabelledTextsError, Splits, first
from edgernn.data.options import DataOptions
from edgernn.data.source_kinds import SPLITS, Description, Split
from edgernn.data.sources import (
    check_source,
    describe,
    load_split,
    load_splits,
    unlabelled_texts,
)
from edgernn.data.split import held_out_split, stratified_split, validation_split

__all__ = [
    "SPLITS",
    "DataOptions",
    "Description",
    "Examples",
    "NoUnlabelledTextsError",
    "Split",
    "Splits",
    "check_source",
    "describe",
    "first",
    "held_out_split",
    "load_split",
    "load_splits",
    "stratified_split",
    "unlabelled_texts",
    "validation_split",
]
