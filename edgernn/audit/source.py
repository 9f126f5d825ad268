"""The layers that a file was made of, as its card has them, beside what its graph has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgernn.audit.findings import Occurrence
from edgernn.audit.recurrent import Recurrent
from edgernn.cells import CELLS

__all__ = ["SourceLayer", "compare", "read_layers"]

_MOST_LAYERS: Final = 1000


@dataclass(frozen=True, slots=True)
class SourceLayer:
    """A layer of the source model."""

    layer: str
    """`Embedding`, `LSTM`, `Dense` or another of Keras's."""
    units: int
    directions: int = 1
    """2 for a recurrent layer that runs both ways."""
    rows: int | None = None
    """Ids of an embedding."""

    @property
    def is_recurrent(self) -> bool:
        """Whether it keeps a state from token to token."""
        return self.layer in CELLS

    @property
    def text(self) -> str:
        """The layer in a few words."""
        size = f"{self.rows:,} x {self.units}" if self.rows is not None else str(self.units)
        return f"{self.layer} {size}{' both ways' if self.directions == 2 else ''}"

    def to_json(self) -> dict[str, Any]:
        """Return the layer as plain values, as the card has it."""
        found: dict[str, Any] = {"layer": self.layer, "units": self.units}
        if self.rows is not None:
            found["rows"] = self.rows
        if self.is_recurrent:
            found["directions"] = self.directions
        return found


def read_layers(card: Mapping[str, Any]) -> tuple[SourceLayer, ...] | None:
    """Read the layers of a card; None where it has none, or has them in another form."""
    layers = card.get("layers")
    if not isinstance(layers, list) or not 0 < len(layers) <= _MOST_LAYERS:
        return None
    found = []
    for values in layers:
        if not isinstance(values, dict):
            return None
        name, units = values.get("layer"), values.get("units")
        directions, rows = values.get("directions", 1), values.get("rows")
        if (
            not isinstance(name, str)
            or type(units) is not int
            or directions not in (1, 2)
            or not (rows is None or type(rows) is int)
        ):
            return None
        found.append(SourceLayer(name, units, int(directions), rows))
    return tuple(found)


def compare(
    operator_per_direction: bool, layers: Iterable[SourceLayer], recurrent: Iterable[Recurrent]
) -> Iterator[Occurrence]:
    """Compare the recurrent layers of the source with those of the graph.

    Args:
        operator_per_direction: whether an operator of the format computes one direction of a
            layer, or both.
        layers: those of the source.
        recurrent: those of the graph.

    Yields:
        A problem for each kind of layer whose number differs.
    """
    expected: Counter[str] = Counter()
    for layer in layers:
        if layer.is_recurrent:
            expected[layer.layer] += layer.directions if operator_per_direction else 1
    found = Counter(one.cell.name for one in recurrent)
    for cell in sorted(expected.keys() | found.keys()):
        if expected[cell] != found[cell]:
            yield Occurrence(
                "problem",
                f"{cell} layers",
                f"the source needs {expected[cell]} recurrent operators of this kind, the graph "
                f"has {found[cell]}",
                "export the run again",
            )
