"""What a .tflite file holds, without any TFLite package.

A .tflite file is a flatbuffer (identifier `TFL3`) of
https://github.com/google-ai-edge/LiteRT/blob/main/tflite/schema/schema.fbs, whose fields are named
below by their place in each table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from edgernn.bundle.tflite.flatwire import MAX_WORK, FlatBuffer, FlatError, Table
from edgernn.bundle.tflite.operators import BUILTIN_OPERATORS, CUSTOM, TENSOR_TYPES
from edgernn.errors import ModelFileError

__all__ = [
    "IDENTIFIER",
    "TfliteSummary",
    "TfliteTensor",
    "broken_model",
    "check_complete",
    "check_safe",
    "open_model",
    "operator_code",
    "summarize",
    "tensor_type",
]

IDENTIFIER: Final = b"TFL3"

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""FlatBuffers' own bound on a file."""

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
    with broken_model(name):
        model = open_model(data)
        codes = [operator_code(code) for code in model.tables(_MODEL_OPERATOR_CODES)]
        versions: dict[str, int] = {}
        for operator, version in codes:
            versions[operator] = max(version, versions.get(operator, version))
        operators: Counter[str] = Counter()
        types: Counter[str] = Counter()
        ends: tuple[tuple[TfliteTensor, ...], tuple[TfliteTensor, ...]] | None = None
        for subgraph in model.tables(_MODEL_SUBGRAPHS):
            tensors = list(subgraph.tables(_SUBGRAPH_TENSORS))
            types.update(map(tensor_type, tensors))
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
    with broken_model(name):
        model = open_model(data)
        external = any(
            model.span(index, 4)[1] for index in (_MODEL_EXTERNAL_GROUPS, _MODEL_EXTERNAL_BUFFERS)
        )
    if external:
        raise ModelFileError(
            f"{name}: the model keeps weights in other files, which are not read; "
            "export it as one file"
        )


@contextmanager
def broken_model(name: str) -> Iterator[None]:
    """Turn a parse error into the one line that a person gets."""
    try:
        yield
    except FlatError as error:
        raise ModelFileError(
            f"{name}: not a usable TFLite file ({error}); export it again or get a fresh copy"
        ) from error


def open_model(data: bytes | memoryview, work: int = MAX_WORK) -> Table:
    """Open the root table, `Model`.

    Args:
        data: the whole file.
        work: how much of its structure may be read, in bytes; repeats count again.

    Raises:
        FlatError: `data` is no .tflite file.
    """
    view = memoryview(data).cast("B")
    if len(view) > MAX_FILE_BYTES:
        raise FlatError("larger than 2 GiB")
    return FlatBuffer(view, work).root(IDENTIFIER)


def check_complete(data: bytes | memoryview) -> None:
    """Make sure that everything the model refers to lies within `data`.

    Raises:
        FlatError: it does not, or `data` is no .tflite file.
    """
    model = open_model(data)
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
        operator_code(code)


def operator_code(code: Table) -> tuple[str, int]:
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


def tensor_type(tensor: Table) -> str:
    """Return the name of a tensor's type."""
    number = tensor.integer(_TENSOR_TYPE, "b")
    return TENSOR_TYPES[number] if 0 <= number < len(TENSOR_TYPES) else f"TYPE_{number}"


def _tensor(tensor: Table) -> TfliteTensor:
    shape = tensor.integers(_TENSOR_SHAPE, "i") or ()
    return TfliteTensor(
        name=tensor.text(_TENSOR_NAME) or "",
        type=tensor_type(tensor),
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
