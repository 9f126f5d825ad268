"""Attachments in a .tflite file, and what such a file holds, without any TFLite package.

A .tflite file is a flatbuffer (identifier `TFL3`, see
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs). By the TFLite
metadata convention (https://ai.google.dev/edge/litert/models/metadata) its associated files are a
ZIP archive behind the flatbuffer, with offsets counted from the start of the file, so that
`unzip -l model.tflite` lists them. The archive ends without a comment, as TFLite Support wants it;
large files are deflated, small ones stored.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from edgernn.bundle.attachments import ATTACHMENT_NAME, COMPRESS_ABOVE, MAX_ATTACHMENT_BYTES
from edgernn.bundle.flatwire import FlatBuffer, FlatError, Table
from edgernn.bundle.tflite_operators import BUILTIN_OPERATORS, CUSTOM, TENSOR_TYPES
from edgernn.errors import ModelFileError

__all__ = [
    "TfliteSummary",
    "TfliteTensor",
    "append_attachments",
    "check_safe",
    "read_attachments",
    "summarize",
    "without_attachments",
]

IDENTIFIER: Final = b"TFL3"
MAX_ATTACHMENTS: Final = 64
"""Bound on the number of attachments of a file."""

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""FlatBuffers' own bound on a file."""

# APPNOTE.TXT 4.3.16, the end of central directory record:
# signature, two disk numbers, two entry counts, directory size and offset, length of the comment.
_END: Final = struct.Struct("<4s4H2IH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_ZIP64_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_SIZE: Final = 20
_MAX_DIRECTORY_BYTES: Final = MAX_ATTACHMENTS * 1024
_ENCRYPTED: Final = 0x1 | 0x40
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_TIMESTAMP: Final = (1980, 1, 1, 0, 0, 0)
_UNIX: Final = 3
_MODE: Final = 0o100644

# What `zipfile` raises on bytes that are no archive, besides its own error.
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)

# Places of the fields in the schema's tables.
_MODEL_VERSION, _MODEL_OPERATOR_CODES, _MODEL_SUBGRAPHS, _MODEL_BUFFERS = 0, 1, 2, 4
_MODEL_SIGNATURES, _MODEL_EXTERNAL_GROUPS, _MODEL_EXTERNAL_BUFFERS = 7, 8, 9
_CODE_DEPRECATED, _CODE_CUSTOM, _CODE_VERSION, _CODE_BUILTIN = 0, 1, 2, 3
_SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS, _SUBGRAPH_OUTPUTS, _SUBGRAPH_OPERATORS = 0, 1, 2, 3
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_SIGNATURE_SHAPE = 0, 1, 3, 7
_OPERATOR_CODE_INDEX = 0
_BUFFER_DATA, _BUFFER_OFFSET, _BUFFER_SIZE = 0, 1, 2
_SIGNATURE_KEY = 2

_CUSTOM_PREFIX: Final = "custom::"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class TfliteTensor:
    """An input or output of the main subgraph."""

    name: str
    type: str
    """A name of TensorType, such as `FLOAT32`."""

    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    """Like `shape`, with -1 for a dimension that may be resized."""


@dataclass(frozen=True, slots=True)
class TfliteSummary:
    """What a .tflite file holds."""

    schema_version: int
    operators: Mapping[str, int]
    """How often each operator occurs in all subgraphs; `custom::NAME` for a custom one."""

    operator_versions: Mapping[str, int]
    """Highest version of each operator that the file asks a runtime for."""

    custom_operators: tuple[str, ...]
    """Names of the custom operators, sorted."""

    has_flex: bool
    """Whether any operator needs TensorFlow's Flex delegate."""

    tensor_types: Mapping[str, int]
    """How many tensors of all subgraphs have each type."""

    inputs: tuple[TfliteTensor, ...]
    outputs: tuple[TfliteTensor, ...]
    signatures: tuple[str, ...]
    """Keys of the signatures, in the order of the file."""


def read_attachments(data: bytes | memoryview, name: str) -> dict[str, bytes]:
    """Take the attachments out of a .tflite file.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Returns:
        Content by attachment name; empty where no archive stands at the end of the file.

    Raises:
        ModelFileError: the file or its archive is broken, or its attachments are too many, too
            large, encrypted, named in a way that this library never writes, or there twice.
    """
    _check_identifier(data, name)
    with _broken_archive(name):
        archive = _open_archive(data)
        if archive is None:
            return {}
        attachments: dict[str, bytes] = {}
        room = MAX_ATTACHMENT_BYTES
        with archive:
            _check_entries(archive.infolist())
            for info in archive.infolist():
                with archive.open(info) as entry:
                    # One byte more than allowed tells "too much" from "just enough"; what the
                    # archive says about its sizes is not believed.
                    content = entry.read(room + 1)
                room -= len(content)
                if room < 0:
                    raise zipfile.BadZipFile(f"more than {MAX_ATTACHMENT_BYTES} bytes")
                if len(content) != info.file_size:
                    raise zipfile.BadZipFile(f"{info.filename!r} has another size than it says")
                attachments[info.filename] = content
    return attachments


def without_attachments(model: bytes, name: str = "the model") -> bytes:
    """Cut off the archive behind the flatbuffer.

    Args:
        model: the whole file.
        name: what to call the file in an error.

    Returns:
        The flatbuffer; `model` itself where it has no archive.

    Raises:
        ModelFileError: the file is no model, its archive is broken, or what looks like an archive
            is part of the flatbuffer.
    """
    _check_identifier(model, name)
    with _broken_archive(name):
        archive = _open_archive(model)
        if archive is None:
            return model
        with archive:
            entries = archive.infolist()
            _check_entries(entries)
            start = min((info.header_offset for info in entries), default=len(model) - _END.size)
    rest = model[:start]
    try:
        _check_complete(rest)
    except FlatError as error:
        raise ModelFileError(
            f"{name}: the ZIP archive at its end is not behind the model but inside it; "
            "export the model again"
        ) from error
    return rest


def append_attachments(model: bytes, attachments: Mapping[str, bytes]) -> bytes:
    """Put attachments behind a .tflite file in place of those it has.

    The same input gives the same bytes: names are sorted, times and permissions fixed.

    Args:
        model: the whole file; its flatbuffer is kept as it is.
        attachments: content by name.

    Returns:
        The new file.

    Raises:
        ValueError: a name is not `[A-Za-z0-9._-]{1,64}` or starts with a dot, or there are over
            64 attachments or over 16 MiB of them.
        ModelFileError: `model` is not a .tflite file.
    """
    if len(attachments) > MAX_ATTACHMENTS:
        raise ValueError(f"more than {MAX_ATTACHMENTS} attachments")
    if sum(map(len, attachments.values())) > MAX_ATTACHMENT_BYTES:
        raise ValueError(f"more than {MAX_ATTACHMENT_BYTES} bytes of attachments")
    file = io.BytesIO()
    file.write(without_attachments(model))
    if not attachments:
        return file.getvalue()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for attachment, content in sorted(attachments.items()):
            if not ATTACHMENT_NAME.fullmatch(attachment):
                raise ValueError(f"attachment name {attachment!r} is not allowed")
            info = zipfile.ZipInfo(attachment, _TIMESTAMP)
            info.create_system = _UNIX
            info.external_attr = _MODE << 16
            method = zipfile.ZIP_DEFLATED if len(content) > COMPRESS_ABOVE else zipfile.ZIP_STORED
            archive.writestr(info, content, method, compresslevel=9)
    return file.getvalue()


def summarize(data: bytes | memoryview, name: str) -> TfliteSummary:
    """Describe a .tflite file.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Returns:
        What the file holds.

    Raises:
        ModelFileError: the file is broken, or is not a TFLite model.
    """
    with _broken_model(name):
        model = _open_model(data)
        codes = [_operator_code(code) for code in model.tables(_MODEL_OPERATOR_CODES)]
        versions: dict[str, int] = {}
        for operator, version in codes:
            versions[operator] = max(version, versions.get(operator, version))
        operators: Counter[str] = Counter()
        types: Counter[str] = Counter()
        ends: tuple[tuple[TfliteTensor, ...], tuple[TfliteTensor, ...]] | None = None
        for subgraph in model.tables(_MODEL_SUBGRAPHS):
            tensors = list(subgraph.tables(_SUBGRAPH_TENSORS))
            types.update(map(_tensor_type, tensors))
            for operator_table in subgraph.tables(_SUBGRAPH_OPERATORS):
                index = operator_table.integer(_OPERATOR_CODE_INDEX, "I")
                operators[_pick(codes, index, "operator code")[0]] += 1
            if ends is None:
                ends = (
                    _tensors(subgraph, _SUBGRAPH_INPUTS, tensors),
                    _tensors(subgraph, _SUBGRAPH_OUTPUTS, tensors),
                )
        if ends is None:
            raise FlatError("no subgraph inside")
        custom = sorted(
            operator.removeprefix(_CUSTOM_PREFIX)
            for operator in versions
            if operator.startswith(_CUSTOM_PREFIX)
        )
        return TfliteSummary(
            schema_version=model.integer(_MODEL_VERSION, "I"),
            operators=dict(operators),
            operator_versions=versions,
            custom_operators=tuple(custom),
            has_flex=any(operator.startswith("Flex") for operator in custom),
            tensor_types=dict(types),
            inputs=ends[0],
            outputs=ends[1],
            signatures=tuple(
                signature.text(_SIGNATURE_KEY) or ""
                for signature in model.tables(_MODEL_SIGNATURES)
            ),
        )


def check_safe(data: bytes | memoryview, name: str) -> None:
    """Make sure that loading a .tflite file reads no other file.

    Newer schemas let a model keep its weights in other files (Model.external_buffer_groups).

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: the model refers to other files, or is broken.
    """
    with _broken_model(name):
        model = _open_model(data)
        external = any(
            model.span(index, 4)[1] for index in (_MODEL_EXTERNAL_GROUPS, _MODEL_EXTERNAL_BUFFERS)
        )
    if external:
        raise ModelFileError(
            f"{name}: the model keeps weights in other files, which are not read; "
            "export it as one file"
        )


@contextmanager
def _broken_model(name: str) -> Iterator[None]:
    """Turn a parse error into the one line that a person gets."""
    try:
        yield
    except FlatError as error:
        raise ModelFileError(
            f"{name}: not a usable TFLite file ({error}); export it again or get a fresh copy"
        ) from error


@contextmanager
def _broken_archive(name: str) -> Iterator[None]:
    """Turn whatever `zipfile` raises into the one line that a person gets."""
    try:
        yield
    except _ZIP_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelFileError(
            f"{name}: cannot read the attachments at its end ({reason[:200]}); "
            "export it again or get a fresh copy"
        ) from error


def _check_identifier(data: bytes | memoryview, name: str) -> None:
    with _broken_model(name):
        _open_model(data)


def _open_model(data: bytes | memoryview) -> Table:
    view = memoryview(data).cast("B")
    if len(view) > MAX_FILE_BYTES:
        raise FlatError("larger than 2 GiB")
    return FlatBuffer(view).root(IDENTIFIER)


def _check_complete(data: bytes) -> None:
    """Make sure that everything the model refers to lies within `data`."""
    model = _open_model(data)
    for buffer in model.tables(_MODEL_BUFFERS):
        buffer.span(_BUFFER_DATA)
        offset, size = buffer.integer(_BUFFER_OFFSET, "Q"), buffer.integer(_BUFFER_SIZE, "Q")
        # Above 2 GiB weights stand behind the flatbuffer; 0 and 1 mean that they do not.
        if offset > 1 and offset + size > len(data):
            raise FlatError("weights outside the file")
    for subgraph in model.tables(_MODEL_SUBGRAPHS):
        for tensor in subgraph.tables(_SUBGRAPH_TENSORS):
            _tensor(tensor)
        for _ in subgraph.tables(_SUBGRAPH_OPERATORS):
            pass
    for code in model.tables(_MODEL_OPERATOR_CODES):
        _operator_code(code)


def _open_archive(data: bytes | memoryview) -> zipfile.ZipFile | None:
    """Open the archive that ends where the file ends; None where there is none.

    An end record anywhere else, such as one that the weights spell by chance, is not looked for.
    """
    view = memoryview(data).cast("B")
    at = len(view) - _END.size
    if at < 0 or bytes(view[at : at + 4]) != _END_SIGNATURE:
        return None
    _, disk, start_disk, _, entries, directory_bytes, _, comment = _END.unpack(view[at:])
    if comment != 0:
        return None
    # zipfile believes a ZIP64 record, where there is one, more than the record checked here.
    locator = max(at - _ZIP64_LOCATOR_SIZE, 0)
    if bytes(view[locator : locator + 4]) == _ZIP64_LOCATOR_SIGNATURE:
        raise zipfile.BadZipFile("ZIP64 archives are not read")
    if disk or start_disk:
        raise zipfile.BadZipFile("archives in several parts are not read")
    if entries > MAX_ATTACHMENTS or directory_bytes > _MAX_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"more than {MAX_ATTACHMENTS} files")
    return zipfile.ZipFile(io.BytesIO(data))


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ATTACHMENTS:
        raise zipfile.BadZipFile(f"more than {MAX_ATTACHMENTS} files")
    seen: set[str] = set()
    for info in entries:
        # The name as it stands there: zipfile cuts `filename` at a NUL byte.
        attachment = info.orig_filename
        if not ATTACHMENT_NAME.fullmatch(attachment):
            raise zipfile.BadZipFile(f"file name {attachment[:80]!r} is not allowed")
        if attachment in seen:
            raise zipfile.BadZipFile(f"{attachment!r} is there twice")
        seen.add(attachment)
        if info.flag_bits & _ENCRYPTED:
            raise zipfile.BadZipFile(f"{attachment!r} is encrypted")
        if info.compress_type not in _METHODS:
            raise zipfile.BadZipFile(f"{attachment!r} is compressed in an unknown way")


def _operator_code(code: Table) -> tuple[str, int]:
    """Name and version. Codes above 127 did not fit the first field, hence the second."""
    number = max(code.integer(_CODE_DEPRECATED, "b"), code.integer(_CODE_BUILTIN, "i"))
    version = code.integer(_CODE_VERSION, "i", default=1)
    if number < 0:
        raise FlatError(f"operator number {number}")
    if number == CUSTOM:
        return f"{_CUSTOM_PREFIX}{code.text(_CODE_CUSTOM) or ''}", version
    if number < len(BUILTIN_OPERATORS):
        return BUILTIN_OPERATORS[number], version
    return f"BUILTIN_{number}", version


def _tensor_type(tensor: Table) -> str:
    number = tensor.integer(_TENSOR_TYPE, "b")
    return TENSOR_TYPES[number] if 0 <= number < len(TENSOR_TYPES) else f"TYPE_{number}"


def _tensor(tensor: Table) -> TfliteTensor:
    shape = tensor.integers(_TENSOR_SHAPE, "i") or ()
    return TfliteTensor(
        name=tensor.text(_TENSOR_NAME) or "",
        type=_tensor_type(tensor),
        shape=shape,
        shape_signature=tensor.integers(_TENSOR_SIGNATURE_SHAPE, "i") or shape,
    )


def _tensors(subgraph: Table, index: int, tensors: list[Table]) -> tuple[TfliteTensor, ...]:
    numbers = subgraph.integers(index, "i") or ()
    return tuple(_tensor(_pick(tensors, number, "tensor")) for number in numbers)


def _pick(items: Sequence[_T], index: int, what: str) -> _T:
    if not 0 <= index < len(items):
        raise FlatError(f"{what} {index} is not there")
    return items[index]
