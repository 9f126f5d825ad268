"""The audit of one model file: ours, or anybody else's .onnx or .tflite."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.audit.findings import Finding, Occurrence, collect
from edgernn.audit.graphs import Graph
from edgernn.audit.oldest_runtime import OldestRuntime
from edgernn.audit.parts import Part, divide
from edgernn.audit.recurrent import Recurrent, find_recurrent
from edgernn.audit.rules import rules_of
from edgernn.audit.source import SourceLayer, compare, read_layers
from edgernn.audit.weights import Weight, read_weights
from edgernn.bundle import Bundle
from edgernn.bundle.attachments import StoredSizes
from edgernn.bundle.bundle import CARD, CONTRACT
from edgernn.bundle.container import Content, container_of
from edgernn.bundle.messages import one_line
from edgernn.bundle.model_file import check_model, named, read_bytes
from edgernn.errors import ModelFileError

__all__ = ["Audit", "audit_file"]


@dataclass(frozen=True)
class Audit:
    """What a model file holds, and what was found in it."""

    path: Path
    format: str
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
    def counted_layers(self) -> str:
        """That number in words, such as "1 recurrent layer"."""
        count = self.source_recurrent
        return f"{count} recurrent {'layer' if count == 1 else 'layers'}"

    @property
    def recurrent_operators(self) -> Mapping[str, int]:
        """How often each recurrent operator occurs; `Loop (LSTM)` for a loop that is one."""
        names = (
            one.operator.full_type if one.loop is None else f"{one.operator.type} ({one.cell.name})"
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
    container = container_of(data)
    with named(path):
        rules = rules_of(container.name)
        content = container.parse(data, str(path), unrolled=True)
        graph = rules.read_graph(content)
    found: list[Occurrence] = []
    sizes, attached = _sizes(content, len(data), path, found)
    carries_bundle = CONTRACT in attached or CARD in attached
    bundle = None
    if carries_bundle:
        try:
            bundle = check_model(path, data, container, content).bundle
        except ModelFileError as error:
            found.append(_refused(path, error))
    layers = None if bundle is None else read_layers(bundle.card)
    recurrent = find_recurrent(graph)
    found += rules.findings(graph)
    found += _external(graph)
    if layers is not None:
        found += compare(container.operator_per_direction, layers, recurrent)
    weights = read_weights(graph)
    operators = Counter(operator.full_type for operator in graph.operators)
    return Audit(
        path=path,
        format=container.name,
        bytes=len(data),
        carries_bundle=carries_bundle,
        bundle=bundle,
        layers=layers,
        recurrent=recurrent,
        operators={one_line(name): operators[name] for name in sorted(operators)},
        oldest_runtime=rules.find_oldest_runtime(graph),
        findings=collect(found),
        weights=weights,
        parts=divide(weights, sizes, _vocabulary(bundle, attached)),
    )


def _sizes(
    content: Content, size: int, path: Path, found: list[Occurrence]
) -> tuple[StoredSizes, frozenset[str]]:
    """Return how the file divides, and its attachments' names; none where they are broken."""
    try:
        sizes = content.attachments.sizes()
    except ModelFileError as error:
        found.append(
            Occurrence(
                "note",
                "attachments",
                f"what is attached to the graph cannot be read: {_reason(path, error)}",
                "nothing, if another tool wrote the file; its bytes count to the graph here",
            )
        )
        return StoredSizes(size, {}, 0), frozenset()
    return sizes, frozenset(sizes.attachments)


def _refused(path: Path, error: ModelFileError) -> Occurrence:
    """Return the finding for a file of edgernn that scoring refuses."""
    return Occurrence(
        "problem",
        "bundle",
        f"the file carries contract or card, and is refused for scoring: {_reason(path, error)}",
        "export it again, or get a fresh copy",
    )


def _reason(path: Path, error: ModelFileError) -> str:
    return one_line(str(error).removeprefix(f"{path}: "))


def _vocabulary(bundle: Bundle | None, attached: Iterable[str]) -> str | None:
    """Return the attachment that is the vocabulary; by its usual name where that is all."""
    if bundle is not None:
        return bundle.contract.vocabulary_file
    return next((name for name in sorted(attached) if name.startswith("vocabulary.")), None)


def _external(graph: Graph) -> Iterator[Occurrence]:
    for name in graph.external:
        yield Occurrence(
            "problem",
            "weights in another file",
            "their values stand beside the model, which is not whole without them; no such file is "
            "read here",
            "save the model as one file",
            one_line(name),
        )
