"""`docs/contract.md` written down again as plainly as it reads; slow, and none of edgernn's code.

The conformance cases come from here, so that edgernn's own encoder is checked against a second
reading of the document and not against itself. Standard library only.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

import plain_rules

__all__ = ["PlainEncoder", "normalized", "words_of"]

Tokenize = Callable[[str], list[int]]

_FIRST_VERSION = {
    **dict.fromkeys(("html_entities", "quotes", "hashtags", "symbols", "unspaced_scripts"), "keep"),
    "deleted_characters": "",
    "word_class": "listed",
}
"""What version 1 does, which has no such fields."""

_ESCAPE = "\\&undsc"


class PlainEncoder:
    """Text to ids by a contract, which is the object of a `contract.json`."""

    def __init__(self, contract: Mapping[str, Any], vocabulary: bytes) -> None:
        """Read the vocabulary file."""
        assert hashlib.sha256(vocabulary).hexdigest() == contract["vocabulary_sha256"]
        self._contract = contract
        lines = vocabulary.decode("utf-8").split("\n")
        assert lines.pop() == ""
        self._tokenize: Tokenize
        if contract["tokenizer"] == "subwords":
            subwords = _Subwords(lines)
            self._tokenize, size = subwords.ids, subwords.size
        else:
            words = _Words(contract, lines)
            self._tokenize, size = words.ids, words.size
        assert size == contract["vocabulary_size"]

    def tokens(self, text: str) -> list[int]:
        """Return the ids of a text before they are cut and padded."""
        return self._tokenize(self._normalized(text))

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        longest, padding = self._contract["max_length"], self._contract["padding"]
        ids = self.tokens(text)
        while len(ids) > longest:
            ids = ids[:longest] if self._contract["cut"] == "end" else ids[len(ids) - longest :]
        if ids and padding != "none":
            missing = [self._contract["padding_id"]] * (longest - len(ids))
            ids = missing + ids if padding == "start" else ids + missing
        return ids

    def _normalized(self, text: str) -> str:
        return normalized(self._contract, text)


def normalized(contract: Mapping[str, Any], text: str) -> str:
    """Return what a contract's first steps make of a text."""
    rule = {**_FIRST_VERSION, **contract}
    text = _without_lone_surrogates(text)
    if rule["html_entities"] == "decode":
        text = plain_rules.decoded(text)
    if rule["unicode_form"] == "NFC":
        text = unicodedata.normalize("NFC", text)
    if rule["html_breaks"] == "space":
        text = _without_breaks(text)
    if rule["control_characters"] == "space":
        text = "".join(" " if _is_control(character) else character for character in text)
    if rule["quotes"] == "ascii":
        text = plain_rules.with_ascii_quotes(text)
    if rule["hashtags"] == "open":
        text = plain_rules.with_open_hashtags(text)
    if rule["case"] == "lower":
        text = text.lower()
    return "".join(character for character in text if character not in rule["deleted_characters"])


def words_of(contract: Mapping[str, Any], text: str) -> list[str]:
    """Return the words of a normalized text."""
    rule = {**_FIRST_VERSION, **contract}
    return plain_rules.words(
        text,
        symbols=rule["symbols"] == "words",
        unspaced=rule["unspaced_scripts"],
        letters=rule["word_class"] == "letters",
        inside=rule["word_characters"],
        outside=rule["separators"],
    )


def _without_lone_surrogates(text: str) -> str:
    if max(text, default="") < "\ud800":
        return text
    characters: list[str] = []
    at = 0
    while at < len(text):
        code, low = ord(text[at]), text[at + 1 : at + 2]
        at += 1
        if not 0xD800 <= code <= 0xDFFF:
            characters.append(chr(code))
        elif code <= 0xDBFF and "\udc00" <= low <= "\udfff":
            characters.append(chr(0x10000 + ((code - 0xD800) << 10) + ord(low) - 0xDC00))
            at += 1
        else:
            characters.append("\ufffd")
    return "".join(characters)


def _without_breaks(text: str) -> str:
    parts: list[str] = []
    at = 0
    while at < len(text):
        length = _break_at(text, at)
        parts.append(" " if length else text[at])
        at += length or 1
    return "".join(parts)


def _break_at(text: str, at: int) -> int:
    """Return the length of the line break tag that begins there, or 0."""
    if text[at] == "<":
        for letters in ("br", "bR", "Br", "BR"):
            for end in (">", "/>", " >", " />"):
                if text.startswith(f"<{letters}{end}", at):
                    return 3 + len(end)
    return 0


def _is_control(character: str) -> bool:
    return ord(character) <= 0x1F or 0x7F <= ord(character) <= 0x9F


class _Words:
    """Tokenizer `words`."""

    def __init__(self, contract: Mapping[str, Any], words: list[str]) -> None:
        self._contract = contract
        self._ids = {word: contract["first_word_id"] + i for i, word in enumerate(words)}
        self.size = contract["first_word_id"] + len(words)

    def ids(self, text: str) -> list[int]:
        contract = self._contract
        ids = [] if contract["start_id"] is None else [contract["start_id"]]
        for word in words_of(contract, text):
            if word in contract["stop_words"]:
                continue
            if word in self._ids:
                ids.append(self._ids[word])
            elif contract["unknown_id"] is not None:
                ids.append(contract["unknown_id"])
        return ids


class _Subwords:
    """Tokenizer `subwords`."""

    def __init__(self, lines: list[str]) -> None:
        assert lines[0] == "### SubwordTextEncoder"
        assert lines[1].startswith("### Metadata: ")
        assert all(len(line) >= 2 and line[0] == line[-1] == "'" for line in lines[2:])
        subwords = [line[1:-1] for line in lines[2:] if line != "''"]
        self._ids = {subword: i for i, subword in enumerate(subwords, start=1)}
        self._first_byte = len(subwords) + 1
        self._ids[_ESCAPE] = self._first_byte + ord("_")
        self._longest = max(map(len, self._ids))
        self._reserved = {subword for subword in self._ids if len(set(map(_is_word, subword))) == 2}
        self._longest_reserved = max(map(len, self._reserved))
        self._first_reserved = {reserved[0] for reserved in self._reserved}
        self._cuts: dict[str, list[int]] = {}
        self.size = len(subwords) + 257

    def ids(self, text: str) -> list[int]:
        return [i for token in self._prepared(self._split(text)) for i in self._cut(token)]

    def _split(self, text: str) -> list[str]:
        """Reserved subwords, runs of word characters, runs of others."""
        tokens: list[str] = []
        word = [_is_word(character) for character in text]
        start = at = 0
        while at < len(text):
            reserved = self._reserved_at(text, at)
            if at > start and (reserved or word[at] != word[at - 1]):
                tokens.append(text[start:at])
                start = at
            if reserved:
                tokens.append(reserved)
                start = at = at + len(reserved)
            else:
                at += 1
        return [*tokens, text[start:]] if start < len(text) else tokens

    def _reserved_at(self, text: str, at: int) -> str:
        if text[at] in self._first_reserved:
            for length in range(self._longest_reserved, 0, -1):
                if text[at : at + length] in self._reserved:
                    return text[at : at + length]
        return ""

    def _prepared(self, tokens: list[str]) -> list[str]:
        prepared: list[str] = []
        at = 0
        while at < len(tokens):
            token, space = tokens[at], tokens[at + 1 : at + 2] == [" "]
            mark = "_" if space else ""
            if token == _ESCAPE:
                prepared += ["\\&", "undsc" + mark]
                at += 1
            else:
                prepared.append(token.replace("_", _ESCAPE) + mark)
                at += 2 if space else 1
        return prepared

    def _cut(self, token: str) -> list[int]:
        if token not in self._cuts:
            self._cuts[token] = self._cut_anew(token)
        return self._cuts[token]

    def _cut_anew(self, token: str) -> list[int]:
        ids: list[int] = []
        at = 0
        while at < len(token):
            for length in range(min(self._longest, len(token) - at), 0, -1):
                if token[at : at + length] in self._ids:
                    ids.append(self._ids[token[at : at + length]])
                    at += length
                    break
            else:
                data = b" " if token[at] == "_" else token[at].encode("utf-8")
                ids += [self._first_byte + byte for byte in data]
                at += 1
        return ids


def _is_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LN"
