"""The tables of docs/imports.md, from the result file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["imports_table"]


def imports_table(result: Mapping[str, Any]) -> str:
    """Return one table a group as Markdown: kind, what made it, difference or sentence."""
    rows: Sequence[Mapping[str, Any]] = result["cases"]
    parts = [_summary(result)]
    for group, title in (("network", "Networks"), ("vocabulary", "Vocabularies")):
        found = [row for row in rows if row["group"] == group]
        if found:
            parts.append(f"### {title}\n\n{_table(found)}")
    return "\n".join(parts)


def _summary(result: Mapping[str, Any]) -> str:
    rows = result["cases"]
    compared = [row for row in rows if "difference" in row]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"{len(rows)} models: {len(compared)} carried over, {len(rows) - len(compared)} refused. "
        f"Each was imported, exported as float32 to both formats, and scored on "
        f"{result['texts']} texts, alone and in one batch ({versions}).\n"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| kind | made with | file | ONNX | TFLite |",
        "| --- | --- | --- | ---: | ---: |",
    ]
    for row in rows:
        head = f"| {row['kind']} | {row['keras']} | {row['file'].partition('.')[2]} |"
        if "sentence" in row:
            lines.append(f"{head} refused: {row['sentence']} | |")
        else:
            found = row["difference"]
            lines.append(f"{head} {found['onnx']:.1e} | {found['tflite']:.1e} |")
    return "\n".join(lines) + "\n"
