"""Which TFLite graphs are let through: the tables are the schema's and the exporter's."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgernn.bundle import tflite_schema, tflite_structure
from edgernn.bundle.tflite_forms import FORMS, LETTERS
from edgernn.bundle.tflite_operators import TENSOR_TYPES
from edgernn.bundle.tflite_structure import check_structure
from edgernn.errors import ModelFileError
from exporters.formats import FORMATS

Files = dict[tuple[str, str], Path]

SCHEMA_NAMES = {
    "Quantization": "QuantizationParameters",
    "Signature": "SignatureDef",
    "Subgraph": "SubGraph",
}


def places(table: str) -> dict[str, int]:
    """The fields of a table of LiteRT's schema, in capitals, by their place."""
    found = {}
    for name, method in vars(getattr(schema, table)).items():
        if inspect.isfunction(method) and not name.endswith(("Length", "AsNumpy", "IsNone")):
            offset = re.search(r"self\._tab\.Offset\((\d+)\)", inspect.getsource(method))
            if offset is not None:
                words = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name).upper()
                found[words] = (int(offset[1]) - 4) // 2
    return found


@pytest.mark.parametrize("name", tflite_schema.__all__)
def test_places_are_the_schema_s(name: str) -> None:
    """Every place is that of LiteRT's own schema."""
    expected = places(SCHEMA_NAMES.get(name, name))
    ours = {k: v for k, v in vars(getattr(tflite_schema, name)).items() if k.isupper()}
    assert ours
    for field, place in ours.items():
        known = {"BUILTIN_OPTIONS_2_TYPE": "BUILTIN_OPTIONS_2TYPE"}.get(field, field)
        assert {k.replace("_", ""): v for k, v in expected.items()}[
            known.replace("_", "")
        ] == place, field


def test_operators_are_the_exporter_s() -> None:
    """What can be exported can be read, and nothing else."""
    rules = FORMATS["tflite"]
    exported = [rules.at(name).allowed(["LSTM", "GRU", "SimpleRNN"]) for name in rules.precisions]
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
    }
    fields = places(table)
    fields.pop("QUANT_SPEC", None)
    assert sorted(fields.values()) == list(range(len(FORMS[name].options)))


@pytest.mark.parametrize("precision", ["float32", "float16", "int8-embedding", "int8"])
def test_exported_files(tiny_files: Files, tiny_word_files: Files, precision: str) -> None:
    """Fused operators and loops, in each precision that both have, pass.

    `exporters/test_tflite_integer.py` has those in integers.
    """
    for files, size in ((tiny_files, 299), (tiny_word_files, 200)):
        data = files["tflite", precision].read_bytes()
        check_structure(data, "m.tflite", size)
        with pytest.raises(ModelFileError, match=rf"m.tflite: .*{size + 1} ids, .*{size} rows"):
            check_structure(data, "m.tflite", size + 1)


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
    model = schema.ModelT.InitFromObj(
        schema.Model.GetRootAs(tiny_files["tflite", "int8"].read_bytes())
    )
    change(model)
    data = _packed(model)
    if reason is None:
        check_structure(data, "m.tflite", 299)
        return
    with pytest.raises(ModelFileError, match=f"^m.tflite: .*{reason}") as caught:
        check_structure(data, "m.tflite", 299)
    assert "\n" not in str(caught.value)


def test_bounds(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Constants and computed tensors have a bound on their elements."""
    data = tiny_files["tflite", "int8"].read_bytes()
    for name, bound in (("MAX_ELEMENTS", 9000), ("MAX_COMPUTED_ELEMENTS", 30)):
        with monkeypatch.context() as patch:
            patch.setattr(tflite_structure, name, bound)
            with pytest.raises(ModelFileError, match="of shape"):
                check_structure(data, "m.tflite", 299)
    monkeypatch.setattr(tflite_structure, "MAX_ELEMENTS", 9600)
    with pytest.raises(ModelFileError, match="more weights than are read"):
        check_structure(data, "m.tflite", 299)
