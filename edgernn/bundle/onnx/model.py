"""An .onnx file's graph as a tree, without weights' values; `edgernn.bundle.onnx.parser` reads it.

The structure check, the audit and what scoring asks of a file all read this one tree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from edgernn.bundle.onnx.protowire import Field, ProtoError
from edgernn.errors import ModelFileError

__all__ = [
    "MAX_FIELDS",
    "Attribute",
    "Function",
    "Graph",
    "Model",
    "Node",
    "Tensor",
    "TensorInfo",
    "broken",
    "view_of",
]

MAX_FIELDS: Final = 100_000
"""Fields read from one file; a recurrent classifier has a few thousand."""

MAX_FILE_BYTES: Final = (1 << 31) - 1
"""Protocol Buffers' own bound on a message."""


@dataclass(slots=True)
class Tensor:
    """A TensorProto without its values."""

    name: str = ""
    element_type: str = "UNDEFINED"
    """A name of `ELEMENT_TYPES`."""
    dims: list[int] = field(default_factory=list)
    raw_data: bytes | memoryview = b""
    """Its values, where they are stored as bytes."""
    stored_bytes: int = 0
    """Bytes of its values as stored in the file, in whichever field."""
    external: bool = False
    """Whether its values are in another file."""
    unusual_field: int = 0
    """The first field that no export has, see `EXPORTED_FIELDS`; 0 where there is none."""


@dataclass(slots=True)
class TensorInfo:
    """A ValueInfoProto: an input or output of a graph."""

    name: str = ""
    element_type: str = "UNDEFINED"
    """A name of `ELEMENT_TYPES`, or `sequence`, `map`, `optional` or `opaque`."""
    shape: tuple[int | str | None, ...] | None = None
    """For each dimension its size, its name, or None where it has neither; None without a rank."""


@dataclass(slots=True)
class Attribute:
    """An AttributeProto."""

    name: str = ""
    value: int | float | str | None = None
    """Its one number or text."""
    integer: int = 0
    """Its one integer; 0 for a value of another type."""
    integers: list[int] = field(default_factory=list)
    tensor: Tensor | None = None
    graphs: list[Graph] = field(default_factory=list)
    unusual_field: int = 0
    """As in `Tensor`."""


@dataclass(slots=True)
class Node:
    """A NodeProto: one operator."""

    name: str = ""
    op_type: str = ""
    domain: str = ""
    """The default domain is the empty string."""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)
    unusual_field: int = 0
    """As in `Tensor`."""

    @property
    def full_type(self) -> str:
        """`Gemm` for the default domain, `com.microsoft::DynamicQuantizeLSTM` for others."""
        return f"{self.domain}::{self.op_type}" if self.domain else self.op_type


@dataclass(slots=True)
class Graph:
    """A GraphProto: the main graph, or a body of Loop, If or Scan."""

    name: str = ""
    nodes: list[Node] = field(default_factory=list)
    initializers: list[Tensor] = field(default_factory=list)
    """Those of sparse tensors are not among them."""
    sparse: list[Tensor] = field(default_factory=list)
    """Values and indices of sparse tensors."""
    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    unusual_field: int = 0
    """As in `Tensor`."""


@dataclass(slots=True)
class Function:
    """A FunctionProto: an operator that the file defines by others."""

    name: str = ""
    domain: str = ""
    nodes: list[Node] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    opsets: list[tuple[str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Model:
    """A ModelProto."""

    ir_version: int = 0
    producer: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    """Version by domain; the default domain is the empty string."""
    graph: Graph = field(default_factory=Graph)
    functions: list[Function] = field(default_factory=list)
    metadata: list[Field] = field(default_factory=list)
    """The entries of the metadata, among them the attachments."""
    operators: Counter[str] = field(default_factory=Counter)
    """How often each operator occurs, in the graph, in the bodies of Loop, If and Scan, and in
    functions, by `Node.full_type`."""
    external: list[str] = field(default_factory=list)
    """Names of all tensors that have their values in another file."""
    unusual_field: int = 0
    """As in `Tensor`."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """The graph's inputs without those that an initializer fills."""
        filled = {tensor.name for tensor in self.graph.initializers}
        return tuple(tensor for tensor in self.graph.inputs if tensor.name not in filled)


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Turn a parse error into the one line that a person gets."""
    try:
        yield
    except ProtoError as error:
        raise ModelFileError(
            f"{name}: not a usable ONNX file ({error}); export it again or get a fresh copy"
        ) from error


def view_of(data: bytes | memoryview) -> memoryview:
    """Look at the file as unsigned bytes, without copying it.

    Raises:
        ProtoError: it is larger than any message.
    """
    view = memoryview(data).cast("B")
    if len(view) > MAX_FILE_BYTES:
        raise ProtoError("larger than 2 GiB")
    return view
