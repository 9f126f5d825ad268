"""The audit of one model file: ours, or anybody else's .onnx or .tflite."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.audit.cells import Recurrent, find_recurrent
from edgernn.audit.findings import Finding, Found, collect
from edgernn.audit.graphs import Graph
from edgernn.audit.oldest_runtime import OldestRuntime, find_oldest_runtime
from edgernn.audit.onnx_findings import onnx_findings
from edgernn.audit.onnx_graph import read_onnx
from edgernn.audit.parts import Part, divide
from edgernn.audit.source import SourceLayer, compare, read_layers
from edgernn.audit.tflite_findings import tflite_findings
from edgernn.audit.tflite_graph import read_tflite
from edgernn.audit.weights import Weight, read_weights
from edgernn.bundle import Bundle, Format, read_model_file
from edgernn.bundle.attachments import StoredSizes
from edgernn.bundle.bundle import CARD, CONTRACT
from edgernn.bundle.messages import one_line
from edgernn.bundle.model_file import format_of, read_bytes
from edgernn.bundle.onnx import file as onnx_file
from edgernn.bundle.tflite import file as tflite_file
from edgernn.errors import ModelFileError

__all__ = ["Audit", "audit_file", "read_graph"]


@dataclass(frozen=True)
class Audit:
    """What a model file holds, and what was found in it."""

    path: Path
    format: Format
    bytes: int
    carries_bundle: bool
    """Whether contract or card are inside: whether it is a file of edgernn."""
    bundle: Bundle | None
    """What it carries; None where there is nothing or it is broken, which is a finding."""
    layers: tuple[SourceLayer, ...] | None
    """The layers of the source; None where they are not known, as of somebody else's file."""
    recurrent: tuple[Recurrent, ...]
    """Recurrent operators, and loops whose body is a recurrent cell."""
    operators: Mapping[str, int]
    """How often each operator occurs, in all subgraphs."""
    oldest_runtime: OldestRuntime
    findings: tuple[Finding, ...]
    """Problems first."""
    weights: tuple[Weight, ...]
    """All stored constants, the largest first."""
    parts: tuple[Part, ...]
    """Where the bytes go; their sum is `bytes`."""

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that make the file fail, or score differently, somewhere."""
        return tuple(finding for finding in self.findings if finding.severity == "problem")

    @property
    def source_recurrent(self) -> int | None:
        """The number of recurrent layers of the source; None where it is not known."""
        if self.layers is None:
            return None
        return sum(layer.is_recurrent for layer in self.layers)

    @property
    def recurrent_operators(self) -> Mapping[str, int]:
        """How often each recurrent operator occurs; `Loop (LSTM)` for a loop that is one."""
        names = (
            one.operator.full_type if one.loop is None else f"{one.operator.type} ({one.cell})"
            for one in self.recurrent
        )
        return dict(Counter(names))

    @property
    def quantized_share(self) -> float | None:
        """The share of weight numbers that are stored quantized; None where there are none."""
        numbers = [w.numbers for w in self.weights if w.is_weight]
        quantized = [w.numbers for w in self.weights if w.is_weight and w.is_quantized]
        return sum(quantized) / sum(numbers) if sum(numbers) else None

    def to_json(self) -> str:
        """Return everything as one line of JSON."""
        found: dict[str, Any] = {
            "file": str(self.path),
            "format": self.format,
            "bytes": self.bytes,
            "carries_bundle": self.carries_bundle,
            "source": {
                "layers": self.layers and [layer.to_json() for layer in self.layers],
                "recurrent_layers": self.source_recurrent,
            },
            "recurrent_operators": dict(self.recurrent_operators),
            "operators": dict(self.operators),
            "oldest_runtime": self.oldest_runtime.to_json(),
            "problems": len(self.problems),
            "findings": [finding.to_json() for finding in self.findings],
            "quantized_share": self.quantized_share,
            "weights": [weight.to_json() for weight in self.weights],
            "parts": {part.name: part.bytes for part in self.parts},
        }
        return json.dumps(found, ensure_ascii=False)


def audit_file(path: str | Path) -> Audit:
    """Audit a model file; nothing of it is run, and no other file is read.

    Args:
        path: an .onnx or .tflite file, of edgernn or not.

    Raises:
        ModelFileError: it cannot be read, is larger than 128 MiB, or is no such file.
    """
    path = Path(path)
    data = read_bytes(path)
    format = format_of(data)
    try:
        graph = read_graph(data, str(path))
    except ModelFileError as error:
        # What a hostile file has for a name may be a megabyte, or several lines.
        reason = str(error).removeprefix(f"{path}: ")
        raise ModelFileError(f"{path}: {one_line(reason)}") from error
    found: list[Found] = []
    sizes, attached = _sizes(data, path, format, found)
    carries_bundle = CONTRACT in attached or CARD in attached
    bundle = _bundle(path, found) if carries_bundle else None
    layers = None if bundle is None else read_layers(bundle.card)
    recurrent = find_recurrent(graph)
    found += onnx_findings(graph) if format == "onnx" else tflite_findings(graph)
    found += _external(graph)
    if layers is not None:
        found += compare(format, layers, recurrent)
    weights = read_weights(graph)
    operators = Counter(operator.full_type for operator in graph.operators)
    return Audit(
        path=path,
        format=format,
        bytes=len(data),
        carries_bundle=carries_bundle,
        bundle=bundle,
        layers=layers,
        recurrent=recurrent,
        operators={one_line(name): operators[name] for name in sorted(operators)},
        oldest_runtime=find_oldest_runtime(graph),
        findings=collect(found),
        weights=weights,
        parts=divide(weights, sizes, _vocabulary(bundle, attached)),
    )


def read_graph(data: bytes, name: str) -> Graph:
    """Read the graph of a model file of either format.

    Args:
        data: the whole file.
        name: what to call the file in an error.

    Raises:
        ModelFileError: it is neither an ONNX nor a TFLite model.
    """
    return read_onnx(data, name) if format_of(data) == "onnx" else read_tflite(data, name)


def _sizes(
    data: bytes, path: Path, format: Format, found: list[Found]
) -> tuple[StoredSizes, frozenset[str]]:
    """Return how the file divides, and its attachments' names; none where they are broken."""
    file = onnx_file if format == "onnx" else tflite_file
    try:
        sizes = file.stored_sizes(data, str(path))
    except ModelFileError as error:
        reason = one_line(str(error).removeprefix(f"{path}: "))
        found.append(
            Found(
                "note",
                "attachments",
                f"what is attached to the graph cannot be read: {reason}",
                "nothing, if another tool wrote the file; its bytes count to the graph here",
            )
        )
        return StoredSizes(len(data), {}, 0), frozenset()
    return sizes, frozenset(sizes.attachments)


def _bundle(path: Path, found: list[Found]) -> Bundle | None:
    """Read the bundle and check the file as scoring would."""
    try:
        return read_model_file(path).bundle
    except ModelFileError as error:
        reason = one_line(str(error).removeprefix(f"{path}: "))
        found.append(
            Found(
                "problem",
                "bundle",
                f"the file carries contract or card, and is refused for scoring: {reason}",
                "export it again, or get a fresh copy",
            )
        )
        return None


def _vocabulary(bundle: Bundle | None, attached: Iterable[str]) -> str | None:
    """Return the attachment that is the vocabulary; by its usual name where that is all."""
    if bundle is not None:
        return bundle.contract.vocabulary_file
    return next((name for name in sorted(attached) if name.startswith("vocabulary.")), None)


def _external(graph: Graph) -> Iterator[Found]:
    for name in graph.external:
        yield Found(
            "problem",
            "weights in another file",
            "their values stand beside the model, which is not whole without them; no such file is "
            "read here",
            "save the model as one file",
            one_line(name),
        )
