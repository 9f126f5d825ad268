"""The tensors of an .onnx file, without their values and without the onnx package.

Field and type numbers are those of TensorProto in
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgernn.bundle.onnx.protowire import Budget, WireType, iter_fields, packed_varints

__all__ = ["ELEMENT_TYPES", "StoredTensor", "element_type", "read_tensor"]

ELEMENT_TYPES: Final = (
    "UNDEFINED",
    "FLOAT",
    "UINT8",
    "INT8",
    "UINT16",
    "INT16",
    "INT32",
    "INT64",
    "STRING",
    "BOOL",
    "FLOAT16",
    "DOUBLE",
    "UINT32",
    "UINT64",
    "COMPLEX64",
    "COMPLEX128",
    "BFLOAT16",
    "FLOAT8E4M3FN",
    "FLOAT8E4M3FNUZ",
    "FLOAT8E5M2",
    "FLOAT8E5M2FNUZ",
    "UINT4",
    "INT4",
    "FLOAT4E2M1",
    "FLOAT8E8M0",
    "UINT2",
    "INT2",
    "FLOAT6E2M3",
    "FLOAT6E3M2",
)
"""Names of TensorProto.DataType, at the place of their number."""

_TENSOR_DIMS, _TENSOR_DATA_TYPE, _TENSOR_NAME = 1, 2, 8
_TENSOR_EXTERNAL_DATA, _TENSOR_DATA_LOCATION = 13, 14
# float_data, int32_data, string_data, int64_data, raw_data, double_data, uint64_data
_TENSOR_DATA: Final = frozenset({4, 5, 6, 7, 9, 10, 11})


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """What matters of a TensorProto."""

    name: str
    element_type: str
    """A name of `ELEMENT_TYPES`."""

    shape: tuple[int, ...]
    stored_bytes: int
    """Bytes of its values as stored in the file."""

    external: bool
    """Whether its values are in another file."""


def read_tensor(message: memoryview, budget: Budget) -> StoredTensor:
    """Read a TensorProto without its values.

    Raises:
        ProtoError: the message is broken.
    """
    name, data_type, stored, external = "", 0, 0, False
    shape: list[int] = []
    for field in iter_fields(message, budget):
        if field.number == _TENSOR_NAME:
            name = field.text
        elif field.number == _TENSOR_DIMS:
            packed = field.wire_type is WireType.BYTES
            shape += packed_varints(field.view, budget) if packed else [field.integer]
        elif field.number == _TENSOR_DATA_TYPE:
            data_type = field.signed
        elif field.number in _TENSOR_DATA:
            stored += len(field.value) if isinstance(field.value, memoryview) else 0
        elif field.number == _TENSOR_EXTERNAL_DATA or (
            # Anything but DEFAULT: a location not known here is not one to trust.
            field.number == _TENSOR_DATA_LOCATION and field.integer != 0
        ):
            external = True
    return StoredTensor(name, element_type(data_type), tuple(shape), stored, external)


def element_type(number: int) -> str:
    """Return the name of a TensorProto.DataType; `TYPE_<number>` for one not known here."""
    return ELEMENT_TYPES[number] if 0 <= number < len(ELEMENT_TYPES) else f"TYPE_{number}"
