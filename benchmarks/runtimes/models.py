"""The shipped model, and every recipe trained for a moment, as run folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.command import edgernn
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Recipe
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training.run import MODEL, Run

__all__ = ["REVIEWS", "SHIPPED", "runs"]

SHIPPED = "pretrained"
"""The name of the shipped model, whose weights may be older than the recipe."""
REVIEWS = 3000
"""So many reviews, twice, move every weight away from where it started; more is not the point."""
_EPOCHS = 2
_SUBWORDS = Path("benchmarks/models/subword-bilstm/vocabulary.subwords")
_MANY_LABELS = "pooled-bilstm"
"""The recipe that is trained on eight labels, so that a softmax is among the graphs."""


def runs(folder: Path, only: list[str], data: str | None) -> Iterator[tuple[str, Run]]:
    """Yield each model's name and run folder; what is not in the folder yet is trained first.

    Args:
        folder: of run folders.
        only: names of models; empty: all.
        data: the IMDB reviews, as `edgernn train --data` takes them; None: all are there.

    Raises:
        SystemExit: there is neither a run nor data to train it on.
    """
    if not only or SHIPPED in only:
        yield SHIPPED, Run.open(SHIPPED_MODEL.parent)
    for name, recipe in RECIPES.items():
        if only and name not in only:
            continue
        path = folder / name
        if not (path / MODEL).exists():
            if data is None:
                raise SystemExit(f"{path}: no run; name the IMDB reviews with --data")
            _train(recipe, data, path)
        yield name, Run.open(path)


def _train(recipe: Recipe, data: str, path: Path) -> None:
    subwords = recipe.text.tokenizer == "subwords"
    edgernn(
        *("train", "--recipe", recipe.name, "--data", data, "--output", str(path)),
        *("--limit", str(REVIEWS), "--epochs", str(_EPOCHS)),
        *(("--vocab", str(_SUBWORDS)) if subwords else ("--min-df", "1")),
        *(("--labels-from", "stars") if recipe.name == _MANY_LABELS else ()),
    )
