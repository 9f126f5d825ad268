"""The table of docs/train.md: few labels alone, and with soft labels of further texts."""

from __future__ import annotations

from statistics import fmean
from typing import Any

__all__ = ["distil_table"]


def distil_table(result: dict[str, Any]) -> str:
    """Return the table and what is said below it.

    Args:
        result: as `benchmarks.distil` wrote it.
    """
    lines = [
        "| data | rows with, without a label | test texts | labels alone | with soft labels "
        "| gain, each seed | labels alone, default of `edgernn train` | teacher "
        "| T, share of labels |",
        f"| --- |{' ---: |' * 8}",
    ]
    for name, found in result["sets"].items():
        seeds, rows, chosen = found["seeds"], found["rows"], found["chosen"]
        gains = ", ".join(f"{100 * (one['soft'] - one['hard']):+.1f}" for one in seeds)
        mean = {
            key: fmean(one[key] for one in seeds) for key in ("hard", "soft", "default", "teacher")
        }
        lines.append(
            f"| {name}, {found['labels']} labels | {rows['labelled']:,}, {rows['unlabelled']:,} "
            f"| {rows['test']:,} | {mean['hard']:.1%} | **{mean['soft']:.1%}** | {gains} "
            f"| {mean['default']:.1%} | {mean['teacher']:.1%} "
            f"| {chosen['temperature']:g}, {chosen['hard_share']:g} |"
        )
    tried = [
        f"{name} "
        + ", ".join(
            f"{one['temperature']:g}/{one['hard_share']:g} {one['dev']:.1%}"
            for one in found["tried"]
        )
        for name, found in result["sets"].items()
    ]
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    recipes = sorted({found["recipe"] for found in result["sets"].values()})
    return "\n".join(
        [
            *lines,
            "",
            "Accuracy of the Keras models, means of three seeds, which decide the rows, too; "
            f"recipe {', '.join(recipes)} with and without soft labels. T and share were chosen on "
            f"further texts, which nothing learns from (T/share: {'; '.join(tried)}).",
            "",
            f"<sub>{machine['processor']}, {machine['cores']} cores, "
            f"Python {machine['python']}, {versions}.</sub>",
            "",
        ]
    )
