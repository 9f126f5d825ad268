"""The table of docs/train.md: what is trained by default on own data, beside other ways."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.own_data.peers import PEERS

__all__ = ["own_data_table"]

_OURS = "edgernn train"


def own_data_table(result: dict[str, Any]) -> str:
    """Return the table and what is said below it.

    Args:
        result: as `benchmarks.own_data` wrote it.
    """
    names = (_OURS, *PEERS)
    lines = [
        f"| data, rows learned from | {' | '.join(names)} | chosen | bytes | seeds |",
        f"| --- |{' ---: |' * len(names)} --- | ---: | ---: |",
    ]
    for key, seeds in result["tasks"].items():
        cells = [
            _cell([found[name] for found in seeds.values() if name in found]) for name in names
        ]
        ours = [found[_OURS] for found in seeds.values() if _OURS in found]
        chosen = ", ".join(f"`{name}`" for name in dict.fromkeys(one["chosen"] for one in ours))
        size = f"{max(one['bytes'] for one in ours):,}" if ours else "-"
        lines.append(f"| {key} | {' | '.join(cells)} | {chosen} | {size} | {len(ours)} |")
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return "\n".join(
        [
            *lines,
            "",
            f"<sub>{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, "
            f"{versions}.</sub>",
            "",
        ]
    )


def _cell(found: list[dict[str, Any]]) -> str:
    """Return the mean over the seeds, and how far they are from it."""
    if not found:
        return "-"
    shares = [one["right"] for one in found]
    spread = f" ± {100 * statistics.stdev(shares):.1f}" if len(shares) > 1 else ""
    more = "" if all(one.get("precision", "int8") == "int8" for one in found) else " (float32)"
    return f"{100 * statistics.mean(shares):.2f}{spread}{more}"
