"""All result files of accuracy as rows: our runs and recipes, peers, and published models."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgernn.measured import RECIPES_FILE

__all__ = ["FLAGSHIP", "OURS", "PEER", "PUBLISHED", "RECIPE", "Collected", "ModelRow", "collect"]

_HERE = Path(__file__).parent
FLAGSHIP, OURS, RECIPE, PEER, PUBLISHED = "flagship", "run", "recipe", "peer", "published"
"""Kinds of rows, in the table's order: runs of the flagship, other runs measured so, the recipes'
own runs, peers, and what is published."""
_SEED = re.compile(r"-seed-\d+$")
_PUBLISHED_BYTES = 1
"""A parameter."""
_TESTS = 25_000
"""Reviews of the test split."""


@dataclass(frozen=True)
class ModelRow:
    """One model; None where something was not measured."""

    kind: str
    title: str
    accuracy: float | None = None
    """On the test split, in [0, 1]; the mean where there are several seeds."""
    accuracies: tuple[float, ...] = ()
    """Of each seed; empty where there is one model alone."""
    without_near_duplicates: float | None = None
    bytes: int | None = None
    reviews_per_second: float | None = None
    """On one thread, by processor time."""
    amazon: float | None = None
    yelp: float | None = None
    note: str = ""
    estimated: bool = False
    """Whether the size is."""
    own_split: bool = False
    """Whether accuracy is that of other reviews than the test split."""


@dataclass(frozen=True)
class Collected:
    """Everything that table and plot show."""

    rows: tuple[ModelRow, ...]
    machines: tuple[dict[str, Any], ...]
    """Those that peers and runs were measured on, with versions."""
    near_duplicates: dict[str, Any] | None
    loads: tuple[float, ...] = field(default=())
    """Load averages as the timings began."""


def collect(
    results: Path = _HERE / "results",
    published: Path = _HERE / "published.json",
    recipes: Path = RECIPES_FILE,
) -> Collected:
    """Read all results; a folder or file that is not there gives no rows.

    Args:
        results: the folder with `peers`, `runs` and `near_duplicates.json`.
        published: figures of others.
        recipes: what `benchmarks.recipes` wrote.
    """
    peers = {path.stem: _read(path) for path in sorted((results / "peers").glob("*.json"))}
    runs = [_read(path) for path in sorted((results / "runs").glob("*.json"))]
    measured = [found for found in (*runs, *peers.values()) if "machine" in found]
    rows = [*_runs(runs)]
    named = _read(recipes)["recipes"] if recipes.is_file() else []
    # A recipe with runs of its own here stands in the table once, with all its seeds.
    several = {row.title for row in rows}
    rows += [
        _recipe(row, peers.pop(row["recipe"], None))
        for row in named
        if row["recipe"] not in several
    ]
    rows += [_peer(peer) for peer in peers.values()]
    if published.is_file():
        rows += [_published(model) for model in _read(published)["models"]]
    order = (FLAGSHIP, OURS, RECIPE, PEER, PUBLISHED)
    rows.sort(key=lambda row: (order.index(row.kind), -(row.accuracy or 0), row.title))
    path = results / "near_duplicates.json"
    return Collected(
        rows=tuple(rows),
        machines=tuple(found["machine"] for found in measured),
        near_duplicates=_read(path) if path.is_file() else None,
        loads=tuple(found["speed"]["load_average_before"] for found in measured),
    )


def _runs(runs: Sequence[dict[str, Any]]) -> list[ModelRow]:
    """Return a row for each model, its seeds together."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(_SEED.sub("", run["name"]), []).append(run)
    return [_group(name, found) for name, found in groups.items()]


def _group(name: str, runs: Sequence[dict[str, Any]]) -> ModelRow:
    files = [run["files"]["onnx"] for run in runs]
    accuracies = tuple(file["test"]["accuracy"] for file in files)
    return ModelRow(
        kind=FLAGSHIP if name.startswith(FLAGSHIP) else OURS,
        title=name,
        accuracy=_mean(accuracies),
        accuracies=accuracies,
        without_near_duplicates=_mean(
            [file["test"]["accuracy_without_near_duplicates"] for file in files]
        ),
        bytes=round(_mean([file["bytes"] for file in files])),
        reviews_per_second=_mean([_rate(run) for run in runs]),
        amazon=_mean([file["short"]["amazon"]["accuracy"] for file in files]),
        yelp=_mean([file["short"]["yelp"]["accuracy"] for file in files]),
    )


def _recipe(row: dict[str, Any], peer: dict[str, Any] | None) -> ModelRow:
    """Return a recipe's row: accuracy and size as published with it, the rest as a peer's."""
    file = row["measured"]["files"]["onnx"]
    examples = row["measured"]["test_examples"]
    own = examples != _TESTS
    measured = _peer(peer) if peer else ModelRow(RECIPE, row["recipe"])
    return ModelRow(
        kind=RECIPE,
        title=row["recipe"],
        accuracy=file["test_accuracy"],
        without_near_duplicates=measured.without_near_duplicates,
        bytes=file["bytes"],
        reviews_per_second=measured.reviews_per_second,
        amazon=measured.amazon,
        yelp=measured.yelp,
        note=f"on {examples:,} held out of all 50,000 reviews, not on the test split" * own,
        own_split=own,
    )


def _peer(peer: dict[str, Any]) -> ModelRow:
    if "not_measured" in peer:
        return ModelRow(PEER, peer["title"], note=f"not measured: {peer['not_measured']}")
    test = peer["test"] or {}
    return ModelRow(
        kind=PEER,
        title=peer["title"],
        accuracy=test.get("accuracy"),
        without_near_duplicates=test.get("accuracy_without_near_duplicates"),
        bytes=peer["bytes"],
        reviews_per_second=_rate(peer),
        amazon=peer["short"]["amazon"]["accuracy"],
        yelp=peer["short"]["yelp"]["accuracy"],
    )


def _published(model: dict[str, Any]) -> ModelRow:
    return ModelRow(
        kind=PUBLISHED,
        title=model["name"],
        accuracy=model["accuracy"],
        bytes=model["parameters"] * _PUBLISHED_BYTES,
        note=f"{model['source']}; {model['parameters_from']}",
        estimated=model["estimated"],
    )


def _rate(found: dict[str, Any]) -> float:
    rate: float = found["speed"]["reviews_per_second"]["processor"]["median"]
    return rate


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
