"""The .tflite format, as `edgernn.bundle.container` describes formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgernn.bundle.tflite.schema import IDENTIFIER
from edgernn.text.decision import DecisionRule

if TYPE_CHECKING:
    from edgernn.bundle.tflite.content import TfliteContent

__all__ = ["TfliteContainer"]


class TfliteContainer:
    """TFLite. What parses and writes it is imported when a file needs it: scoring must start fast.

    The main graph's tensors have the converter's names; there is one in and one out.
    """

    name = "tflite"
    suffix = ".tflite"
    inputs: Mapping[str, tuple[str, int]] = {"ids": ("INT32", 2)}
    for_several: frozenset[str] = frozenset()
    # The second took over from the first, and began again at version 1.
    runtimes = ("tflite-runtime", "ai-edge-litert")
    oldest_runtime = "2.14"
    extra = "tflite"
    operator_per_direction = True
    quiet = True

    def outputs(self, decision: DecisionRule) -> dict[str, tuple[str, int]]:
        """Return what the main graph gives: one probability in all, or one for each label."""
        if decision == "threshold":
            return {"probability": ("FLOAT32", 1)}
        return {"probabilities": ("FLOAT32", 2)}

    def recognizes(self, data: bytes) -> bool:
        """Tell by the flatbuffer's identifier."""
        return data[4:8] == IDENTIFIER

    def parse(self, data: bytes, name: str, *, unrolled: bool = False) -> TfliteContent:
        """Parse a file, see `Container.parse`."""
        from edgernn.bundle.tflite.content import TfliteContent

        return TfliteContent(data, name, unrolled)

    def with_attachments(self, model: bytes, attachments: Mapping[str, bytes]) -> bytes:
        """Return a file with attachments, see `Container.with_attachments`."""
        from edgernn.bundle.tflite.attachments import append_attachments

        return append_attachments(model, attachments)
