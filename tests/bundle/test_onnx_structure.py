"""Which ONNX graphs are let through: the tables are the schema's and the exporter's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from parsed import check_onnx

from edgernn.bundle.onnx import structure as onnx_structure
from edgernn.bundle.onnx.forms import FORMS, LETTERS, recurrent_forms
from edgernn.bundle.onnx.protowire import bytes_field, varint
from edgernn.errors import ModelFileError
from exporters.rules import FORMATS

Files = dict[tuple[str, str], Path]


def test_operators_are_the_exporter_s() -> None:
    """What can be exported can be read, and nothing else."""
    rules = FORMATS["onnx"]
    parts = [*rules.cells, *rules.extra]
    exported = [rules.at(name).allowed(parts) for name in rules.precisions]
    # What earlier versions wrote, and what optimizers write.
    others = {"DequantizeLinear", "Gemm"}
    assert not others & frozenset().union(*exported)
    assert {*FORMS, *recurrent_forms()} - others == frozenset().union(*exported)


def test_types_are_the_schema_s() -> None:
    """The types of weights, with onnx's own names and sizes."""
    for name, (_, size) in LETTERS.items():
        number = TensorProto.DataType.Value(name)
        assert onnx.helper.tensor_dtype_to_np_dtype(number).itemsize == size


@pytest.mark.parametrize("precision", FORMATS["onnx"].precisions)
def test_exported_files(tiny_files: Files, tiny_word_files: Files, precision: str) -> None:
    """LSTM and GRU in each precision pass, as far as they have it."""
    refused = FORMATS["onnx"].precisions[precision].refused
    for cell, files, size in (("LSTM", tiny_files, 299), ("GRU", tiny_word_files, 200)):
        if cell in refused:
            continue
        data = files["onnx", precision].read_bytes()
        check_onnx(data, "m.onnx", size)
        with pytest.raises(ModelFileError, match=rf"m.onnx: .*{size + 1} ids, .*{size} rows"):
            check_onnx(data, "m.onnx", size + 1)


def test_packed_dimensions(tiny_files: Files) -> None:
    """Both ways of writing repeated numbers are read alike."""
    data = tiny_files["onnx", "float32"].read_bytes()
    table = next(
        t for t in onnx.ModelProto.FromString(data).graph.initializer if list(t.dims) == [299, 32]
    )
    unpacked = b"\x08" + varint(299) + b"\x08" + varint(32)
    packed = bytes_field(1, varint(299) + varint(32))
    assert len(unpacked) == len(packed) == 5
    message = table.SerializeToString()
    assert data.count(message) == message.count(unpacked) == 1
    changed = data.replace(message, message.replace(unpacked, packed))
    check_onnx(changed, "m.onnx", 299)
    with pytest.raises(ModelFileError, match="300 ids"):
        check_onnx(changed, "m.onnx", 300)


def _rank_of_bias(model: Any) -> None:
    bias = next(n for n in model.graph.node if n.op_type == "Add").input[1]
    tensor = next(t for t in model.graph.initializer if t.name == bias)
    tensor.dims[:] = [*tensor.dims, 1]


def check_change(path: Path, change: Callable[[Any], None], reason: str | None) -> None:
    """The file with the change is refused for the reason, in one line; without one it is taken."""
    model = onnx.ModelProto.FromString(path.read_bytes())
    change(model)
    data = model.SerializeToString()
    if reason is None:
        check_onnx(data, "m.onnx", 299)
        return
    with pytest.raises(ModelFileError, match=f"^m.onnx: .*{reason}") as caught:
        check_onnx(data, "m.onnx", 299)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: None, None),
        (_rank_of_bias, "operator Add with other inputs"),
        (lambda m: m.graph.node[0].output.extend(["a", "b", "c"]), "Gather with other inputs"),
        (lambda m: m.graph.node.add(op_type="Relu"), "Relu with other inputs"),
        (lambda m: setattr(m.graph.node[0].attribute[0], "i", 1), "attribute 'axis' = 1"),
        (lambda m: m.graph.node[0].attribute.add(name="batch"), "attribute 'batch' = 0"),
        (lambda m: m.graph.node[0].attribute.add(name="x").tensors.add(), "with field 10"),
        (lambda m: setattr(m.graph.node[0], "domain", "ai.onnx.ml"), "ai.onnx.ml::Gather is not"),
        (lambda m: setattr(m.graph.node[0], "domain", "ai.onnx"), None),
        (lambda m: setattr(m.graph.initializer[0], "name", "ids"), "'ids' appears twice"),
        (lambda m: m.graph.node[1].output.__setitem__(0, "lengths"), "appears twice"),
    ],
)
def test_changes(tiny_files: Files, change: Callable[[Any], None], reason: str | None) -> None:
    """One thing at a time that an export does not have."""
    check_change(tiny_files["onnx", "int8"], change, reason)


def test_bounds(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights have a bound on their elements, and all but the embedding on their width."""
    data = tiny_files["onnx", "int8"].read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(onnx_structure, "MAX_ELEMENTS", 9600)
        with pytest.raises(ModelFileError, match="more weights than are read"):
            check_onnx(data, "m.onnx", 299)
    monkeypatch.setattr(onnx_structure, "MAX_WIDTH", 256)
    check_onnx(data, "m.onnx", 299)
    monkeypatch.setattr(onnx_structure, "MAX_WIDTH", 200)
    with pytest.raises(ModelFileError, match=r"of shape|too wide"):
        check_onnx(data, "m.onnx", 299)


@pytest.mark.parametrize("precision", FORMATS["onnx"].precisions)
def test_files_with_ngrams(tiny_wide_files: Files, precision: str) -> None:
    """Pooling and n-grams pass in each precision; the embedding keeps its bound."""
    data = tiny_wide_files["onnx", precision].read_bytes()
    check_onnx(data, "m.onnx", 299)
    with pytest.raises(ModelFileError, match=r"300 ids, .*299 rows"):
        check_onnx(data, "m.onnx", 300)


def _node(model: Any, kind: str, number: int = 0) -> Any:
    return [node for node in model.graph.node if node.op_type == kind][number]


def _numbers(
    kind: str, place: int, values: Any, dtype: type = np.int64, number: int = 0
) -> Callable[[Any], None]:
    """Give an operator a constant of its own with these values as that input."""

    def change(model: Any) -> None:
        tensor = onnx.numpy_helper.from_array(np.array(values, dtype), "hostile")
        model.graph.initializer.append(tensor)
        _node(model, kind, number).input[place] = "hostile"

    return change


def _input(
    kind: str, place: int, name: Callable[[Any], str], number: int = 0
) -> Callable[[Any], None]:
    """Give an operator another tensor as that input."""
    return lambda model: _node(model, kind, number).input.__setitem__(place, name(model))


def _output(kind: str, number: int = 0) -> Callable[[Any], str]:
    return lambda model: str(_node(model, kind, number).output[0])


# Which of the operators with that name does what.
BUCKET, CHECK = 0, 1
"""Of two lookups by n-grams: of numbers, and of checks."""
AT, OF_CHECK = 2, 3
"""Of four remainders: ids are turned into others first, by two."""


def _hashed_lookup(model: Any, of: int = BUCKET) -> Any:
    """The operator that looks n-grams' numbers, or checks, up."""
    buckets = _output("Mod", AT)(model)
    return [node for node in model.graph.node if buckets in node.input][of]


def _decoder(model: Any, of: int) -> Any:
    """The operator that turns the looked up integers into others."""
    (found,) = _hashed_lookup(model, of).output
    (decoder,) = [node for node in model.graph.node if found in node.input]
    return decoder


def _decodes_to(of: int, type: int) -> Callable[[Any], None]:
    return lambda model: setattr(_decoder(model, of).attribute[0], "i", type)


def _held(model: Any) -> str:
    return str(_decoder(model, CHECK).output[0])


def _lookup_by(kind: str, of: int = BUCKET, number: int = 0) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        _hashed_lookup(model, of).input[1] = _output(kind, number)(model)

    return change


def _in_order(model: Any) -> None:
    """Put operators behind what they read, where a change has turned the order."""
    nodes, known = list(model.graph.node), {"", "ids", "lengths"}
    known |= {tensor.name for tensor in model.graph.initializer}
    del model.graph.node[:]
    while nodes:
        node = next(node for node in nodes if known.issuperset(node.input))
        nodes.remove(node)
        known.update(node.output)
        model.graph.node.append(node)


def _check_as_bucket(modulus: int) -> Callable[[Any], None]:
    """Look up by the other remainder, of that number."""

    def change(model: Any) -> None:
        _lookup_by("Mod", CHECK, OF_CHECK)(model)
        _numbers("Mod", 1, [modulus], INT32, OF_CHECK)(model)
        _in_order(model)

    return change


def _ignore_checks(model: Any) -> None:
    """Add up all numbers that are found."""
    (counted,) = [n for n in model.graph.node if n.op_type == "Mul" and _counts(model) in n.input]
    (total,) = [n for n in model.graph.node if counted.output[0] in n.input]
    total.input[1] = counted.input[0]


def _counts(model: Any) -> str:
    alike = _output("Equal")(model)
    (cast,) = [node for node in model.graph.node if alike in node.input]
    return str(cast.output[0])


def _embedding_by_buckets(model: Any) -> None:
    (found,) = [n for n in model.graph.node if n.op_type == "Gather" and n.input[1] == "ids"]
    found.input[1] = _output("Mod", AT)(model)


def _no_remainder(model: Any) -> None:
    """Look the sum itself up, by an operator that gives on what it is given."""
    _node(model, "Mod", AT).op_type = "Identity"


def _short_table(of: int) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        name = _hashed_lookup(model, of).input[0]
        (tensor,) = [t for t in model.graph.initializer if t.name == name]
        tensor.CopyFrom(onnx.numpy_helper.from_array(np.zeros(1008, np.int8), name))

    return change


INT32 = np.int32


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: None, None),
        (_numbers("Mod", 1, [7], INT32, AT), None),
        (_numbers("Mod", 1, [1010], INT32, AT), "1010 buckets of n-grams, in a table of 1009"),
        (_numbers("Mod", 1, [2**31 - 1], INT32, AT), "2147483647 buckets of n-grams"),
        (_numbers("Mod", 1, [0], INT32, AT), "operator Mod with numbers"),
        (_numbers("Mod", 1, [-7], INT32, AT), "operator Mod with numbers"),
        (_numbers("Mod", 1, [7, 7], INT32, AT), "operator Mod with numbers"),
        (_numbers("Mod", 1, [7] * 9, INT32, AT), "operator Mod with numbers"),
        (_numbers("Mod", 1, [[7]], INT32, AT), "operator Mod with other inputs"),
        (_numbers("Mod", 1, [7.0], np.float32, AT), "operator Mod with other inputs"),
        (_input("Mod", 1, lambda m: "ids", AT), "operator Mod with other inputs"),
        (_input("Mod", 1, _output("Add"), AT), "operator Mod with other inputs"),
        (lambda m: setattr(_node(m, "Mod", AT).attribute[0], "i", 1), "attribute 'fmod' = 1"),
        (_short_table(BUCKET), "1009 buckets of n-grams, in a table of 1008"),
        (_short_table(CHECK), "1009 buckets of n-grams, in a table of 1008"),
        (_numbers("Mod", 1, [7], INT32, OF_CHECK), None),
        (_numbers("Mod", 1, [0], INT32, OF_CHECK), "operator Mod with numbers"),
        (_numbers("Mod", 1, [-7], INT32, OF_CHECK), "operator Mod with numbers"),
        (_numbers("Mod", 1, [7, 7], INT32, OF_CHECK), "operator Mod with numbers"),
        (_check_as_bucket(1009), None),
        (_check_as_bucket(1010), "1010 buckets of n-grams, in a table of 1009"),
        (_lookup_by("Add", CHECK), "operator Gather with other inputs"),
        (_lookup_by("CumSum", CHECK), "operator Gather with other inputs"),
        (lambda m: _hashed_lookup(m, CHECK).input.__setitem__(1, "ids"), "Gather with other"),
        (lambda m: _hashed_lookup(m).input.__setitem__(1, _held(m)), "Gather with other inputs"),
        (_decodes_to(CHECK, 1), "operator Equal with other inputs"),
        (_decodes_to(CHECK, 7), "operator Cast with attribute 'to' = 7"),
        (_decodes_to(BUCKET, 6), "operator Abs with other inputs"),
        (_numbers("Less", 1, [7], INT32), "operator Less with numbers"),
        (_numbers("Less", 1, [INT32(2**31 - 1)] * 2, INT32), "operator Less with numbers"),
        (_input("Less", 0, _output("Mod", AT)), "operator Less with other inputs"),
        (_input("Equal", 1, lambda m: "ids"), "operator Equal with other inputs"),
        (_input("Equal", 0, _output("Mod", AT)), "operator Equal with other inputs"),
        (_input("Equal", 1, _held), "operator Equal with other inputs"),
        (_ignore_checks, "operator MatMul with other inputs"),
        (_no_remainder, "operator Identity is not known"),
        (_lookup_by("Add"), "operator Gather with other inputs"),
        (_lookup_by("Split"), "operator Gather with other inputs"),
        (_lookup_by("CumSum"), "operator Gather with other inputs"),
        (lambda m: _hashed_lookup(m).input.__setitem__(1, "ids"), "Gather with other inputs"),
        (_embedding_by_buckets, "operator Gather with other inputs"),
        (_numbers("Pad", 1, [0, 1 << 30, 0, 0, 0, 0]), "operator Pad with numbers"),
        (_numbers("Pad", 1, [0, 8, 0, 0, 0, 0]), "operator Pad with numbers"),
        (_numbers("Pad", 1, [0, -1, 0, 0, 0, 0]), "operator Pad with numbers"),
        (_numbers("Pad", 1, [1, 2, 0, 0, 0, 0]), "operator Pad with numbers"),
        (_numbers("Pad", 1, [0, 2, 0, 0, 7, 0]), "operator Pad with numbers"),
        (_input("Pad", 0, _output("Slice")), "operator Pad with other inputs"),
        (_numbers("Slice", 2, [1 << 40]), "operator Slice with numbers"),
        (_numbers("Slice", 3, [0]), "operator Slice with numbers"),
        (_numbers("Unsqueeze", 1, [3]), "operator Unsqueeze with numbers"),
        (_numbers("Unsqueeze", 1, [1, 2, 3, 4, 5]), "operator Unsqueeze with numbers"),
        (_numbers("CumSum", 1, [0]), "operator CumSum with numbers"),
        (_numbers("ReduceSum", 1, [0]), "operator ReduceSum with numbers"),
        (lambda m: setattr(_node(m, "ReduceMax").attribute[-1], "i", 0), "attribute 'keepdims'"),
        (_input("Where", 1, _output("Concat")), "operator Where with other inputs"),
        (lambda m: _node(m, "Concat").input.extend(["ids"]), "operator Concat with other inputs"),
        (lambda m: _node(m, "Concat").input.extend(list(_node(m, "Slice").output) * 7), "Concat"),
        (lambda m: setattr(_node(m, "Concat").attribute[0], "i", 1), "attribute 'axis' = 1"),
        (_input("MatMul", 0, _output("Mod", AT)), "operator MatMul with other inputs"),
        (_numbers("Add", 1, [-1, 0, 0], INT32), "operator Add with numbers"),
    ],
)
def test_changes_of_ngrams(
    tiny_wide_files: Files, change: Callable[[Any], None], reason: str | None
) -> None:
    """No place in a table but one below its rows; nothing grows by a number in the file."""
    check_change(tiny_wide_files["onnx", "int8"], change, reason)
