"""The description inside a .tflite file, read back with LiteRT's schema and the reader of ours."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from flatbuffer import pack
from parsed import tflite_attachments

from edgernn.bundle.tflite.attachments import append_attachments
from edgernn.bundle.tflite.content import TfliteContent
from edgernn.bundle.tflite.flatwire import FlatBuffer, Table
from edgernn.errors import ExportError, ModelFileError
from exporters.tflite_metadata import ASSOCIATED_FILE_TYPES, METADATA_NAME, with_model_metadata

FILES = {
    "contract.json": "UNKNOWN",
    "vocabulary.subwords": "VOCABULARY",
    "labels.txt": "TENSOR_AXIS_LABELS",
}
WEIGHTS = np.array([10.0, 20.0, 30.0], np.float32)


def make_model() -> schema.ModelT:
    """Return out = x + w with constant weights, a signature, and another tool's metadata entry."""

    def tensor(name: str, buffer: int = 0) -> schema.TensorT:
        return schema.TensorT(name=name, shape=[3], type=schema.TensorType.FLOAT32, buffer=buffer)

    add = schema.OperatorT(
        opcodeIndex=0,
        inputs=[0, 1],
        outputs=[2],
        builtinOptionsType=schema.BuiltinOptions.AddOptions,
        builtinOptions=schema.AddOptionsT(),
    )
    signature = schema.SignatureDefT(
        signatureKey="serving_default",
        subgraphIndex=0,
        inputs=[schema.TensorMapT(name="x", tensorIndex=0)],
        outputs=[schema.TensorMapT(name="out", tensorIndex=2)],
    )
    return schema.ModelT(
        version=3,
        description="tiny",
        operatorCodes=[schema.OperatorCodeT(builtinCode=schema.BuiltinOperator.ADD, version=1)],
        subgraphs=[
            schema.SubGraphT(
                name="main",
                tensors=[tensor("x"), tensor("w", 1), tensor("out")],
                inputs=[0],
                outputs=[2],
                operators=[add],
            )
        ],
        buffers=[
            schema.BufferT(),
            schema.BufferT(data=WEIGHTS.view(np.uint8)),
            schema.BufferT(data=np.frombuffer(b"1.5.0", np.uint8)),
        ],
        metadata=[schema.MetadataT(name="min_runtime_version", buffer=2)],
        signatureDefs=[signature],
    )


MODEL = pack(make_model())


def described(model: bytes = MODEL, name: str = "tiny", **files: str) -> bytes:
    return with_model_metadata(
        model,
        name=name,
        description="adds",
        version="1.2",
        license="Apache-2.0",
        files=files or FILES,
    )


def entries(model: bytes) -> dict[str, bytes]:
    """The metadata entries, as LiteRT's schema reads them."""
    tables = schema.ModelT.InitFromPackedBuf(model)
    return {
        entry.name.decode(): bytes(tables.buffers[entry.buffer].data) for entry in tables.metadata
    }


def model_metadata(model: bytes) -> Table:
    return FlatBuffer(memoryview(entries(model)[METADATA_NAME])).root(b"M001")


def files_of(table: Table, index: int) -> list[tuple[str | None, int]]:
    return [(file.text(0), file.integer(2, "b")) for file in table.tables(index)]


def test_texts() -> None:
    """Name, description, version and licence stand at the schema's places."""
    metadata = model_metadata(described())
    texts = [metadata.text(index) for index in (0, 1, 2, 4, 5)]
    assert texts == ["tiny", "adds", "1.2", None, "Apache-2.0"]


def test_files_and_tensors() -> None:
    """Labels belong to the output, other files to the model; every tensor is counted."""
    metadata = model_metadata(described())
    assert files_of(metadata, 6) == [("contract.json", 0), ("vocabulary.subwords", 5)]
    (subgraph,) = metadata.tables(3)
    (first_input,) = subgraph.tables(2)
    (first_output,) = subgraph.tables(3)
    assert (first_input.text(0), files_of(first_input, 6)) == ("x", [])
    assert (first_output.text(0), files_of(first_output, 6)) == ("out", [("labels.txt", 2)])


@pytest.mark.parametrize(("kind", "number"), ASSOCIATED_FILE_TYPES.items())
def test_types(kind: str, number: int) -> None:
    """Each type of the schema is written as its number."""
    metadata = model_metadata(described(file=kind))
    (subgraph,) = metadata.tables(3)
    (output,) = subgraph.tables(3)
    assert [*files_of(metadata, 6), *files_of(output, 6)] == [("file", number)]


@pytest.mark.parametrize(("kind", "parser"), [("UNKNOWN", "1.0.0"), ("VOCABULARY", "1.0.1")])
def test_parser_version(kind: str, parser: str) -> None:
    """A parser must be as new as the newest thing in the description."""
    assert model_metadata(described(file=kind)).text(7) == parser


def test_model_is_kept() -> None:
    """The old flatbuffer is in the new file byte for byte, at a multiple of 16."""
    written = described()
    assert written.index(MODEL) % 16 == 0
    old, new = schema.ModelT.InitFromPackedBuf(MODEL), schema.ModelT.InitFromPackedBuf(written)
    assert (new.version, new.description) == (old.version, old.description)
    assert len(new.buffers) == len(old.buffers) + 1
    assert [bytes(buffer.data) for buffer in new.buffers[1:3]] == [WEIGHTS.tobytes(), b"1.5.0"]
    before, after = (TfliteContent(data, "m.tflite") for data in (MODEL, written))
    assert (before.inputs, before.outputs) == (after.inputs, after.outputs)
    assert before.operators == after.operators


def test_description_is_aligned() -> None:
    """The new buffer keeps the alignment of 16 that the schema asks for."""
    written = described()
    *_, last = FlatBuffer(memoryview(written)).root(b"TFL3").tables(4)
    start, _ = last.span(0)
    assert written[start + 4 : start + 8] == b"M001"
    assert start % 16 == 0


def test_still_runs() -> None:
    """LiteRT runs the described model, attachments and all, under the same signature."""
    data = append_attachments(described(), {name: b"x" for name in FILES})
    interpreter = Interpreter(model_content=data)
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["x"], "outputs": ["out"]}
    }
    x = np.array([1, 2, 3], np.float32)
    out = interpreter.get_signature_runner("serving_default")(x=x)["out"]
    np.testing.assert_array_equal(out, x + WEIGHTS)


def test_replaces_a_description() -> None:
    """A second description takes the place of the first; other entries stay."""
    written = described(described(), name="second")
    tables = schema.ModelT.InitFromPackedBuf(written)
    assert [entry.name for entry in tables.metadata] == [b"min_runtime_version", b"TFLITE_METADATA"]
    assert entries(written)["min_runtime_version"] == b"1.5.0"
    assert model_metadata(written).text(0) == "second"


def test_keeps_attachments() -> None:
    """Attachments that the file has are there afterwards."""
    model = append_attachments(MODEL, {"a": b"1"})
    assert tflite_attachments(described(model), "m.tflite") == {"a": b"1"}


def test_same_bytes() -> None:
    """The order in which the files are named does not matter."""
    assert described(**FILES) == described(**dict(reversed(FILES.items())))


def test_unknown_type() -> None:
    """A type that the schema does not have is named."""
    with pytest.raises(ValueError, match="'LABELS'"):
        described(file="LABELS")


def test_weights_outside() -> None:
    """A model that keeps weights behind its flatbuffer is not rewritten."""
    model = make_model()
    model.buffers[1] = schema.BufferT(offset=64, size=12)
    with pytest.raises(ExportError, match="weights behind the flatbuffer"):
        described(pack(model))


def test_weights_elsewhere() -> None:
    """A model that keeps weights in other files is not rewritten."""
    model = make_model()
    model.externalBufferGroups = [schema.ExternalBufferGroupT(name="weights.bin")]
    with pytest.raises(ModelFileError, match="other files"):
        described(pack(model))


def test_no_model() -> None:
    """A file of another kind is refused."""
    with pytest.raises(ModelFileError, match="not a usable TFLite file"):
        described(b"no model at all")
