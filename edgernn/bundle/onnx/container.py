"""The .onnx format, as `edgernn.bundle.container` describes formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgernn.text.decision import DecisionRule

if TYPE_CHECKING:
    from edgernn.bundle.onnx.content import OnnxContent

__all__ = ["OnnxContainer"]


class OnnxContainer:
    """ONNX. What parses and writes it is imported when a file needs it: scoring must start fast."""

    name = "onnx"
    suffix = ".onnx"
    inputs: Mapping[str, tuple[str, int]] = {"ids": ("INT32", 2), "lengths": ("INT32", 1)}
    for_several = frozenset({"lengths"})
    runtimes = ("onnxruntime",)
    oldest_runtime = "1.16"
    extra = "cpu"
    operator_per_direction = False
    # ONNX Runtime says there why CUDA does not run.
    quiet = False

    def outputs(self, decision: DecisionRule) -> dict[str, tuple[str, int]]:
        """Return what the main graph gives: one probability in all, or one for each label."""
        if decision == "threshold":
            return {"probability": ("FLOAT", 1)}
        return {"probabilities": ("FLOAT", 2)}

    def recognizes(self, data: bytes) -> bool:
        """Say no: an ONNX file has no mark of its own."""
        return False

    def parse(self, data: bytes, name: str, *, unrolled: bool = False) -> OnnxContent:
        """Parse a file, see `Container.parse`."""
        from edgernn.bundle.onnx.content import OnnxContent

        return OnnxContent(data, name, unrolled)

    def with_attachments(self, model: bytes, attachments: Mapping[str, bytes]) -> bytes:
        """Return a file with attachments, see `Container.with_attachments`."""
        from edgernn.bundle.onnx.attachments import write_attachments

        return write_attachments(model, attachments)
