"""Files of our own: no problems, the parts add up, the source's layers are compared."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsed import onnx_graph

from edgernn.audit import audit_file
from edgernn.audit.findings import collect
from edgernn.audit.parts import divide
from edgernn.audit.recurrent import Recurrent, find_recurrent
from edgernn.audit.source import SourceLayer, compare, read_layers
from edgernn.audit.weights import ROLES, Weight
from edgernn.bundle import CONTAINERS, read_model_file
from edgernn.bundle.attachments import StoredSizes
from edgernn.bundle.tflite.attachments import append_attachments, without_attachments
from edgernn.runtime import SHIPPED_MODEL

FORMATS = ("onnx", "tflite")
PRECISIONS = ("float32", "float16", "int8")
Save = Callable[[str, bytes], Path]


def test_shipped_model() -> None:
    """The pretrained model has no problem, and runs on the oldest runtime."""
    audit = audit_file(SHIPPED_MODEL)
    assert audit.findings == ()
    assert audit.carries_bundle
    assert audit.bundle is not None
    assert audit.oldest_runtime.text == "onnxruntime 1.16"
    assert audit.recurrent_operators == {"LSTM": 1}
    assert sum(part.bytes for part in audit.parts) == SHIPPED_MODEL.stat().st_size
    assert audit.quantized_share is not None
    assert audit.quantized_share > 0.99
    (table,) = [w for w in audit.weights if w.role == "embedding"]
    assert table.shape[0] == read_model_file(SHIPPED_MODEL).bundle.contract.vocabulary_size
    assert (table.is_quantized, table.decoded_by) == (True, "Cast")


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("format", FORMATS)
def test_exports(tiny_files, format: str, precision: str) -> None:
    """No export has a problem; its parts are the file, its layers those of the source."""
    path = tiny_files[format, precision]
    audit = audit_file(path)
    assert audit.problems == ()
    assert sum(part.bytes for part in audit.parts) == audit.bytes == path.stat().st_size
    assert all(part.bytes > 0 for part in audit.parts)
    names = {part.name for part in audit.parts}
    assert {"weights: embedding", "weights: recurrent kernel", "vocabulary"} <= names
    assert {"contract.json", "other attachments", "container of the attachments"} <= names
    cells = [layer.layer for layer in audit.layers or () if layer.is_recurrent]
    assert cells == ["LSTM", "LSTM"]
    assert audit.source_recurrent == 2
    assert audit.counted_layers == "2 recurrent layers"
    last = [layer for layer in audit.layers if layer.is_recurrent][-1:]
    assert dataclasses.replace(audit, layers=tuple(last)).counted_layers == "1 recurrent layer"
    expected = {"LSTM": 2} if format == "onnx" else {"UNIDIRECTIONAL_SEQUENCE_LSTM": 4}
    assert audit.recurrent_operators == expected
    share = audit.quantized_share
    assert share is not None
    # The converter leaves small weights as they are.
    assert share > (0.9 if format == "onnx" else 0.6) if precision == "int8" else share == 0
    assert audit.oldest_runtime.reasons == ()


@pytest.mark.parametrize("format", FORMATS)
def test_exports_of_a_gru(tiny_word_files, format: str) -> None:
    """A GRU is one operator in ONNX and a loop in TFLite, as its source says either way."""
    audit = audit_file(tiny_word_files[format, "int8"])
    assert audit.problems == ()
    assert sum(part.bytes for part in audit.parts) == audit.bytes
    assert [layer.layer for layer in audit.layers or () if layer.is_recurrent] == ["GRU"]
    expected = {"GRU": 1} if format == "onnx" else {"WHILE (GRU)": 2}
    assert audit.recurrent_operators == expected


@pytest.mark.parametrize("format", FORMATS)
def test_parts_are_those_that_a_zip_or_onnx_reader_finds(tiny_files, format: str) -> None:
    """The bytes of weights are those that onnx itself counts; the archive's those of zipfile."""
    import zipfile

    path = tiny_files[format, "int8"]
    parts = {part.name: part.bytes for part in audit_file(path).parts}
    if format == "onnx":
        model = onnx.load(path)
        stored = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
        (value,) = [e.value for e in model.metadata_props if e.key.endswith("contract.json")]
        contract = len(value.encode())
    else:
        with zipfile.ZipFile(path) as archive:
            contract = archive.getinfo("contract.json").compress_size
            sizes = [info.compress_size for info in archive.infolist()]
        attached = ("vocabulary", "contract.json", "other attachments")
        assert sum(sizes) == sum(parts[name] for name in attached)
        flatbuffer = len(without_attachments(path.read_bytes()))
        stored = flatbuffer - parts["graph without weights"]
    assert parts["contract.json"] == contract
    assert stored == sum(size for name, size in parts.items() if name.startswith("weights: "))


@pytest.mark.parametrize("format", FORMATS)
def test_broken_bundle(tiny_files, save: Save, format: str) -> None:
    """A file that carries a bundle which scoring refuses has a problem; the rest is told."""
    data = tiny_files[format, "int8"].read_bytes()
    write = CONTAINERS[format].with_attachments
    audit = audit_file(save(f"m.{format}", write(data, {"contract.json": b"{}"})))
    assert audit.carries_bundle
    assert audit.bundle is None
    assert audit.layers is None
    assert [f.subject for f in audit.problems] == ["bundle"]
    assert "card.json" in audit.problems[0].why
    assert sum(part.bytes for part in audit.parts) == audit.bytes


def test_altered_weights(tiny_files, save: Save) -> None:
    """A damaged file of ours is found by its checksums."""
    data = bytearray(tiny_files["onnx", "float32"].read_bytes())
    weights = onnx.load_from_string(bytes(data)).graph.initializer
    data[data.index(max((w.raw_data for w in weights), key=len)) + 5] ^= 1
    (problem,) = audit_file(save("m.onnx", bytes(data))).problems
    assert "SHA-256" in problem.why


def test_foreign_archive(save: Save, tiny_files) -> None:
    """An archive that is not ours is a note; its bytes count to the graph."""
    flatbuffer = without_attachments(tiny_files["tflite", "float32"].read_bytes())
    data = append_attachments(flatbuffer, {"labels.txt": b"no\nyes\n"})
    audit = audit_file(save("m.tflite", data))
    assert not audit.carries_bundle
    assert {p.name for p in audit.parts} >= {"other attachments"}
    strange = data.replace(b"labels.txt", b"../ab/.txt")
    audit = audit_file(save("n.tflite", strange))
    assert "attachments" in {f.subject for f in audit.findings}
    assert sum(part.bytes for part in audit.parts) == len(strange)


SIZES = st.integers(0, 1 << 20)


@given(
    st.lists(st.tuples(st.sampled_from(ROLES), SIZES)),
    SIZES,
    st.dictionaries(
        st.sampled_from(("contract.json", "card.json", "vocabulary.words", "SHA256SUMS")), SIZES
    ),
    SIZES,
    st.sampled_from((None, "vocabulary.words", "contract.json")),
)
def test_parts_add_up(
    weights: list[tuple[str, int]],
    rest: int,
    attachments: dict[str, int],
    overhead: int,
    vocabulary: str | None,
) -> None:
    """Whatever a file holds, its parts are the whole of it."""
    stored = [Weight("w", role, "FLOAT", (), 0, size, False, "", ()) for role, size in weights]
    graph = rest + sum(size for _, size in weights)
    parts = divide(stored, StoredSizes(graph, attachments, overhead), vocabulary)
    assert sum(part.bytes for part in parts) == graph + sum(attachments.values()) + overhead


LAYERS = [
    {"layer": "Embedding", "rows": 8185, "units": 64},
    {"layer": "LSTM", "units": 64, "directions": 2},
    {"layer": "GRU", "units": 32, "directions": 1},
    {"layer": "Dense", "units": 1},
]


def test_layers_of_a_card() -> None:
    """The layers of the source, as the card has them."""
    layers = read_layers({"layers": LAYERS})
    assert layers is not None
    assert [layer.text for layer in layers] == [
        "Embedding 8,185 x 64",
        "LSTM 64 both ways",
        "GRU 32",
        "Dense 1",
    ]
    assert [layer.to_json() for layer in layers] == LAYERS


@pytest.mark.parametrize(
    "layers",
    [
        None,
        [],
        {},
        "LSTM",
        [1],
        [{"layer": "LSTM"}],
        [{"layer": 3, "units": 4}],
        [{"layer": "LSTM", "units": True}],
        [{"layer": "LSTM", "units": 4, "directions": 3}],
        [{"layer": "LSTM", "units": 4, "rows": "many"}],
        [{"layer": "LSTM", "units": 4}] * 1001,
    ],
)
def test_layers_that_are_none(layers: object) -> None:
    """A card without layers, or with something else there, says nothing of the source."""
    assert read_layers({"layers": layers}) is None


def recurrent(*types: str) -> tuple[Recurrent, ...]:
    nodes = [onnx.helper.make_node(type, ["x"], [f"y{i}"]) for i, type in enumerate(types)]
    graph = onnx.helper.make_graph(nodes, "g", [], [])
    data = onnx.helper.make_model(graph).SerializeToString()
    return find_recurrent(onnx_graph(data))


@pytest.mark.parametrize(
    ("format", "types", "expected"),
    [
        ("onnx", ["LSTM", "GRU"], []),
        ("onnx", ["LSTM"], ["GRU layers"]),
        ("onnx", ["LSTM", "LSTM", "GRU"], ["LSTM layers"]),
        ("onnx", [], ["GRU layers", "LSTM layers"]),
        ("onnx", ["LSTM", "GRU", "RNN"], ["SimpleRNN layers"]),
        # A TFLite operator computes one direction.
        ("tflite", ["LSTM", "LSTM", "GRU"], []),
        ("tflite", ["LSTM", "GRU"], ["LSTM layers"]),
    ],
)
def test_source_and_graph(format, types: list[str], expected: list[str]) -> None:
    """A recurrent layer of the source that the graph lacks, or has too often, is a problem."""
    layers = [SourceLayer("LSTM", 64, 2), SourceLayer("GRU", 32), SourceLayer("Dense", 1)]
    found = collect(compare(CONTAINERS[format].operator_per_direction, layers, recurrent(*types)))
    assert [(f.severity, f.subject) for f in found] == [("problem", name) for name in expected]


def test_json(tiny_files) -> None:
    """Everything is in the JSON, in one line."""
    audit = audit_file(tiny_files["tflite", "int8"])
    text = audit.to_json()
    assert "\n" not in text
    found = json.loads(text)
    assert sum(found["parts"].values()) == found["bytes"]
    assert found["recurrent_operators"] == {"UNIDIRECTIONAL_SEQUENCE_LSTM": 4}
    assert found["source"]["recurrent_layers"] == 2
    assert found["problems"] == 0
    assert len(found["weights"]) == len(audit.weights)
    assert found["findings"][0]["severity"] == "note"
    assert found["oldest_runtime"] == {
        "name": "tflite-runtime",
        "version": "2.14",
        "tensorflow_lite": None,
        "reasons": [],
    }


@pytest.mark.parametrize(
    ("format", "precision"),
    [
        *(("onnx", precision) for precision in PRECISIONS),
        # It takes seconds to convert, and no other quick test has one.
        pytest.param("tflite", "float32", marks=pytest.mark.slow),
        ("tflite", "float16"),
        ("tflite", "int8"),
    ],
)
def test_exports_with_ngrams(tiny_wide_files, format: str, precision: str) -> None:
    """No problem, the oldest runtime; the n-grams' table is a part of its own, with its checks.

    Checks are int8 in every precision, and no quantized weights.
    """
    audit = audit_file(tiny_wide_files[format, precision])
    assert audit.problems == ()
    assert audit.oldest_runtime.reasons == ()
    parts = {part.name: part.bytes for part in audit.parts}
    assert sum(parts.values()) == audit.bytes
    size = {"float32": 4, "float16": 2, "int8": 1}[precision]
    assert parts["weights: n-gram table"] == 1009 * (size + 1)
    stored = [weight for weight in audit.weights if weight.role == "n-gram table"]
    (checks,) = [weight for weight in stored if weight.is_compared]
    (table,) = [weight for weight in stored if not weight.is_compared]
    assert (table.shape, table.is_quantized) == ((1009,), precision == "int8")
    assert (checks.shape, checks.type, checks.is_quantized) == ((1009,), "INT8", False)
    assert {name.upper() for name in checks.used_by} == {"GATHER", "EQUAL"}
    assert checks.decoded_by == ""
    assert (table.is_weight, checks.is_weight) == (True, False)
    assert not any(weight.is_compared for weight in audit.weights if weight is not checks)
    numbers = [weight.numbers for weight in audit.weights if weight.is_weight]
    assert numbers.count(1009) == 1
    share = audit.quantized_share
    assert share is not None
    assert share == 0 if precision != "int8" else 0.97 < share < 1
    assert [layer.text for layer in audit.layers or ()][-3:] == [
        "Pool 160",
        "Dense 1",
        "Ngrams 1,009 x 1",
    ]
