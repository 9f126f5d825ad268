"""What `benchmarks.speed.engine` measured, as docs/speed.md shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["engine_table"]

_LEVELS = {"avx512": "AVX-512", "avx2": "AVX2"}


def engine_table(result: Mapping[str, Any]) -> str:
    """Return a table of ratios, and below it what is no ratio."""
    rows = result["rows"]
    lines = [f"| | {' | '.join(_LEVELS.values())} |", "| --- | ---: | ---: |"]
    for name, title in _TITLES.items():
        if name in rows:
            lines.append(f"| {title(rows[name])} | {' | '.join(_cells(name, rows[name]))} |")
    parts = [write(rows[name]) for name, write in _SENTENCES.items() if name in rows]
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    measured = f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}"
    below = f"<sub>{_measured(rows)}{measured}, {versions}.</sub>\n"
    return "\n\n".join(["\n".join(lines), " ".join(parts), below])


_TITLES: dict[str, Any] = {
    "score": lambda row: (
        f"`Classifier.score`, {row['reviews']:,} reviews, {row['threads']} threads"
    ),
    "command": lambda row: (
        f"`edgernn score --input`, CSV to JSON Lines, {row['reviews']:,} reviews, whole process"
    ),
    "one": lambda row: f"one review of {row['tokens']} tokens, text to score, one thread",
    "recipes": lambda row: f"int8 files of {len(row['each'])} recipes, geometric mean",
    "fasttext": lambda row: (
        f"times fastText, supervised with pairs of words, {row['reviews']:,} reviews"
    ),
}


def _cells(name: str, row: Mapping[str, Any]) -> list[str]:
    if name == "recipes":
        return [f"{row['geometric_mean'][level]:.2f}" for level in _LEVELS]
    times = row["times"]
    return [
        f"{times[level]['median']:.2f} [{times[level]['min']:.2f} to {times[level]['max']:.2f}]"
        for level in _LEVELS
    ]


def _start(row: Mapping[str, Any]) -> str:
    seconds = {name: value["median"] * 1e3 for name, value in row["seconds"].items()}
    return (
        f'`edgernn score "Great movie!"` takes {seconds["ours"]:.0f} ms as a whole process, that '
        f"version's {seconds['today']:.0f} ms, `import onnxruntime` alone "
        f"{seconds['import onnxruntime']:.0f} ms."
    )


def _difference(row: Mapping[str, Any]) -> str:
    largest = max(row["largest_difference"].values())
    flips = max(row["flips"].values())
    return (
        f"In float32 the largest difference of a probability to ONNX Runtime is {largest:.1e} on "
        f"{row['reviews']:,} reviews, and {flips or 'no'} labels are others."
    )


def _peak(row: Mapping[str, Any]) -> str:
    share, peaks = row["share"], row["product_gigaflops"]
    each = "; ".join(
        f"{title} {share[level]['state']:.0%} of {peaks[level]:.0f} GFLOP/s, or "
        f"{share[level]['state and input']:.0%} with the input's products, which a table takes the "
        "place of"
        for level, title in _LEVELS.items()
    )
    return (
        "Of what a large product in NumPy does on one thread with the same instructions the "
        f"state's products in the shipped model's LSTM do, with the gates' time: {each}."
    )


_SENTENCES: dict[str, Any] = {"start": _start, "difference": _difference, "peak": _peak}


def _measured(rows: Mapping[str, Any]) -> str:
    loads = [row["load_average_before"] for row in rows.values()]
    return (
        "How many times as fast as commit 7777c62 with ONNX Runtime on its own files, in turns "
        "with it; medians of the ratios within a round, least and greatest. Load average "
        f"{min(loads):.1f} to {max(loads):.1f} before. "
    )
