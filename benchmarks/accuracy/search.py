"""The runs that searched for a better model, as a table: what was tried, and what came of it.

    python -m benchmarks.accuracy.search

Reads `benchmarks/accuracy/results/search/*.json`, one file a run, failures included: an object with
`config` (what differs from the recipe), `seed`, `validation_accuracy`, the same of layers and of
n-grams by themselves (`layers_...`, `ngrams_...`), `validation_loss`, `short` (accuracy and share
called positive on sentences of other sites), `minutes`, `outcome` and `note`, of which any may be
missing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from edgernn.cli.console import write_line
from edgernn.errors import DataError

__all__ = ["FIRST_RESULTS", "RESULTS", "main", "search_table"]

RESULTS = Path(__file__).parent / "results" / "search"
FIRST_RESULTS = RESULTS.with_name("search_first")
"""Of the recipe before it had document vectors."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=RESULTS)
    write_line(search_table(parser.parse_args().results).rstrip())


def search_table(folder: Path = RESULTS) -> str:
    """Return a Markdown table of the runs, the most accurate first, those without a figure last.

    Raises:
        DataError: a file is not a JSON object.
    """
    runs = [(path.stem, _read(path)) for path in sorted(folder.glob("*.json"))]
    runs.sort(key=lambda run: -_number(run[1].get("validation_accuracy"), -1.0))
    parts = [part for part in _PARTS if any(_at(run, part.keys) is not None for _, run in runs)]
    titles = ["run", "settings", "seed", "validation accuracy", *(part.title for part in parts)]
    titles += ["validation loss", "minutes", "outcome", "note"]
    words = ("run", "settings", "outcome", "note")
    lines = [
        f"| {' | '.join(titles)} |",
        f"| {' | '.join('---' if title in words else '---:' for title in titles)} |",
    ]
    for name, run in runs:
        cells = [
            f"`{name}`",
            _settings(run.get("config")),
            _shown(run.get("seed"), "{}"),
            _shown(run.get("validation_accuracy"), "{:.2%}"),
            *(_shown(_at(run, part.keys), "{:.2%}") for part in parts),
            _shown(run.get("validation_loss"), "{:.4f}"),
            _shown(run.get("minutes"), "{:.1f}"),
            _shown(run.get("outcome"), "{}"),
            _shown(run.get("note"), "{}"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


class _Part(NamedTuple):
    """A figure that some runs have; its column is left out where none has it."""

    title: str
    keys: tuple[str, ...]


_PARTS = (
    _Part("layers", ("layers_validation_accuracy",)),
    _Part("n-grams", ("ngrams_validation_accuracy",)),
    _Part("Amazon", ("short", "amazon", "accuracy")),
    _Part("Amazon positive", ("short", "amazon", "called_positive")),
    _Part("Yelp", ("short", "yelp", "accuracy")),
    _Part("Yelp positive", ("short", "yelp", "called_positive")),
)


def _at(found: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise DataError(f"{path}: not a JSON object")
    return found


def _settings(config: Any) -> str:
    if isinstance(config, dict):
        listed = ", ".join(f"{key} {json.dumps(value)}" for key, value in config.items())
        return _shown(listed or None, "{}")
    return _shown(config, "{}")


def _shown(value: Any, form: str) -> str:
    """Return a table cell; a value of another kind than the form's stands as it is."""
    if value is None or value == "":
        return "-"
    try:
        text = form.format(value)
    except ValueError:
        text = str(value)
    return " ".join(text.replace("|", "\\|").split())


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


if __name__ == "__main__":
    main()
