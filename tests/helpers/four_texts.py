"""Four short texts, the flagship's text rules with their words, and a teacher's answer to them."""

import numpy as np

from edgernn.distillation.sentences import split_sentences
from edgernn.distillation.teacher import SoftLabels
from edgernn.recipes.catalogue import find_recipe
from edgernn.text import TextEncoder
from edgernn.training.vocabulary import build_vocabulary, make_contract

TEXTS = (
    "Bad. Really bad! A waste of time. Never again.",
    "Good film. I loved it.",
    "Fine<br />But long.",
    "One sentence only",
)
_RULES = find_recipe("flagship").text
_VOCABULARY = build_vocabulary(_RULES, TEXTS, min_df=1)
ENCODER = TextEncoder(make_contract(_RULES, _VOCABULARY), _VOCABULARY)


def soft_of(texts) -> SoftLabels:
    """Labels of which each number says what it is of."""
    sentences = sum(len(split_sentences(text)) for text in texts)
    return SoftLabels(
        texts=np.linspace(-2, 2, len(texts), dtype=np.float32),
        sentences=2.0 ** np.arange(sentences, dtype=np.float32),
        accuracy=0.75,
        texts_accuracy=0.7,
        sentences_accuracy=0.6,
        vectors_accuracy=0.5,
    )
