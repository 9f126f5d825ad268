"""`edgernn recipes`."""

from __future__ import annotations

import json
from typing import Any

from edgernn.cli.console import write_line
from edgernn.measured import NOT_MEASURED, read_labels, read_recipes
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Recipe

__all__ = ["run_recipes"]


def run_recipes(as_json: bool) -> None:
    """Print the recipes, with what is published and what was measured here."""
    measured, of_labels = read_recipes(), read_labels()
    rows = [
        _row(recipe, measured.get(recipe.name, {}), of_labels.get(recipe.name))
        for recipe in RECIPES.values()
    ]
    if as_json:
        write_line(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        here = row["measured"]
        write_line(f"{row['recipe']}: {row['title']}")
        write_line(f"  source     {row['source']}")
        write_line(f"  text       {row['text']}")
        write_line(f"  published  {row['published'] or '-'}")
        if here is None and row["many_labels"] is None:
            write_line(f"  measured   {NOT_MEASURED}")
        for name, found in (row["many_labels"] or {}).items():
            file = found["files"]["onnx"]["int8"]
            write_line(
                f"  measured   {file['test_accuracy']:.2%} test of {name} ({found['labels']} "
                f"labels), int8 onnx {file['bytes']:,} bytes; {found['parameters']:,} parameters, "
                f"{found['minutes']} minutes"
            )
        if here is None:
            continue
        write_line(
            f"  measured   {here['test_accuracy']:.2%} test, {here['validation_accuracy']:.2%} "
            f"validation; {here['parameters']:,} parameters, {here['minutes']} minutes"
        )
        sizes = [f"{name} {file['bytes']:,} bytes" for name, file in here["files"].items()]
        write_line(f"  int8       {', '.join(sizes)}")


def _row(
    recipe: Recipe, measured: dict[str, Any], many_labels: dict[str, Any] | None
) -> dict[str, Any]:
    text = recipe.text
    return {
        "recipe": recipe.name,
        "title": recipe.title,
        "source": recipe.source,
        "text": f"{text.target_vocabulary_size:,} {text.tokenizer}, at most {text.max_length} of "
        f"a text, its {text.cut} cut off",
        "published": recipe.published.found if recipe.published else None,
        "measured": measured.get("measured"),
        "as_published": measured.get("as_published"),
        "many_labels": many_labels,
    }
