"""What a model file carries beside its graph: text contract, vocabulary, card.

The attachments are `contract.json` (`edgernn.text.TextContract`), the vocabulary under the name
that the contract gives, `card.json` (recipe, precision, training figures, versions), the same for
people as `card.md`, and `golden.json` with `golden_batch.json` (`edgernn.bundle.golden.Golden`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgernn.bundle.checksums import LEARNT
from edgernn.bundle.golden import GOLDEN, GOLDEN_BATCH, Golden
from edgernn.errors import ModelFileError
from edgernn.text import TextContract, TextEncoder

__all__ = ["CARD", "CONTRACT", "PAGE", "Bundle"]

CONTRACT = "contract.json"
CARD = "card.json"
PAGE = "card.md"

_MAX_BYTES = 1 << 20
"""Of each attachment but the vocabulary; 16 MiB of JSON can become 400 MB of Python objects."""

_DIGEST_BYTES = 65

_MAX_IDS = {"subwords": 1 << 16, "words": 1 << 19}
"""Largest vocabulary by tokenizer: more takes seconds to read, and memory by the 100 MB."""


@dataclass(frozen=True)
class Bundle:
    """The attachments of one model file, read and checked."""

    encoder: TextEncoder
    """The text contract joined with its vocabulary."""
    card: Mapping[str, Any]
    """What the model is: recipe, precision, training figures, versions."""
    page: str = ""
    """The model card for people, Markdown; empty where there is none."""
    golden: Golden | None = None
    """Texts with what the file makes of them; None where there are none."""
    weights: str = ""
    """What tells a graph that a tool has rewritten, `model_file.learnt_sha256`; may be empty."""

    @property
    def contract(self) -> TextContract:
        """The text contract."""
        return self.encoder.contract

    def to_attachments(self) -> dict[str, bytes]:
        """Return the attachments by name."""
        attachments = {
            CONTRACT: self.contract.to_json().encode(),
            self.contract.vocabulary_file: self.encoder.vocabulary,
            CARD: (json.dumps(self.card, indent=2, ensure_ascii=False) + "\n").encode(),
        }
        if self.page:
            attachments[PAGE] = self.page.encode()
        if self.golden is not None:
            attachments[GOLDEN] = self.golden.to_json(self.contract.outputs).encode()
            if self.golden.batch:
                attachments[GOLDEN_BATCH] = self.golden.batch_to_json().encode()
        if self.weights:
            attachments[LEARNT] = f"{self.weights}\n".encode()
        return attachments

    @classmethod
    def from_attachments(cls, attachments: Mapping[str, bytes]) -> Bundle:
        """Read a bundle back.

        Raises:
            ModelFileError: an attachment is missing or broken, or its rules are not known here.
        """
        cls.check_names(attachments)
        for name in (CONTRACT, CARD, PAGE, GOLDEN, GOLDEN_BATCH):
            if len(attachments.get(name, b"")) > _MAX_BYTES:
                raise ModelFileError(f"{name}: larger than {_MAX_BYTES >> 20} MiB")
        contract = TextContract.from_json(attachments[CONTRACT])
        try:
            card = json.loads(attachments[CARD])
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"{CARD}: not JSON: {error}") from error
        if not isinstance(card, dict):
            raise ModelFileError(f"{CARD}: not a JSON object")
        vocabulary = _required(attachments, contract.vocabulary_file)
        _check_size(contract, vocabulary)
        try:
            page = attachments.get(PAGE, b"").decode()
        except UnicodeDecodeError as error:
            raise ModelFileError(f"{PAGE}: not UTF-8") from error
        encoder = TextEncoder(contract, vocabulary)
        golden = None
        if GOLDEN in attachments:
            batch = attachments.get(GOLDEN_BATCH)
            golden = Golden.from_json(attachments[GOLDEN], contract, batch)
        weights = attachments.get(LEARNT, b"")[:_DIGEST_BYTES].decode("latin-1").strip()
        return cls(encoder, card, page, golden, weights)

    @staticmethod
    def check_names(attachments: Mapping[str, bytes]) -> None:
        """Make sure that a file carries a bundle at all.

        Raises:
            ModelFileError: contract or card is missing.
        """
        for name in (CONTRACT, CARD):
            _required(attachments, name)


def _check_size(contract: TextContract, vocabulary: bytes) -> None:
    """Refuse a vocabulary that is larger than any in use before it is taken apart."""
    most = _MAX_IDS[contract.tokenizer]
    if contract.vocabulary_size > most:
        raise ModelFileError(
            f"text contract: vocabulary_size {contract.vocabulary_size} is over {most}, the most "
            f"that tokenizer {contract.tokenizer!r} is read with"
        )
    # A subword file has two lines more than subwords, a word file has as many as words.
    lines = vocabulary.count(b"\n")
    if lines > contract.vocabulary_size + 2:
        raise ModelFileError(
            f"vocabulary {contract.vocabulary_file} has {lines} lines, the contract says "
            f"{contract.vocabulary_size} ids"
        )


def _required(attachments: Mapping[str, bytes], name: str) -> bytes:
    if name not in attachments:
        raise ModelFileError(
            f"the file carries no {name}: it was not written by `edgernn export`; `edgernn audit` "
            "tells what is in it"
        )
    return attachments[name]
