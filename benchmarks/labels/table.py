"""The table of docs/recipes.md: recipes on data of many labels, beside a linear SVM."""

from __future__ import annotations

from typing import Any

__all__ = ["SMALL", "labels_table", "small_file"]

SMALL = ("int8", "int8-embedding")
"""Precisions of small files; the second where the checks of an export refuse the first."""

_HEADER = (
    "| data | recipe | test: int8 ONNX / TFLite | float32 | linear SVM | validation "
    "| int8 bytes, ONNX / TFLite | short text, ms, ONNX / TFLite | times the shipped model's "
    "| epochs (kept) | minutes | parameters |"
)


def labels_table(result: dict[str, Any]) -> str:
    """Return the table and what is said below it.

    Args:
        result: as `benchmarks.labels` wrote it.
    """
    columns = _HEADER.count("|") - 1
    lines = [_HEADER, f"| --- | --- |{' ---: |' * (columns - 2)}"]
    doubts = []
    for name, data_set in result["sets"].items():
        for recipe, measured in data_set["recipes"].items():
            data = f"{name}, {data_set['labels']} labels, {data_set['test']:,} test texts"
            lines.append(_row(data, recipe, measured, data_set["svm"]["test_accuracy"]))
            if "out_of_scope" in measured:
                outside = measured["out_of_scope"]
                doubts.append(
                    f"{outside['auroc']:.4f} (`{recipe}`, {outside['texts']:,} questions of {name})"
                )
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    if doubts:
        lines += [
            "",
            "Questions that have none of the labels, told from the test texts by 1 - confidence "
            f"of the int8 ONNX file, AUROC: {', '.join(doubts)}.",
        ]
    return "\n".join(
        [
            *lines,
            "",
            f"<sub>seed {result['seed']}; {machine['processor']}, {machine['cores']} cores, Python "
            f"{machine['python']}, {versions}.</sub>",
            "",
        ]
    )


def small_file(files: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the first precision of `SMALL` that a format's files have, and what was measured.

    Raises:
        KeyError: there is none.
    """
    for name in SMALL:
        if "bytes" in files.get(name, {}):
            return name, files[name]
    raise KeyError(SMALL)


def _row(data: str, recipe: str, measured: dict[str, Any], svm: float) -> str:
    onnx, tflite = measured["files"]["onnx"], measured["files"]["tflite"]
    names, small = zip(*map(small_file, (onnx, tflite)), strict=True)
    times, ratios = measured["one_text"]["milliseconds"], measured["one_text"]["times_shipped"]
    cells = [
        data,
        f"`{recipe}`",
        " / ".join(
            f"**{file['test_accuracy']:.2%}**{'' if name == SMALL[0] else f' ({name})'}"
            for name, file in zip(names, small, strict=True)
        ),
        f"{onnx['float32']['test_accuracy']:.2%}",
        f"{svm:.2%}",
        f"{measured['validation_accuracy']:.2%}",
        " / ".join(f"{file['bytes']:,}" for file in small),
        " / ".join(f"{times[format]:.3f}" for format in ("onnx", "tflite")),
        " / ".join(f"{ratios[format]:.2f}" for format in ("onnx", "tflite")),
        f"{measured['epochs']} ({measured['kept_epoch']})",
        f"{measured['minutes']}",
        f"{measured['parameters']:,}",
    ]
    return f"| {' | '.join(cells)} |"
