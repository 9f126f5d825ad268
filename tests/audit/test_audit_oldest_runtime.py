"""The oldest runtime of a file, and the tables that say so, against the installed runtimes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter
from handmade import (
    OPERATORS,
    TYPES,
    code,
    node,
    one_operator,
    onnx_model,
    operator,
    subgraph,
    tensor,
    tflite_model,
)

from edgernn.audit import OldestRuntime, audit_file, onnx_versions, tflite_versions
from edgernn.audit.oldest_runtime import FLOAT16_MENDED
from edgernn.bundle.tflite.schema import BUILTIN_OPERATORS

Save = Callable[[str, bytes], Path]


@pytest.fixture
def oldest(save: Save) -> Callable[[bytes | onnx.ModelProto], OldestRuntime]:
    """The oldest runtime of a file."""

    def find(model: bytes | onnx.ModelProto) -> OldestRuntime:
        if isinstance(model, bytes):
            return audit_file(save("m.tflite", model)).oldest_runtime
        return audit_file(save("m.onnx", model.SerializeToString())).oldest_runtime

    return find


def registers(name: str, version: int) -> bool:
    """Whether the installed LiteRT knows a version of an operator."""
    try:
        Interpreter(model_content=one_operator(getattr(OPERATORS, name), version))
    except (ValueError, SystemError) as error:
        return "find op for builtin" not in f"{error} {error.__cause__}"
    return True


def newest() -> dict[str, int]:
    """The highest version of each operator in the tables."""
    found = dict(tflite_versions.OLDEST_HAS)
    for name, version in tflite_versions.LATER:
        found[name] = max(version, found.get(name, version))
    return found


def test_table_of_operators() -> None:
    """The installed LiteRT has every operator and version of the tables."""
    known = {(name, v) for name, last in newest().items() for v in range(1, last + 1)}
    known -= {("BROADCAST_TO", 1)}
    assert [pair for pair in sorted(known) if not registers(*pair)] == []


@pytest.mark.skipif(
    metadata.version("ai-edge-litert") != "2.3.0", reason="the tables end with LiteRT 2.3.0"
)
def test_table_of_operators_is_whole() -> None:
    """The last LiteRT of the tables has no operator or version beyond them."""
    last = newest()
    builtin = [name for name in BUILTIN_OPERATORS if name not in ("CUSTOM", "DELEGATE")]
    assert [name for name in builtin if registers(name, last.get(name, 0) + 1)] == []


def test_versions_follow_each_other() -> None:
    """No version is missing between the oldest runtime's and the newest."""
    pairs = set(tflite_versions.LATER)
    for name, version in pairs:
        assert version > tflite_versions.OLDEST_HAS.get(name, 0)
        assert (
            version == 1
            or tflite_versions.has_oldest(name, version - 1)
            or ((name, version - 1) in pairs)
        )


def reads(model: onnx.ModelProto) -> str:
    """What the installed ONNX Runtime says against a model; empty if nothing."""
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 (onnxruntime's errors have no common class)
        return str(error)
    return ""


def plain(**more: object) -> onnx.ModelProto:
    return onnx_model([node("Neg")], shape=[1], **more)


def test_table_of_opsets() -> None:
    """The installed ONNX Runtime reads the newest opset and file format of the tables."""
    opset, ir_version = max(onnx_versions.OPSETS), max(onnx_versions.IR_VERSIONS)
    assert reads(plain(opsets={"": opset}, ir_version=ir_version)) == ""
    assert reads(plain(opsets={"ai.onnx.ml": max(onnx_versions.OPSETS_ML)})) == ""


@pytest.mark.skipif(
    not onnxruntime.__version__.startswith("1.31."), reason="the tables end with 1.31"
)
def test_table_of_opsets_is_whole() -> None:
    """The last ONNX Runtime of the tables reads no opset or file format beyond them."""
    opset, ir_version = max(onnx_versions.OPSETS), max(onnx_versions.IR_VERSIONS)
    assert "opset" in reads(plain(opsets={"": opset + 1})).lower()
    assert "IR version" in reads(plain(ir_version=ir_version + 1))


def test_table_of_microsoft_s_operators() -> None:
    """The installed ONNX Runtime has every operator of com.microsoft in the table."""
    for name in onnx_versions.MICROSOFT:
        model = onnx_model([node(name, domain="com.microsoft")], opsets={"com.microsoft": 1})
        assert "not a registered" not in reads(model), name
    model = onnx_model([node("NoSuch", domain="com.microsoft")], opsets={"com.microsoft": 1})
    assert "not a registered" in reads(model)


def test_tables_of_onnx() -> None:
    """Names of operators, and the opsets that changed them, are onnx's own."""
    last = max(onnx_versions.OPSETS)
    schemas = [s for s in onnx.defs.get_all_schemas_with_history() if s.domain == ""]
    known = {s.name for s in schemas if s.since_version <= last}
    assert known == onnx_versions.OPERATORS
    for opset, names in onnx_versions.CHANGED.items():
        assert names == {s.name for s in schemas if s.since_version == opset}


def test_oldest_supported(oldest) -> None:
    """What the oldest runtime runs needs no reason."""
    assert oldest(onnx_model([node("LSTM")])) == OldestRuntime("onnxruntime", "1.16", ())
    lstm = one_operator(OPERATORS.UNIDIRECTIONAL_SEQUENCE_LSTM, 1)
    assert oldest(lstm) == OldestRuntime("tflite-runtime", "2.14", ())


def test_per_channel_dense_weights(oldest) -> None:
    """FULLY_CONNECTED version 12, which tflite-runtime 2.14 was seen to refuse."""
    found = oldest(one_operator(OPERATORS.FULLY_CONNECTED, 12))
    assert (found.name, found.version) == ("ai-edge-litert", "1.0.1")
    assert found.text == "ai-edge-litert 1.0.1 or TensorFlow Lite 2.17"
    (reason,) = found.reasons
    assert reason.text == (
        "FULLY_CONNECTED version 12: needs ai-edge-litert 1.0.1 or TensorFlow Lite 2.17; "
        "tflite-runtime 2.14 refuses the file"
    )


def test_newest_of_several(oldest) -> None:
    """The operator that needs most decides; each is listed."""
    codes = [
        code(OPERATORS.ADD, 6),
        code(OPERATORS.GATHER, 7),
        code(OPERATORS.TANH, 1),
        code(OPERATORS.TRANSPOSE, 7),
    ]
    graph = subgraph([tensor("x"), tensor("y")], [operator(i, [0], [1]) for i in range(4)])
    found = oldest(tflite_model(codes, [graph]))
    assert (found.version, found.tensorflow_lite) == ("2.1.6", "")
    assert [(r.operator, r.version) for r in found.reasons] == [
        ("ADD", 6),
        ("GATHER", 7),
        ("TRANSPOSE", 7),
    ]


def test_operators_that_are_listed_and_not_used(oldest) -> None:
    """A version that no operator has is of no consequence."""
    graph = subgraph([tensor("x"), tensor("y")], [operator(0, [0], [1])])
    data = tflite_model([code(OPERATORS.ADD), code(OPERATORS.FULLY_CONNECTED, 12)], [graph])
    assert oldest(data).version == "2.14"


@pytest.mark.parametrize(
    ("builtin", "version"),
    [("ADD", 7), ("ADD", 0), ("ADD", -3), ("STABLEHLO_LOGISTIC", 1), ("BROADCAST_TO", 1)],
)
def test_unknown_operators(oldest, builtin: str, version: int) -> None:
    """What is in no table is not guessed."""
    found = oldest(one_operator(getattr(OPERATORS, builtin), version))
    assert (found.version, found.text) == (None, "unknown")
    assert "in no table here" in found.reasons[0].text


def test_float16_weights(oldest) -> None:
    """A measured defect: the oldest runtime runs such files, and scores wrong."""
    half = tensor("w", type=TYPES.FLOAT16, buffer=1)
    graph = subgraph([tensor("x"), tensor("y"), half], [operator(0, [2], [1])])
    codes = [code(OPERATORS.DEQUANTIZE, 3)]
    data = tflite_model(codes, [graph], [np.zeros((1, 4), np.float16)])
    found = oldest(data)
    assert found.version == FLOAT16_MENDED.litert
    assert "scores were" in found.reasons[0].why
    # float16 that is computed, or int8 that is decoded, is no such file.
    computed = tflite_model(codes, [graph], [np.zeros(0, np.float16)])
    assert oldest(computed).version == "2.14"
    graph.tensors[2].type = TYPES.INT8
    assert oldest(tflite_model(codes, [graph], [np.zeros((1, 4), np.int8)])).version == "2.14"


@pytest.mark.parametrize(
    ("opsets", "ir_version", "operator", "version", "reasons"),
    [
        ({"": 19}, 9, node("Cast", to=1), "1.16", []),
        ({"": 20}, 9, node("Cast", to=1), "1.17", ["no operator in it has changed"]),
        ({"": 21}, 9, node("Cast", to=1), "1.18", ["changed since opset 19: Cast"]),
        ({"": 22}, 10, node("LSTM"), "1.21", ["changed since opset 19: LSTM", "IR"]),
        ({"": 17, "ai.onnx.ml": 4}, 8, node("Neg"), "1.17", ["ai.onnx.ml"]),
        ({"": 99}, 8, node("Neg"), None, ["in no table"]),
        ({"": 17}, 99, node("Neg"), None, ["in no table"]),
        ({"": 17}, 0, node("Neg"), None, ["in no table"]),
        ({}, 8, node("MatMulNBits", domain="com.microsoft"), "1.17", ["MatMulNBits"]),
        ({}, 8, node("DynamicQuantizeLSTM", domain="com.microsoft"), "1.16", []),
        ({}, 8, node("NoSuch", domain="com.microsoft"), None, ["in no table"]),
        ({}, 8, node("Own", domain="my.own"), None, ["no runtime has it"]),
        ({}, 8, node("Own"), None, ["no runtime has it"]),
    ],
)
def test_onnx(
    oldest,
    opsets: dict[str, int],
    ir_version: int,
    operator: onnx.NodeProto,
    version: str | None,
    reasons: list[str],
) -> None:
    """Opset, file format and operators each say what they need."""
    found = oldest(onnx_model([operator], opsets=opsets, ir_version=ir_version))
    assert found.version == version
    assert len(found.reasons) == len(reasons)
    for reason, part in zip(found.reasons, reasons, strict=True):
        assert part in reason.text
