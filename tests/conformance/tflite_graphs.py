"""Write the broken TFLite graphs that every reader must refuse, and changed ones that it takes.

    python tests/conformance/tflite_graphs.py

For each sound graph of `runtimes/graphs`: a few bytes that the structure check looks at are changed
in many ways, and of each reason for which edgernn refuses them some are kept. Run it when the check
has learned something; `tests/bundle/test_graphs.py` tells when a verdict is no longer edgernn's.
"""

from __future__ import annotations

import json
import random
import re
import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from unittest import mock

from edgernn.bundle.tflite import schema
from edgernn.bundle.tflite.flatwire import FlatBuffer, FlatError, Scalar, Table
from edgernn.bundle.tflite.model import parse_model
from edgernn.bundle.tflite.structure import check_structure

__all__ = ["FOLDER", "changed", "main", "verdict"]

FOLDER: Final = Path(__file__).resolve().parents[2] / "runtimes" / "graphs"
VOCABULARY: Final = 50
"""Ids of the sound graphs."""

_TRIES = 3000
_KEPT = 6
"""Of each reason of each graph."""
_SHOWN = 100
"""Characters of a reason."""
_ACCEPTED = 40
_SIZES: Final[dict[Scalar, int]] = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8}
_NUMBERS = (-(1 << 31), -128, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 100, 1 << 16, (1 << 31) - 1)

Place = tuple[int, Scalar]
Patch = list[tuple[int, str]]


def main() -> None:
    """Write `graphs.jsonl`."""
    lines: list[dict[str, Any]] = [{"format": "edgernn graphs", "version": 1}]
    for path in sorted(FOLDER.glob("*.tflite")):
        for number, case in enumerate(_cases(path.stem, path.read_bytes())):
            lines.append({"id": f"{path.stem}/{number}", **case})
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (FOLDER / "graphs.jsonl").write_text(text, "ascii")


def changed(graph: bytes, patch: Patch) -> bytes:
    """Return a graph with bytes of other values, given in hexadecimal, at some positions."""
    data = bytearray(graph)
    for position, value in patch:
        data[position : position + len(value) // 2] = bytes.fromhex(value)
    return bytes(data)


def verdict(data: bytes, vocabulary_size: int) -> str | None:
    """Return why edgernn refuses a graph; None where it takes it."""
    try:
        check_structure(parse_model(data), vocabulary_size)
    except FlatError as error:
        return str(error)
    return None


def _cases(name: str, graph: bytes) -> Iterator[dict[str, Any]]:
    """Yield the graph itself, with too few rows for the ids, and changed."""
    for size in (VOCABULARY, VOCABULARY + 1):
        yield _case(name, size, [], verdict(graph, size))
    rng = random.Random(name)
    places = _places(graph)
    kept: Counter[str] = Counter()
    seen = {graph}
    for _ in range(_TRIES):
        patch = [_change(graph, places, rng) for _ in range(rng.choice([1, 1, 1, 2]))]
        data = changed(graph, patch)
        if data in seen:
            continue
        seen.add(data)
        why = verdict(data, VOCABULARY)
        kind = re.sub(r"\[[^]]*\]|-?\d+|'.*'|\S+(?= is not known)|type \w+", "", why or "")
        kept[kind] += 1
        if kept[kind] <= (_KEPT if why else _ACCEPTED):
            yield _case(name, VOCABULARY, patch, why)
    if name == "vectors":
        patch = _long_vectors(graph)
        yield _case(name, VOCABULARY, patch, verdict(changed(graph, patch), VOCABULARY))


def _long_vectors(graph: bytes) -> Patch:
    """Return what makes one long row of a table of n-grams' vectors, to which all n-grams go."""
    model = parse_model(graph)
    tensors = [tensor for tensor in model.subgraphs[0].tensors if tensor.type in ("INT8", "INT32")]
    ((sizes, rows, units),) = {
        (tensor.table.span(schema.Tensor.SHAPE, 4)[0], *tensor.shape)
        for tensor in tensors
        if tensor.type == "INT8" and len(tensor.shape) == 2 and tensor.shape[0] > VOCABULARY
    }
    buffers = [model.buffers[tensor.buffer] for tensor in tensors if tensor.type == "INT32"]
    number = struct.pack("<i", rows)
    (modulus,) = {b.start for b in buffers if b.size == 4 and graph[b.start :][:4] == number}
    patch = [(sizes, 1), (sizes + 4, rows * units), (modulus, 1)]
    return [(position, struct.pack("<i", value).hex()) for position, value in patch]


def _case(graph: str, size: int, patch: Patch, why: str | None) -> dict[str, Any]:
    about = {"accepted": why is None, "why": why and why[:_SHOWN]}
    return {"graph": graph, "vocabulary_size": size, "patch": patch, **about}


def _change(graph: bytes, places: list[Place], rng: random.Random) -> tuple[int, str]:
    position, kind = rng.choice(places)
    (old,) = struct.unpack_from(f"<{kind}", graph, position)
    other, other_kind = rng.choice(places)
    (theirs,) = struct.unpack_from(f"<{other_kind}", graph, other)
    value = rng.choice([old - 1, old + 1, theirs, rng.choice(_NUMBERS), rng.choice(_NUMBERS)])
    return position, (value % (1 << 8 * _SIZES[kind])).to_bytes(_SIZES[kind], "little").hex()


def _places(graph: bytes) -> list[Place]:
    """Return where the check reads a number, and of which kind."""
    found: dict[int, Scalar] = {}
    scalar, integers, span = FlatBuffer.scalar, Table.integers, Table.span
    table_at = FlatBuffer.table_at

    def read_scalar(self: FlatBuffer, position: int, kind: Scalar) -> int:
        found[position] = kind
        return scalar(self, position, kind)

    def read_table(self: FlatBuffer, position: int) -> Table:
        table = table_at(self, position)
        found.update({table.vtable + i: "H" for i in range(4, table.vtable_size, 2)})
        return table

    def read_integers(self: Table, index: int, kind: Scalar) -> tuple[int, ...] | None:
        start, count = span(self, index, _SIZES[kind])
        found.update({start + i * _SIZES[kind]: kind for i in range(count)})
        return integers(self, index, kind)

    def read_span(self: Table, index: int, size: int = 1) -> tuple[int, int]:
        start, count = span(self, index, size)
        # A small constant: a shape, a count, a modulus.
        if size == 1 and count % 4 == 0 and count <= 64:
            found.update({start + i: "i" for i in range(0, count, 4)})
        return start, count

    with (
        mock.patch.object(FlatBuffer, "scalar", read_scalar),
        mock.patch.object(FlatBuffer, "table_at", read_table),
        mock.patch.object(Table, "integers", read_integers),
        mock.patch.object(Table, "span", read_span),
    ):
        check_structure(parse_model(graph), VOCABULARY)
    return sorted(found.items())


if __name__ == "__main__":
    main()
