"""Trials of the search for the flagship: what differs from the recipe, and what came of it.

    python -m benchmarks.accuracy.trial NAME [NAME...] --data ARCHIVE --work FOLDER

Nothing here reads the test split: a trial is measured on the held-out tenth of the training split,
and with `--short FOLDER` on sentences about products and restaurants. Results are written as
`benchmarks.accuracy.search` reads them. The teacher's folds are kept in the work folder, by seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.data import SHORT_SETS, load_sentences
from benchmarks.accuracy.search import RESULTS
from edgernn.cli.console import busy, say
from edgernn.data import Examples, held_out_split, load_split, unlabelled_texts
from edgernn.data.batches import Encoded
from edgernn.distillation.document_vectors import document_vectors
from edgernn.distillation.ngram_table import MOST_SURE, NgramFit, count_ratios, ngram_sums, ridge
from edgernn.distillation.targets import cut_crops, ngram_targets
from edgernn.distillation.teacher import SoftLabels, train_teacher
from edgernn.errors import DataError, EdgernnError, UsageError
from edgernn.files import write_text
from edgernn.ngrams import HASHES, hashed_ngrams
from edgernn.recipes.catalogue import find_recipe
from edgernn.recipes.recipe import (
    Embedding,
    FitSettings,
    Layer,
    Ngrams,
    Pool,
    Recipe,
    Recurrent,
)
from edgernn.text import EVEN, TextEncoder
from edgernn.training.blend import add_ngrams, fit_blend
from edgernn.training.checkpoint import remove_checkpoint
from edgernn.training.distill import Distillation, distill
from edgernn.training.fit import fit
from edgernn.training.keras_setup import prepare_keras
from edgernn.training.models import logits
from edgernn.training.run import CHECKPOINT
from edgernn.training.train import first_model
from edgernn.training.vocabulary import build_vocabulary, make_contract

__all__ = ["TRIALS", "Corpus", "Trial", "main", "measure"]

Ids = npt.NDArray[np.int32]
Score = Callable[[Sequence[Ids]], npt.NDArray[np.float32]]
"""From encoded texts to a logit of each."""

_OF_OTHERS = ("amazon", "yelp")
"""Sentences that are about no film; those about films stand in reviews of the test split."""


@dataclass(frozen=True)
class Trial:
    """What a trial tries, and how it differs from the recipe; what is left out is the recipe's."""

    tries: str
    part: str = "ngrams"
    """What is learned: `teacher`, `ngrams`, or `layers`, to which the recipe's n-grams are added;
    each is compared with the trial that has the part's name."""
    words: int | None = None
    """Size of the vocabulary."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `Ngrams`."""
    fit: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `NgramFit`, or of `FitSettings` where layers are trained."""
    layers: Mapping[str, Any] = field(default_factory=dict)
    """What `_layers` is called with."""
    unlabelled: bool = True
    """Whether unlabelled texts are read."""
    checked: bool = True
    """Whether a bucket holds one n-gram; if not, all that fall into it share its number."""
    taught: bool = True
    """Whether layers learn the teacher's probabilities of all texts, or the labels alone."""
    vectors: bool = True
    """Whether the teacher has document vectors."""

    def config(self) -> dict[str, Any]:
        """Return what differs from the recipe."""
        plain, found = Trial(self.tries, self.part), dict[str, Any]()
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if value != getattr(plain, item.name):
                found |= value if isinstance(value, dict) else {item.name: value}
        return found


TRIALS: dict[str, Trial] = {
    "teacher": Trial("the teacher by itself, out of fold on what is trained on", "teacher"),
    "teacher-no-vectors": Trial("the teacher without document vectors", "teacher", vectors=False),
    "ngrams": Trial("the recipe's n-grams by themselves"),
    "ngrams-no-vectors": Trial("the teacher has no document vectors", vectors=False),
    "ngrams-unchecked": Trial(
        "all n-grams of a bucket share its number", table={"buckets": 262_139}, checked=False
    ),
    "ngrams-own-label-0.3": Trial(
        "labelled texts score 0.3 of their label and 0.7 of the teacher's probability",
        fit={"own_label": 0.3},
    ),
    "ngrams-own-label-0.6": Trial(
        "labelled texts score 0.6 of their label and 0.4 of the teacher's probability",
        fit={"own_label": 0.6},
    ),
    "ngrams-damp-1": Trial("all numbers are held back twice as much", fit={"damp": 1.0}),
    "ngrams-min-count-3": Trial("n-grams that are met three times count", fit={"min_count": 3}),
    "ngrams-262139": Trial("twice as many buckets", table={"buckets": 262_139}),
    "ngrams-no-unlabelled": Trial(
        "neither teacher nor n-grams read unlabelled texts", unlabelled=False
    ),
    "ngrams-no-crops": Trial("n-grams are fitted to whole texts alone", fit={"crop_weight": 0.0}),
    "ngrams-20000-words": Trial("twice as many words", words=20_000),
    "ngrams-plain-ridge": Trial(
        "all n-grams are held back alike, whatever their log-count ratios", fit={"ratio_power": 0.0}
    ),
    "ngrams-bigrams": Trial("no n-grams of three words", table={"longest": 2}),
    "layers": Trial("the recipe's layers, and its n-grams beside them", "layers"),
    "layers-last-state": Trial(
        "both directions' last state in place of pooling", "layers", layers={"pooled": False}
    ),
    "layers-labels": Trial(
        "layers learn the labels alone; more epochs, fewer texts",
        "layers",
        fit={"epochs": 8},
        taught=False,
    ),
    "layers-gru": Trial("GRU in place of LSTM", "layers", layers={"cell": "GRU"}),
    "layers-64-48": Trial(
        "64 units a direction, embedding of 48", "layers", layers={"units": 64, "embedding": 48}
    ),
    "layers-random-start": Trial("random first embeddings", "layers", layers={"start": "random"}),
}


def _layers(
    units: int | None = None,
    embedding: int | None = None,
    cell: Any = "LSTM",
    pooled: bool = True,
    start: Any = "neighbours",
) -> tuple[Layer, ...]:
    """The flagship's layers, with what may differ."""
    layers: list[Layer] = []
    for layer in find_recipe("flagship").layers:
        match layer:
            case Embedding():
                wide = embedding or layer.units
                layers.append(dataclasses.replace(layer, units=wide, start=start))
            case Recurrent():
                wide = units or layer.units
                layers.append(dataclasses.replace(layer, units=wide, cell=cell, sequences=pooled))
            case Pool() if not pooled:
                pass
            case _:
                layers.append(layer)
    return tuple(layers)


@dataclass(frozen=True)
class Corpus:
    """The texts of all trials of one seed."""

    every: Examples
    """The training split; the vocabulary is built from all of it, as `edgernn train` does."""
    unlabelled: Sequence[str]
    short: Mapping[str, Examples]
    """Short texts by the name of their set; may be empty."""
    seed: int
    settings: FitSettings
    """The recipe's: what of the training split is held out."""

    @functools.cached_property
    def rows(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The rows of the training split that are learned from, and those that are held out."""
        return held_out_split(
            self.every,
            self.settings.validation_fraction,
            self.seed,
            whole_groups=self.settings.whole_groups,
        )

    @functools.cached_property
    def trained_on(self) -> Examples:
        """The texts that are learned from."""
        return self.every.at(self.rows[0])

    @functools.cached_property
    def held_out(self) -> Examples:
        """The texts that are measured on."""
        return self.every.at(self.rows[1])


def main() -> None:
    """Run trials, one after the other, and write a file of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=list(TRIALS), metavar="NAME")
    parser.add_argument("--data", required=True, help="the archive of the reviews, or its folder")
    parser.add_argument("--short", type=Path, help="a folder of files of sentences")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--work", type=Path, required=True, help="a folder for the teacher's folds")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    recipe = find_recipe("flagship")
    with busy("reading texts"):
        short = {
            name: load_sentences(asked.short, SHORT_SETS[name])
            for name in (_OF_OTHERS if asked.short else ())
        }
        corpus = Corpus(
            load_split(asked.data, "train"),
            list(unlabelled_texts(asked.data)),
            short,
            asked.seed,
            recipe.fit,
        )
    for name in asked.names:
        say(f"trial {name}: {TRIALS[name].tries}")
        found = measure(TRIALS[name], recipe, corpus, asked.work)
        base = asked.results / f"{TRIALS[name].part}.json"
        found["outcome"] = _outcome(found, TRIALS[name], base)
        write_text(asked.results / f"{name}.json", json.dumps(found, indent=2) + "\n")
        say(f"{found['outcome']}: wrote {asked.results / name}.json")


def measure(trial: Trial, recipe: Recipe, corpus: Corpus, work: Path) -> dict[str, Any]:
    """Run one trial.

    Returns:
        `config`, `seed`, what was measured, `minutes` and `note`; what could not be trained has
        `failed` in the place of what was measured.

    Raises:
        UsageError: the recipe has no n-grams.
    """
    if recipe.ngrams is None:
        raise UsageError(f"recipe {recipe.name} has no n-grams to try anything with")
    started = time.monotonic()
    try:
        found = _Runner(trial, recipe, corpus, work).found()
    except EdgernnError as error:
        found = {"failed": str(error)}
    return {
        "config": trial.config(),
        "seed": corpus.seed,
        **found,
        "minutes": round((time.monotonic() - started) / 60, 1),
        "note": trial.tries,
    }


class _Runner:
    """One trial: its variant of the recipe, its texts, and where the teacher's folds are."""

    def __init__(self, trial: Trial, recipe: Recipe, corpus: Corpus, work: Path) -> None:
        assert isinstance(recipe.ngrams, Ngrams)
        self._trial, self._corpus = trial, corpus
        self._unlabelled = corpus.unlabelled if trial.unlabelled else ()
        kind = "teacher" if trial.unlabelled else "teacher-labelled"
        self._vector_cache = work / f"{kind}-vectors"
        if not trial.vectors:
            kind = f"{kind}-no-vectors"
        self._cache = work / f"{kind}-{corpus.seed}"
        text, settings = recipe.text, recipe.fit
        if trial.words is not None:
            text = dataclasses.replace(text, target_vocabulary_size=trial.words)
        if trial.part == "layers":
            settings = dataclasses.replace(settings, **trial.fit)
        self._settings = NgramFit() if trial.part == "layers" else NgramFit(**trial.fit)
        self._ngrams: Ngrams = dataclasses.replace(recipe.ngrams, **trial.table)
        layers = _layers(**trial.layers) if trial.layers else recipe.layers
        self._recipe = dataclasses.replace(
            recipe, text=text, fit=settings, layers=layers, ngrams=self._ngrams
        )

    def found(self) -> dict[str, Any]:
        """Learn, and return what was measured."""
        if self._trial.part == "teacher":
            soft = self._soft()
            return {
                "teacher_accuracy": soft.accuracy,
                "teacher_texts_accuracy": soft.texts_accuracy,
                "teacher_sentences_accuracy": soft.sentences_accuracy,
                "teacher_vectors_accuracy": soft.vectors_accuracy,
            }
        if self._trial.part == "layers":
            return self._of_layers()
        if self._trial.checked:
            distilled = self._distilled()
            return self._of_ngrams(lambda ids: ngram_sums(ids, distilled.table), distilled)
        numbers = self._unchecked()
        return self._of_ngrams(lambda ids: _hashed_rows(ids, self._ngrams) @ numbers, None)

    @functools.cached_property
    def _encoder(self) -> TextEncoder:
        with busy("building the vocabulary"):
            vocabulary = build_vocabulary(self._recipe.text, self._corpus.every.texts, min_df=1)
        return TextEncoder(make_contract(self._recipe.text, vocabulary), vocabulary)

    @functools.cached_property
    def _measured(self) -> Encoded:
        held_out = self._corpus.held_out
        return Encoded(self._encoder.encode_batch(held_out.texts), held_out.labels)

    @functools.cached_property
    def _vectors(self) -> npt.NDArray[np.float32]:
        """Those of the texts that are learned from; the held-out texts have theirs, too."""
        corpus = self._corpus
        texts = [*corpus.every.texts, *self._unlabelled]
        rows = np.concatenate([corpus.rows[0], np.arange(len(corpus.every.texts), len(texts))])
        if not self._trial.vectors:
            # Of a number that is the same for all texts the teacher learns nothing.
            return np.zeros((len(rows), 1), np.float32)
        every: npt.NDArray[np.float32] = document_vectors(
            texts, cache=self._vector_cache, busy=busy
        )
        return np.asarray(every[rows])

    def _soft(self) -> SoftLabels:
        known, seed = self._corpus.trained_on, self._corpus.seed
        return train_teacher(
            known,
            self._unlabelled,
            self._vectors,
            seed=seed,
            cache=self._cache,
            busy=busy,
        )

    def _distilled(self) -> Distillation:
        return distill(
            self._ngrams,
            self._encoder,
            self._corpus.trained_on,
            self._unlabelled,
            self._vectors,
            seed=self._corpus.seed,
            cache=self._cache,
            busy=busy,
            settings=self._settings,
        )

    def _of_ngrams(self, score: Score, distilled: Distillation | None) -> dict[str, Any]:
        """Measure n-grams; the loss is that of sums scaled to probabilities, as the recipe does."""
        sums, labels = score(self._measured.ids), self._measured.labels
        factors = fit_blend(np.zeros_like(sums), sums, labels)
        scaled = factors.ngrams * sums + factors.constant
        right = float(np.mean(EVEN.right_logits(sums, labels)))
        return {
            "validation_accuracy": right,
            "validation_loss": float(np.mean(np.logaddexp(0, np.where(labels, -scaled, scaled)))),
            "ngrams_validation_accuracy": right,
            **({} if distilled is None else {"teacher_accuracy": distilled.teacher_accuracy}),
            "short": self._short(score),
        }

    def _of_layers(self) -> dict[str, Any]:
        """Train layers, add the recipe's n-grams, and measure each and both."""
        corpus = self._corpus
        prepare_keras(corpus.seed)
        distilled = self._distilled()
        size = self._encoder.contract.vocabulary_size
        known = len(corpus.trained_on.labels)
        train = distilled.layer_targets
        if not self._trial.taught:
            train = Encoded(distilled.ids[:known], corpus.trained_on.labels)
        checkpoint = self._cache / CHECKPOINT
        # One that is left is of a trial that was cut off.
        shutil.rmtree(checkpoint, ignore_errors=True)
        layers, history = fit(
            first_model(self._recipe, size, distilled.ids, corpus.seed, busy),
            self._recipe.fit,
            train,
            self._measured,
            seed=corpus.seed,
            checkpoint=checkpoint,
        )
        if history.interrupted:
            raise KeyboardInterrupt
        remove_checkpoint(checkpoint)
        model, found, _ = add_ngrams(self._recipe, size, layers, distilled, self._measured)
        found["epochs"] = len(history.epochs)
        found["kept_epoch"] = history.selected.epoch
        return {**found, "short": self._short(lambda ids: logits(model, ids))}

    def _unchecked(self) -> npt.NDArray[np.float64]:
        """Fit one number a bucket to all n-grams that fall into it."""
        known, encoder, seed = self._corpus.trained_on, self._encoder, self._corpus.seed
        texts = [*known.texts, *self._unlabelled]
        soft, ids = self._soft(), encoder.encode_batch(texts)
        crops = cut_crops(texts, soft, encoder, seed)
        fitted = ngram_targets(ids, crops, soft, known.labels, self._settings)
        with busy("fitting buckets to the teacher"):
            target = np.clip(fitted.logits, -MOST_SURE, MOST_SURE)
            rows = _hashed_rows(fitted.ids, self._ngrams)
            ratios = count_ratios(rows, 1 / (1 + np.exp(-target)))
            freedom = ratios**self._settings.ratio_power
            return ridge(rows, target, fitted.weights, freedom, self._settings.damp)

    def _short(self, score: Score) -> dict[str, Any]:
        found = {}
        for name, examples in self._corpus.short.items():
            sums = score(self._encoder.encode_batch(examples.texts))
            found[name] = {
                "accuracy": float(np.mean(EVEN.right_logits(sums, examples.labels))),
                "called_positive": float(np.mean(EVEN.called_logits(sums))),
            }
        return found


def _hashed_rows(texts: Sequence[Ids], ngrams: Ngrams) -> Any:
    """Return how often each bucket is met in each text over the root of the number of n-grams."""
    from scipy import sparse

    found = [
        hashed_ngrams(ids, ngrams.buckets, ngrams.longest, HASHES[ngrams.hash]) for ids in texts
    ]
    number = np.array([len(buckets) for buckets in found])
    place = np.concatenate([[0], np.cumsum(number)])
    values = np.repeat(1 / np.sqrt(np.maximum(number, 1)), number).astype(np.float32)
    shape = (len(texts), ngrams.buckets)
    rows = sparse.csr_matrix((values, np.concatenate(found), place), shape=shape)
    rows.sum_duplicates()
    return rows


def _outcome(found: Mapping[str, Any], trial: Trial, base: Path) -> str:
    """Say how a trial did beside the recipe's own settings, where those were measured."""
    if "failed" in found:
        return f"failed: {found['failed']}"
    if trial.part == "teacher":
        return (
            f"texts {found['teacher_texts_accuracy']:.2%}, "
            f"sentences {found['teacher_sentences_accuracy']:.2%}, "
            f"vectors {found['teacher_vectors_accuracy']:.2%}, "
            f"together {found['teacher_accuracy']:.2%}"
        )
    if trial == TRIALS[trial.part]:
        return "in the recipe"
    try:
        recipe = json.loads(base.read_text("utf-8"))
    except FileNotFoundError:
        return "not compared"
    except ValueError as error:
        raise DataError(f"{base}: not JSON: {error}") from error
    if recipe["seed"] != found["seed"] or "failed" in recipe:
        return "not compared"
    points = 100 * (found["validation_accuracy"] - recipe["validation_accuracy"])
    return f"{points:+.2f} points"


if __name__ == "__main__":
    main()
