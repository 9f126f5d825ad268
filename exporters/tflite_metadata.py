"""Write a TFLite model's description where TFLite tools look for it: the `TFLITE_METADATA` entry.

Its content is a ModelMetadata flatbuffer (identifier `M001`) of
https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs;
the files that it names are appended by `edgernn.bundle.tflite.attachments`.

The model is not unpacked and packed again: FlatBuffers' Python code leaves out the alignment of
16 bytes that the TFLite schema asks for weights (tensorflow/tflite-micro#3177). Instead a new root
table is put in front, whose offsets point into the old flatbuffer, every byte of which stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import flatbuffers  # type: ignore[import-untyped]

from edgernn.bundle.tflite import schema
from edgernn.bundle.tflite.attachments import append_attachments
from edgernn.bundle.tflite.content import TfliteContent
from edgernn.bundle.tflite.flatwire import FlatBuffer, FlatError, Table
from edgernn.errors import ExportError

__all__ = ["ASSOCIATED_FILE_TYPES", "METADATA_NAME", "with_model_metadata"]

METADATA_NAME: Final = "TFLITE_METADATA"
METADATA_IDENTIFIER: Final = b"M001"

ASSOCIATED_FILE_TYPES: Final[Mapping[str, int]] = {
    "UNKNOWN": 0,
    "DESCRIPTIONS": 1,
    "TENSOR_AXIS_LABELS": 2,
    "TENSOR_VALUE_LABELS": 3,
    "TENSOR_AXIS_SCORE_CALIBRATION": 4,
    "VOCABULARY": 5,
}
"""The schema's AssociatedFileType; those that start with TENSOR describe an output tensor."""

_ALIGNMENT: Final = 16
_DEFAULT_TYPE: Final = ASSOCIATED_FILE_TYPES["UNKNOWN"]

# How many fields of the schema's tables are known.
_MODEL_FIELDS, _BUFFER_FIELDS, _METADATA_FIELDS = 10, 3, 2

# The schema's fields that are written, by their place; the version that brought VOCABULARY.
_MODEL_METADATA_FIELDS, _SUBGRAPH_METADATA_FIELDS, _TENSOR_METADATA_FIELDS = 8, 7, 7
_ASSOCIATED_FILE_FIELDS: Final = 4
_FIRST_PARSER, _VOCABULARY_PARSER = "1.0.0", "1.0.1"


def with_model_metadata(
    model: bytes,
    *,
    name: str,
    description: str,
    version: str,
    license: str,
    files: Mapping[str, str],
) -> bytes:
    """Add a description to a .tflite file, in place of one that it has.

    Files of a type that starts with TENSOR are listed with the first output, the others with the
    model. Each input and output of the main subgraph is listed too, by its tensor's name: TFLite
    Support refuses a description that does not count them right.

    Args:
        model: the whole file; attachments that it has are kept.
        name: name of the model.
        description: what the model does.
        version: the model's own version.
        license: licence of the model.
        files: type of each attachment, a name of `ASSOCIATED_FILE_TYPES`, by attachment name.

    Returns:
        The new file; weights and operators are byte for byte those of `model`.

    Raises:
        ValueError: a file's type is not in the schema.
        ExportError: the model keeps weights outside its flatbuffer, or uses a newer schema.
        ModelFileError: `model` is not a usable .tflite file.
    """
    unknown = sorted(set(files.values()) - set(ASSOCIATED_FILE_TYPES))
    if unknown:
        raise ValueError(f"no associated file type {unknown[0]!r} in the metadata schema")
    content = TfliteContent(model, "the model")
    content.check_one_file()
    attachments = content.attachments
    main = content.model.subgraphs[0]
    metadata = _model_metadata(
        name=name,
        description=description,
        version=version,
        license=license,
        files=files,
        inputs=[main.tensors[number].name for number in main.inputs],
        outputs=[main.tensors[number].name for number in main.outputs],
    )
    try:
        described = _with_metadata(model[: attachments.end], metadata)
    except FlatError as error:
        raise ExportError(f"cannot describe the TFLite model: {error}") from error
    return append_attachments(described, attachments.read())


def _with_metadata(model: bytes, content: bytes) -> bytes:
    """Put a new root table before `model`, with one more buffer, which holds `content`."""
    # Offsets in the old flatbuffer count from its start, the builder's from the end of the file.
    padded = model + bytes(-len(model) % _ALIGNMENT)
    old = FlatBuffer(memoryview(model)).root(schema.IDENTIFIER)
    if old.vtable_size > 4 + 2 * _MODEL_FIELDS:
        raise FlatError("it uses a newer schema than is known here")
    builder = flatbuffers.Builder(len(padded) + len(content) + 4096)
    builder.CreateByteVector(padded)

    buffers = [len(padded) - table.position for table in _buffers(old)]
    entries = [
        len(padded) - table.position
        for table in old.tables(schema.Model.METADATA)
        if table.text(schema.Metadata.NAME) != METADATA_NAME
    ]
    builder.StartVector(1, len(content), _ALIGNMENT)
    for byte in reversed(content):
        builder.PrependByte(byte)
    data = builder.EndVector()
    builder.StartObject(_BUFFER_FIELDS)
    builder.PrependUOffsetTRelativeSlot(schema.Buffer.DATA, data, 0)
    buffers.append(builder.EndObject())

    entry_name = builder.CreateString(METADATA_NAME)
    builder.StartObject(_METADATA_FIELDS)
    builder.PrependUint32Slot(schema.Metadata.BUFFER, len(buffers) - 1, 0)
    builder.PrependUOffsetTRelativeSlot(schema.Metadata.NAME, entry_name, 0)
    entries.append(builder.EndObject())

    fields = {
        index: len(padded) - target
        for index in range(1, _MODEL_FIELDS)
        if (target := old.target(index)) is not None
    }
    fields[schema.Model.BUFFERS] = _offsets(builder, buffers)
    fields[schema.Model.METADATA] = _offsets(builder, entries)
    builder.StartObject(_MODEL_FIELDS)
    for index, target in fields.items():
        builder.PrependUOffsetTRelativeSlot(index, target, 0)
    builder.PrependUint32Slot(schema.Model.VERSION, old.integer(schema.Model.VERSION, "I"), 0)
    builder.Finish(builder.EndObject(), file_identifier=schema.IDENTIFIER)
    return bytes(builder.Output())


def _buffers(model: Table) -> list[Table]:
    buffers = list(model.tables(schema.Model.BUFFERS))
    if any(buffer.integer(schema.Buffer.OFFSET, "Q") > 1 for buffer in buffers):
        raise FlatError("it keeps its weights behind the flatbuffer, as models over 2 GiB do")
    return buffers


def _model_metadata(
    *,
    name: str,
    description: str,
    version: str,
    license: str,
    files: Mapping[str, str],
    inputs: Sequence[str],
    outputs: Sequence[str],
) -> bytes:
    """Write a ModelMetadata flatbuffer."""
    builder = flatbuffers.Builder(1024)
    with_model = {file: kind for file, kind in files.items() if not kind.startswith("TENSOR_")}
    with_output = {file: kind for file, kind in files.items() if kind.startswith("TENSOR_")}
    if not outputs:
        with_model, with_output = dict(files), {}
    input_metadata = _offsets(builder, [_tensor_metadata(builder, tensor, {}) for tensor in inputs])
    output_metadata = _offsets(
        builder,
        [
            _tensor_metadata(builder, tensor, {} if index else with_output)
            for index, tensor in enumerate(outputs)
        ],
    )
    builder.StartObject(_SUBGRAPH_METADATA_FIELDS)
    builder.PrependUOffsetTRelativeSlot(2, input_metadata, 0)
    builder.PrependUOffsetTRelativeSlot(3, output_metadata, 0)
    subgraphs = _offsets(builder, [builder.EndObject()])
    parser = _VOCABULARY_PARSER if "VOCABULARY" in files.values() else _FIRST_PARSER
    fields = {
        0: builder.CreateString(name),
        1: builder.CreateString(description),
        2: builder.CreateString(version),
        3: subgraphs,
        5: builder.CreateString(license),
        6: _associated_files(builder, with_model),
        7: builder.CreateString(parser),
    }
    builder.StartObject(_MODEL_METADATA_FIELDS)
    for index, offset in fields.items():
        builder.PrependUOffsetTRelativeSlot(index, offset, 0)
    builder.Finish(builder.EndObject(), file_identifier=METADATA_IDENTIFIER)
    return bytes(builder.Output())


def _tensor_metadata(builder: flatbuffers.Builder, name: str, files: Mapping[str, str]) -> int:
    text = builder.CreateString(name)
    associated = _associated_files(builder, files)
    builder.StartObject(_TENSOR_METADATA_FIELDS)
    builder.PrependUOffsetTRelativeSlot(0, text, 0)
    builder.PrependUOffsetTRelativeSlot(6, associated, 0)
    return int(builder.EndObject())


def _associated_files(builder: flatbuffers.Builder, files: Mapping[str, str]) -> int:
    """Write a vector of AssociatedFile; 0, which stands for an absent field, where it is empty."""
    tables = []
    for file, kind in sorted(files.items()):
        name = builder.CreateString(file)
        builder.StartObject(_ASSOCIATED_FILE_FIELDS)
        builder.PrependUOffsetTRelativeSlot(0, name, 0)
        builder.PrependInt8Slot(2, ASSOCIATED_FILE_TYPES[kind], _DEFAULT_TYPE)
        tables.append(builder.EndObject())
    return _offsets(builder, tables) if tables else 0


def _offsets(builder: flatbuffers.Builder, targets: Sequence[int]) -> int:
    """Write a vector of offsets to tables."""
    builder.StartVector(4, len(targets), 4)
    for target in reversed(targets):
        builder.PrependUOffsetTRelative(target)
    return int(builder.EndVector())
