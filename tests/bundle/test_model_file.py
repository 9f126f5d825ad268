"""A model file read whole: its container, its graph's signature, its bundle; hostile copies."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import struct
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffer import pack
from onnx import TensorProto, helper, numpy_helper

from edgernn.bundle import CONTAINERS, Bundle, model_file, read_model_file
from edgernn.bundle import with_bundle as put_bundle
from edgernn.bundle.checksums import SUMS, with_sums
from edgernn.errors import ModelFileError
from edgernn.text import SubwordEncoder, TextContract, TextEncoder

VOCABULARY = SubwordEncoder(["good_", "bad_"]).to_bytes()
CONTRACT = TextContract(
    vocabulary_sha256=hashlib.sha256(VOCABULARY).hexdigest(),
    vocabulary_size=259,
    max_length=20,
    cut="end",
)
BUNDLE = Bundle(TextEncoder(CONTRACT, VOCABULARY), {"recipe": "tiny"})
FORMATS = tuple(CONTAINERS)

# Name, element type, dimensions.
Value = tuple[str, int, list[int | str | None] | None]
IDS: Value = ("ids", TensorProto.INT32, ["batch", "time"])
LENGTHS: Value = ("lengths", TensorProto.INT32, ["batch"])
PROBABILITY: Value = ("probability", TensorProto.FLOAT, ["batch"])


def onnx_model(inputs: Iterable[Value], outputs: Iterable[Value]) -> bytes:
    """An ONNX file with such inputs and outputs; it is read and never run."""
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"]),
            helper.make_node("Reshape", ["rows", "shape"], ["probability"]),
        ],
        "tiny",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [
            numpy_helper.from_array(np.zeros((CONTRACT.vocabulary_size, 1), np.float32), "table"),
            numpy_helper.from_array(np.array([-1]), "shape"),
        ],
    )
    data: bytes = helper.make_model(graph).SerializeToString()
    return data


Tensor = tuple[str, int, list[int]]
TFLITE_IDS: Tensor = ("serving_default_ids:0", schema.TensorType.INT32, [1, 1])
TFLITE_PROBABILITY: Tensor = ("StatefulPartitionedCall:0", schema.TensorType.FLOAT32, [1])


def tflite_model(inputs: list[Tensor], outputs: list[Tensor]) -> bytes:
    """A TFLite file with such inputs and outputs; it is read and never run."""
    rows = CONTRACT.vocabulary_size
    constants = [
        schema.TensorT(type=schema.TensorType.FLOAT32, shape=[rows, 1], buffer=1),
        schema.TensorT(type=schema.TensorType.INT32, shape=[1], buffer=2),
        schema.TensorT(type=schema.TensorType.FLOAT32, shape=[1, 1, 1]),
    ]
    tensors = [
        schema.TensorT(name=name, type=kind, shape=shape) for name, kind, shape in inputs + outputs
    ]
    count = len(inputs)
    lookup = schema.OperatorT(
        opcodeIndex=0,
        inputs=[len(tensors), 0],
        outputs=[len(tensors) + 2],
        builtinOptionsType=schema.BuiltinOptions.GatherOptions,
        builtinOptions=schema.GatherOptionsT(),
    )
    reshape = schema.OperatorT(
        opcodeIndex=1, inputs=[len(tensors) + 2, len(tensors) + 1], outputs=[1]
    )
    graph = schema.SubGraphT(
        tensors=tensors + constants,
        inputs=list(range(count)),
        outputs=list(range(count, len(tensors))),
        operators=[lookup, reshape],
    )
    codes = [schema.BuiltinOperator.GATHER, schema.BuiltinOperator.RESHAPE]
    data = [b"", bytes(4 * rows), struct.pack("<i", -1)]
    model = schema.ModelT(
        version=3,
        operatorCodes=[schema.OperatorCodeT(deprecatedBuiltinCode=c, builtinCode=c) for c in codes],
        subgraphs=[graph],
        buffers=[schema.BufferT(data=list(content) or None) for content in data],
    )
    return pack(model)


MODELS: dict[str, bytes] = {
    "onnx": onnx_model([IDS, LENGTHS], [PROBABILITY]),
    "tflite": tflite_model([TFLITE_IDS], [TFLITE_PROBABILITY]),
}


def written(folder: Path, data: bytes, name: str = "model.bin") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def graph_sha256(format: str, data: bytes) -> str:
    return model_file.graph_sha256(data, format)


def with_attachments(
    format: str, attachments: dict[str, bytes], model: bytes | None = None
) -> bytes:
    """A file with such attachments, checksums that fit them included."""
    model = MODELS[format] if model is None else model
    sealed = with_sums(attachments, graph_sha256(format, model))
    return CONTAINERS[format].with_attachments(model, sealed)


def refused(path: Path) -> str:
    """Why a file is refused, without its name, which the message must start with."""
    with pytest.raises(ModelFileError) as caught:
        read_model_file(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ""])
def test_round_trip(tmp_path: Path, format: str, suffix: str) -> None:
    """The bundle comes back; the format is told by the content, not by the file's name."""
    data = put_bundle(MODELS[format], format, BUNDLE)
    path = written(tmp_path, data, f"model{suffix}")
    file = read_model_file(str(path))
    assert (file.path, file.format, file.data) == (path, format, data)
    assert file.bundle.contract == CONTRACT
    assert file.bundle.encoder.vocabulary == VOCABULARY
    assert file.bundle.card == {"recipe": "tiny"}
    names = ("Gather", "Reshape") if format == "onnx" else ("GATHER", "RESHAPE")
    assert file.operators == dict.fromkeys(names, 1)


@pytest.mark.parametrize("format", FORMATS)
def test_a_bundle_takes_the_place_of_another(format: str) -> None:
    """Putting the same bundle in again changes nothing; another one leaves nothing of the first."""
    once = put_bundle(MODELS[format], format, BUNDLE)
    other = Bundle(BUNDLE.encoder, {"recipe": "other"})
    assert put_bundle(once, format, BUNDLE) == once
    assert put_bundle(put_bundle(once, format, other), format, BUNDLE) == once


@pytest.mark.parametrize("key", [("onnx", "int8"), ("tflite", "int8")])
def test_an_exported_file(tiny_files: dict[tuple[str, str], Path], key: tuple[str, str]) -> None:
    """What `edgernn export` writes is read, operators and all."""
    file = read_model_file(tiny_files[key])
    assert file.format == key[0]
    assert file.bundle.card["precision"] == "int8"
    recurrent = {"onnx": ("LSTM", 2), "tflite": ("UNIDIRECTIONAL_SEQUENCE_LSTM", 4)}[key[0]]
    assert file.operators[recurrent[0]] == recurrent[1]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", sorted(BUNDLE.to_attachments()))
def test_a_missing_attachment(tmp_path: Path, format: str, name: str) -> None:
    """The message names the file and what is missing."""
    attachments = BUNDLE.to_attachments()
    del attachments[name]
    path = written(tmp_path, with_attachments(format, attachments))
    assert refused(path).startswith(f"the file carries no {name}: ")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("contract.json", b'"version": 1', b'"version": 3', "version 3 is not known here"),
        ("contract.json", b'"case": "keep"', b'"case": "fold"', "rule case='fold' is not known"),
        ("contract.json", b"{", b"", "text contract: not JSON"),
        ("vocabulary.subwords", b"good_", b"gold_", "vocabulary.subwords: SHA-256 is"),
        ("card.json", b"{", b"", "card.json: not JSON"),
    ],
)
def test_a_broken_attachment(
    tmp_path: Path, format: str, name: str, old: bytes, new: bytes, message: str
) -> None:
    """The message names the file and what is wrong inside."""
    attachments = BUNDLE.to_attachments()
    assert old in attachments[name]
    attachments[name] = attachments[name].replace(old, new, 1)
    path = written(tmp_path, with_attachments(format, attachments))
    assert message in refused(path)


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [
        ([LENGTHS], [PROBABILITY], "takes lengths INT32[1] and gives probability FLOAT[1]"),
        (
            [IDS, LENGTHS, ("mask", TensorProto.FLOAT, ["batch"])],
            [PROBABILITY],
            "lengths INT32[1], mask FLOAT[1] and gives",
        ),
        ([("ids", TensorProto.INT64, ["b", "t"]), LENGTHS], [PROBABILITY], "ids INT64[2]"),
        ([("ids", TensorProto.INT32, ["b"]), LENGTHS], [PROBABILITY], "ids INT32[1]"),
        ([("ids", TensorProto.INT32, None), LENGTHS], [PROBABILITY], "ids INT32[0]"),
        ([("x", TensorProto.INT32, ["b", "t"]), LENGTHS], [PROBABILITY], "x INT32[2]"),
        ([IDS, LENGTHS], [("probability", TensorProto.FLOAT16, ["b"])], "probability FLOAT16[1]"),
        ([IDS, LENGTHS], [("probability", TensorProto.FLOAT, ["b", 1])], "probability FLOAT[2]"),
        ([IDS, LENGTHS], [("logit", TensorProto.FLOAT, ["b"])], "gives logit FLOAT[1]"),
        ([IDS, LENGTHS], [PROBABILITY, ("more", TensorProto.FLOAT, ["b"])], "more FLOAT[1]"),
    ],
)
def test_another_onnx_signature(
    tmp_path: Path, inputs: list[Value], outputs: list[Value], said: str
) -> None:
    """A graph that takes or gives something else is refused before it runs."""
    path = written(tmp_path, put_bundle(onnx_model(inputs, outputs), "onnx", BUNDLE))
    message = refused(path)
    assert said in message
    expected = "expected ids INT32[2], lengths INT32[1] or ids INT32[2] and probability FLOAT[1]"
    assert message.endswith(expected)


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [
        ([], [TFLITE_PROBABILITY], "takes nothing and gives probability FLOAT32[1]"),
        ([TFLITE_IDS, TFLITE_IDS], [TFLITE_PROBABILITY], "takes ids INT32[2], 2 INT32[2]"),
        ([("x", schema.TensorType.INT64, [1, 1])], [TFLITE_PROBABILITY], "ids INT64[2]"),
        ([("x", schema.TensorType.INT32, [1])], [TFLITE_PROBABILITY], "ids INT32[1]"),
        ([TFLITE_IDS], [("y", schema.TensorType.INT8, [1])], "probability INT8[1]"),
        ([TFLITE_IDS], [("y", schema.TensorType.FLOAT32, [1, 1])], "probabilities FLOAT32[2]"),
        ([TFLITE_IDS], [TFLITE_PROBABILITY, TFLITE_PROBABILITY], "2 FLOAT32[1]; expected"),
    ],
)
def test_another_tflite_signature(
    tmp_path: Path, inputs: list[Tensor], outputs: list[Tensor], said: str
) -> None:
    """One input, one output; their names are the converter's and do not matter."""
    path = written(tmp_path, put_bundle(tflite_model(inputs, outputs), "tflite", BUNDLE))
    message = refused(path)
    assert said in message
    assert message.endswith("expected ids INT32[2] and probability FLOAT32[1]")


@pytest.mark.parametrize("format", FORMATS)
def test_a_foreign_file(tmp_path: Path, format: str) -> None:
    """A sound model that somebody else wrote: the message says what would have written one."""
    path = written(tmp_path, MODELS[format], f"foreign.{format}")
    assert refused(path).startswith("the file carries no contract.json: ")


def test_weights_in_another_file(tmp_path: Path) -> None:
    """A file that would make the engine open another one is refused."""
    model = onnx.ModelProto.FromString(put_bundle(MODELS["onnx"], "onnx", BUNDLE))
    tensor = model.graph.initializer.add(
        name="w", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL
    )
    tensor.external_data.add(key="location", value="../secret")
    path = written(tmp_path, model.SerializeToString())
    assert "tensor 'w' has its values in another file" in refused(path)


def test_no_such_file(tmp_path: Path) -> None:
    """A wrong path is a line, not a traceback."""
    assert refused(tmp_path / "none.onnx").startswith("cannot be read: ")


def test_a_folder(tmp_path: Path) -> None:
    """So is a folder."""
    assert refused(tmp_path).startswith("is a folder; ")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"PK\x03\x04 not a model",
        b"Great movie!\n" * 100,
        b"\0\0\0\0TFL3",
        b"\xff\xff\xff\xffTFL3" + b"\xff" * 100,
    ],
)
def test_no_model_at_all(tmp_path: Path, data: bytes) -> None:
    """Neither container: which of the two it is taken for does not matter."""
    assert re.match("not a usable (ONNX|TFLite) file", refused(written(tmp_path, data)))


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte over the bound is refused; at the bound the content is looked at."""
    monkeypatch.setattr(model_file, "MAX_MODEL_BYTES", 1 << 20)
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate((1 << 20) + 1)
    assert refused(path) == "larger than 1 MiB"
    with path.open("wb") as file:
        file.truncate(1 << 20)
    assert refused(path).startswith("not a usable ONNX file")


@pytest.mark.parametrize("format", FORMATS)
def test_only_a_little_is_asked_for(tmp_path: Path, format: str) -> None:
    """Reading takes memory for the file's size, not for the largest size that is read."""
    path = written(tmp_path, put_bundle(MODELS[format], format, BUNDLE))
    read_model_file(path)
    tracemalloc.start()
    try:
        read_model_file(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("format", FORMATS)
def test_checksums_travel(tmp_path: Path, format: str) -> None:
    """A file carries them; without them, or with a changed byte anywhere, it is refused."""
    data = put_bundle(MODELS[format], format, BUNDLE)
    attachments = CONTAINERS[format].parse(data, "the model").attachments.read()
    assert attachments == with_sums(BUNDLE.to_attachments(), graph_sha256(format, MODELS[format]))
    del attachments[SUMS]
    path = written(tmp_path, CONTAINERS[format].with_attachments(MODELS[format], attachments))
    assert refused(path).startswith(f"the file carries no {SUMS}")


@pytest.mark.parametrize("format", FORMATS)
def test_a_changed_weight(tmp_path: Path, format: str) -> None:
    """A bit of the weights, which no parser would miss."""
    data = bytearray(put_bundle(MODELS[format], format, BUNDLE))
    data[data.index(bytes(4 * CONTRACT.vocabulary_size)) + 400] ^= 0x40
    message = refused(written(tmp_path, bytes(data)))
    assert message.startswith("the graph is not what was exported (SHA-256 ")


@pytest.mark.parametrize("format", FORMATS)
def test_ids_beyond_the_embedding(tmp_path: Path, format: str) -> None:
    """A vocabulary larger than the table that the ids are looked up in."""
    larger = SubwordEncoder(["good_", "bad_", "fine_"]).to_bytes()
    digest = hashlib.sha256(larger).hexdigest()
    contract = dataclasses.replace(CONTRACT, vocabulary_size=260, vocabulary_sha256=digest)
    bundle = Bundle(TextEncoder(contract, larger), {})
    path = written(tmp_path, put_bundle(MODELS[format], format, bundle))
    assert "the contract has 260 ids, the embedding 259 rows" in refused(path)
    smaller = SubwordEncoder(["good_"]).to_bytes()
    digest = hashlib.sha256(smaller).hexdigest()
    contract = dataclasses.replace(CONTRACT, vocabulary_size=258, vocabulary_sha256=digest)
    bundle = Bundle(TextEncoder(contract, smaller), {})
    path = written(tmp_path, put_bundle(MODELS[format], format, bundle))
    assert read_model_file(path).bundle.contract == contract


@pytest.mark.parametrize("format", FORMATS)
def test_a_hostile_name_in_a_message(tmp_path: Path, format: str) -> None:
    """What a file calls its things cannot write lines of its own, or thousands of characters."""
    attachments = BUNDLE.to_attachments()
    for name, start in (("a\n\x1b[2Jfine", r"a\n\x1b[2Jfine"), ("x" * 10_000, "xxx")):
        values = json.loads(attachments["contract.json"])
        values[name] = 1
        changed = {**attachments, "contract.json": json.dumps(values).encode()}
        message = refused(written(tmp_path, with_attachments(format, changed)))
        assert message.startswith(f"text contract has unknown fields: {start}")
        assert message.isprintable()
        assert len(message) < 500


def test_two_formats_in_one_file(tmp_path: Path) -> None:
    """ONNX Runtime's own format is told by the bytes 4 to 8, which an .onnx file may spell too."""
    model = b"\x12\x06xxORTM" + MODELS["onnx"]
    assert onnx.ModelProto.FromString(model).producer_name == "xxORTM"
    path = written(tmp_path, put_bundle(model, "onnx", BUNDLE))
    assert "two formats in one file" in refused(path)
