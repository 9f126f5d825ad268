"""The table of docs/speed.md, and what is said of arithmetic below it, from the result file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.peers.peer import FILE, ONE

__all__ = ["speed_table"]

_TIMES = "the first row is … times as fast"
_OPERATORS = 4
"""How many operators are named."""


def speed_table(result: Mapping[str, Any]) -> str:
    """Return the table as Markdown, with what was measured below."""
    many, one = result[FILE], result[ONE]
    lines = [
        f"| | {many['reviews']:,} reviews, {many['threads']} cores: reviews/s | {_TIMES} "
        f"| one review of {one['tokens']} tokens, one thread: ms | {_TIMES} |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    titles = {
        name: entry["title"] for part in (many, one) for name, entry in part["entries"].items()
    }
    for name, title in titles.items():
        cells = [
            title,
            *_cells(many, name, "reviews_per_second"),
            *_cells(one, name, "milliseconds"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        f"\n{name} could not be measured: {reason}."
        for part in (many, one)
        for name, reason in part["not_measured"].items()
    ]
    # What a reader must know before believing a figure, put into the result file by hand.
    lines += [f"\n**{result['note']}**"] if "note" in result else []
    lines += ["", _arithmetic(result["arithmetic"]), "", _measured(result), ""]
    return "\n".join(lines)


def _cells(part: Mapping[str, Any], name: str, unit: str) -> tuple[str, str]:
    entry = part["entries"].get(name)
    if entry is None:
        return "-", "-"
    ratio = entry.get("ours_times_as_fast")
    return _number(entry[unit]["median"]), "" if ratio is None else _number(ratio["median"])


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _arithmetic(found: Mapping[str, Any]) -> str:
    speeds, shares = found["gigaflops"], found["share_of_peak"]
    products = {
        name: f"{max(speeds[name]['numpy'], speeds[name]['onnxruntime']):.0f}"
        for name in ("square", "input", "state")
    }
    spent = found["share_of_session"]
    named = list(spent["by_operator"].items())
    listed = ", ".join(f"`{name}` {share:.0%}" for name, share in named[:_OPERATORS])
    rest = sum(share for _, share in named[_OPERATORS:])
    return (
        f"A token takes {found['multiply_adds_per_token']['total']:,} multiply-adds in the LSTM's "
        f"products. On one thread the bare session does {speeds['session']:.0f} GFLOP/s of them, "
        f"{shares['session']:.0%} of the {speeds['peak']:.0f} GFLOP/s of the fastest product of "
        f"matrices measured beside it: {_shape(speeds['square'])} {products['square']}; the LSTM's "
        f"input, {_shape(speeds['input'])}, {products['input']}; its state, step by step, "
        f"{_shape(speeds['state'])}, {products['state']}. Of the session's time "
        f"{listed}, other operators {rest:.0%}, and {spent['outside_operators']:.0%} is between "
        f"them; the `LSTM` operator alone, gates included, does {speeds['lstm_operator']:.0f} "
        f"GFLOP/s. Encoding the same texts takes {_of(found['seconds'])} of the session's time."
    )


def _of(seconds: Mapping[str, float]) -> str:
    return f"{seconds['encode'] / seconds['session']:.0%}"


def _shape(product: Mapping[str, Any]) -> str:
    return " \u00d7 ".join(f"[{', '.join(map(str, shape))}]" for shape in product["shape"])


def _measured(result: Mapping[str, Any]) -> str:
    machine, many, one = result["machine"], result[FILE], result[ONE]
    versions: dict[str, str] = dict(machine["versions"])
    for part in (many, one):
        for entry in part["entries"].values():
            versions |= entry["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    samples = _samples(many["entries"].values(), many["reviews"])
    return (
        f"<sub>The shipped model in all rows of ours, of ONNX Runtime and of Keras. One run, each "
        f"entry once in each of {many['rounds']} rounds and of {one['rounds']}, the first and the "
        "bare session several times in turn; medians, and of ratios the median of those within a "
        f"round. {samples}Load average "
        f"{result['load_average_before']:.1f} before; {machine['processor']}, {machine['cores']} "
        f"cores, Python {machine['python']}, {listed}.</sub>"
    )


def _samples(entries: Iterable[Mapping[str, Any]], reviews: int) -> str:
    found = [f"{e['title']} {e['reviews']:,}" for e in entries if e["reviews"] < reviews]
    if not found:
        return ""
    return f"Reviews of a round where it is a sample, as long as all: {', '.join(found)}. "
