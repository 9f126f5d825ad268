"""From a trained candidate to the run folder and file that a person takes away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.choose.candidate import Candidate
from edgernn.choose.limits import Limits, Miss
from edgernn.choose.measure import Variant, median_latencies
from edgernn.choose.names import CHOSEN
from edgernn.data import Examples
from edgernn.errors import ExportError
from edgernn.native_logs import held_back
from edgernn.runtime import Classifier, load
from edgernn.runtime.loaded_model import open_reference
from edgernn.training.label_figures import counts_of
from edgernn.training.run import CHECKPOINT, Run
from exporters.export import default_name, export, open_trained
from exporters.rules import FormatRules

__all__ = ["Chosen", "finish", "ranked"]

_TRIED = 3
"""Candidates, and precisions of each, that are exported at most."""
_TIMED = 3
_TEXTS_AT_ONCE = 256


@dataclass(frozen=True)
class Chosen:
    """The candidate that was taken, and what its exported file has."""

    candidate: Candidate
    file: Path
    variant: Variant
    """Bytes and latency of the file itself."""
    accuracy: float
    """Of the file, on the held-out texts."""
    macro_f1: float | None
    """Likewise, where there are not just two labels."""
    misses: tuple[Miss, ...]
    """The limits that it breaks; none if it was chosen and is not only the nearest."""


def ranked(candidates: Sequence[Candidate], limits: Limits) -> list[Candidate]:
    """Return what was trained, the best choice first: within size and latency the most accurate."""
    trained = [c for c in candidates if c.accuracy is not None]
    return sorted(
        trained,
        key=lambda c: (c.excess(limits), -(c.accuracy or 0.0), c.variant(limits).bytes, c.name),
    )


def finish(
    candidates: Sequence[Candidate],
    limits: Limits,
    rules: FormatRules,
    output: Path,
    run_folder: Callable[[Candidate], Path],
    held_out: Examples,
    texts: Sequence[str],
    say: Callable[[str], None],
) -> Chosen:
    """Export the best candidate, measure the file itself, and leave both in a folder.

    Args:
        candidates: of the search, in any state.
        limits: what the file must keep.
        rules: its format.
        output: the search's folder.
        run_folder: where a candidate's run is.
        held_out: texts that the accuracy is measured on.
        texts: reviews that the latency is measured on.
        say: hears of each export that failed.

    Returns:
        What keeps all limits, or else is nearest to that of what was exported.

    Raises:
        ExportError: of none of the best candidates a file came to be.
    """
    best: Chosen | None = None
    failure: ExportError | None = None
    for candidate in ranked(candidates, limits)[:_TRIED]:
        for variant in _in_order(candidate, limits)[:_TRIED]:
            aside = output / f".{CHOSEN}.partial"
            shutil.rmtree(aside, ignore_errors=True)
            shutil.copytree(
                run_folder(candidate), aside, ignore=shutil.ignore_patterns(CHECKPOINT, ".*")
            )
            try:
                path = _export(aside, rules, variant.precision, held_out)
            except ExportError as error:
                failure = error
                say(f"{candidate.name}, {variant.precision}: {error}")
                continue
            found = _measured(candidate, variant, path, held_out, texts, limits)
            if best is None or _excess(found) < _excess(best):
                _put_in_place(aside, output / CHOSEN)
                best = replace(found, file=output / CHOSEN / path.name)
            if not found.misses:
                break
        # Those that come next are less accurate.
        if best is not None and all(miss.limit == "accuracy" for miss in best.misses):
            break
    shutil.rmtree(output / f".{CHOSEN}.partial", ignore_errors=True)
    if best is None:
        raise failure or ExportError(f"{output}: no candidate was trained")
    best.candidate.file_accuracy = best.accuracy
    # The latency stays the one that was measured in turn with the other candidates'.
    best.candidate.variants = tuple(
        replace(v, bytes=best.variant.bytes) if v.precision == best.variant.precision else v
        for v in best.candidate.variants
    )
    return best


def _in_order(candidate: Candidate, limits: Limits) -> list[Variant]:
    """Return the precisions to try, the smallest that keeps the limits first."""

    def excess(variant: Variant) -> float:
        return sum(m.share for m in limits.misses(variant.bytes, variant.milliseconds))

    return sorted(candidate.variants, key=lambda v: (excess(v), v.bytes))


def _export(folder: Path, rules: FormatRules, precision: str, held_out: Examples) -> Path:
    run = Run.open(folder)
    path = folder / default_name(run, rules, precision)
    with held_back():
        trained = open_trained(run, held_out.texts, held_out.labels)
        export(trained, rules, precision, path, open_reference)
    return path


def _measured(
    candidate: Candidate,
    variant: Variant,
    path: Path,
    held_out: Examples,
    texts: Sequence[str],
    limits: Limits,
) -> Chosen:
    """Measure a finished file."""
    with held_back():
        file = load(path, "cpu", threads=1)
        # What else the machine does can only make it slower.
        latency = min(median_latencies([file], texts)[0] for _ in range(_TIMED))
    accuracy, macro_f1 = _figures(file, held_out)
    variant = Variant(variant.precision, path.stat().st_size, latency)
    misses = limits.misses(variant.bytes, variant.milliseconds, accuracy)
    return Chosen(candidate, path, variant, accuracy, macro_f1, misses)


def _figures(file: Classifier, examples: Examples) -> tuple[float, float | None]:
    """Return accuracy and, where there are not just two labels, macro F1."""
    decides = file.contract.decides
    found: list[Any] = []
    for start in range(0, len(examples), _TEXTS_AT_ONCE):
        texts = examples.texts[start : start + _TEXTS_AT_ONCE]
        found += [
            score.probability if decides.is_binary else score.probabilities
            for score in file.score(texts, errors="raise")
        ]
    scores = np.array(found, np.float64)
    accuracy = float(decides.right(scores, examples.labels).mean())
    if decides.is_binary:
        return accuracy, None
    answers, number = decides.answers(scores), len(file.contract.labels)
    return accuracy, counts_of(answers, examples.labels, number).macro_f1


def _excess(chosen: Chosen) -> float:
    return sum(miss.share for miss in chosen.misses)


def _put_in_place(aside: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(aside, folder)
