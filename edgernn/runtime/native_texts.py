"""Texts through the C engine in one call, from their bytes to probabilities.

What is frequent is the engine's: normalized ASCII, words and subwords. What is rare is decided for
each text and done here: other characters, entities, hashtags, and rules that are no table of bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgernn.engine import FORMS, Encoder, EngineError, Library, TextRules
from edgernn.errors import ModelFileError
from edgernn.later import Later
from edgernn.runtime.backends import are_probabilities, checked
from edgernn.runtime.native import Native
from edgernn.text import TextEncoder
from edgernn.text.byte_rules import ByteRules
from edgernn.text.encoded import TextFacts

if TYPE_CHECKING:
    import numpy as np

    from edgernn.runtime.backends import Probabilities
else:
    np = Later("numpy")

__all__ = ["NativeTexts", "make_encoder", "open_texts", "read_texts"]

_RAW, _NORMAL, _IDS = (FORMS.index(form) for form in ("raw", "normal", "ids"))


class NativeTexts:
    """A contract and a graph in the C engine. Many threads may use it at once."""

    def __init__(
        self, backend: Native, encoder: TextEncoder, rules: ByteRules, engine: Encoder
    ) -> None:
        """Take an open graph, the contract of its file, and what `open_texts` has made of that."""
        self._backend = backend
        self._encoder = encoder
        self._rules = rules
        self._engine = engine

    def score(self, texts: Sequence[str]) -> tuple[TextFacts, list[float] | Probabilities]:
        """Score texts, at least one; no text's score depends on another.

        Returns:
            What scores say of texts; and the probability of the second of two labels, a list
            [texts], or float32 [texts, labels]: 0 of a text without ids.

        Raises:
            ModelFileError: the engine refuses a text, or gives what is no probability.
        """
        backend, contract = self._backend, self._encoder.contract
        read, forms, by_hand = read_texts(self._rules, self._encoder, texts)
        try:
            found, told = self._engine.score(backend.model, read, bytes(forms))
        except EngineError as error:
            raise ModelFileError(f"{backend.path}: engine native: {error}") from error
        facts = TextFacts(*told)
        for place, share, truncated in by_hand:
            facts.known[place], facts.truncated[place] = share, truncated
        if isinstance(found, list):
            if not are_probabilities(found):
                found = checked(np.array(found, np.float32), len(texts), backend.path, contract)
                return facts, found.tolist()
            return facts, found
        if 0 not in facts.counts:
            return facts, checked(found, len(texts), backend.path, contract)
        scored = np.array(facts.counts) > 0
        if scored.any():
            found[scored] = checked(found[scored], int(scored.sum()), backend.path, contract)
        return facts, found


def open_texts(backend: Native, encoder: TextEncoder) -> NativeTexts | None:
    """Join a graph with its contract; None where the rules are too unusual for the engine."""
    rules = encoder.byte_rules()
    if rules is None:
        return None
    engine = make_encoder(backend.library, encoder, rules)
    return None if engine is None else NativeTexts(backend, encoder, rules, engine)


def make_encoder(library: Library, encoder: TextEncoder, rules: ByteRules) -> Encoder | None:
    """Return a contract's encoder in the engine; None where it refuses the vocabulary."""
    contract = encoder.contract
    try:
        return Encoder(
            library,
            TextRules(
                rules.tokens,
                rules.becomes,
                rules.deleted,
                rules.breaks_are_spaces,
                rules.vocabulary,
                rules.unknown_id,
                rules.start_id,
                rules.first_byte_id,
                contract.max_length,
                contract.cut,
                contract.padding,
                contract.padding_id,
            ),
        )
    except EngineError as error:
        # A vocabulary whose words were made to fall on one place of a table.
        if error.status == "unsupported":
            return None
        raise MemoryError(str(error)) from error


def read_texts(
    rules: ByteRules, encoder: TextEncoder, texts: Sequence[str]
) -> tuple[list[bytes], bytearray, list[tuple[int, float, bool]]]:
    """Return the bytes of texts, the form of each, and what is known of those given as ids."""
    read: list[bytes] = []
    forms = bytearray(len(texts))
    by_hand: list[tuple[int, float, bool]] = []
    encoding, looked_at, is_ascii = rules.encoding, rules.looked_at, rules.encoding == "ascii"
    for place, text in enumerate(texts):
        if (text.isascii() or not is_ascii) and not any(sign in text for sign in looked_at):
            try:
                read.append(text.encode(encoding))
                continue
            except UnicodeEncodeError:
                pass
        data = rules.normal(text)
        forms[place] = _NORMAL
        if data is None:
            found = encoder.encode_texts([text])
            by_hand.append((place, found.known[0], found.truncated[0]))
            data = found.ids[0].tobytes()
            forms[place] = _IDS
        read.append(data)
    return read, forms, by_hand
