"""Distillation: what a recipe with n-grams learns of a teacher.

The n-grams' table is fitted to the labels, to the teacher's soft labels of unlabelled texts, and to
those of crops of one to three sentences, so that short texts are not new to it. The layers
learn the teacher's probabilities of the same texts and crops (Hinton, Vinyals and Dean, 2015); of
what it knows they learn what no sum over n-grams can say. How much each counts is found on
held-out texts, see `blend`; then the n-grams are fitted to the labels of these, too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edgernn.data import (
    Examples,
    NoUnlabelledTextsError,
    unlabelled_texts,
)
from edgernn.data.batches import Encoded
from edgernn.distillation.cached_arrays import read_cached, write_cached
from edgernn.distillation.document_vectors import document_vectors
from edgernn.distillation.min_count import scaled_min_count
from edgernn.distillation.ngram_table import (
    DEFAULT_FIT,
    NgramFit,
    NgramTable,
    fit_ngrams,
    ngram_sums,
)
from edgernn.distillation.sentences import words_apart
from edgernn.distillation.targets import (
    NgramTargets,
    cut_crops,
    layer_targets,
    ngram_targets,
)
from edgernn.distillation.teacher import SoftLabels, train_teacher
from edgernn.progress import Busy, Say
from edgernn.recipes.recipe import ClassWeight, Ngrams, Recipe
from edgernn.text import TextEncoder
from edgernn.training.options import TrainOptions
from edgernn.training.prepare import PreparedData
from edgernn.training.reader import Reader, halves_of, read_reader, written_pieces
from edgernn.training.run import TEACHER

__all__ = [
    "Distillation",
    "distill",
    "distill_run",
]

_Tables = tuple[NgramTable, NgramTable]
"""Without and with the labels of the held-out texts."""


@dataclass(frozen=True)
class Distillation:
    """What a teacher gave: tables of n-grams, and the targets of the layers."""

    table: NgramTable
    """Fitted without the held-out texts, on which it is measured and weighted."""
    final_table: NgramTable
    """Fitted to the held-out texts' labels too: what the model gets."""
    teacher_accuracy: float | None
    """Out of fold, on the labelled texts; of a teacher from outside as it says, None where it
    speaks of none."""
    ids: Sequence[npt.NDArray[np.int32]]
    """All texts that may be learned from, encoded; labelled ones first."""
    layer_targets: Encoded
    """What the layers learn: texts and crops with how likely each is positive, as if a label."""
    unlabelled: Sequence[str] = ()
    """The texts without a label that were learned from."""
    reader_accuracy: float | None = None
    """The accuracy out of fold of the teacher that reads, by itself; None without one."""

    def beside_table(self, texts: Encoded) -> Encoded:
        """Return texts to be watched in training: beside the table, where the layers learn so."""
        if self.layer_targets.beside is None:
            return texts
        return dataclasses.replace(texts, beside=ngram_sums(texts.ids, self.table))


def distill(
    ngrams: Ngrams,
    encoder: TextEncoder,
    labelled: Examples,
    unlabelled: Sequence[str],
    vectors: npt.NDArray[np.float32],
    *,
    seed: int,
    cache: Path,
    busy: Busy,
    settings: NgramFit = DEFAULT_FIT,
    held_out: Encoded | None = None,
    class_weight: ClassWeight | None = None,
    reader: Reader | None = None,
) -> Distillation:
    """Train the teacher, fit the n-grams to its soft labels, and make the layers' targets of them.

    Args:
        ngrams: the recipe's.
        encoder: the recipe's text rules with their vocabulary.
        labelled: training texts with their labels.
        unlabelled: texts without a label; may be empty.
        vectors: float32 [labelled + unlabelled, dimensions], the texts' `document_vectors`.
        seed: decides the teacher's folds and the crops.
        cache: a folder for what has been reached, see `teacher.train_teacher`.
        busy: called with a title, gives a context to show that a long step is under way.
        settings: how the n-grams are fitted to the teacher.
        held_out: texts whose labels the final table is fitted to, too; None where there is none.
        class_weight: whether both classes count alike in the n-grams' fit; the teacher's own stays
            the data's, so that its probabilities are.
        reader: what a teacher that reads says of the texts; with it the layers learn what the
            n-grams leave over.

    Raises:
        DataError: too few texts, or a broken cache.
        MissingPackageError: scikit-learn is not installed.
    """
    soft = train_teacher(
        labelled,
        unlabelled,
        vectors,
        seed=seed,
        cache=cache,
        busy=busy,
        any_script=_has_any_script(encoder),
        reader=None if reader is None else reader.logits,
    )
    texts = [*labelled.texts, *unlabelled]
    with busy("encoding"):
        ids, crops = encoder.encode_batch(texts), cut_crops(texts, soft, encoder, seed)
        learned = crops
        if reader is not None:
            # A sum cannot hold what pieces say that turn on a negation.
            learned = reader.pieces + written_pieces(reader, encoder, seed)
    targets = ngram_targets(ids, crops, soft, labelled.labels, settings)

    def fit_table(targets: NgramTargets) -> NgramTable:
        targets = targets.balanced(class_weight)
        return fit_ngrams(targets.ids, targets.logits, targets.weights, ngrams, settings)

    def fit_tables() -> _Tables:
        with busy("fitting the n-grams to the teacher"):
            table = fit_table(targets)
        if held_out is None:
            return table, table
        with busy("fitting the n-grams to the held-out labels, too"):
            return table, fit_table(targets.with_labels(held_out))

    key = _key(ngrams, settings, encoder, soft, held_out, class_weight, seed)
    table, final_table = _cached_tables(cache / "ngrams.npz", key, ngrams, fit_tables)
    beside = None
    if reader is not None:
        owners = np.concatenate([np.arange(len(ids)), learned.owners])
        halves = halves_of(labelled, len(texts), seed)
        both = [*ids, *learned.ids]

        def fit_halves() -> npt.NDArray[np.float32]:
            sums = ngram_sums(both, table)
            for half in (0, 1):
                with busy(f"fitting the n-grams to half of the texts ({half + 1} of 2)"):
                    other = fit_table(targets.but_of(np.flatnonzero(halves == half)))
                    own = np.flatnonzero((owners >= 0) & (halves[owners] == half))
                    sums[own] = ngram_sums([both[row] for row in own], other)
            return sums

        beside = _cached_sums(cache / "beside.npz", key, len(both), fit_halves)
    return Distillation(
        table=table,
        final_table=final_table,
        teacher_accuracy=soft.accuracy,
        ids=ids,
        layer_targets=layer_targets(ids, learned, soft, labelled.labels, beside),
        reader_accuracy=soft.reader_accuracy,
        unlabelled=unlabelled,
    )


def _cached_sums(
    path: Path, key: str, number: int, fit: Callable[[], npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """Return the sums of a file of the same key, or compute them and write the file."""
    arrays = read_cached(path, key, {"sums": (number,)})
    if arrays is None:
        arrays = {"sums": fit()}
        write_cached(path, key, **arrays)
    return arrays["sums"]


def _cached_tables(path: Path, key: str, ngrams: Ngrams, fit: Callable[[], _Tables]) -> _Tables:
    """Return the tables of a file of the same key, or fit them and write the file."""
    shapes = dict.fromkeys(("numbers", "checks", "last_numbers", "last_checks"), (ngrams.buckets,))
    arrays = read_cached(path, key, shapes)
    if arrays is None:
        first, final = fit()
        fitted = (first.numbers, first.checks, final.numbers, final.checks)
        arrays = dict(zip(shapes, fitted, strict=True))
        write_cached(path, key, **arrays)
    return (
        NgramTable(arrays["numbers"], arrays["checks"], ngrams.longest, ngrams.hash),
        NgramTable(arrays["last_numbers"], arrays["last_checks"], ngrams.longest, ngrams.hash),
    )


def _taught(
    ngrams: Ngrams, data: PreparedData, class_weight: ClassWeight | None, busy: Busy
) -> Distillation:
    """Fit the n-grams to a teacher from outside, which knows whole texts and no crops of them.

    Its logits are what they are fitted to, which is what a high temperature comes to.
    """
    soft = data.train.soft
    assert soft is not None
    share = soft.hard_shares.astype(np.float64)
    likely = share * data.train.labels + (1 - share) * soft.probabilities[:, 1]
    with np.errstate(divide="ignore"):
        targets = NgramTargets(
            list(data.train.ids),
            (np.log(likely) - np.log1p(-likely)).astype(np.float32),
            np.ones(len(likely), np.float32),
            np.arange(len(likely)),
        )
    min_count = scaled_min_count(DEFAULT_FIT.min_count, len(data.train))
    settings = dataclasses.replace(DEFAULT_FIT, min_count=min_count)

    def fit_table(targets: NgramTargets) -> NgramTable:
        targets = targets.balanced(class_weight)
        return fit_ngrams(targets.ids, targets.logits, targets.weights, ngrams, settings)

    with busy("fitting the n-grams to the soft labels"):
        table = fit_table(targets)
    with busy("fitting the n-grams to the held-out labels, too"):
        final_table = fit_table(targets.with_labels(data.validation))
    return Distillation(
        table=table,
        final_table=final_table,
        teacher_accuracy=data.teacher_accuracy,
        ids=data.train.ids,
        layer_targets=data.train,
        unlabelled=data.unlabelled,
    )


def distill_run(
    options: TrainOptions,
    recipe: Recipe,
    data: PreparedData,
    say: Say,
    busy: Busy,
) -> Distillation:
    """Distil a teacher of a run's texts, and of unlabelled ones where the data set has such.

    Args:
        options: of the run.
        recipe: the run's, with n-grams.
        data: the run's; of what is held out, the final table alone learns the labels.
        say: gets a line of what was learned, and a warning where there are no unlabelled texts.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError, MissingPackageError: see `distill`.
    """
    assert isinstance(recipe.ngrams, Ngrams)
    if data.train.soft is not None:
        return _taught(recipe.ngrams, data, recipe.fit.class_weight, busy)
    unlabelled = _unlabelled(options, say, busy)
    started = time.monotonic()
    # The held-out texts have theirs, too; no label is read, and they are the same for any seed.
    texts = [*data.examples.texts, *unlabelled]
    if _has_any_script(data.encoder):
        texts = list(map(words_apart, texts))
    vectors = document_vectors(texts, cache=options.output / TEACHER, busy=busy)
    rows = np.concatenate([data.learnt, np.arange(len(data.examples), len(vectors))])
    reader = None
    if options.teacher_logits is not None:
        with busy("reading the teacher's logits"):
            reader = read_reader(Path(options.teacher_logits), texts, rows, data.encoder)
    min_count = scaled_min_count(DEFAULT_FIT.min_count, len(data.learnt) + len(unlabelled))
    distilled = distill(
        recipe.ngrams,
        data.encoder,
        data.examples.at(data.learnt),
        unlabelled,
        vectors[rows],
        seed=options.seed,
        cache=options.output / TEACHER,
        busy=busy,
        settings=dataclasses.replace(DEFAULT_FIT, min_count=min_count),
        held_out=data.validation,
        class_weight=recipe.fit.class_weight,
        reader=reader,
    )
    if distilled.reader_accuracy is not None:
        say(f"teacher that reads: {distilled.reader_accuracy:.2%} by itself")
    say(
        f"teacher: {distilled.teacher_accuracy:.2%} out of fold on {len(data.learnt):,} texts, "
        f"asked about {len(unlabelled):,} unlabelled ones too; "
        f"{(time.monotonic() - started) / 60:.1f} minutes"
    )
    return distilled


def _has_any_script(encoder: TextEncoder) -> bool:
    """Tell whether the text rules look for words of other scripts than Latin, or for emoji."""
    contract = encoder.contract
    defaults = ("listed", "keep", "keep")
    return (contract.word_class, contract.unspaced_scripts, contract.symbols) != defaults


def _unlabelled(options: TrainOptions, say: Say, busy: Busy) -> list[str]:
    """Return the unlabelled texts of a run's data; none, with a warning, where it has none."""
    # As many a labelled text as the data set has.
    limit = None if options.limit is None else 2 * options.limit
    try:
        with busy("reading unlabelled texts"):
            return list(itertools.islice(unlabelled_texts(options.data), limit))
    except NoUnlabelledTextsError as error:
        say(f"warning: {error}; the n-grams are learned from the labelled texts alone")
        return []


def _key(
    ngrams: Ngrams,
    settings: NgramFit,
    encoder: TextEncoder,
    soft: SoftLabels,
    held_out: Encoded | None,
    class_weight: ClassWeight | None,
    seed: int,
) -> str:
    """Return what tells one table from another."""
    described = f"{ngrams} {settings} {seed}" + (f" {class_weight}" if class_weight else "")
    digest = hashlib.sha256(described.encode())
    digest.update(encoder.contract.to_json().encode())
    digest.update(soft.texts.tobytes() + soft.sentences.tobytes())
    if held_out is not None:
        digest.update(held_out.labels.tobytes())
        for text in held_out.ids:
            digest.update(text.tobytes() + b"|")
    return digest.hexdigest()
