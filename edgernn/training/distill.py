"""What a recipe with n-grams learns beside its layers: the teacher's opinion, and how to add both.

The n-grams' table is fitted to the labels, to what the teacher says of unlabelled texts, and to
what it says of crops of one to three sentences, so that short texts are not new to it. The layers
learn the teacher's probabilities of the same texts and crops (Hinton, Vinyals and Dean, 2015); of
what it knows they learn what no sum over n-grams can say. How much each counts is found on
held-out texts, by a logistic regression that calibrates the sum too (Platt, 1999; Guo et al.,
2017). With that known, the n-grams are fitted once more, to the labels of the held-out texts too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.data import (
    Examples,
    NoUnlabelledTextsError,
    unlabelled_texts,
)
from edgernn.data.batches import Encoded
from edgernn.distillation.cached_arrays import read_kept, write_kept
from edgernn.distillation.document_vectors import document_vectors
from edgernn.distillation.few_texts import least_count
from edgernn.distillation.ngram_table import (
    AS_CHOSEN,
    NgramFit,
    NgramTable,
    fit_ngrams,
    ngram_sums,
)
from edgernn.distillation.targets import (
    cut_crops,
    exercises_of_layers,
    exercises_of_ngrams,
    weighed,
    with_labels,
)
from edgernn.distillation.teacher import SoftLabels, teach
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import ClassWeight, Ngrams, Recipe
from edgernn.text import TextEncoder
from edgernn.training.label_figures import figures_of_logits
from edgernn.training.models import NGRAMS, build, deep_layers, logits
from edgernn.training.options import TrainOptions
from edgernn.training.run import TEACHER

__all__ = [
    "Blend",
    "Lesson",
    "blend",
    "join",
    "learn_ngrams",
    "lesson_of",
    "whole_model",
]


@dataclass(frozen=True)
class Lesson:
    """What was learned before the layers are trained."""

    table: NgramTable
    """Fitted without the held-out texts, on which it is measured and weighed."""
    last_table: NgramTable
    """Fitted to the held-out texts' labels too: what the model gets."""
    teacher_accuracy: float
    """Out of fold, on the labelled texts."""
    ids: Sequence[npt.NDArray[np.int32]]
    """All texts that may be learned from, encoded; labelled ones first."""
    to_learn: Encoded
    """What the layers learn: texts and crops with how likely each is positive, as if a label."""
    unlabelled: Sequence[str] = ()
    """The texts without a label that were learned from."""


@dataclass(frozen=True)
class Blend:
    """How the layers' logit and the n-grams' sum are added: the factors of each, and a constant."""

    layers: float
    ngrams: float
    constant: float


def learn_ngrams(
    ngrams: Ngrams,
    encoder: TextEncoder,
    known: Examples,
    unlabelled: Sequence[str],
    vectors: npt.NDArray[np.float32],
    *,
    seed: int,
    cache: Path,
    busy: Busy,
    how: NgramFit = AS_CHOSEN,
    held_out: Encoded | None = None,
    class_weight: ClassWeight | None = None,
) -> Lesson:
    """Ask the teacher about all texts, and fit the n-grams to its answers.

    Args:
        ngrams: the recipe's.
        encoder: the recipe's text rules with their vocabulary.
        known: training texts with their labels.
        unlabelled: texts without a label; may be empty.
        vectors: float32 [labelled + unlabelled, dimensions], the texts' `document_vectors`.
        seed: decides the teacher's folds and the crops.
        cache: a folder for what has been reached, see `teacher.teach`.
        busy: called with a title, gives a context to show that a long step is under way.
        how: how the n-grams are fitted to the teacher.
        held_out: texts whose labels the last table is fitted to, too; None where there is none.
        class_weight: whether both classes count alike in the n-grams' fit; the teacher's own stays
            the data's, so that its probabilities are.

    Raises:
        DataError: too few texts, or a broken cache.
        MissingPackageError: scikit-learn is not installed.
    """
    soft = teach(known, unlabelled, vectors, seed=seed, cache=cache, busy=busy)
    texts = [*known.texts, *unlabelled]
    with busy("encoding"):
        ids = encoder.encode_batch(texts)
        crops = cut_crops(texts, soft, encoder, seed)
    file = cache / "ngrams.npz"
    key = _key(ngrams, how, encoder, soft, held_out, class_weight, seed)
    shapes = dict.fromkeys(("numbers", "checks", "last_numbers", "last_checks"), (ngrams.buckets,))
    found = read_kept(file, key, shapes)
    if found is None:
        with busy("fitting the n-grams to the teacher"):
            given = exercises_of_ngrams(ids, crops, soft, known.labels, how)
            table = last = fit_ngrams(*weighed(given, class_weight), ngrams, how)
        if held_out is not None:
            with busy("fitting the n-grams to the held-out labels, too"):
                both = with_labels(*given, held_out)
                last = fit_ngrams(*weighed(both, class_weight), ngrams, how)
        arrays = (table.numbers, table.checks, last.numbers, last.checks)
        found = dict(zip(shapes, arrays, strict=True))
        write_kept(file, key, **found)
    return Lesson(
        table=NgramTable(found["numbers"], found["checks"], ngrams.longest),
        last_table=NgramTable(found["last_numbers"], found["last_checks"], ngrams.longest),
        teacher_accuracy=soft.accuracy,
        ids=ids,
        to_learn=exercises_of_layers(ids, crops, soft, known.labels),
        unlabelled=unlabelled,
    )


def lesson_of(
    options: TrainOptions,
    recipe: Recipe,
    encoder: TextEncoder,
    examples: Examples,
    kept: npt.NDArray[np.int64],
    measured: Encoded,
    say: Say,
    busy: Busy,
) -> Lesson:
    """Let the teacher learn from what a run trains on, and the n-grams from the teacher.

    Args:
        options: of the run.
        recipe: the run's, with n-grams.
        encoder: the run's text rules with their vocabulary.
        examples: what is learned from and what is measured on; of these the last table alone learns
            the labels.
        kept: int64, the examples that are learned from.
        measured: the others, encoded.
        say: gets a line of what was learned, and a warning where no unlabelled texts are at hand.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError, MissingPackageError: see `learn_ngrams`.
    """
    assert recipe.ngrams is not None
    known = examples.at(kept)
    try:
        with busy("reading unlabelled texts"):
            # As many a labelled text as the data set has.
            limit = None if options.limit is None else 2 * options.limit
            unlabelled = list(itertools.islice(unlabelled_texts(options.data), limit))
    except NoUnlabelledTextsError as error:
        unlabelled = []
        say(f"warning: {error}; the n-grams are learned from the labelled texts alone")
    started = time.monotonic()
    # The held-out texts have theirs, too; no label is read, and they are the same for any seed.
    vectors = document_vectors(
        [*examples.texts, *unlabelled], cache=options.output / TEACHER, busy=busy
    )
    rows = np.concatenate([kept, np.arange(len(examples.texts), len(vectors))])
    lesson = learn_ngrams(
        recipe.ngrams,
        encoder,
        known,
        unlabelled,
        vectors[rows],
        seed=options.seed,
        cache=options.output / TEACHER,
        busy=busy,
        how=dataclasses.replace(
            AS_CHOSEN, min_count=least_count(AS_CHOSEN.min_count, len(kept) + len(unlabelled))
        ),
        held_out=measured,
        class_weight=recipe.fit.class_weight,
    )
    say(
        f"teacher: {lesson.teacher_accuracy:.2%} out of fold on {len(kept):,} texts, asked about "
        f"{len(unlabelled):,} unlabelled ones too; {(time.monotonic() - started) / 60:.1f} minutes"
    )
    return lesson


def blend(
    layers: npt.NDArray[np.float32],
    ngrams: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int8] | npt.NDArray[np.float32],
    class_weight: ClassWeight | None = None,
) -> Blend:
    """Find how much the layers and the n-grams count, on texts that neither was trained on.

    Args:
        layers: float32 [texts], the layers' logits.
        ngrams: float32 [texts], the n-grams' sums.
        labels: int8 [texts], 0 or 1.
        class_weight: whether both classes count alike, however many texts each has.
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, class_weight=class_weight)
    found = model.fit(np.stack([layers, ngrams], axis=1), labels)
    (first, second), (constant,) = found.coef_[0], found.intercept_
    return Blend(float(first), float(second), float(constant))


def join(model: Any, layers: Any, table: NgramTable, how: Blend) -> None:
    """Put trained layers and a table of n-grams into a recipe's whole model.

    Args:
        model: a fresh model of the recipe, with n-grams.
        layers: the trained model of the recipe without them.
        table: the n-grams' numbers and checks.
        how: how much each counts.
    """
    trained = deep_layers(layers)
    for own, other in zip(deep_layers(model), trained, strict=True):
        own.set_weights(other.get_weights())
    last = deep_layers(model)[-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel * how.layers, bias * how.layers + how.constant])
    model.get_layer(NGRAMS).set_weights([table.numbers * how.ngrams, table.checks])


def whole_model(
    recipe: Recipe, size: int, layers: Any, lesson: Lesson, measured: Encoded
) -> tuple[Any, dict[str, Any]]:
    """Add the n-grams to trained layers.

    Args:
        recipe: the recipe, with n-grams.
        size: of the vocabulary, padding included.
        layers: the trained model of the recipe without n-grams.
        lesson: the n-grams.
        measured: texts that neither was trained on, but for the lesson's last table.

    Returns:
        The model, and for `metrics.json` what was measured of both parts and of their sum, with
        the table that has not seen the texts that it is measured on.
    """
    of_layers = logits(layers, measured.ids)
    of_ngrams = ngram_sums(measured.ids, lesson.table)
    how = blend(of_layers, of_ngrams, measured.labels, recipe.fit.class_weight)
    both = how.layers * of_layers + how.ngrams * of_ngrams + how.constant
    model = build(recipe, size)
    join(model, layers, lesson.last_table, how)
    right = measured.labels == 1
    return model, {
        "held_out": dataclasses.asdict(figures_of_logits(both, measured.labels)),
        "validation_accuracy": float(np.mean((both > 0) == right)),
        "validation_loss": float(np.mean(np.logaddexp(0, np.where(right, -both, both)))),
        "layers_validation_accuracy": float(np.mean((of_layers > 0) == right)),
        "ngrams_validation_accuracy": float(np.mean((of_ngrams > 0) == right)),
        "teacher_accuracy": lesson.teacher_accuracy,
        "blend": dataclasses.asdict(how),
    }


def _key(
    ngrams: Ngrams,
    how: NgramFit,
    encoder: TextEncoder,
    soft: SoftLabels,
    held_out: Encoded | None,
    class_weight: ClassWeight | None,
    seed: int,
) -> str:
    """Return what tells one table from another."""
    settings = f"{ngrams} {how} {seed}" + (f" {class_weight}" if class_weight else "")
    digest = hashlib.sha256(settings.encode())
    digest.update(encoder.contract.to_json().encode())
    digest.update(soft.texts.tobytes() + soft.sentences.tobytes())
    if held_out is not None:
        digest.update(held_out.labels.tobytes())
        for text in held_out.ids:
            digest.update(text.tobytes() + b"|")
    return digest.hexdigest()
