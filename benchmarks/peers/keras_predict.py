"""The shipped model as Keras has it, scored with `predict`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.peers.encoded import Ids, encode
from benchmarks.peers.peer import ONE, Scores, Setup
from edgernn.privacy import import_quietly
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text.padding import pad

__all__ = ["KerasPredict", "load_keras_model"]

_BATCH = 32


class KerasPredict:
    """One call of `predict` for all texts."""

    packages = ("keras", "tensorflow", "numpy")

    def __init__(self, setup: Setup) -> None:
        """Load the model; TensorFlow has its number of threads from the environment."""
        self._one = setup.part == ONE
        self._model = load_keras_model()

    @property
    def settings(self) -> dict[str, Any]:
        """How it is called."""
        return {
            "call": "model.predict(ids, verbose=0)"
            if self._one
            else "one model.predict of a tf.data.Dataset of padded batches",
            "batch": 1 if self._one else _BATCH,
        }

    def ready(self, texts: Sequence[str]) -> Any:
        """Encode, and pad each batch: one array, or where there are many texts a data set."""
        ids = encode(texts)
        batches = [pad(ids[start : start + _BATCH])[0] for start in range(0, len(ids), _BATCH)]
        return batches[0] if self._one else _data_set(batches)

    def score(self, inputs: Any) -> Scores:
        """Return the probabilities."""
        logits = self._model.predict(inputs, verbose=0)[:, 0]
        return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))), np.float64)


def load_keras_model() -> Any:
    """Load `model.keras` of the shipped model."""
    keras = import_quietly("keras")

    from edgernn.training.layers import custom_layers

    custom_layers()
    return keras.saving.load_model(SHIPPED_MODEL.with_suffix(".keras"), compile=False)


def _data_set(batches: Sequence[Ids]) -> Any:
    tf = import_quietly("tensorflow")

    # Of a keras.utils.PyDataset Keras would take the first two batches' length for that of all.
    signature = tf.TensorSpec((None, None), tf.int32)
    return tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
