"""TFLite in integers: scales that fit each other, no float32 inside, and hostile copies refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ai_edge_litert import schema_py_generated as schema
from keras import layers
from parsed import check_tflite
from small_models import network, ragged, recurrent

from edgernn.errors import ExportError, ModelFileError
from exporters import tflite_graph
from exporters.tflite_flatbuffer import pack, unpack
from exporters.tflite_integer import mend

VOCABULARY = 50
STATE, CELL, HIDDEN = 18, 19, 4
"""Of an LSTM: the inputs that are its state and its cell's, and the intermediate of its output."""


@pytest.fixture(scope="module")
def integers() -> bytes:
    """A bidirectional LSTM and a hidden layer, converted once."""
    given = network(recurrent("LSTM", 8, bidirectional=True), layers.Dense(8, activation="relu"))
    return tflite_graph.convert(given, "int8-full", ragged(range(1, 31)))


def lstms(model: Any) -> list[Any]:
    return [operator for operator in model.subgraphs[0].operators if len(operator.inputs) == 24]


def tensor(model: Any, place: int) -> Any:
    return model.subgraphs[0].tensors[place]


def quantization(model: Any, place: int) -> tuple[float, int]:
    given = tensor(model, place).quantization
    return float(given.scale[0]), int(given.zeroPoint[0])


def test_integers_throughout(integers: bytes) -> None:
    """Nothing that is computed is float32 but the score."""
    model = unpack(integers)
    (graph,) = model.subgraphs
    used = {place for o in graph.operators for place in (*o.inputs, *o.outputs) if place >= 0}
    floats = [place for place in used if tensor(model, place).type == schema.TensorType.FLOAT32]
    assert floats == list(graph.outputs)
    assert tensor(model, graph.inputs[0]).type == schema.TensorType.INT32


def test_the_scale_of_a_state(integers: bytes) -> None:
    """Each LSTM reads its state with the scale that it wrote it with, after `mend` only."""
    model = unpack(integers)
    one, other = lstms(model)
    # What the converter does where two directions are concatenated.
    tensor(model, one.inputs[STATE]).quantization.scale = [0.5]
    tensor(model, other.intermediates[HIDDEN]).quantization.zeroPoint = [7]
    mended = unpack(mend(pack(model, len(integers)), "int8-full"))
    for operator in (*lstms(unpack(integers)), *lstms(mended)):
        written = quantization(mended, operator.outputs[0])
        assert quantization(mended, operator.inputs[STATE]) == written
        assert quantization(mended, operator.intermediates[HIDDEN]) == written


def test_a_layer_that_stayed_float(tiny_files: dict[tuple[str, str], Path]) -> None:
    """It is no integer model, whatever the converter says."""
    with pytest.raises(ExportError, match=r"^tflite int8-full: the converter left a layer in"):
        mend(tiny_files["tflite", "float32"].read_bytes(), "int8-full")


def _of_lstm(inputs: int, **values: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        for name, value in values.items():
            setattr(tensor(model, lstms(model)[0].inputs[inputs]), name, value)

    return change


def _quantization(inputs: int, **values: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        for name, value in values.items():
            setattr(tensor(model, lstms(model)[0].inputs[inputs]).quantization, name, value)

    return change


def _intermediates(change: Callable[[list[int]], list[int]]) -> Callable[[Any], None]:
    def changed(model: Any) -> None:
        operator = lstms(model)[0]
        operator.intermediates = change(list(operator.intermediates))

    return changed


def _no_scale_of_the_output(model: Any) -> None:
    tensor(model, lstms(model)[0].intermediates[HIDDEN]).quantization = None


def _two_scales(model: Any) -> None:
    given = tensor(model, lstms(model)[0].inputs[1]).quantization
    given.scale, given.zeroPoint = [0.1] * 8, [0] * 8


OTHER = "UNIDIRECTIONAL_SEQUENCE_LSTM with other inputs or outputs"
UNSOUND = "without one sound scale"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda model: None, None),
        (_intermediates(lambda places: []), OTHER),
        (_intermediates(lambda places: places[:4]), OTHER),
        (_intermediates(lambda places: [*places, places[0]]), OTHER),
        (_intermediates(lambda places: [*places[:4], 10_000]), "tensor 10000 is not there"),
        (_intermediates(lambda places: [*places[:4], -1]), "tensor -1 is not there"),
        (_no_scale_of_the_output, OTHER),
        (_of_lstm(STATE, quantization=None), "a variable of type INT8"),
        (_of_lstm(STATE, type=schema.TensorType.INT16), "INT16 tensor without one|" + OTHER),
        (_of_lstm(STATE, type=schema.TensorType.FLOAT32), "FLOAT32 tensor with a scale"),
        (_of_lstm(STATE, isVariable=False), OTHER),
        (_of_lstm(CELL, quantization=None), "a variable of type INT16"),
        (_of_lstm(CELL, type=schema.TensorType.INT32), "a variable of type INT32"),
        (_of_lstm(12, quantization=None), "shape that is too large|" + OTHER),
        (_of_lstm(12, shape=[4]), "INT32 tensor of shape"),
        (_of_lstm(1, quantization=None), OTHER),
        (_quantization(1, zeroPoint=[1]), OTHER),
        (_quantization(0, zeroPoint=[128]), UNSOUND),
        (_quantization(0, zeroPoint=[-(1 << 40)]), UNSOUND),
        (_quantization(0, zeroPoint=[]), UNSOUND),
        (_quantization(0, scale=[0.0]), UNSOUND),
        (_quantization(0, scale=[float("nan")]), UNSOUND),
        (_quantization(CELL, zeroPoint=[1]), UNSOUND),
        (_quantization(12, zeroPoint=[1]), UNSOUND),
        (_two_scales, UNSOUND),
    ],
)
def test_changes(integers: bytes, change: Callable[[Any], None], reason: str | None) -> None:
    """One thing at a time that the integer kernel would trust."""
    model = unpack(integers)
    change(model)
    data = pack(model, len(integers))
    if reason is None:
        check_tflite(data, "m.tflite", VOCABULARY)
        return
    with pytest.raises(ModelFileError, match=f"^m.tflite: .*({reason})"):
        check_tflite(data, "m.tflite", VOCABULARY)
