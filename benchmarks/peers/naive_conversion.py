"""The shipped model through tf2onnx as it comes: what a user gets who exports without us.

Keras's masked LSTM is a loop over time for tf2onnx, which writes ONNX's `Loop` for each direction
(onnx/tensorflow-onnx#1871). All else is the same: the layers, the n-grams, the weights, in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.encoded import Ids, encode
from benchmarks.peers.keras_predict import load_keras_model
from benchmarks.peers.peer import Scores, Setup
from edgernn.privacy import import_quietly
from edgernn.text.padding import pad

__all__ = ["NaiveConversion", "convert_naively"]

_OPSET = 17


class NaiveConversion:
    """The converted file in ONNX Runtime."""

    packages = ("tf2onnx", "onnx", "keras", "tensorflow", "numpy")

    def __init__(self, setup: Setup) -> None:
        """Convert, and open a session."""
        onnxruntime = import_quietly("onnxruntime")

        path = setup.folder / "naive.onnx"
        self._loops = convert_naively(load_keras_model(), path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = setup.threads
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    @property
    def settings(self) -> dict[str, Any]:
        """What came of the conversion."""
        return {"opset": _OPSET, "loops": self._loops}

    def ready(self, texts: Sequence[str]) -> Ids:
        """Encode and pad: int32 [texts, longest]."""
        return pad(encode(texts))[0]

    def score(self, inputs: Ids) -> Scores:
        """Return the probabilities."""
        (probability,) = self._session.run(None, {self._input: inputs})
        return np.asarray(probability, np.float64)


def convert_naively(model: Any, path: Path) -> int:
    """Write a Keras model of logits as ONNX, with the sigmoid behind it.

    Args:
        model: int32 ids [batch, time] to float32 logits [batch, 1].
        path: the file.

    Returns:
        How many `Loop`s its graph has.

    Raises:
        RuntimeError: it has none: then it is not the conversion that it should stand for.
    """
    tf = import_quietly("tensorflow")
    tf2onnx = import_quietly("tf2onnx")

    signature = (tf.TensorSpec((None, None), tf.int32, name="ids"),)

    def forward(ids: Any) -> Any:
        return tf.sigmoid(model(ids, training=False))[:, 0]

    function = tf.function(forward, input_signature=signature, autograph=False)
    graph, _ = tf2onnx.convert.from_function(
        function, input_signature=signature, opset=_OPSET, output_path=str(path)
    )
    loops = [node.op_type for node in graph.graph.node].count("Loop")
    if not loops:
        raise RuntimeError("tf2onnx wrote no Loop: it has learnt masked recurrent layers")
    return loops
