"""Reviews encoded per second on one thread, for every text contract of the recipes.

    python -m benchmarks.encode --data aclImdb_v1.tar.gz

The 25,000 test reviews are encoded in chunks, as scoring does. In every round each encoder is made
afresh: the first pass meets every word for the first time. Vocabularies are those of the recipes,
built from the training reviews, and for subwords that of `--subwords`; of the shipped model it is
its own. Beside the recipes stand two contracts with every normalization rule switched on.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_machine, write_result
from edgernn.bundle import read_model_file
from edgernn.data import load_split
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import TextRules
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.loaded_model import CHUNK_TEXTS
from edgernn.text import TextEncoder
from edgernn.training.vocabulary import build_vocabulary, make_contract, read_vocabulary

__all__ = ["main"]

RESULT = Path("benchmarks/results/encode.json")
_SUBWORDS = Path("benchmarks/models/subword-bilstm/vocabulary.subwords")
_RULES = {
    "unicode_form": "NFC",
    "html_breaks": "space",
    "control_characters": "space",
    "case": "lower",
}
_COMPARED = 1000
"""Texts whose ids are compared with those of `encode`."""


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, required=True, help="aclImdb_v1.tar.gz or its folder")
    parser.add_argument("--subwords", type=Path, default=_SUBWORDS, help="a .subwords file")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    texts = load_split(arguments.data, "test").texts
    load_before = os.getloadavg()[0]
    encoders = _encoders(load_split(arguments.data, "train").texts, arguments.subwords)
    rows: list[dict[str, Any]] = []
    for names, encoder in encoders:
        row = {"recipes": names, **_summary(encoder), **_measure(encoder, texts, arguments.rounds)}
        rows.append(row)
        slowest = row["first_pass"]["wall"]
        print(f"{', '.join(names)}: {slowest['median']:,.0f} reviews/s", flush=True)
    write_result(
        arguments.output,
        {
            "machine": describe_machine(["edgernn", "numpy"]),
            "threads": 1,
            "load_average_before": round(load_before, 2),
            "texts": len(texts),
            "characters": sum(map(len, texts)),
            "chunk_texts": CHUNK_TEXTS,
            "rounds": arguments.rounds,
            "contracts": rows,
        },
    )


def _encoders(training: Sequence[str], subwords: Path) -> list[tuple[list[str], TextEncoder]]:
    """Return each distinct contract with the recipes that have it."""
    named: dict[TextRules, list[str]] = {}
    for name, recipe in RECIPES.items():
        if name == SHIPPED_MODEL.parent.name:
            continue
        named.setdefault(recipe.text, []).append(name)
        if recipe.published is not None:
            named.setdefault(recipe.published.text, []).append(f"{name}, as published")
    for name in ("subword-bilstm", "word-lstm"):
        every = dataclasses.replace(RECIPES[name].text, **_RULES)  # type: ignore[arg-type]
        named.setdefault(every, []).append(f"{name}, every rule")
    found = [([SHIPPED_MODEL.parent.name], read_model_file(SHIPPED_MODEL).bundle.encoder)]
    for rules, names in named.items():
        if rules.tokenizer == "subwords":
            vocabulary = read_vocabulary(rules, subwords)
        else:
            vocabulary = build_vocabulary(rules, training, min_df=1)
        found.append((names, TextEncoder(make_contract(rules, vocabulary), vocabulary)))
    return found


def _summary(encoder: TextEncoder) -> dict[str, Any]:
    contract = encoder.contract
    return {
        "tokenizer": contract.tokenizer,
        "words_by": ("word_characters" if contract.word_characters else "separators")
        if contract.tokenizer == "words"
        else None,
        "stop_words": len(contract.stop_words),
        "normalization": {name: getattr(contract, name) for name in _RULES},
        "max_length": contract.max_length,
        "cut": contract.cut,
        "padding": contract.padding,
        "vocabulary_size": contract.vocabulary_size,
    }


def _measure(encoder: TextEncoder, texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """Return reviews per second by pass and clock.

    Raises:
        RuntimeError: a text has other ids alone than beside others.
    """
    for text, ids in zip(texts, encoder.encode_batch(texts[:_COMPARED]), strict=False):
        if encoder.encode(text) != ids.tolist():
            raise RuntimeError(f"other ids alone than beside others: {text[:60]!r}")
    passes = ("first_pass", "later_pass")
    rates: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in passes}
    for _ in range(rounds):
        fresh = TextEncoder(encoder.contract, encoder.vocabulary)
        for name in passes:
            gc.collect()
            wall, cpu = time.perf_counter(), time.process_time()
            for at in range(0, len(texts), CHUNK_TEXTS):
                fresh.encode_batch(texts[at : at + CHUNK_TEXTS])
            rates[name]["cpu"].append(len(texts) / (time.process_time() - cpu))
            rates[name]["wall"].append(len(texts) / (time.perf_counter() - wall))
    return {
        name: {
            clock: {
                "median": round(statistics.median(values)),
                "min": round(min(values)),
                "max": round(max(values)),
            }
            for clock, values in clocks.items()
        }
        for name, clocks in rates.items()
    }


if __name__ == "__main__":
    main()
