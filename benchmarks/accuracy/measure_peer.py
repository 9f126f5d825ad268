"""Measures one peer in this process; `benchmarks.accuracy.peers` starts it for each.

python -m benchmarks.accuracy.measure_peer vader --data DATA --short short --output vader.json
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.accuracy.data import MeasuredTexts, load_measured_texts
from benchmarks.accuracy.measures import measure_accuracy, measure_short, measure_speed
from benchmarks.accuracy.peers import find_entry
from benchmarks.environment import describe_machine, write_result
from benchmarks.peers.peer import LearnsTexts, TextPeer
from edgernn.cli.console import say
from edgernn.data import Examples, load_split
from edgernn.measured import RECIPES_FILE, read_recipes
from edgernn.text import Decision

__all__ = ["main", "measure_peer"]

_OWN_SPLIT = "stopword-bilstm"
"""Learns from a random four fifths of all 50,000 reviews: from most of the test split, too."""


def main() -> None:
    """Measure the peer and write its result, or the reason why there is none."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--data", required=True)
    parser.add_argument("--short", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--reviews", type=int, default=2000, help="of a timed pass")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    name = arguments.name
    entry = find_entry(name, arguments.runs)
    if entry is None:
        sys.exit(f"{name}: there is no such peer, or no file of it")
    start = {"name": name, "title": entry.title, "what": entry.what}
    try:
        peer = entry.make()
    except ImportError as error:
        reason = f"the package {error.name!r} is not installed: pip install 'edgernn[peers]'"
        write_result(arguments.output, {**start, "not_measured": reason})
        sys.exit(f"{name}: NOT measured: {reason}")
    texts = load_measured_texts(arguments.data, arguments.short)
    train = load_split(arguments.data, "train") if entry.learns else None
    found = measure_peer(entry, peer, train, texts, arguments.reviews, arguments.passes)
    if name == _OWN_SPLIT:
        found["test"] = None
        found["test_note"] = (
            "learnt from most of these reviews: its accuracy on others is in edgernn/measured/"
            f"{RECIPES_FILE.name}"
        )
    else:
        _compare_with_recipe(name, found["test"]["accuracy"])
    machine = describe_machine(peer.packages)
    write_result(
        arguments.output, {**start, "machine": machine, "data": texts.description, **found}
    )
    say(f"{name}: {_line(found)}")


def measure_peer(
    entry: TextPeer,
    peer: LearnsTexts,
    train: Examples | None,
    texts: MeasuredTexts,
    reviews: int,
    passes: int,
) -> dict[str, Any]:
    """Let a peer learn and measure it.

    Args:
        entry: its line of the registry.
        peer: the peer, new.
        train: what it learns from; None where it learns from nothing.
        texts: what it is measured on.
        reviews: texts of a timed pass.
        passes: timed passes.
    """
    seconds = None
    if train is not None:
        start = time.perf_counter()
        peer.fit(train.texts, train.labels)
        seconds = round(time.perf_counter() - start, 1)
    with tempfile.TemporaryDirectory() as folder:
        peer.save(Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    # Timed first: what scoring all reviews leaves in caches would help.
    speed = measure_speed(peer.score, texts.tests.texts, reviews, passes)
    scores, decision = peer.score(texts.tests.texts), Decision(peer.threshold)
    return {
        "settings": peer.settings,
        "bytes": size,
        "fit_seconds": seconds,
        "test": measure_accuracy(scores, texts.tests, texts.kept, decision),
        "short": measure_short(peer.score, texts, decision),
        "speed": speed,
    }


def _compare_with_recipe(name: str, accuracy: float) -> None:
    """Stop where a recipe's file is not the one that its published figures are of."""
    row = read_recipes().get(name)
    if row is None:
        return
    expected = row["measured"]["files"]["onnx"]["test_accuracy"]
    # One review of 25,000: engines of another version may round a score to the other side.
    if abs(accuracy - expected) > 5e-5:
        sys.exit(
            f"{name}: accuracy {accuracy:.5f}, but {expected:.5f} in {RECIPES_FILE.name}: the file "
            "is of another run than the one measured there"
        )


def _line(found: dict[str, Any]) -> str:
    test = found["test"]
    accuracy = "-" if test is None else f"{test['accuracy']:.2%}"
    rate = found["speed"]["reviews_per_second"]["processor"]["median"]
    return f"{accuracy}, {found['bytes']:,} bytes, {rate:,} reviews/s"


if __name__ == "__main__":
    main()
