"""The converter's bound on the LSTM's cell state is gone from the files we write."""

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from edgernn.training.models import probabilities
from exporters import tflite_graph
from exporters.keras_model import read_network

UP, DOWN = 1, 2
SURE = 20.0


def counting_model() -> keras.Model:
    """An LSTM whose cell counts: one up at each `UP`, one down at each `DOWN`."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(3, 1, mask_zero=True),
            keras.layers.LSTM(1),
            keras.layers.Dense(1),
        ]
    )
    model.set_weights(
        [
            np.array([[0], [1], [-1]]),
            # Input, forget and output gates are open; the candidate is the token's sign.
            np.array([[0, 0, SURE, 0]]),
            np.zeros((1, 4)),
            np.array([SURE, SURE, 0, SURE]),
            np.array([[2]]),
            np.array([0]),
        ]
    )
    return model


def test_cell_state_beyond_ten() -> None:
    """30 up and 15 down leave the cell above zero; cut at 10 on the way, it would end below."""
    model = counting_model()
    ids = np.array([UP] * 30 + [DOWN] * 15, np.int32)
    (expected,) = probabilities(model, [ids])
    assert expected > 0.8
    interpreter = Interpreter(model_content=tflite_graph.convert(read_network(model), "float32"))
    interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], (1, len(ids)))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], ids[None])
    interpreter.invoke()
    (found,) = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert abs(found - expected) < 1e-6
