"""Programs that call reviews positive or negative, measured on one machine beside our recipes.

    python -m benchmarks.accuracy.peers --data aclImdb_v1.tar.gz --short short --runs runs

Every peer learns from the 25,000 labelled training reviews, or from nothing, in a process of its
own with one thread, and is measured on the full test split and on sentences of other sites; the
peers' packages come with the extra `peers`. Of our recipes the int8 ONNX files are measured: that
of the shipped model, and with `--runs` those of the folders in it. A result file for each lands
in `benchmarks/accuracy/results/peers`; what could not be measured has one that says why, and the
command then ends with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.accuracy.measures import ONE_THREAD
from benchmarks.peers.model_file import ModelFile
from benchmarks.peers.peer import TextPeer
from benchmarks.peers.registry import PEERS as ALL_PEERS
from edgernn.cli.console import say
from edgernn.errors import UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["PEERS", "RESULTS", "find_entry", "main"]

RESULTS = Path("benchmarks/accuracy/results/peers")


PEERS = {name: peer for name, peer in ALL_PEERS.items() if isinstance(peer, TextPeer)}
"""What is measured beside our own files, by the name of its result file."""


def find_entry(name: str, runs: Path | None) -> TextPeer | None:
    """Return what a name stands for: a peer, or a recipe; None for a recipe without a file."""
    if name in PEERS:
        return PEERS[name]
    if name == SHIPPED_MODEL.parent.name:
        path = SHIPPED_MODEL
    elif runs is not None and (runs / name / "int8.onnx").is_file():
        path = runs / name / "int8.onnx"
    else:
        return None
    what = f"int8 ONNX file of our recipe: {RECIPES[name].title}"
    return TextPeer(name, what, partial(ModelFile, path), learns=False)


def main() -> None:
    """Measure every peer in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--short", type=Path, required=True)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    names = [*PEERS, *RECIPES]
    unknown = [name for name in arguments.only if name not in names]
    if unknown:
        raise UsageError(f"--only {unknown[0]}: there is no such peer; choose of {names}")
    failed = []
    for name in arguments.only or names:
        if find_entry(name, arguments.runs) is None:
            say(f"{name}: NOT measured: {arguments.runs}/{name}/int8.onnx is not there (--runs)")
            continue
        options = ["--data", arguments.data, "--short", arguments.short]
        options += ["--runs", arguments.runs] if arguments.runs else []
        options += ["--output", arguments.output / f"{name}.json"]
        command = [sys.executable, "-m", "benchmarks.accuracy.measure_peer", name, *options]
        if subprocess.run(command, env={**os.environ, **ONE_THREAD}).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"NOT measured: {', '.join(failed)}")


if __name__ == "__main__":
    main()
