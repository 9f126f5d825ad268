"""The encoders of the conformance corpus, by their contracts' names."""

from __future__ import annotations

import json
from pathlib import Path

from edgernn.conformance.corpus import KINDS
from edgernn.text import TextContract, TextEncoder

CORPUS = Path(__file__).resolve().parents[2] / "runtimes" / "conformance"


def read_encoders() -> dict[str, TextEncoder]:
    """Read those of all kinds."""
    encoders = {}
    for kind in KINDS:
        with open(CORPUS / f"{kind}.jsonl", encoding="ascii") as file:
            head = json.loads(next(file))
        for name, one in head["contracts"].items():
            contract = TextContract.from_json(json.dumps(one["contract"]).encode())
            vocabulary = head["vocabularies"][one["vocabulary"]]["text"].encode()
            encoders[name] = TextEncoder(contract, vocabulary)
    return encoders
