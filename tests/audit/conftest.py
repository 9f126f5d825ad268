"""Files as converters write them, each made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_once import made_once, shared_folder


class Conversions:
    """Small Keras models through real converters, into one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def onnx(self, name: str, model: Any) -> Path:
        """Convert with tf2onnx, as most people do."""
        import tensorflow as tf
        import tf2onnx

        def convert(path: Path) -> None:
            signature = (tf.TensorSpec((None, None), tf.int32, name="ids"),)
            function = tf.function(
                lambda ids: model(ids, training=False), input_signature=signature
            )
            tf2onnx.convert.from_function(
                function, input_signature=signature, opset=17, output_path=str(path)
            )

        return made_once(self._folder / f"{name}.onnx", convert)

    def tflite(
        self, name: str, model: Any, setting: Callable[[Any], None] = lambda converter: None
    ) -> Path:
        """Convert with TensorFlow's converter, for rows of any length."""
        import tensorflow as tf
        import tf_keras

        def convert(path: Path) -> None:
            function = tf.function(
                lambda ids: model(ids, training=False),
                input_signature=[tf.TensorSpec((1, None), tf.int32, name="ids")],
            )
            holder = model
            if isinstance(model, tf_keras.Model):
                # The file is the same; the model itself would be traced all over again.
                holder = tf.Module()
                holder.weights = model.variables
            converter = tf.lite.TFLiteConverter.from_concrete_functions(
                [function.get_concrete_function()], holder
            )
            setting(converter)
            path.write_bytes(converter.convert())

        return made_once(self._folder / f"{name}.tflite", convert)

    def write(self, name: str, data: bytes) -> Path:
        """Write a file."""
        path = self._folder / name
        path.write_bytes(data)
        return path


@pytest.fixture(scope="session")
def conversions(tmp_path_factory: pytest.TempPathFactory) -> Conversions:
    """Converts models, each name once."""
    pytest.importorskip("tf2onnx", reason="needs the extra export")
    return Conversions(shared_folder(tmp_path_factory, "conversions"))


@pytest.fixture(scope="session")
def masked(conversions: Conversions) -> Path:
    """A bidirectional LSTM of Keras 3 with a mask, through tf2onnx."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(200, 16, mask_zero=True),
            layers.Bidirectional(layers.LSTM(12)),
            layers.Dense(1),
        ]
    )
    return conversions.onnx("masked", model)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Write a file into a folder of the test's own."""

    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write
