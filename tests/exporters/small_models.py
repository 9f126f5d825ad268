"""Small Keras models with weights that make scores vary, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from exporters.keras_model import read_network
from exporters.network import Network

Ids = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]

VOCABULARY = 50


def sequential(*layers: Any, seed: int = 1, scale: float = 0.5) -> Any:
    """A model of the layers, from ids; weights are normally distributed."""
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, scale, array.shape) for array in model.get_weights()])
    return model


def classifier(*middle: Any, **settings: Any) -> Any:
    """A model with an embedding of 12 before the layers and one linear unit behind them."""
    embedding = keras.layers.Embedding(VOCABULARY, 12, mask_zero=True)
    return sequential(embedding, *middle, keras.layers.Dense(1), **settings)


def recurrent(cell: str, units: int, *, bidirectional: bool = False, **settings: Any) -> Any:
    layer = getattr(keras.layers, cell)(units, **settings)
    return keras.layers.Bidirectional(layer) if bidirectional else layer


def lstm(units: int, *, bidirectional: bool = False, **settings: Any) -> Any:
    return recurrent("LSTM", units, bidirectional=bidirectional, **settings)


def network(*middle: Any) -> Network:
    return read_network(classifier(*middle))


def ragged(lengths: Sequence[int], vocabulary: int = VOCABULARY) -> list[Ids]:
    """Rows of random ids of these lengths; no id is that of padding."""
    rng = np.random.default_rng(5)
    return [rng.integers(1, vocabulary, length, dtype=np.int32) for length in lengths]


def tflite_scores(file: bytes, rows: Sequence[Ids], *, delegate: bool = True) -> Scores:
    """Score each row alone, in one interpreter that is used again."""
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    resolver = OpResolverType.AUTO if delegate else plain
    interpreter = Interpreter(model_content=file, experimental_op_resolver_type=resolver)
    (ids,), (probability,) = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for row in rows:
        interpreter.resize_tensor_input(ids["index"], (1, len(row)))
        interpreter.allocate_tensors()
        interpreter.reset_all_variables()
        interpreter.set_tensor(ids["index"], row[None])
        interpreter.invoke()
        found.append(interpreter.get_tensor(probability["index"]).copy())
    return np.concatenate(found)
