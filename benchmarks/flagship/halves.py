"""The two halves of a trained flagship, each by itself.

The graph adds `layers * L + constant + ngrams * N`, where L is the logit of the recurrent half, N
the sum of the n-grams, and the three numbers stand as `blend` in the run's metrics. They are taken
out again here, so that each half answers as it did before the two were weighed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.distillation.ngram_table import NgramTable, ngram_sums
from edgernn.errors import ModelFileError
from edgernn.privacy import import_quietly
from edgernn.training.models import NGRAMS, deep_layers, logits
from edgernn.training.run import Run

__all__ = ["HALVES", "open_halves"]

HALVES = ("layers", "ngrams", "both")
_APART = 1e-3
"""How far the sum of both halves may be from the model's own logit: float32 in another order."""


def open_halves(run: Run) -> Callable[[Sequence[str]], dict[str, npt.NDArray[np.float64]]]:
    """Return what gives the logits of texts by half, float64 [texts] for each of `HALVES`.

    Args:
        run: of a recipe whose n-grams are fitted apart from its layers.

    Raises:
        MissingPackageError: TensorFlow is not installed.
        ModelFileError: the model cannot be read, or is not of two halves.
    """
    blend = run.metrics.get("blend")
    if not isinstance(blend, dict) or not blend.get("layers") or not blend.get("ngrams"):
        raise ModelFileError(f"{run.folder}: its metrics have no blend of two halves")
    model = run.load_model()
    layers, table = _layers_of(model), _table_of(model)

    def halves(texts: Sequence[str]) -> dict[str, npt.NDArray[np.float64]]:
        ids = run.encoder.encode_batch(texts)
        deep = logits(layers, ids).astype(np.float64)
        wide = ngram_sums(ids, table).astype(np.float64)
        apart = float(np.abs(deep + wide - logits(model, ids)).max())
        if not apart <= _APART:
            raise ModelFileError(f"{run.folder}: its halves add up to logits {apart:.2g} off")
        return {
            "layers": (deep - blend["constant"]) / blend["layers"],
            "ngrams": wide / blend["ngrams"],
            "both": deep + wide,
        }

    return halves


def _layers_of(model: Any) -> Any:
    """Return the model of the layers alone; its weights are the whole model's."""
    keras = import_quietly("keras")

    return keras.Model(model.inputs, deep_layers(model)[-1].output)


def _table_of(model: Any) -> NgramTable:
    layer = model.get_layer(NGRAMS)
    numbers, checks = layer.get_weights()
    return NgramTable(numbers, checks, layer.longest, layer.hash)
