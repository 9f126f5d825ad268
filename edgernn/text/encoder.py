"""From text to ids by a text contract: normalize, tokenize, cut."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgernn.errors import DataError, ModelFileError
from edgernn.text.contract import TextContract
from edgernn.text.normalize import normalize
from edgernn.text.subwords import SubwordEncoder

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["TextEncoder"]


class TextEncoder:
    """A contract joined with its vocabulary: the one way from text to ids, in every place."""

    def __init__(self, contract: TextContract, vocabulary: bytes) -> None:
        """Check the vocabulary against the contract and read it.

        Raises:
            ModelFileError: hash or size differ from the contract's, or the file is malformed.
        """
        digest = hashlib.sha256(vocabulary).hexdigest()
        if digest != contract.vocabulary_sha256:
            raise ModelFileError(
                f"vocabulary {contract.vocabulary_file}: SHA-256 is {digest[:12]}…, the contract "
                f"says {contract.vocabulary_sha256[:12]}…: the file was altered"
            )
        try:
            subwords = SubwordEncoder.from_bytes(vocabulary, name=contract.vocabulary_file)
        except DataError as error:
            raise ModelFileError(str(error)) from error
        if subwords.vocab_size != contract.vocabulary_size:
            raise ModelFileError(
                f"vocabulary {contract.vocabulary_file} has {subwords.vocab_size} ids, the "
                f"contract says {contract.vocabulary_size}"
            )
        self.contract = contract
        self.vocabulary = vocabulary
        self._subwords = subwords
        length = contract.max_length
        self._kept = slice(length) if contract.cut == "end" else slice(-length, None)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, at most `contract.max_length`; none for an empty text."""
        return self._subwords.encode(self._normalize(text))[self._kept]

    def encode_batch(self, texts: Sequence[str]) -> list[npt.NDArray[np.int32]]:
        """Return what `encode` gives for each text, int32 of shape [ids kept]; much faster."""
        rows = self._subwords.encode_batch([self._normalize(text) for text in texts])
        return [ids[self._kept] for ids in rows]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        return self._subwords.decode(ids)

    def _normalize(self, text: str) -> str:
        contract = self.contract
        return normalize(
            text,
            unicode_form=contract.unicode_form,
            html_breaks=contract.html_breaks,
            control_characters=contract.control_characters,
            case=contract.case,
        )
