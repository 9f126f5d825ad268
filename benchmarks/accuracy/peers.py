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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.fasttext_peer import FastText
from benchmarks.accuracy.lexicons import TextBlobPolarity, Vader
from benchmarks.accuracy.measures import ONE_THREAD
from benchmarks.accuracy.model_file import ModelFile
from benchmarks.accuracy.nb_svm import NbSvm
from edgernn.cli.console import say
from edgernn.errors import UsageError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training.recipes import RECIPES

__all__ = ["PEERS", "RESULTS", "Entry", "Peer", "find_entry", "main"]

RESULTS = Path("benchmarks/accuracy/results/peers")


class Peer(Protocol):
    """Something that learns from labelled texts, or from none, and then scores texts."""

    @property
    def packages(self) -> tuple[str, ...]:
        """What computes, by the names of the distributions."""

    @property
    def settings(self) -> dict[str, Any]:
        """What was chosen, for the result file; complete after `fit`."""

    @property
    def threshold(self) -> float:
        """A text is called positive when its score is at least this."""

    def fit(self, texts: Sequence[str], labels: npt.NDArray[np.int8]) -> None:
        """Learn from texts with labels, int8 [texts]."""

    def score(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return float64 [texts]: higher for positive texts."""

    def save(self, folder: Path) -> None:
        """Write into an empty folder what scoring needs beside the installed packages."""


@dataclass(frozen=True)
class Entry:
    """A line of the registry."""

    title: str
    """What stands in the table and in the plot."""
    what: str
    """What it is, with its source."""
    make: Callable[[], Peer]
    """Raises ImportError where its package is not installed."""
    learns: bool = True
    """Whether it learns from the training reviews."""


PEERS: dict[str, Entry] = {
    "nb-svm": Entry(
        "NB-SVM, all n-grams",
        "linear classifier of word uni- to trigrams with naive Bayes ratios, scikit-learn "
        "(Wang and Manning 2012; Mesnil et al. 2015)",
        partial(NbSvm, 1),
    ),
    "nb-svm-min-df-3": Entry(
        "NB-SVM, min_df 3",
        "the same with the n-grams alone that three training reviews or more hold",
        partial(NbSvm, 3),
    ),
    "fasttext": Entry(
        "fastText",
        "fastText's supervised classifier on words and pairs of words, else with its defaults "
        "(Joulin et al. 2017)",
        partial(FastText, quantized=False, tutorial=False),
    ),
    "fasttext-tutorial": Entry(
        "fastText, tutorial's settings",
        "the same with the learning rate and the epochs of its tutorial",
        partial(FastText, quantized=False, tutorial=True),
    ),
    "fasttext-quantized": Entry(
        "fastText, quantized",
        "that with its defaults, compressed to an .ftz file and trained on with what is left "
        "(Joulin et al. 2016)",
        partial(FastText, quantized=True, tutorial=False),
    ),
    "vader": Entry("VADER", "lexicon and rules (Hutto and Gilbert 2014)", Vader, learns=False),
    "textblob": Entry(
        "TextBlob", "lexicon of the Pattern library (De Smedt 2012)", TextBlobPolarity, learns=False
    ),
}
"""What is measured beside our own files, by the name of its result file."""


def find_entry(name: str, runs: Path | None) -> Entry | None:
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
    return Entry(name, what, partial(ModelFile, path), learns=False)


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
