"""Writes the figures of README.md, docs and the model card from result files, or checks them.

    python -m benchmarks.readme            # rewrite the marked parts
    python -m benchmarks.readme --check    # exit 1 when one is not up to date

A marked part stands between `<!-- figures: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.accuracy.search import FIRST_RESULTS, search_table
from benchmarks.accuracy.table import accuracy_table
from benchmarks.behaviour.table import behaviour_table
from benchmarks.distil.table import distil_table
from benchmarks.flagship.table import flagship_table
from benchmarks.imports.table import imports_table
from benchmarks.labels.table import labels_table
from benchmarks.own_data.table import own_data_table
from benchmarks.pipelines import pipelines_table
from benchmarks.pythons import pythons_table
from benchmarks.runtimes.table import recurrent_table, runtimes_table, runtimes_wrong
from benchmarks.speed.engine_table import engine_table
from benchmarks.speed.table import speed_table
from benchmarks.web import web_table
from edgernn.cli.formats import reason_of
from edgernn.files import write_text
from edgernn.measured import (
    FORMATS_FILE,
    LABELS_FILE,
    NOT_MEASURED,
    RECIPES_FILE,
    read_labels,
)
from edgernn.recipes.catalogue import RECIPES
from edgernn.training.run import METRICS
from exporters.rules import FORMATS

__all__ = ["main", "render"]

_ROOT = Path(__file__).resolve().parents[1]
_MODEL = _ROOT / "edgernn" / "models" / "flagship"
_ELSEWHERE = {
    "training": _MODEL / METRICS,
    "labels": LABELS_FILE,
    "recipes": RECIPES_FILE,
    "formats": FORMATS_FILE,
    "speed": _ROOT / "benchmarks" / "speed" / "results" / "speed.json",
    "engine": _ROOT / "benchmarks" / "speed" / "results" / "engine.json",
}
"""Result files that do not lie in benchmarks/results; some, the package itself carries."""
PAGES = (
    _ROOT / "README.md",
    _MODEL / "README.md",
    _ROOT / "docs" / "accuracy.md",
    _ROOT / "docs" / "export.md",
    _ROOT / "docs" / "formats.md",
    _ROOT / "docs" / "imports.md",
    _ROOT / "docs" / "index.md",
    _ROOT / "docs" / "install.md",
    _ROOT / "docs" / "model.md",
    _ROOT / "docs" / "pipelines.md",
    _ROOT / "docs" / "recipes.md",
    _ROOT / "docs" / "runtimes.md",
    _ROOT / "docs" / "speed.md",
    _ROOT / "docs" / "train.md",
    _ROOT / "docs" / "web.md",
    _ROOT / "android_demo" / "README.md",
    _ROOT / "runtimes" / "kotlin" / "README.md",
)
"""Pages with marked parts."""
_PART = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Rewrite or check the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        rendered = render(text)
        if not check:
            write_text(page, rendered)
        elif rendered != text:
            name = page.relative_to(_ROOT)
            sys.exit(f"{name} is not up to date: run python -m benchmarks.readme")


def render(text: str) -> str:
    """Return a page's text with every marked part written anew from its result file."""
    return _PART.sub(lambda part: f"{part[1]}{_part(part[2])}{part[3]}", text)


def _part(name: str) -> str:
    if name in _COMPOSED:
        return _COMPOSED[name]()
    source = _ELSEWHERE.get(name, _ROOT / "benchmarks" / "results" / f"{name}.json")
    return _WRITERS[name](json.loads(source.read_text()))


def _training(result: dict[str, Any]) -> str:
    return (
        f"{result['parameters']:,} parameters; {result['epochs']} epochs on "
        f"{result['training_examples']:,} reviews in {result['minutes']} minutes, epoch "
        f"{result['kept_epoch']} kept: accuracy {result['validation_accuracy']:.2%} on the "
        f"{result['validation_examples']:,} held out.\n"
    )


def _shipped_model(result: dict[str, Any]) -> str:
    lines = [
        "| format | precision | size, bytes | test accuracy | F1 | ROC AUC | log loss | ECE |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in result["rows"]:
        size = f"{row['bytes']:,}" if "bytes" in row else "-"
        lines.append(
            f"| {row['format']} | {row['precision']} | {size} | {row['accuracy']:.2%} "
            f"| {row['f1']:.4f} | {row['roc_auc']:.4f} | {row['log_loss']:.4f} "
            f"| {row['expected_calibration_error']:.4f} |"
        )
    measured = f"{result['rows'][0]['examples']:,} test reviews"
    return "\n".join([*lines, "", _machine(result, measured), ""])


def _capture(result: dict[str, Any]) -> str:
    shown = "".join(f"$ {part['command']}\n{part['output']}\n" for part in result["commands"])
    return f"```console\n{shown.rstrip()}\n```\n"


def _latency(result: dict[str, Any]) -> str:
    recipes = result["recipes"]
    lines = [
        f"| one review, text to score, one thread | `{recipes['shipped']}` | "
        f"`{recipes['baseline']}` | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, title in (("own_tokens", "200 tokens of each"), ("same_words", "the same 200 words")):
        row = result[name]
        cells = [
            f"{cell['median']:.3f} ms ({cell['tokens']} tokens)"
            for cell in (row["milliseconds"][which] for which in ("shipped", "baseline"))
        ]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} | {row['ratio']:.2f} |")
    measured = f"medians of {result['rounds']} calls in turn, provider {result['device']}"
    return "\n".join([*lines, "", _machine(result, measured), ""])


def _encode_subwords(result: dict[str, Any]) -> str:
    names = {"tfds": "TFDS `encode`", "encode": "`encode`", "encode_batch": "`encode_batch`"}
    lines = [
        "| one thread | reviews/s, first pass | of TFDS | reviews/s, later | of TFDS |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, passes in result["encoders"].items():
        cells = [names[name]]
        for which in ("first_pass", "later_pass"):
            clock = passes[which]["cpu"]
            ratio = clock.get("times_tfds")
            cells.append(f"{clock['reviews_per_second']['median']:,.0f}")
            cells.append("1" if ratio is None else f"{ratio['median']:.1f} times")
        lines.append(f"| {' | '.join(cells)} |")
    measured = (
        f"{result['texts']:,} test reviews, the same ids from all three; medians of "
        f"{result['rounds']} rounds in turn, processor time"
    )
    return "\n".join([*lines, "", _machine(result, measured), ""])


def _recipes(result: dict[str, Any]) -> str:
    lines = [
        "| recipe | published | here: test | validation | int8 ONNX / TFLite: test "
        "| as published, here: test, last epoch | best epoch, watched | epochs (kept) | minutes "
        "| parameters | int8 bytes, ONNX / TFLite |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    measured = {row["recipe"]: row for row in result["recipes"]}
    of_many_labels = read_labels()
    for recipe in RECIPES.values():
        row = measured.get(recipe.name)
        if row is None:
            found = recipe.published.found if recipe.published else "-"
            elsewhere = "[many labels](#many-labels)"
            shown = elsewhere if recipe.name in of_many_labels else NOT_MEASURED
            lines.append(f"| `{recipe.name}` | {found} | {shown} |{' |' * 8}")
            continue
        here, files = row["measured"], row["measured"]["files"].values()
        again = row.get("as_published")
        cells = [
            f"`{row['recipe']}`",
            row["published"]["found"] if "published" in row else "-",
            f"**{here['test_accuracy']:.2%}**",
            f"{here['validation_accuracy']:.2%}",
            " / ".join(f"{file['test_accuracy']:.2%}" for file in files),
            f"{again['test_accuracy']:.2%}" if again else "-",
            f"{again['best_validation_accuracy']:.2%} {again['watched']}" if again else "-",
            f"{here['epochs']} ({here['kept_epoch']})",
            f"{here['minutes']}",
            f"{here['parameters']:,}",
            " / ".join(f"{file['bytes']:,}" for file in files),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    seeds = ", ".join(sorted({str(row["measured"]["seed"]) for row in result["recipes"]}))
    return "\n".join([*lines, "", _machine(result, f"seed {seeds}"), ""])


def _formats(result: dict[str, Any]) -> str:
    lines = []
    for rules in FORMATS.values():
        cells = [cell for cell in result["cells"] if cell["format"] == rules.name]
        lines += [
            f"### {rules.name}",
            "",
            "| precision | allowed difference | |",
            "| --- | ---: | --- |",
        ]
        lines += [
            f"| `{precision.name}` | {precision.tolerance:g} | {precision.summary} |"
            for precision in rules.precisions.values()
        ]
        lines += ["", f"| recipe | {' | '.join(f'`{name}`' for name in rules.precisions)} |"]
        lines.append(f"| --- |{' ---: |' * len(rules.precisions)}")
        reasons: dict[str, str] = {}
        for name in RECIPES:
            found = {cell["precision"]: cell for cell in cells if cell["recipe"] == name}
            row = [_cell(found.get(precision), reasons) for precision in rules.precisions]
            lines.append(f"| `{name}` | {' | '.join(row)} |")
        lines += ["", *(f"{mark} {reason}\n" for reason, mark in reasons.items())]
    return "\n".join([*lines, _machine(result), ""])


def _cell(cell: dict[str, Any] | None, reasons: dict[str, str]) -> str:
    if cell is None:
        return NOT_MEASURED
    if not cell["written"]:
        mark = f"<sup>{len(reasons) + 1}</sup>"
        return f"no {reasons.setdefault(reason_of(cell), mark)}"
    parts = [f"{cell['bytes']:,}", f"{cell['largest_difference']:.1e}"]
    parts.append(f"{100 * cell['label_flips']:.2f} %")
    if "accuracy_points_lost" in cell:
        parts.append(f"{cell['accuracy_points_lost']:+.2f}")
    return "<br>".join(parts)


def _startup(result: dict[str, Any]) -> str:
    seconds = result["seconds"]
    return (
        f'`edgernn score "Great movie!"` as a whole process takes '
        f'{seconds["score"]["median"] * 1000:.0f} ms, `python -c "import onnxruntime"` '
        f"{seconds['import_onnxruntime']['median'] * 1000:.0f} ms: {result['ratio']} times as long "
        f"(medians of {result['rounds']} rounds in turn).\n\n{_machine(result)}\n"
    )


def _install_size(result: dict[str, Any]) -> str:
    packages = result["packages"]
    largest, ours = packages["numpy"]["bytes"] / 2**20, packages["edgernn"]["bytes"] / 2**20
    return (
        f"The base install takes {result['bytes'] / 2**20:.1f} MiB on disk, without pip and "
        f"compiled modules: NumPy {packages['numpy']['version']} {largest:.0f} MiB, "
        f"edgernn {ours:.1f} MiB, "
        "with the pretrained model and the Keras model that `edgernn export` starts from.\n"
    )


def _memory(result: dict[str, Any]) -> str:
    words = result["words_a_row"]
    return (
        f"`edgernn score --input` on {result['rows']:,} rows of {words['mean']} words on average, "
        f"{words['max']} at most, takes {result['peak_mb']:.0f} MB at its peak, "
        f"{result['rss_mb_after_a_minute']:.0f} MB after a minute and "
        f"{result['rss_mb_at_the_end']:.0f} MB at the end.\n\n{_machine(result)}\n"
    )


def _callers(result: dict[str, Any]) -> str:
    rows = result["callers"]
    alone, *others = rows
    listed = ", ".join(f"{row['callers']} callers {row['times_one_caller']:.2f}" for row in others)
    measured = f"{result['texts']:,} test reviews; medians of {result['rounds']} rounds in turn"
    return (
        "Many threads may call one `Classifier`: with one review a call, one caller gets "
        f"{alone['reviews_per_second']:,.0f} scores a second, {listed} times as many, and all the "
        f"same scores.\n\n{_machine(result, measured)}\n"
    )


def _apk(result: dict[str, Any]) -> str:
    lines = [
        "| `./build_apk.sh` | APK, bytes | native libraries | model | everything else |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for row in result["rows"]:
        cells = [f"{row[name]:,}" for name in ("total", "native", "models", "own")]
        lines.append(f"| `{row['options']}` | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _jvm(result: dict[str, Any]) -> str:
    lines = [
        "| tokens of the text | edgernn's engine | ONNX Runtime | ratio |",
        "| ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['tokens']} | {row['native_ms']:.3f} ms | {row['onnxruntime_ms']:.3f} ms | "
        f"{row['ratio']:.2f} |"
        for row in result["rows"]
    ]
    measured = (
        f"medians in turns, text to probability, {result['threads']} thread; "
        f"{result['level']}, ONNX Runtime {result['onnxruntime']}, Java {result['java']}"
    )
    return "\n".join([*lines, "", _machine(result, measured), ""])


def _machine(result: dict[str, Any], measured: str = "") -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    start = f"{measured}; " if measured else ""
    return (
        f"<sub>{start}{machine['processor']}, {machine['cores']} cores, Python "
        f"{machine['python']}, {versions}.</sub>"
    )


_WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "apk": _apk,
    "behaviour": behaviour_table,
    "callers": _callers,
    "capture": _capture,
    "distil": distil_table,
    "engine": engine_table,
    "flagship": flagship_table,
    "recipes": _recipes,
    "encode_subwords": _encode_subwords,
    "jvm": _jvm,
    "labels": labels_table,
    "own_data": own_data_table,
    "pipelines": pipelines_table,
    "pythons": pythons_table,
    "latency": _latency,
    "formats": _formats,
    "shipped_model": _shipped_model,
    "recurrent": recurrent_table,
    "runtimes": runtimes_table,
    "speed": speed_table,
    "imports": imports_table,
    "memory": _memory,
    "install_size": _install_size,
    "startup": _startup,
    "training": _training,
    "web": web_table,
}


def _headline() -> str:
    model = json.loads((_ROOT / "benchmarks" / "results" / "shipped_model.json").read_text())
    speed = json.loads(_ELSEWHERE["speed"].read_text())
    (row,) = (row for row in model["rows"] if (row["format"], row["precision"]) == ("onnx", "int8"))
    many = speed["file"]
    rate = many["entries"]["edgernn"]["reviews_per_second"]["median"]
    return (
        f"The pretrained model is right on {row['accuracy']:.1%} of the {row['examples']:,} IMDB "
        f"test reviews, in a file of {row['bytes'] / 1e6:.2f} MB, and scores "
        f"{rate:,.0f} of them a second on "
        f"{many['threads']} cores of {speed['machine']['processor']}.\n"
    )


def _wrong() -> str:
    result = json.loads((_ROOT / "benchmarks" / "results" / "runtimes.json").read_text())
    return f"{runtimes_wrong(result)} [Which, and what to do](docs/runtimes.md).\n"


_COMPOSED: dict[str, Callable[[], str]] = {
    "accuracy": accuracy_table,
    "headline": _headline,
    "search": search_table,
    "search_first": lambda: search_table(FIRST_RESULTS),
    "wrong": _wrong,
}
"""Parts from many result files, which they find themselves."""


if __name__ == "__main__":
    main()
