"""Labelled data sets: the IMDB reviews, and files of the user's own.

Every source gives the same thing, `Examples`: texts, and labels of 1 (positive) and 0 (negative).
"""

from edgernn.training.data.examples import Examples, NoUnlabelledTextsError
from edgernn.training.data.sources import SPLITS, Split, describe, load_split, unlabelled_texts
from edgernn.training.data.split import held_out_split, stratified_split

__all__ = [
    "SPLITS",
    "Examples",
    "NoUnlabelledTextsError",
    "Split",
    "describe",
    "held_out_split",
    "load_split",
    "stratified_split",
    "unlabelled_texts",
]
