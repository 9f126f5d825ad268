"""How a run comes to a test figure: what `train` and `compare` propose."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgernn.data.split import FEWEST_TO_HOLD_OUT
from edgernn.training.run import OWN_SPLITS

__all__ = ["propose_test"]


def propose_test(
    config: Mapping[str, Any], folder: Path, file: Path | None = None
) -> tuple[str, str]:
    """Return what to do for a test figure: words, and the command that gives it.

    Args:
        config: the run's `config.json`.
        folder: the run folder, as it is to stand in the command.
        file: a model file of the run that is to be measured in its place.
    """
    model = ["--model", str(folder)]
    if file is not None:
        model = ["--model", str(file), "--run", str(folder)]
    data = config.get("data")
    data = data if isinstance(data, dict) else {}
    described = data.get("description")
    kind = described.get("kind") if isinstance(described, dict) else None
    command = ["edgernn", "evaluate"]
    if kind in OWN_SPLITS:
        source = data.get("source")
        if isinstance(source, str) and source.isprintable():
            command += ["--data", source]
        return "the data set has a test split", shlex.join([*command, *model])
    splits = config.get("splits")
    counts = splits.get("counts") if isinstance(splits, dict) else None
    if isinstance(counts, dict) and counts.get("test"):
        # Without --data it is the run's own, of which these rows were kept out.
        return "rows of its data are kept for it", shlex.join([*command, *model])
    words = "hold some out with edgernn train --test-fraction 0.2, or name a file of other texts"
    if isinstance(counts, dict) and _rows(counts) < FEWEST_TO_HOLD_OUT:
        words = (
            f"its data are {_rows(counts):,} rows, of which a test split would be a handful: name "
            "a file of other texts"
        )
    return words, shlex.join([*command, "--data", "test.csv", *model])


def _rows(counts: Mapping[str, Any]) -> int:
    found = [counts.get(name) for name in ("train", "validation")]
    return sum(count for count in found if isinstance(count, int))
