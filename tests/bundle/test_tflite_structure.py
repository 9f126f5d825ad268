"""Which TFLite graphs are let through: the tables are the schema's and the exporter's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from parsed import check_tflite
from tflite_places import places_of

from edgernn.bundle.tflite import structure as tflite_structure
from edgernn.bundle.tflite.forms import FORMS, LETTERS
from edgernn.bundle.tflite.schema import TENSOR_TYPES
from edgernn.errors import ModelFileError
from exporters.rules import FORMATS

Files = dict[tuple[str, str], Path]


def slow(precision: str) -> Any:
    """A precision of which a file takes seconds to convert, and no other quick test has one."""
    return pytest.param(precision, marks=pytest.mark.slow)


def test_operators_are_the_exporter_s() -> None:
    """What can be exported can be read, and nothing else."""
    rules = FORMATS["tflite"]
    parts = [*rules.cells, *rules.extra]
    exported = [rules.at(name).allowed(parts) for name in rules.precisions]
    assert set(FORMS) == frozenset().union(*exported)


def test_types_are_the_schema_s() -> None:
    """Tensor types have the schema's names."""
    assert set(LETTERS) <= set(TENSOR_TYPES)
    assert set(LETTERS) == set(tflite_structure._SIZES)


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.options_type])
def test_options_are_the_schema_s(name: str) -> None:
    """The options' number is the schema's, and none of their scalars is left out.

    A table behind the last of them, `quant_spec`, is not read, and refused.
    """
    unions = {v: k for k, v in vars(schema.BuiltinOptions).items() if not k.startswith("_")}
    table = unions[FORMS[name].options_type]
    assert table.removesuffix("Options").upper() in {
        name.replace("_", ""),
        "SEQUENCERNN",
        # Of SUM, MEAN and REDUCE_MAX.
        "REDUCER",
        # Of MAX_POOL_2D.
        "POOL2D",
    }
    fields = places_of(table)
    fields.pop("QUANT_SPEC", None)
    assert sorted(fields.values()) == list(range(len(FORMS[name].options)))


@pytest.mark.parametrize("precision", ["float32", "float16", "int8-embedding", "int8"])
def test_exported_files(tiny_files: Files, precision: str) -> None:
    """Fused operators in each precision pass.

    `exporters/test_tflite_integer.py` has those in integers.
    """
    check_sizes(tiny_files["tflite", precision], 299)


@pytest.mark.parametrize("precision", ["float32", slow("float16"), slow("int8-embedding"), "int8"])
def test_files_with_loops(tiny_word_files: Files, precision: str) -> None:
    """Loops pass."""
    check_sizes(tiny_word_files["tflite", precision], 200)


def check_sizes(path: Path, size: int) -> None:
    """A file is taken with as many ids as its embedding has rows, and with no more."""
    data = path.read_bytes()
    check_tflite(data, "m.tflite", size)
    with pytest.raises(ModelFileError, match=rf"m.tflite: .*{size + 1} ids, .*{size} rows"):
        check_tflite(data, "m.tflite", size + 1)


def _packed(model: Any) -> bytes:
    class Aligned(flatbuffers.Builder):
        def StartVector(self, size: int, count: int, alignment: int) -> Any:
            return super().StartVector(size, count, 16 if size == 1 else alignment)

    builder = Aligned(1 << 18)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _scale(value: float) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tensor = next(t for t in model.subgraphs[0].tensors if t.type == schema.TensorType.INT8)
        tensor.quantization.scale = [value]

    return change


def _options(name: str, **values: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        operator = next(
            o
            for o in model.subgraphs[0].operators
            if type(o.builtinOptions).__name__ == f"{name}OptionsT"
        )
        for field, value in values.items():
            setattr(operator.builtinOptions, field, value)

    return change


def _no_options(model: Any) -> None:
    model.subgraphs[0].operators[0].builtinOptions = schema.GatherOptionsT()
    model.subgraphs[0].operators[0].builtinOptionsType = 0


def _twice(model: Any) -> None:
    operators = model.subgraphs[0].operators
    operators[1].outputs = operators[0].outputs


def _stray_subgraph(model: Any) -> None:
    model.subgraphs.append(model.subgraphs[0])


def check_change(path: Path, change: Callable[[Any], None], reason: str | None) -> None:
    """The file with the change is refused for the reason, in one line; without one it is taken."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes()))
    change(model)
    data = _packed(model)
    if reason is None:
        check_tflite(data, "m.tflite", 299)
        return
    with pytest.raises(ModelFileError, match=f"^m.tflite: .*{reason}") as caught:
        check_tflite(data, "m.tflite", 299)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: None, None),
        (_scale(0.0), "without one sound scale"),
        (_scale(-1.0), "without one sound scale"),
        (_scale(float("nan")), "without one sound scale"),
        (_scale(float("inf")), "without one sound scale"),
        (_options("Gather", axis=1), "GATHER with an option"),
        (_options("Gather", batchDims=-1), "GATHER with an option"),
        (_options("FullyConnected", weightsFormat=1), "FULLY_CONNECTED with an option"),
        (_options("UnidirectionalSequenceLSTM", cellClip=10.0), "LSTM with an option"),
        (_options("UnidirectionalSequenceLSTM", timeMajor=True), "LSTM with an option"),
        (_options("FullyConnected", quantSpec=np.zeros(1, np.uint8)), "unknown options"),
        (_no_options, "GATHER with unknown options"),
        (_twice, "writes tensor|other inputs or outputs"),
        (_stray_subgraph, "that nothing calls"),
    ],
)
def test_changes(tiny_files: Files, change: Callable[[Any], None], reason: str | None) -> None:
    """One thing at a time that the engine would not look at, or would do what nobody exported."""
    check_change(tiny_files["tflite", "int8"], change, reason)


def test_bounds(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constants and computed tensors have a bound on their elements."""
    data = tiny_files["tflite", "int8"].read_bytes()
    for name, bound in (("MAX_ELEMENTS", 9000), ("MAX_COMPUTED_ELEMENTS", 30)):
        with monkeypatch.context() as patch:
            patch.setattr(tflite_structure, name, bound)
            with pytest.raises(ModelFileError, match="of shape"):
                check_tflite(data, "m.tflite", 299)
    monkeypatch.setattr(tflite_structure, "MAX_ELEMENTS", 9600)
    with pytest.raises(ModelFileError, match="more weights than are read"):
        check_tflite(data, "m.tflite", 299)


@pytest.mark.parametrize("precision", [slow("float32"), "float16", slow("int8-embedding"), "int8"])
def test_files_with_ngrams(tiny_wide_files: Files, precision: str) -> None:
    """Pooling and n-grams pass; the embedding keeps its bound."""
    check_sizes(tiny_wide_files["tflite", precision], 299)


def _operator(model: Any, name: str, number: int = 0) -> Any:
    code = getattr(schema.BuiltinOperator, name)
    codes = [i for i, known in enumerate(model.operatorCodes) if known.builtinCode == code]
    return [o for o in model.subgraphs[0].operators if o.opcodeIndex in codes][number]


def _put(operator: Any, place: int, tensor: int) -> None:
    operator.inputs = list(operator.inputs)
    operator.inputs[place] = tensor


BUCKET, CHECK = 2, 3
"""Of four remainders, which is which; ids are turned into others first, by two."""


def _lookup(model: Any, of: int = BUCKET) -> Any:
    """The operator that looks n-grams' numbers, or checks, up."""
    (buckets,) = _operator(model, "FLOOR_MOD", BUCKET).outputs
    tensors = model.subgraphs[0].tensors
    for operator in _readers(model, buckets):
        (reader,) = _readers(model, operator.outputs[0])
        is_integer = tensors[reader.outputs[0]].type == schema.TensorType.INT32
        if is_integer == (of == CHECK):
            return operator
    raise AssertionError("there is no such lookup")


def _readers(model: Any, tensor: int) -> list[Any]:
    return [o for o in model.subgraphs[0].operators if tensor in list(o.inputs)]


def _numbers(name: str, values: Any, number: int = 0) -> Callable[[Any], None]:
    """Give an operator a constant of its own with these values as its last input."""

    def change(model: Any) -> None:
        array = np.array(values, np.int32)
        buffer, tensor = schema.BufferT(), schema.TensorT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensor.buffer, tensor.shape = len(model.buffers) - 1, list(array.shape)
        tensor.type, tensor.name = schema.TensorType.INT32, b"hostile"
        model.subgraphs[0].tensors.append(tensor)
        _put(_operator(model, name, number), -1, len(model.subgraphs[0].tensors) - 1)

    return change


def _reads(name: str, place: int, other: str) -> Callable[[Any], None]:
    """Give an operator what another one gives as that input."""

    def change(model: Any) -> None:
        _put(_operator(model, name), place, _operator(model, other).outputs[0])

    return change


def _looks_up(other: str, of: int = BUCKET) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        _put(_lookup(model, of), 1, _operator(model, other).outputs[0])

    return change


def _looks_up_ids(of: int) -> Callable[[Any], None]:
    return lambda model: _put(_lookup(model, of), 1, model.subgraphs[0].inputs[0])


def _held(model: Any) -> int:
    """The checks that the n-grams' buckets have."""
    (cast,) = _readers(model, _lookup(model, CHECK).outputs[0])
    return int(cast.outputs[0])


def _looks_up_checks(model: Any) -> None:
    """Take the checks for places in the table of numbers."""
    operators, lookup = model.subgraphs[0].operators, _lookup(model)
    _put(lookup, 1, _held(model))
    later = _readers(model, lookup.outputs[0])
    for operator in (lookup, *later):
        operators.remove(operator)
    (cast,) = [operator for operator in operators if lookup.inputs[1] in list(operator.outputs)]
    operators[operators.index(cast) + 1 : operators.index(cast) + 1] = [lookup, *later]


def _compares(place: int, tensor: Callable[[Any], int]) -> Callable[[Any], None]:
    return lambda model: _put(_operator(model, "EQUAL"), place, tensor(model))


def _bucket(model: Any) -> int:
    return int(_operator(model, "FLOOR_MOD", BUCKET).outputs[0])


def _rows_as_integers(model: Any) -> None:
    """Cast an embedding's rows into what could be places, or sizes."""
    graph = model.subgraphs[0]
    held = graph.tensors[_held(model)]
    (cast,) = _readers(model, _lookup(model, CHECK).outputs[0])
    rows = next(
        operator.outputs[0]
        for operator in graph.operators
        if graph.inputs[0] in list(operator.inputs)
        and graph.tensors[operator.outputs[0]].type == schema.TensorType.INT8
    )
    tensor, operator = schema.TensorT(), schema.OperatorT()
    tensor.shape, tensor.type, tensor.name = list(held.shape), held.type, b"hostile"
    graph.tensors.append(tensor)
    operator.opcodeIndex = cast.opcodeIndex
    operator.inputs, operator.outputs = [rows], [len(graph.tensors) - 1]
    graph.operators.append(operator)


def _length_of_checks(model: Any) -> None:
    """Make a float of the checks, in the place of the length."""
    (cast,) = [
        operator
        for operator in model.subgraphs[0].operators
        if operator.outputs[0] == _operator(model, "RSQRT").inputs[0]
    ]
    _put(cast, 0, _held(model))


def _pads_ids(model: Any) -> None:
    _put(_operator(model, "PAD"), 0, model.subgraphs[0].inputs[0])


def _computed_modulus(model: Any) -> None:
    operator = _operator(model, "FLOOR_MOD")
    operator.inputs = [operator.inputs[0], operator.inputs[0]]


def _short_table(of: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tensor = model.subgraphs[0].tensors[_lookup(model, of).inputs[0]]
        tensor.shape = [1008]
        model.buffers[tensor.buffer].data = np.zeros(1008, np.uint8)

    return change


def _no_remainder(model: Any) -> None:
    """Divide, where the remainder is meant."""
    code = model.operatorCodes[_operator(model, "FLOOR_MOD").opcodeIndex]
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FLOOR_DIV


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: None, None),
        (_numbers("FLOOR_MOD", 7, BUCKET), None),
        (_numbers("FLOOR_MOD", 1010, BUCKET), "1010 buckets of n-grams, in a table of 1009"),
        (_numbers("FLOOR_MOD", 2**31 - 1, BUCKET), "2147483647 buckets of n-grams"),
        (_numbers("FLOOR_MOD", 0, BUCKET), "FLOOR_MOD with numbers"),
        (_numbers("FLOOR_MOD", -7, BUCKET), "FLOOR_MOD with numbers"),
        (_numbers("FLOOR_MOD", [7, 7, 7], BUCKET), "FLOOR_MOD with numbers"),
        (_computed_modulus, "FLOOR_MOD with other inputs"),
        (_short_table(BUCKET), "1009 buckets of n-grams, in a table of 1008"),
        (_short_table(CHECK), "1009 buckets of n-grams, in a table of 1008"),
        (_numbers("FLOOR_MOD", 7, CHECK), None),
        (_numbers("FLOOR_MOD", 0, CHECK), "FLOOR_MOD with numbers"),
        (_numbers("FLOOR_MOD", -7, CHECK), "FLOOR_MOD with numbers"),
        (_numbers("FLOOR_MOD", [7, 7, 7], CHECK), "FLOOR_MOD with numbers"),
        (_looks_up("ADD", CHECK), "go into GATHER"),
        (_looks_up("PAD", CHECK), "go into GATHER"),
        (_looks_up("SHAPE", CHECK), "a lookup of something that is no id"),
        (_looks_up_ids(CHECK), "299 ids, the embedding 0 rows"),
        (_looks_up_checks, "go into GATHER"),
        (_compares(0, _bucket), "go into EQUAL"),
        (_compares(1, _held), "go into EQUAL"),
        (_compares(1, lambda m: m.subgraphs[0].inputs[0]), "go into EQUAL"),
        (_rows_as_integers, "go into CAST"),
        (_length_of_checks, "go into CAST"),
        (_no_remainder, "operator FLOOR_DIV is not known"),
        (_looks_up("ADD"), "go into GATHER"),
        (_looks_up("PAD"), "go into GATHER"),
        (_looks_up("SHAPE"), "a lookup of something that is no id"),
        (_looks_up_ids(BUCKET), "299 ids, the embedding 0 rows"),
        (_numbers("PAD", [[1 << 30, 0], [0, 0]]), "PAD with numbers"),
        (_numbers("PAD", [[8, 0], [0, 0]]), "PAD with numbers"),
        (_numbers("PAD", [[-1, 0], [0, 0]]), "PAD with numbers"),
        (_numbers("PAD", [[2, 0], [0, 7]]), "PAD with numbers"),
        (_numbers("PAD", [2, 0]), "PAD with numbers"),
        (_reads("STRIDED_SLICE", 0, "SHAPE"), "go into MUL"),
        (_pads_ids, "go into PAD"),
        (_reads("MUL", 0, "LOGISTIC"), "too early"),
        (_numbers("ADD", np.zeros(9)), "ADD with numbers"),
        (_numbers("RESHAPE", [1 << 20, 1 << 11]), "constant shape that is too large"),
    ],
)
def test_changes_of_ngrams(
    tiny_wide_files: Files, change: Callable[[Any], None], reason: str | None
) -> None:
    """No place in a table but one below its rows; nothing grows by a number in the file."""
    check_change(tiny_wide_files["tflite", "int8"], change, reason)
