"""What layers and n-grams are given to learn: texts and crops with what a teacher says of them.

A crop is one to three sentences in a row; its score is the teacher's of those sentences, never the
review's label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.data.batches import Encoded, balanced
from edgernn.distillation.ngram_table import AS_CHOSEN, MOST_SURE, NgramFit
from edgernn.distillation.sentences import split_sentences
from edgernn.distillation.teacher import SoftLabels
from edgernn.recipes.recipe import ClassWeight
from edgernn.text import TextEncoder

__all__ = [
    "Crops",
    "cut_crops",
    "exercises_of_layers",
    "exercises_of_ngrams",
    "weighed",
    "with_labels",
]

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]

_LONGEST_CROP = 3
"""In sentences."""
_LAYERS_OWN_LABEL = 0.3
"""Share of a labelled text's own label in what the layers learn; the teacher's is the rest."""
_CROP_POWER = 0.25
"""A crop's score is the sum of its sentences' over this power of their number."""


@dataclass(frozen=True, eq=False)
class Crops:
    """One crop of each text."""

    ids: list[Ids]
    """Encoded; of a text without a sentence, empty."""
    logits: Floats
    """float32 [texts], the teacher's."""


def cut_crops(texts: Sequence[str], soft: SoftLabels, encoder: TextEncoder, seed: int) -> Crops:
    """Take one to three sentences in a row out of each text, with the teacher's logit of them.

    Args:
        texts: labelled texts, then unlabelled ones.
        soft: what the teacher says of them.
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
    return Crops(encoder.encode_batch(crops), logits)


def exercises_of_ngrams(
    ids: Sequence[Ids],
    crops: Crops,
    soft: SoftLabels,
    labels: npt.NDArray[np.int8],
    how: NgramFit = AS_CHOSEN,
) -> tuple[list[Ids], Floats, Floats]:
    """Return what n-grams are fitted to: all texts that are not empty, then crops of them.

    Args:
        ids: labelled texts, then unlabelled ones, encoded.
        crops: of the same texts.
        soft: what the teacher says of the texts.
        labels: int8 [labelled], 0 or 1.
        how: how much labels and crops count.

    Returns:
        Encoded texts, what each is to score (float32, as logits that may be infinite), and how much
        each counts (float32).
    """
    from scipy.special import logit

    both = list(ids)
    targets = logit(_chances(soft, labels, how.own_label)).astype(np.float32)
    if how.crop_weight:
        both += crops.ids
        targets = np.concatenate([targets, crops.logits])
    weights = np.full(len(both), how.crop_weight, np.float32)
    weights[: len(ids)] = 1
    full = [row for row, text in enumerate(both) if len(text)]
    return [both[row] for row in full], targets[full], weights[full]


def exercises_of_layers(
    ids: Sequence[Ids], crops: Crops, soft: SoftLabels, labels: npt.NDArray[np.int8]
) -> Encoded:
    """Return what the layers learn: all texts that are not empty, then crops of them.

    Args:
        ids: labelled texts, then unlabelled ones, encoded.
        crops: of the same texts.
        soft: what the teacher says of the texts.
        labels: int8 [labelled], 0 or 1.

    Returns:
        Texts and crops with how likely each is positive, which the loss takes as a label.
    """
    from scipy.special import expit

    chances = _chances(soft, labels, _LAYERS_OWN_LABEL)
    of_crops = expit(np.clip(crops.logits, -MOST_SURE, MOST_SURE))
    both, wanted = [*ids, *crops.ids], np.concatenate([chances, of_crops]).astype(np.float32)
    full = [row for row, text in enumerate(both) if len(text)]
    return Encoded([both[row] for row in full], wanted[full])


def weighed(
    given: tuple[list[Ids], Floats, Floats], class_weight: ClassWeight | None
) -> tuple[list[Ids], Floats, Floats]:
    """Let both classes count alike in what `exercises_of_ngrams` gives, if that is asked for."""
    from scipy.special import expit

    ids, targets, weights = given
    if class_weight is None:
        return given
    found = balanced(Encoded(ids, expit(np.clip(targets, -MOST_SURE, MOST_SURE)))).weights
    # The fit squares them.
    return (ids, targets, weights if found is None else weights * np.sqrt(found))


def with_labels(
    ids: list[Ids],
    targets: Floats,
    weights: Floats,
    held_out: Encoded,
) -> tuple[list[Ids], Floats, Floats]:
    """Add texts that are to score as their labels say to what `exercises_of_ngrams` gives."""
    full = [row for row, text in enumerate(held_out.ids) if len(text)]
    wanted = np.where(held_out.labels[full] > 0, np.inf, -np.inf).astype(np.float32)
    return (
        [*ids, *(held_out.ids[row] for row in full)],
        np.concatenate([targets, wanted]),
        np.concatenate([weights, np.ones(len(full), np.float32)]),
    )


def _chances(soft: SoftLabels, labels: npt.NDArray[np.int8], own: float) -> npt.NDArray[np.float64]:
    """Return how likely each whole text is to be called positive; labels count for `own`."""
    from scipy.special import expit

    chances: npt.NDArray[np.float64] = expit(soft.texts.astype(np.float64))
    known = len(labels)
    chances[:known] = own * labels + (1 - own) * chances[:known]
    return chances
