"""What a model file carries beside its graph: text contract, vocabulary, card.

The attachments are `contract.json` (`edgernn.text.TextContract`), the vocabulary under the name
that the contract gives, and `card.json` (recipe, precision, training figures, versions).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgernn.errors import ModelFileError
from edgernn.text import TextContract, TextEncoder

__all__ = ["CARD", "CONTRACT", "Bundle"]

CONTRACT = "contract.json"
CARD = "card.json"


@dataclass(frozen=True)
class Bundle:
    """The attachments of one model file, read and checked."""

    encoder: TextEncoder
    """The text contract joined with its vocabulary."""
    card: Mapping[str, Any]
    """What the model is: recipe, precision, training figures, versions."""

    @property
    def contract(self) -> TextContract:
        """The text contract."""
        return self.encoder.contract

    def to_attachments(self) -> dict[str, bytes]:
        """Return the attachments by name."""
        return {
            CONTRACT: self.contract.to_json().encode(),
            self.contract.vocabulary_file: self.encoder.vocabulary,
            CARD: (json.dumps(self.card, indent=2, ensure_ascii=False) + "\n").encode(),
        }

    @classmethod
    def from_attachments(cls, attachments: Mapping[str, bytes]) -> Bundle:
        """Read a bundle back.

        Raises:
            ModelFileError: an attachment is missing or broken, or its rules are not known here.
        """
        contract = TextContract.from_json(_required(attachments, CONTRACT))
        try:
            card = json.loads(_required(attachments, CARD))
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f"{CARD}: not JSON: {error}") from error
        if not isinstance(card, dict):
            raise ModelFileError(f"{CARD}: not a JSON object")
        return cls(TextEncoder(contract, _required(attachments, contract.vocabulary_file)), card)


def _required(attachments: Mapping[str, bytes], name: str) -> bytes:
    if name not in attachments:
        raise ModelFileError(f"the file carries no {name}: it was not written by `edgernn export`")
    return attachments[name]
