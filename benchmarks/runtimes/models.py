"""The shipped model, and every other recipe with weights of random numbers, as run folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.privacy import import_quietly
from edgernn.recipes.catalogue import DEFAULT_RECIPE, RECIPES
from edgernn.recipes.recipe import Recipe
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text import TextEncoder
from edgernn.text.padding import pad
from edgernn.training import models
from edgernn.training.run import CONFIG, CONTRACT, METRICS, MODEL, Run
from edgernn.training.vocabulary import build_vocabulary, make_contract
from exporters.sample_texts import SAMPLE_TEXTS

__all__ = ["runs"]

_SUBWORDS = Path("benchmarks/models/subword-bilstm/vocabulary.subwords")
_LABELS = ("negative", "mixed", "positive")


def runs(folder: Path, only: list[str]) -> Iterator[tuple[str, Run]]:
    """Yield each model's name and run folder; those of random weights are written first."""
    for name, recipe in RECIPES.items():
        if only and name not in only:
            continue
        if name == DEFAULT_RECIPE:
            yield name, Run.open(SHIPPED_MODEL.parent)
        else:
            yield name, Run.open(_written(folder / name, recipe))


def _written(folder: Path, recipe: Recipe) -> Path:
    """Write a run folder as `edgernn train` leaves it."""
    keras = import_quietly("keras")
    folder.mkdir(parents=True, exist_ok=True)
    if recipe.text.tokenizer == "subwords":
        vocabulary = _SUBWORDS.read_bytes()
    else:
        vocabulary = build_vocabulary(recipe.text, SAMPLE_TEXTS, min_df=1)
    many = recipe.name == "pooled-bilstm"
    contract = (
        make_contract(recipe.text, vocabulary, _LABELS, "largest")
        if many
        else make_contract(recipe.text, vocabulary)
    )
    keras.utils.set_random_seed(0)
    model = models.build(recipe, contract.vocabulary_size, models.labels_of(contract))
    rng = np.random.default_rng(2)
    weights = [rng.normal(0, 0.3, array.shape) for array in model.get_weights()]
    model.set_weights(weights)
    ids = [one for one in TextEncoder(contract, vocabulary).encode_batch(SAMPLE_TEXTS) if len(one)]
    logits = model(pad(ids)[0]).numpy()
    # Scores on both sides of the threshold, none of them certain.
    factor = 1.5 / logits.std(axis=0)
    weights[-2] *= factor
    weights[-1] = (weights[-1] - logits.mean(axis=0)) * factor
    model.set_weights(weights)
    model.save(folder / MODEL)
    (folder / CONTRACT).write_text(contract.to_json(), "utf-8")
    (folder / contract.vocabulary_file).write_bytes(vocabulary)
    config: dict[str, Any] = {
        "recipe": recipe.name,
        "published": False,
        "seed": 0,
        "limit": None,
        "fit": {"validation": "held out", "validation_fraction": 0.1},
        "data": None,
    }
    (folder / CONFIG).write_text(json.dumps(config), "utf-8")
    (folder / METRICS).write_text("{}", "utf-8")
    return folder
