"""A fresh Keras model from plain layers and weights: nothing of the person's own file is in it."""

from __future__ import annotations

import dataclasses
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from edgernn.errors import MissingPackageError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.training.imported.files import Imported
from edgernn.training.imported.layers import Dense, Embedding, Layer, Recurrent

__all__ = ["build"]


def build(imported: Imported) -> Any:
    """Build the model of a run folder.

    Returns:
        An uncompiled `keras.Sequential`: int32 ids [batch, time] to float32 logits [batch, 1]. A
        sigmoid at the end is left out, and a missing bias is one of zeros.

    Raises:
        MissingPackageError: TensorFlow is not installed.
    """
    try:
        with held_back():
            keras = import_quietly("keras")
            import_quietly("tensorflow")  # It writes its log when first imported.
    except ImportError as error:
        raise MissingPackageError("tensorflow", "importing a model", "export") from error
    layers = imported.architecture.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="ids"),
            *(_layer(keras.layers, layer) for layer in layers),
        ],
        name="imported",
    )
    inputs = 0
    for layer, built, weights in zip(layers, model.layers, imported.weights, strict=True):
        built.set_weights(_with_bias(layer, inputs, weights))
        inputs = layer.outputs if isinstance(layer, Recurrent) else layer.units
    return model


def _layer(layers: Any, layer: Layer) -> Any:
    match layer:
        case Embedding():
            return layers.Embedding(layer.rows, layer.units, mask_zero=layer.mask_zero)
        case Recurrent():
            settings = {"reset_after": layer.reset_after} if layer.cell == "GRU" else {}
            cell = getattr(layers, layer.cell)(
                layer.units, return_sequences=layer.sequences, **settings
            )
            return layers.Bidirectional(cell) if layer.bidirectional else cell
        case Dense():
            activation = "relu" if layer.activation == "relu" else "linear"
            return layers.Dense(layer.units, activation=activation)
        case _:
            assert_never(layer)


def _with_bias(
    layer: Layer, inputs: int, weights: list[npt.NDArray[np.float32]]
) -> list[npt.NDArray[np.float32]]:
    """Put zeros where a layer without a bias would have one."""
    if isinstance(layer, Embedding) or layer.use_bias:
        return weights
    given = iter(weights)
    return [
        np.zeros(array.shape, np.float32) if array.role == "bias" else next(given)
        for array in dataclasses.replace(layer, use_bias=True).arrays(inputs)
    ]
