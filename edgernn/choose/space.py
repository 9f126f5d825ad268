"""The search space: which models there are to choose from, and the recipe of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from edgernn.cells import CELLS
from edgernn.recipes.recipe import (
    Dense,
    Dropout,
    Embedding,
    FitSettings,
    Layer,
    Pool,
    Recipe,
    Recurrent,
    TextRules,
)
from edgernn.text.contract import Tokenizer
from edgernn.text.words import KERAS_SEPARATORS

__all__ = ["Head", "Point", "Space", "fit_settings", "recipe_of", "text_rules"]

Head = Literal["pool", "last"]
"""What the output layer sees: the largest and mean state of all tokens, or the last state."""

_DIRECTIONS = {True: "bi", False: ""}


@dataclass(frozen=True)
class Point:
    """One choice of everything that is searched, but for the precision of the file."""

    cell: str
    bidirectional: bool
    units: int
    """Width of the recurrent layer, each direction."""
    embedding: int
    """Width of the embedding."""
    tokenizer: Tokenizer
    vocabulary: int
    """Number of ids asked for."""
    max_length: int
    """Longest input, in tokens; of a longer text the start is cut off."""
    head: Head

    @property
    def name(self) -> str:
        """A name that tells it from all others, and may be that of a folder."""
        kind = "w" if self.tokenizer == "words" else "s"
        return (
            f"{_DIRECTIONS[self.bidirectional]}{CELLS[self.cell].code}{self.units}"
            f"-e{self.embedding}-{kind}{self.vocabulary}-t{self.max_length}-{self.head}"
        )

    def is_no_smaller(self, other: Point) -> bool:
        """Tell whether it has of everything at least what another one has.

        Then its file is no smaller, and its latency no shorter.
        """
        same = (self.cell, self.tokenizer, self.head) == (other.cell, other.tokenizer, other.head)
        return same and all(
            ours >= theirs for ours, theirs in zip(self._amounts(), other._amounts(), strict=True)
        )

    def _amounts(self) -> tuple[int, ...]:
        return (
            *(int(self.bidirectional), self.units, self.embedding),
            *(self.vocabulary, self.max_length),
        )

    def fewest_bytes(self) -> int:
        """Return a size that no file of it is below: one byte a weight, and no vocabulary."""
        gates = len(CELLS[self.cell].gates)
        directions = 1 + self.bidirectional
        recurrent = directions * gates * self.units * (self.embedding + self.units)
        return self.vocabulary * self.embedding + recurrent

    def work(self, mean_tokens: float) -> float:
        """Return what training on one text costs beside another point, in no unit.

        A step of a recurrent layer costs a part that does not depend on its width, which is most
        of it on a processor, and its matrix products.
        """
        products = self.units * (self.units + self.embedding) / 4096
        return mean_tokens * (1 + self.bidirectional) * CELLS[self.cell].step_cost * (1 + products)


@dataclass(frozen=True)
class Space:
    """The values of each part; a value that stands twice is drawn twice as often."""

    cells: tuple[str, ...] = field(
        default_factory=lambda: tuple(c.name for c in CELLS.values() for _ in range(c.draws))
    )
    bidirectional: tuple[bool, ...] = (True, True, False)
    units: tuple[int, ...] = (8, 16, 32, 48, 64, 96)
    embeddings: tuple[int, ...] = (8, 16, 24, 32, 48, 64)
    vocabularies: tuple[tuple[Tokenizer, int], ...] = (
        *(("words", 2_000), ("words", 5_000), ("words", 10_000), ("words", 10_000)),
        *(("words", 20_000), ("subwords", 4_096), ("subwords", 8_192)),
    )
    max_lengths: tuple[int, ...] = (64, 128, 200, 200, 300, 300, 400)
    heads: tuple[Head, ...] = ("pool", "pool", "pool", "last")

    def within(self, words: int, tokens: int) -> Space:
        """Leave out what makes no difference on texts of few different words, or short ones.

        Args:
            words: how many different words the training texts have.
            tokens: how many words nearly all texts have at most.
        """
        sizes = [size for kind, size in self.vocabularies if kind == "words"]
        largest = min((size for size in sizes if size >= words), default=max(sizes))
        longest = min((n for n in self.max_lengths if n >= tokens), default=max(self.max_lengths))
        return replace(
            self,
            # Subwords of a text are of its words: more of them than words say no more.
            vocabularies=tuple((k, n) for k, n in self.vocabularies if n <= largest),
            max_lengths=tuple(n for n in self.max_lengths if n <= longest),
        )

    def all_points(self) -> list[Point]:
        """Return every point once."""
        return [
            _point(*choice)
            for choice in itertools.product(*(dict.fromkeys(part) for part in self._parts()))
        ]

    def points(self, seed: int) -> Iterator[Point]:
        """Yield points in a random order, each once, until few are left to be drawn."""
        rng = np.random.Generator(np.random.PCG64(seed))
        parts = self._parts()
        seen: set[Point] = set()
        for _ in range(8 * len(self.all_points())):
            point = _point(*(part[rng.integers(len(part))] for part in parts))
            if point not in seen:
                seen.add(point)
                yield point

    def _parts(self) -> tuple[tuple[Any, ...], ...]:
        return (
            *(self.cells, self.bidirectional, self.units, self.embeddings),
            *(self.vocabularies, self.max_lengths, self.heads),
        )

    def smallest(self) -> list[Point]:
        """Return the points that no other one is smaller than: if they break a limit, all do."""
        return [
            Point(
                cell,
                min(self.bidirectional),
                min(self.units),
                min(self.embeddings),
                tokenizer,
                min(size for kind, size in self.vocabularies if kind == tokenizer),
                min(self.max_lengths),
                head,
            )
            for cell in dict.fromkeys(self.cells)
            for tokenizer in dict.fromkeys(kind for kind, _ in self.vocabularies)
            for head in dict.fromkeys(self.heads)
        ]


def text_rules(point: Point) -> TextRules:
    """Return the text rules of a point; the end of a review tells more than its start."""
    if point.tokenizer == "subwords":
        return TextRules(
            tokenizer="subwords",
            target_vocabulary_size=point.vocabulary,
            max_length=point.max_length,
            cut="start",
            html_breaks="space",
        )
    return TextRules(
        tokenizer="words",
        target_vocabulary_size=point.vocabulary,
        max_length=point.max_length,
        cut="start",
        html_breaks="space",
        case="lower",
        separators=KERAS_SEPARATORS,
        first_word_id=2,
        unknown_id=1,
    )


def recipe_of(point: Point, fit: FitSettings) -> Recipe:
    """Return the recipe of a point."""
    pooled = point.head == "pool"
    layers: tuple[Layer, ...] = (
        Embedding(point.embedding, start="neighbours"),
        Recurrent(
            point.units,
            point.cell,
            bidirectional=point.bidirectional,
            sequences=pooled,
            input_dropout=0.2,
        ),
        *((Pool(),) if pooled else ()),
        Dropout(0.3),
        Dense(1),
    )
    return Recipe(
        name=point.name,
        title=f"Chosen: {point.name}",
        source="edgernn choose",
        text=text_rules(point),
        layers=layers,
        fit=fit,
    )


_MANY_TEXTS = 10_000
"""From so many on an epoch is long, and a tenth of the texts tells models apart."""


def fit_settings(texts: int) -> FitSettings:
    """Return how candidates are trained on so many texts; few texts are seen more often."""
    many = texts >= _MANY_TEXTS
    fraction = 0.1 if many else 0.2
    batch = 64 if texts >= _MANY_TEXTS // 2 else 16
    steps = max(1, round(texts * (1 - fraction) / batch))
    rounds = min(4, max(1, _MANY_TEXTS // max(texts, 1)))
    return FitSettings(
        epochs=4 * rounds,
        batch_size=batch,
        learning_rate=2e-3,
        cosine_decay=True,
        clip_norm=1.0,
        # The average must not reach back to the first values where an epoch has few steps.
        weight_average=min(0.995, 1 - 1 / max(1.0, steps / 2)),
        token_dropout=0.2,
        crops=0.15,
        patience=4 * rounds,
        validation_fraction=fraction,
    )


def _point(
    cell: str,
    bidirectional: bool,
    units: int,
    embedding: int,
    vocabulary: tuple[Tokenizer, int],
    max_length: int,
    head: Head,
) -> Point:
    return Point(cell, bidirectional, units, embedding, *vocabulary, max_length, head)
