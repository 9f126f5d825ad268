"""A task that a handful of weights can learn, and the recipe for it."""

import csv
import dataclasses

import numpy as np

from edgernn.data.batches import Encoded
from edgernn.recipes.catalogue import DEFAULT_RECIPE, RECIPES
from edgernn.recipes.recipe import (
    Dense,
    Dropout,
    Embedding,
    Pool,
    Recipe,
    Recurrent,
    TextRules,
)
from edgernn.text import SubwordEncoder

IDS = 12
GOOD, BAD = 2, 3

SETTINGS = dataclasses.replace(
    RECIPES[DEFAULT_RECIPE].fit,
    epochs=3,
    batch_size=8,
    learning_rate=0.02,
    cosine_decay=True,
    clip_norm=1.0,
    weight_average=0.5,
    token_dropout=0.2,
    patience=3,
)

RECIPE = Recipe(
    name="toy",
    title="Toy LSTM",
    source="these tests",
    text=TextRules(tokenizer="subwords", target_vocabulary_size=300, max_length=16, cut="end"),
    layers=(
        Embedding(4),
        Recurrent(3, bidirectional=True, sequences=True, input_dropout=0.2),
        Recurrent(3, input_dropout=0.2),
        Dense(3, "relu"),
        Dropout(0.2),
        Dense(1),
    ),
    fit=SETTINGS,
)

BAG = (Embedding(4, start="neighbours"), Dropout(0.2), Pool(), Dense(1))
"""Layers for tests of what is around training: without a recurrent one they are traced at once."""

VOCABULARY = SubwordEncoder(["good_", "good", "bad_", "bad", "film_", "film", "a_"]).to_bytes()


def encoded(texts: int, seed: int) -> Encoded:
    """Texts of 1 to 9 ids, of which one is GOOD in half of them and BAD in the others."""
    rng = np.random.default_rng(seed)
    labels = np.arange(texts, dtype=np.int8) % 2
    ids = []
    for label in labels:
        text = rng.integers(4, IDS, rng.integers(1, 10)).astype(np.int32)
        text[rng.integers(0, len(text))] = GOOD if label else BAD
        ids.append(text)
    return Encoded(ids, labels)


def write_reviews(path, count: int = 40) -> None:
    """Write a CSV of `count` reviews, no two alike; even ones are negative, odd ones positive."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("review", "sentiment"))
        for i in range(count):
            word, label = (("bad", "negative"), ("good", "positive"))[i % 2]
            rows.writerow((f"a {'very ' * (i % 5)}{word} film {i}", label))


class Interrupt:
    """Presses Ctrl-C in one epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch(self, epoch, *numbers):
        """Press."""
        if epoch == self.epoch:
            raise KeyboardInterrupt

    def on_epoch(self, epoch, best):
        """Do nothing."""
