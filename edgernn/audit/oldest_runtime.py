"""The oldest runtime that can be given a model file, and what in the file needs it.

The oldest that files are tested on are tflite-runtime 2.14 and onnxruntime 1.16, both of 2023; of
older ones nothing is said. What is in no table is reported as unknown, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgernn.audit import onnx_versions, tflite_versions
from edgernn.audit.graphs import Graph
from edgernn.audit.tflite_versions import LiteRtRelease
from edgernn.bundle.messages import one_line

__all__ = [
    "DEFECTS",
    "FLOAT16_MENDED",
    "Defect",
    "OldestRuntime",
    "Reason",
    "onnx_oldest_runtime",
    "tflite_oldest_runtime",
]

FLOAT16_MENDED: Final = LiteRtRelease(litert="1.0.1", tensorflow_lite="2.15")
"""The first runtime that scores TFLite files right whose float16 constants are decoded as such."""


_UNKNOWN: Final = "in no table here, so the first runtime is unknown"
_NO_RUNTIME: Final = "no runtime has it by itself"


@dataclass(frozen=True, slots=True)
class Reason:
    """Something in a file that an older runtime refuses, or gets wrong."""

    operator: str
    """The operator, or what else it is, in words."""
    version: int
    """The operator's version; 0 where it has none."""
    needs: str
    """The first runtime that is good for it; empty where none is known."""
    why: str

    @property
    def text(self) -> str:
        """The reason in one line."""
        version = f" version {self.version}" if self.version else ""
        needs = f"needs {self.needs}; " if self.needs else ""
        return f"{self.operator}{version}: {needs}{self.why}"


@dataclass(frozen=True, slots=True)
class OldestRuntime:
    """The oldest runtime that a file runs on."""

    name: str
    """`onnxruntime`, `tflite-runtime` or `ai-edge-litert`."""
    version: str | None
    """None where something in the file is in no table."""
    reasons: tuple[Reason, ...]
    """All that needs more than the oldest runtime supported."""
    tensorflow_lite: str = ""
    """The version of TensorFlow Lite that is as good, where it is known."""

    @property
    def text(self) -> str:
        """The runtime in a few words."""
        if self.version is None:
            return "unknown"
        also = f" or TensorFlow Lite {self.tensorflow_lite}" if self.tensorflow_lite else ""
        return f"{self.name} {self.version}{also}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "name": self.name,
            "version": self.version,
            "tensorflow_lite": self.tensorflow_lite or None,
            "reasons": [
                {
                    "operator": reason.operator,
                    "version": reason.version or None,
                    "needs": reason.needs or None,
                    "why": reason.why,
                }
                for reason in self.reasons
            ],
        }


@dataclass(frozen=True, slots=True)
class Defect:
    """A runtime that runs a graph and gives wrong scores; found by measuring."""

    what: str
    """What in the graph it is about."""
    is_in: Callable[[Graph], bool]
    mended: LiteRtRelease
    """The first runtime that is right."""
    why: str


def _has_float16_constants(graph: Graph) -> bool:
    """Whether weights are float16 constants that a DEQUANTIZE turns back."""
    return any(
        reader.operator.type == "DEQUANTIZE"
        for constant in graph.constants
        for number in constant.values
        if graph.values[number].type == "FLOAT16"
        for reader in graph.readers.get(number, ())
    )


DEFECTS: Final = (
    Defect(
        what="float16 weights that DEQUANTIZE decodes",
        is_in=_has_float16_constants,
        mended=FLOAT16_MENDED,
        why=f"tflite-runtime {tflite_versions.OLDEST} with its default delegate loses the decoded "
        "weights when the input is resized: scores were 0.5 to 0.98 off",
    ),
)
"""Measured defects of TFLite runtimes."""


def tflite_oldest_runtime(graph: Graph) -> OldestRuntime:
    """Return the oldest runtime that a .tflite graph runs on, of those that are supported."""
    reasons: list[Reason] = []
    needed: list[LiteRtRelease] = []
    for operator, version in sorted({(op.full_type, op.version) for op in graph.operators}):
        if tflite_versions.has_oldest(operator, version):
            continue
        release = tflite_versions.LATER.get((operator, version))
        if operator.startswith("custom::"):
            why = _NO_RUNTIME
        elif release is None:
            why = _UNKNOWN
        else:
            why = f"tflite-runtime {tflite_versions.OLDEST} refuses the file"
        if release is not None:
            needed.append(release)
        reasons.append(Reason(one_line(operator), version, _name(release), why))
    for defect in DEFECTS:
        if defect.is_in(graph):
            needed.append(defect.mended)
            reasons.append(Reason(defect.what, 0, _name(defect.mended), defect.why))
    if any(not reason.needs for reason in reasons):
        return OldestRuntime("ai-edge-litert", None, tuple(reasons))
    if not needed:
        return OldestRuntime("tflite-runtime", tflite_versions.OLDEST, ())
    newest = max(needed, key=lambda release: _numbers(release.litert))
    known = all(release.tensorflow_lite for release in needed)
    lite = max((release.tensorflow_lite for release in needed), key=_numbers) if known else ""
    return OldestRuntime("ai-edge-litert", newest.litert, tuple(reasons), lite)


def _name(release: LiteRtRelease | None) -> str:
    if release is None:
        return ""
    lite = release.tensorflow_lite
    also = f" or TensorFlow Lite {lite}" if lite else ""
    return f"ai-edge-litert {release.litert}{also}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def onnx_oldest_runtime(graph: Graph) -> OldestRuntime:
    """Return the oldest runtime that an .onnx graph runs on, of those that are supported."""
    found = list(_onnx_needs(graph))
    reasons = tuple(reason for reason, release in found if release != onnx_versions.OLDEST)
    releases = [release for _, release in found]
    if "" in releases:
        return OldestRuntime("onnxruntime", None, reasons)
    newest = max(releases, key=_numbers)
    return OldestRuntime("onnxruntime", newest, reasons)


def _onnx_needs(graph: Graph) -> Iterator[tuple[Reason, str]]:
    """Yield each thing that a release must know, with the first that does, empty if unknown."""

    def need(what: str, version: int, release: str, why: str) -> tuple[Reason, str]:
        needs = f"onnxruntime {release}" if release else ""
        return Reason(what, version, needs, why if release else _UNKNOWN), release

    refused = "older runtimes refuse the file"
    if "" in graph.opsets:
        opset = graph.opsets[""]
        release = onnx_versions.OPSETS.get(opset, "")
        yield need("opset", opset, release, f"{refused}; {_newer_operators(graph, opset)}")
    if "ai.onnx.ml" in graph.opsets:
        opset = graph.opsets["ai.onnx.ml"]
        yield need("opset of ai.onnx.ml", opset, onnx_versions.OPSETS_ML.get(opset, ""), refused)
    ir_version = graph.ir_version
    yield need(
        "file format (IR)", ir_version, onnx_versions.IR_VERSIONS.get(ir_version, ""), refused
    )
    types = {(op.domain, op.type) for op in graph.operators} - graph.functions
    for domain, name in sorted(types):
        shown = one_line(f"{domain}::{name}" if domain else name)
        if domain == "com.microsoft":
            release = onnx_versions.MICROSOFT.get(name, "")
            yield need(shown, 0, release, "an operator of ONNX Runtime's own")
        elif domain != "ai.onnx.ml" and not (domain == "" and name in onnx_versions.OPERATORS):
            yield Reason(shown, 0, "", _NO_RUNTIME), ""


def _newer_operators(graph: Graph, opset: int) -> str:
    """Name the operators for which the file may need an opset above the oldest runtime's."""
    oldest = [n for n, first in onnx_versions.OPSETS.items() if first == onnx_versions.OLDEST]
    last = max(oldest)
    newer = {name for n, names in onnx_versions.CHANGED.items() if n <= opset for name in names}
    changed = sorted(newer.intersection(op.type for op in graph.operators if not op.domain))
    if not changed:
        return f"no operator in it has changed since opset {last}: save it with that"
    return f"changed since opset {last}: {', '.join(changed)}"
