"""Every recipe trained here, as it is and as its tutorial did it, beside what is published.

    python -m benchmarks.reviews_csv aclImdb_v1.tar.gz reviews.csv
    python -m benchmarks.recipes --data aclImdb_v1.tar.gz --csv reviews.csv --runs runs

Trains what is not in the folder of runs yet (`edgernn train`), exports each recipe to int8 files
(`edgernn export`), measures runs and files on the test split (`edgernn evaluate`), and writes one
JSON file, which `edgernn recipes` and docs/recipes.md read. `--skip-published` leaves out what a
tutorial did to the letter, which takes hours for `subword-bilstm`; `--only` measures some recipes
and keeps what the file says of the others. `stopword-bilstm` learns from
the CSV file and its split, as its tutorial did; all others from the archive.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.command import edgernn
from benchmarks.environment import describe_machine, write_result
from edgernn.measured import RECIPES_FILE
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Recipe
from edgernn.training.run import CONFIG, EVALUATION, METRICS, evaluation_split, read_json
from exporters.rules import FORMATS

__all__ = ["main"]

_PACKAGES = ("edgernn", "keras", "tensorflow", "tf2onnx", "onnx", "ai-edge-litert", "numpy")
_ON_CSV = "stopword-bilstm"


def main() -> None:
    """Train, export and measure what is missing, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--csv", required=True)
    parser.add_argument("--vocab", help="of subword-bilstm, which takes minutes to build")
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--skip-published", nargs="*", default=[], metavar="RECIPE")
    parser.add_argument("--only", nargs="*", default=[*RECIPES], metavar="RECIPE")
    parser.add_argument("--output", type=Path, default=RECIPES_FILE)
    arguments = parser.parse_args()
    rows = []
    kept = json.loads(arguments.output.read_text("utf-8"))["recipes"]
    for recipe in RECIPES.values():
        if recipe.name not in arguments.only:
            rows += [row for row in kept if row["recipe"] == recipe.name]
            continue
        data = arguments.csv if recipe.name == _ON_CSV else arguments.data
        vocabulary = arguments.vocab if recipe.text.tokenizer == "subwords" else None
        row = _row(recipe)
        row["measured"] = _measured(recipe.name, [], data, vocabulary, arguments.runs)
        row["measured"]["files"] = {
            name: _file(arguments.runs / recipe.name, name, data) for name in FORMATS
        }
        if recipe.published is not None and recipe.name not in arguments.skip_published:
            row["as_published"] = _measured(
                recipe.name, ["--published"], data, vocabulary, arguments.runs
            )
        rows.append(row)
    write_result(arguments.output, {"machine": describe_machine(_PACKAGES), "recipes": rows})


def _row(recipe: Recipe) -> dict[str, Any]:
    row: dict[str, Any] = {"recipe": recipe.name, "title": recipe.title, "source": recipe.source}
    if recipe.published is not None:
        published = recipe.published
        row["published"] = {
            "found": published.found,
            "floor": published.floor,
            "split": published.floor_split,
        }
    return row


def _measured(
    name: str, options: list[str], data: str, vocabulary: str | None, runs: Path
) -> dict[str, Any]:
    folder = runs / f"{name}{'-published' if options else ''}"
    if not folder.exists():
        # The CSV file holds published reviews, which the command cannot know.
        given = ["--vocab", vocabulary] if vocabulary else ["--min-df", "1"]
        edgernn(
            "train", "--recipe", name, *options, "--data", data, *given, "--output", str(folder)
        )
    if not (folder / EVALUATION).exists():
        edgernn("evaluate", "--model", str(folder), "--data", data)
    metrics, config = read_json(folder, METRICS), read_json(folder, CONFIG)
    # Of the whole split, as others measure it: the few duplicates in it count.
    test = read_json(folder, EVALUATION)
    if evaluation_split(test, config) != "test":
        raise SystemExit(f"{folder / EVALUATION}: not measured on a test split")
    return {
        "parameters": metrics["parameters"],
        "seed": config["seed"],
        "data": config["data"]["description"]["name"],
        "watched": config["fit"]["validation"],
        "epochs": metrics["epochs"],
        "kept_epoch": metrics["kept_epoch"],
        "best_epoch": metrics["best_epoch"],
        "validation_accuracy": metrics["validation_accuracy"],
        "best_validation_accuracy": metrics["best_validation_accuracy"],
        "test_accuracy": test["accuracy"],
        "test_log_loss": test["log_loss"],
        "test_examples": test["examples"],
        "minutes": metrics["minutes"],
    }


def _file(folder: Path, format: str, data: str) -> dict[str, Any]:
    """Export an int8 file into the run folder, and measure it."""
    path = folder / f"int8{FORMATS[format].suffix}"
    edgernn(
        *("export", "--format", format, "--precision", "int8"),
        *("--run", str(folder), "--output", str(path), "--data", data),
    )
    found = json.loads(
        edgernn("evaluate", "--model", str(path), "--data", data, "--device", "cpu", "--json")
    )
    if found["split"] not in ("test", "not known"):
        raise SystemExit(f"{path}: not measured on a test split")
    return {"bytes": path.stat().st_size, "test_accuracy": found["accuracy"]}


if __name__ == "__main__":
    main()
