"""An .onnx file, parsed once, as `edgernn.bundle.container` describes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final

from edgernn.bundle.onnx.attachments import OnnxAttachments
from edgernn.bundle.onnx.model import MAX_FIELDS, TensorInfo, broken, view_of
from edgernn.bundle.onnx.parser import parse_model
from edgernn.bundle.onnx.protowire import Budget, ProtoError
from edgernn.bundle.onnx.structure import check_structure
from edgernn.errors import ModelFileError

__all__ = ["OnnxContent"]

MAX_FIELDS_UNROLLED: Final = 1_000_000
"""Fields read from a file that may be a recurrent network unrolled step by step."""


class OnnxContent:
    """What `Content` asks for, and the parsed model."""

    def __init__(self, data: bytes, name: str, unrolled: bool = False) -> None:
        """Parse a file, see `Container.parse`."""
        self._name = name
        most = MAX_FIELDS_UNROLLED if unrolled else MAX_FIELDS
        budget = Budget(most)
        with broken(name):
            self._view = view_of(data)
            self.model = parse_model(self._view, budget)
        self._fields = most - budget.fields

    @property
    def operators(self) -> Mapping[str, int]:
        """How often each operator occurs in all graphs."""
        return self.model.operators

    @property
    def inputs(self) -> dict[str, tuple[str, int]]:
        """What the main graph takes."""
        return _signature(self.model.inputs)

    @property
    def outputs(self) -> dict[str, tuple[str, int]]:
        """What the main graph gives."""
        return _signature(self.model.graph.outputs)

    @cached_property
    def attachments(self) -> OnnxAttachments:
        """What is stored beside the graph."""
        with broken(self._name):
            budget = Budget(MAX_FIELDS)
            return OnnxAttachments.of(self._view, self.model.metadata, budget, self._name)

    def learnt_sha256(self) -> str:
        """Return a digest of the weights, see `edgernn.bundle.onnx.learnt`."""
        from edgernn.bundle.onnx.learnt import learnt_sha256

        return learnt_sha256(self.model)

    def check_one_file(self) -> None:
        """Make sure that loading the file reads no other one.

        ONNX lets a tensor name a file to take its values from (TensorProto.data_location and
        external_data); a runtime given such a model opens whatever path stands there.
        """
        if self.model.external:
            raise ModelFileError(
                f"{self._name}: tensor {self.model.external[0][:80]!r} has its values in another "
                "file, which is not read; save the model as one file"
            )

    def check_structure(self, vocabulary_size: int, outputs: int = 1) -> None:
        """Check the graph before an engine runs it, see `Content.check_structure`."""
        with broken(self._name):
            if self._fields > MAX_FIELDS:
                raise ProtoError("more fields than any model of this kind needs")
            if bytes(self._view[4:8]) == b"ORTM":
                # ONNX Runtime would take the file for one of its own format, of other content.
                raise ProtoError("two formats in one file")
            check_structure(self.model, vocabulary_size)
            for output in self.model.graph.outputs:
                # One probability alone has no dimension of its own.
                found = (output.shape or ())[1:] or (1,)
                if found != (outputs,):
                    given = " x ".join(map(str, found))
                    raise ProtoError(
                        f"{given} probabilities for a text, the contract has {outputs}"
                    )


def _signature(tensors: Iterable[TensorInfo]) -> dict[str, tuple[str, int]]:
    return {t.name: (t.element_type, len(t.shape or ())) for t in tensors}
