"""From text to ids by a text contract: normalize, tokenize, cut, pad."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from edgernn.errors import DataError, ModelFileError
from edgernn.text.contract import TextContract
from edgernn.text.encoded import EncodedTexts
from edgernn.text.normalize import Normalizer
from edgernn.text.subwords import SubwordEncoder
from edgernn.text.word_rule import WordRule
from edgernn.text.words import WordEncoder, read_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from edgernn.text.byte_rules import ByteRules

__all__ = ["TextEncoder"]


class Tokenizer(Protocol):
    """A vocabulary and its token rule, with the normalization before it."""

    @property
    def vocab_size(self) -> int:
        """Number of ids."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""

    def encode_batch(
        self, texts: Sequence[str], window: slice = ...
    ) -> list[npt.NDArray[np.int32]]:
        """Return the ids in `window` of each text, int32 of shape [number of these ids]."""

    def encode_texts(self, texts: Sequence[str], window: slice = ...) -> EncodedTexts:
        """Return the same, and how much of each text it is."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for."""

    def byte_rules(self) -> ByteRules | None:
        """Return what an engine needs to give the same ids; None: the rules are too unusual."""


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
            tokenizer = _tokenizer(contract, vocabulary)
        except DataError as error:
            raise ModelFileError(str(error)) from error
        if tokenizer.vocab_size != contract.vocabulary_size:
            raise ModelFileError(
                f"vocabulary {contract.vocabulary_file} has {tokenizer.vocab_size} ids, the "
                f"contract says {contract.vocabulary_size}"
            )
        self.contract = contract
        self.vocabulary = vocabulary
        self._tokenizer = tokenizer
        length = contract.max_length
        self._window = slice(length) if contract.cut == "end" else slice(-length, None)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, at most `contract.max_length`.

        A text of which no token is left gives none, whatever the contract's padding.
        """
        ids = self._tokenizer.encode(text)[self._window]
        before, behind = self._padding(len(ids))
        padding_id = self.contract.padding_id
        return [padding_id] * before + ids + [padding_id] * behind

    def encode_batch(self, texts: Sequence[str]) -> list[npt.NDArray[np.int32]]:
        """Return what `encode` gives for each text, int32 of shape [ids kept]; much faster."""
        found = self._tokenizer.encode_batch(texts, self._window)
        return found if self.contract.padding == "none" else list(map(self._padded, found))

    def encode_texts(self, texts: Sequence[str]) -> EncodedTexts:
        """Return what `encode_batch` gives, and how much of each text it is."""
        found = self._tokenizer.encode_texts(texts, self._window)
        if self.contract.padding == "none":
            return found
        return found._replace(ids=list(map(self._padded, found.ids)))

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has before it is cut or padded."""
        return list(map(len, self._tokenizer.encode_batch(texts)))

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for.

        Raises:
            ValueError: an id is outside the vocabulary.
        """
        return self._tokenizer.decode(ids)

    def byte_rules(self) -> ByteRules | None:
        """Return what an engine needs to give the same ids; None: the rules are too unusual."""
        return self._tokenizer.byte_rules()

    def _padding(self, count: int) -> tuple[int, int]:
        """Return how many padding ids stand before and behind so many ids."""
        missing = self.contract.max_length - count if count else 0
        match self.contract.padding:
            case "none":
                return 0, 0
            case "start":
                return missing, 0
            case "end":
                return 0, missing

    def _padded(self, ids: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        import numpy as np

        before, behind = self._padding(len(ids))
        if not before and not behind:
            return ids
        padded = np.full(self.contract.max_length, self.contract.padding_id, np.int32)
        padded[before : before + len(ids)] = ids
        return padded


def _tokenizer(contract: TextContract, vocabulary: bytes) -> Tokenizer:
    normalizer = Normalizer.of(contract)
    if contract.tokenizer == "subwords":
        encoder = SubwordEncoder.from_bytes(vocabulary, name=contract.vocabulary_file)
        return _NormalizedSubwords(encoder, normalizer)
    assert contract.first_word_id is not None  # the contract has checked it
    return WordEncoder(
        read_words(vocabulary, name=contract.vocabulary_file),
        first_word_id=contract.first_word_id,
        unknown_id=contract.unknown_id,
        start_id=contract.start_id,
        rule=WordRule.of(contract),
        stop_words=contract.stop_words,
        normalizer=normalizer,
    )


class _NormalizedSubwords:
    """Subwords of normalized texts."""

    def __init__(self, encoder: SubwordEncoder, normalizer: Normalizer) -> None:
        self.vocab_size = encoder.vocab_size
        self.decode = encoder.decode
        self._encoder = encoder
        self._normalizer = normalizer

    def encode(self, text: str) -> list[int]:
        return self._encoder.encode(self._normalizer(text))

    def encode_batch(
        self, texts: Sequence[str], window: slice = slice(None)
    ) -> list[npt.NDArray[np.int32]]:
        return self._encoder.encode_batch(list(map(self._normalizer, texts)), window)

    def encode_texts(self, texts: Sequence[str], window: slice = slice(None)) -> EncodedTexts:
        return self._encoder.encode_texts(list(map(self._normalizer, texts)), window)

    def byte_rules(self) -> ByteRules | None:
        return self._encoder.byte_rules(self._normalizer)
