"""Run folders of small models with random weights, and the files that are exported of them."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from made_once import made_once, shared_folder
from matching_checks import matching_checks

if TYPE_CHECKING:
    from edgernn.recipes.recipe import Recipe
    from edgernn.text.decision import DecisionRule
    from exporters.export import TrainedModel

# Enough of the words in `exporters.sample_texts` that a text has far fewer ids than bytes.
TINY_SUBWORDS = (
    *("the_", "a_", "and_", "of_", "is_", "it_", "in_", "I_", "film_", "one_", "that_", "to_"),
    *("was_", "never_", "bad", "good", "great", "boring", "loved", "funny", "movie", "best"),
    *("worst", "not_", "very_", "ing_", "ed_", "th", "er", "on", "an", "re", "he", "in", "ou"),
    *("ti", "es", "st", "or", "ar", "is", "ve"),
)


def tiny_bilstm() -> tuple[Recipe, bytes]:
    """A recipe on subwords, and its vocabulary.

    Most layers are just large enough for the TFLite converter to quantize them.
    """
    from edgernn.recipes import recipe as parts
    from edgernn.recipes.catalogue import DEFAULT_RECIPE, RECIPES
    from edgernn.text import SubwordEncoder

    subwords = SubwordEncoder(TINY_SUBWORDS)
    recipe = parts.Recipe(
        name="tiny-bilstm",
        title="Tiny",
        source="tests",
        text=parts.TextRules("subwords", subwords.vocab_size, 40, "start"),
        layers=(
            parts.Embedding(32),
            parts.Recurrent(32, bidirectional=True, sequences=True),
            parts.Recurrent(16, bidirectional=True),
            parts.Dense(32, "relu"),
            parts.Dropout(0.5),
            parts.Dense(1),
        ),
        fit=RECIPES[DEFAULT_RECIPE].fit,
    )
    return recipe, subwords.to_bytes()


def write_run(
    folder: Path,
    recipe: Recipe,
    vocabulary: bytes,
    *,
    spread: float | None = None,
    labels: tuple[str, ...] = ("negative", "positive"),
    decision: DecisionRule = "threshold",
    **rules: Any,
) -> Path:
    """Write a run folder as `edgernn train` leaves it, with random weights.

    Needs TensorFlow. `rules` are put into the contract, `spread` is the
    deviation of the sample texts' logits, about a mean of 0; None leaves both as they come.
    """
    keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    import numpy as np

    from edgernn.recipes.recipe import Ngrams, NgramVectors
    from edgernn.text import TextEncoder
    from edgernn.text.padding import pad
    from edgernn.training import models, run
    from edgernn.training.vocabulary import make_contract
    from exporters.sample_texts import SAMPLE_TEXTS

    contract = make_contract(recipe.text, vocabulary, labels, decision)
    contract = dataclasses.replace(contract, version=None, **rules)
    keras.utils.set_random_seed(0)
    model = models.build(recipe, contract.vocabulary_size, models.labels_of(contract))
    rng = np.random.default_rng(2)
    weights = [rng.normal(0, 0.3, array.shape) for array in model.get_weights()]
    # Those of the logit; a table of n-grams, a kernel of vectors, and checks stand behind them.
    behind = {type(None): 0, Ngrams: 2, NgramVectors: 3}[type(recipe.ngrams)]
    kernel = len(weights) - 2 - behind
    weights[kernel : kernel + 2] = [weights[kernel] * 5, weights[kernel + 1] * 0]
    texts = [
        ids for ids in TextEncoder(contract, vocabulary).encode_batch(SAMPLE_TEXTS) if len(ids)
    ]
    if recipe.ngrams is not None:
        weights[-1] = matching_checks(texts, recipe.ngrams.buckets, recipe.ngrams.longest)
    model.set_weights(weights)
    if spread is not None:
        # Not `predict`, which would be traced first.
        logits = model(pad(texts)[0]).numpy()
        factor = spread / logits.std(axis=0)
        weights[kernel] *= factor
        weights[kernel + 1] = -factor * logits.mean(axis=0)
        if recipe.ngrams is not None:
            weights[-2] *= factor if isinstance(recipe.ngrams, NgramVectors) else factor[0]
        model.set_weights(weights)

    folder.mkdir(exist_ok=True)
    model.save(folder / run.MODEL)
    (folder / run.CONTRACT).write_text(contract.to_json(), "utf-8")
    (folder / contract.vocabulary_file).write_bytes(vocabulary)
    config = {
        "recipe": recipe.name,
        "published": False,
        "seed": 7,
        "limit": None,
        "fit": {"validation": "held out", "validation_fraction": 0.1},
        "data": {
            "source": "reviews.csv",
            "text_column": "text",
            "label_column": "label",
            "description": {"name": "reviews.csv", "examples": 100},
        },
    }
    (folder / run.CONFIG).write_text(json.dumps(config), "utf-8")
    metrics = {"validation_accuracy": 0.75, "parameters": model.count_params()}
    (folder / run.METRICS).write_text(json.dumps(metrics), "utf-8")
    return folder


def shared_run(factory: pytest.TempPathFactory, name: str, write: Callable[[Path], object]) -> Path:
    """Return the run folder of a name, which the first of the tests' processes writes."""
    return made_once(shared_folder(factory, "runs") / name, write)


def open_shared(run: Path) -> TrainedModel:
    """Return what `open_trained_run` gives of a shared run; one process alone opens its model."""

    def make(path: Path) -> None:
        path.write_bytes(pickle.dumps(open_trained_run(run)))

    trained: TrainedModel = pickle.loads(  # noqa: S301
        made_once(run.with_name(f"{run.name}.pickle"), make).read_bytes()
    )
    return trained


def open_trained_run(folder: Path) -> TrainedModel:
    """Open a run for export, with its own scores of the sample texts that it is sure of."""
    from edgernn.training.run import Run
    from exporters.export import open_trained
    from exporters.sample_texts import SAMPLE_TEXTS

    trained = open_trained(Run.open(folder), SAMPLE_TEXTS)
    # A model of random weights is undecided of many texts: each rounding gives some another label.
    decided = trained.run.contract.decides.margin(trained.expected) > 0.03
    texts = [text for text, kept in zip(trained.texts, decided, strict=True) if kept]
    return dataclasses.replace(trained, texts=texts, expected=trained.expected[decided])


class TinyFiles(dict[tuple[str, str], Path]):
    """Exports a file the first time that it is asked for; a TFLite conversion takes seconds.

    The processes that tests run in share them: a model's weights are the same in each.
    """

    def __init__(self, trained: TrainedModel, factory: pytest.TempPathFactory, name: str) -> None:
        self._trained = trained
        self._folder = shared_folder(factory, name)

    def __missing__(self, key: tuple[str, str]) -> Path:
        from edgernn.runtime.loaded_model import open_reference
        from exporters.export import export
        from exporters.rules import find_format

        name, precision = key
        rules = find_format(name)
        path = self._folder / f"tiny-{precision}{rules.suffix}"

        def make(path: Path) -> None:
            export(self._trained, rules, precision, path, open_reference)

        self[key] = made_once(path, make)
        return path
