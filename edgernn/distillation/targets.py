"""Distillation targets: the texts and crops that layers and n-grams learn, with soft labels.

A crop is one to three sentences in a row; its score is the teacher's of those sentences, never the
review's label.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded, balanced
from edgernn.distillation.ngram_table import DEFAULT_FIT, MOST_SURE, NgramFit
from edgernn.distillation.sentences import split_sentences
from edgernn.distillation.teacher import SoftLabels
from edgernn.recipes.recipe import ClassWeight
from edgernn.text import TextEncoder

__all__ = [
    "NgramTargets",
    "Pieces",
    "cut_crops",
    "layer_targets",
    "ngram_targets",
]

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

_LONGEST_CROP = 3
"""In sentences."""
_LAYERS_OWN_LABEL = 0.3
"""Share of a labelled text's own label in what the layers learn; the teacher's is the rest."""
_PIECE_WEIGHT = 0.5
"""How much a piece counts beside a whole text in what the layers learn, of texts with several."""
_CROP_POWER = 0.25
"""A crop's score is the sum of its sentences' over this power of their number."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Short texts to learn from: pieces of texts, and texts that were written for it."""

    ids: list[Ids]
    """Encoded; may be empty."""
    logits: Floats
    """float32 [pieces], what a teacher or a rule says of them."""
    owners: npt.NDArray[np.int64]
    """int64 [pieces], the row of the text that each is a piece of; -1 of one that was written."""

    def __add__(self, other: Pieces) -> Pieces:
        """Return both, one after the other."""
        return Pieces(
            [*self.ids, *other.ids],
            np.concatenate([self.logits, other.logits]),
            np.concatenate([self.owners, other.owners]),
        )


def cut_crops(texts: Sequence[str], soft: SoftLabels, encoder: TextEncoder, seed: int) -> Pieces:
    """Take one to three sentences in a row out of each text, with the teacher's logit of them.

    Args:
        texts: labelled texts, then unlabelled ones.
        soft: the teacher's soft labels of them.
        encoder: encodes the crops.
        seed: decides the crops.
    """
    random = np.random.Generator(np.random.PCG64([seed, _LONGEST_CROP]))
    crops, logits, first = [], np.zeros(len(texts), np.float32), 0
    for row, text in enumerate(texts):
        sentences = split_sentences(text)
        number = min(len(sentences), int(random.integers(1, _LONGEST_CROP, endpoint=True)))
        start = int(random.integers(0, len(sentences) - number, endpoint=True))
        crops.append(" ".join(sentences[start : start + number]))
        scores = soft.sentences[first + start : first + start + number]
        logits[row] = scores.sum() / max(1, number) ** _CROP_POWER
        first += len(sentences)
    return Pieces(encoder.encode_batch(crops), logits, np.arange(len(texts)))


@dataclass(frozen=True, eq=False)
class NgramTargets:
    """What n-grams are fitted to: encoded texts, the sum that each is to have, and its weight."""

    ids: list[Ids]
    """int32 [tokens] each, none of them empty."""
    logits: Floats
    """float32 [texts]; infinite where a text's own label alone counts."""
    weights: Floats
    """float32 [texts], what each error is multiplied by before it is squared."""
    owners: npt.NDArray[np.int64]
    """int64 [texts], the row of the text that each is, or is a piece of; -1 where it is of none."""

    def but_of(self, rows: npt.NDArray[np.int64]) -> NgramTargets:
        """Return the same without some texts and their pieces."""
        kept = np.flatnonzero(~np.isin(self.owners, rows))
        return NgramTargets(
            [self.ids[row] for row in kept],
            self.logits[kept],
            self.weights[kept],
            self.owners[kept],
        )

    def balanced(self, class_weight: ClassWeight | None) -> NgramTargets:
        """Return the same with weights by which both classes count alike; None changes nothing."""
        from scipy.special import expit

        if class_weight is None:
            return self
        likely = expit(np.clip(self.logits, -MOST_SURE, MOST_SURE))
        weights = balanced(Encoded(self.ids, likely)).weights
        if weights is None:
            return self
        # The fit squares them.
        return dataclasses.replace(self, weights=self.weights * np.sqrt(weights))

    def with_labels(self, labelled: Encoded) -> NgramTargets:
        """Return the same and texts whose sums are to be as their labels say; empty ones are not.

        Args:
            labelled: texts with labels 0 or 1.
        """
        full = [row for row, text in enumerate(labelled.ids) if len(text)]
        logits = np.where(labelled.labels[full] > 0, np.inf, -np.inf).astype(np.float32)
        return NgramTargets(
            [*self.ids, *(labelled.ids[row] for row in full)],
            np.concatenate([self.logits, logits]),
            np.concatenate([self.weights, np.ones(len(full), np.float32)]),
            np.concatenate([self.owners, np.full(len(full), -1)]),
        )


def ngram_targets(
    ids: Sequence[Ids],
    pieces: Pieces,
    soft: SoftLabels,
    labels: npt.NDArray[np.int8],
    settings: NgramFit = DEFAULT_FIT,
) -> NgramTargets:
    """Return what n-grams are fitted to: all texts that are not empty, then pieces of them.

    Args:
        ids: labelled texts, then unlabelled ones, encoded.
        pieces: of the same texts.
        soft: the teacher's soft labels of the texts.
        labels: int8 [labelled], 0 or 1.
        settings: how much labels and pieces count.
    """
    from scipy.special import logit

    both = list(ids)
    targets = logit(_target_probabilities(soft, labels, settings.own_label)).astype(np.float32)
    owners = np.arange(len(ids))
    if settings.crop_weight:
        both += pieces.ids
        targets = np.concatenate([targets, pieces.logits])
        owners = np.concatenate([owners, pieces.owners])
    weights = np.full(len(both), settings.crop_weight, np.float32)
    weights[: len(ids)] = 1
    full = [row for row, text in enumerate(both) if len(text)]
    return NgramTargets([both[row] for row in full], targets[full], weights[full], owners[full])


def layer_targets(
    ids: Sequence[Ids],
    pieces: Pieces,
    soft: SoftLabels,
    labels: npt.NDArray[np.int8],
    beside: Floats | None = None,
) -> Encoded:
    """Return what the layers learn: all texts that are not empty, then pieces of them.

    Args:
        ids: labelled texts, then unlabelled ones, encoded.
        pieces: of the same texts, and those that were written.
        soft: the teacher's soft labels of the texts.
        labels: int8 [labelled], 0 or 1.
        beside: float32 [texts + pieces], what the n-grams give them, which the layers' logit is
            to be added to; with it a piece of a text counts less than a text. None: the layers
            learn alone.

    Returns:
        Texts and pieces with how likely each is positive, which the loss takes as a label.
    """
    from scipy.special import expit

    probabilities = _target_probabilities(soft, labels, _LAYERS_OWN_LABEL)
    of_pieces = expit(np.clip(pieces.logits, -MOST_SURE, MOST_SURE))
    both = [*ids, *pieces.ids]
    targets = np.concatenate([probabilities, of_pieces]).astype(np.float32)
    full = [row for row, text in enumerate(both) if len(text)]
    learned = Encoded([both[row] for row in full], targets[full])
    if beside is None:
        return learned
    weights = np.ones(len(both), np.float32)
    weights[len(ids) :][pieces.owners >= 0] = _PIECE_WEIGHT
    return dataclasses.replace(learned, weights=weights[full], beside=beside[full])


def _target_probabilities(
    soft: SoftLabels, labels: npt.NDArray[np.int8], own: float
) -> npt.NDArray[np.float64]:
    """Return how likely each whole text is to be called positive; labels count for `own`."""
    from scipy.special import expit

    targets: npt.NDArray[np.float64] = expit(soft.texts.astype(np.float64))
    known = len(labels)
    targets[:known] = own * labels + (1 - own) * targets[:known]
    return targets
