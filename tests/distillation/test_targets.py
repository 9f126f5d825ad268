"""What layers and n-grams are given to learn: texts, crops, and what the teacher says of them."""

import numpy as np
import pytest
from four_texts import ENCODER, TEXTS, soft_of

from edgernn.data.batches import Encoded
from edgernn.distillation.ngram_table import NgramFit
from edgernn.distillation.sentences import split_sentences
from edgernn.distillation.targets import (
    NgramTargets,
    cut_crops,
    layer_targets,
    ngram_targets,
)

SEED = 6
LABELS = np.array([0, 1], np.int8)


def test_crops_are_whole_sentences():
    """One to three in a row of the text's own, with the sum of their scores over a root."""
    soft, met = soft_of(TEXTS), set()
    for seed in range(40):
        crops = cut_crops(TEXTS, soft, ENCODER, seed)
        first = 0
        for text, crop, score in zip(TEXTS, crops.ids, crops.logits, strict=True):
            parts = split_sentences(text)
            found = [
                (start, number)
                for number in (1, 2, 3)
                for start in range(len(parts) - number + 1)
                if np.array_equal(crop, ENCODER.encode(" ".join(parts[start : start + number])))
            ]
            assert len(found) == 1
            ((start, number),) = found
            told = soft.sentences[first + start : first + start + number]
            assert score == pytest.approx(told.sum() / number**0.25)
            met.add((text, start, number))
            first += len(parts)
    assert len(met) == 9 + 3 + 3 + 1


def test_a_text_without_a_sentence():
    """Its crop is empty, and is left out of what is learned; the others keep their scores."""
    texts = (TEXTS[0], "<br />", TEXTS[3])
    soft = soft_of(texts)
    crops = cut_crops(texts, soft, ENCODER, SEED)
    assert len(crops.ids[1]) == crops.logits[1] == 0
    assert crops.logits[2] == soft.sentences[-1]
    ids = ENCODER.encode_batch(texts)
    given = (ids, crops, soft, np.array([1], np.int8))
    fitted = ngram_targets(*given)
    assert [len(text) > 0 for text in fitted.ids] == [True] * 4
    assert fitted.logits[-1] == soft.sentences[-1]
    assert fitted.weights.tolist() == [1, 1, 0.5, 0.5]
    learned = layer_targets(*given)
    assert [text.tolist() for text in learned.ids] == [text.tolist() for text in fitted.ids]


def test_what_ngrams_are_fitted_to():
    """Labelled texts score as their labels say, others what the teacher says, then come crops."""
    soft, ids = soft_of(TEXTS), ENCODER.encode_batch(TEXTS)
    crops = cut_crops(TEXTS, soft, ENCODER, SEED)
    fitted = ngram_targets(ids, crops, soft, LABELS)
    assert fitted.logits[:2].tolist() == [-np.inf, np.inf]
    assert fitted.logits[2:4] == pytest.approx(soft.texts[2:])
    assert all(np.array_equal(a, b) for a, b in zip(fitted.ids[:4], ids, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(fitted.ids[4:], crops.ids, strict=True))
    assert np.array_equal(fitted.logits[4:], crops.logits)
    assert fitted.weights.tolist() == [1] * 4 + [0.5] * 4

    settings = NgramFit(crop_weight=0.0, own_label=0.3)
    fitted = ngram_targets(ids, crops, soft, LABELS, settings)
    assert len(fitted.ids) == 4
    chance = 0.7 / (1 + np.exp(-soft.texts[:2])) + (0, 0.3)
    assert 1 / (1 + np.exp(-fitted.logits[:2])) == pytest.approx(chance)
    assert fitted.logits[2:] == pytest.approx(soft.texts[2:])


def test_what_layers_learn():
    """The teacher's chances, a labelled text's for 0.7 of it; a crop's are not beyond a limit."""
    soft, ids = soft_of(TEXTS), ENCODER.encode_batch(TEXTS)
    crops = cut_crops(TEXTS, soft, ENCODER, SEED)
    assert crops.logits.max() > 5
    learned = layer_targets(ids, crops, soft, LABELS)
    assert [text.tolist() for text in learned.ids] == [text.tolist() for text in (*ids, *crops.ids)]
    chance = 1 / (1 + np.exp(-np.concatenate([soft.texts, np.clip(crops.logits, -5, 5)])))
    chance[:2] = 0.7 * chance[:2] + (0, 0.3)
    assert learned.labels == pytest.approx(chance)
    assert learned.labels.dtype == np.float32


def test_labels_are_added():
    """Texts that are to score as their labels say come last and count whole; empty ones do not."""
    ids, nothing = ENCODER.encode_batch(TEXTS), np.zeros(0, np.int32)
    more = Encoded([ids[1], nothing, ids[0]], np.array([1, 1, 0], np.int8))
    before = NgramTargets(
        ids[2:],
        np.array([0.5, 2], np.float32),
        np.array([1, 0.5], np.float32),
        np.array([2, 3]),
    )
    fitted = before.with_labels(more)
    assert [text.tolist() for text in fitted.ids] == [ids[i].tolist() for i in (2, 3, 1, 0)]
    assert fitted.logits.tolist() == [0.5, 2, np.inf, -np.inf]
    assert fitted.weights.tolist() == [1, 0.5, 1, 1]
    assert fitted.owners.tolist() == [2, 3, -1, -1]
