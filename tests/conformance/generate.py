"""Write the conformance cases, text to ids, for each kind of text contract.

    python tests/conformance/generate.py            # writes runtimes/conformance/*.jsonl
    python tests/conformance/generate.py --check    # exit 1 when a file is not up to date

runtimes/conformance/README.md tells what is in the files.
The ids come from `plain_encoder`, not from edgernn; labels from fractions, which round nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDER = ROOT / "runtimes" / "conformance"
# The folder is no package; as a script it is on the path already.
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

from conformance_contracts import (  # noqa: E402
    KINDS,
    SHIPPED,
    SUBWORDS_BY_VOCABULARY,
    WORDS,
    Variant,
)
from conformance_decisions import decisions  # noqa: E402
from conformance_rule_texts import RULE_TEXTS  # noqa: E402
from conformance_texts import LARGE, TEXTS, Text  # noqa: E402
from plain_encoder import PlainEncoder, normalized, words_of  # noqa: E402

from edgernn.text import TextContract  # noqa: E402

__all__ = ["DECISION", "content", "main"]

DECISION = "decision"
"""The file of probabilities and labels."""

_HEADER = {"format": "edgernn conformance", "version": 1}

_MOST_IDS = 600
"""A longer list of ids is written as its length and SHA-256."""

_TEXTS = {**TEXTS, **RULE_TEXTS}
_DEFAULTS = {field.name: field.default for field in dataclasses.fields(TextContract)}
_WORDS = ("words", "rules")
"""The vocabularies that are lists of words."""
_LONGEST_WORD = 20
_ONE_UNKNOWN = 6
"""Every so many words of the rules' texts are left out of their vocabulary."""

_MOST_UNITS = 40
"""A text about the limit with more units is written as repetitions."""


def main(arguments: list[str] | None = None, folder: Path = FOLDER) -> int:
    """Write the files, or compare them with what would be written; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit 1 on a difference"
    )
    check = parser.parse_args(arguments).check
    stale = []
    for kind in (*KINDS, DECISION):
        path = folder / f"{kind}.jsonl"
        data = content(kind)
        if check:
            if not path.is_file() or path.read_bytes() != data:
                stale.append(path.name)
        else:
            path.write_bytes(data)
    if stale:
        print(f"not up to date: {', '.join(stale)}; run {Path(__file__).name}", file=sys.stderr)
    return int(bool(stale))


def content(kind: str) -> bytes:
    """Return a file: a header line, then a line for each case."""
    if kind == DECISION:
        return _lines([{**_HEADER, "version": 2, "kind": kind}, *decisions()])
    variants = KINDS[kind]
    files = {variant.vocabulary: _vocabulary(variant.vocabulary) for variant in variants}
    contracts = {variant.name: _contract(variant, files) for variant in variants}
    header = {
        **_HEADER,
        "kind": kind,
        "vocabularies": {name: {"text": data.decode()} for name, data in files.items()},
        "contracts": {
            variant.name: {
                "vocabulary": variant.vocabulary,
                "defined_by": variant.defined_by,
                "contract": contracts[variant.name],
            }
            for variant in variants
        },
    }
    lines: list[dict[str, Any]] = [header]
    for variant in variants:
        encoder = PlainEncoder(contracts[variant.name], files[variant.vocabulary])
        seen: set[str] = set()
        for about, text in _texts(variant):
            written = {"text": text} if isinstance(text, str) else {"repeat": text}
            whole = _whole(text)
            if whole in seen:
                continue
            seen.add(whole)
            named = {"id": f"{kind}/{variant.name}/{len(seen)}", "contract": variant.name}
            ids = _written_ids(encoder.encode(whole))
            lines.append({**named, "about": about, **written, **ids})
    return _lines(lines)


def _lines(values: list[dict[str, Any]]) -> bytes:
    """Return a line of JSON each, without spaces: an installation has the files."""
    lines = [json.dumps(value, separators=(",", ":")) for value in values]
    return "".join(f"{line}\n" for line in lines).encode("ascii")


@cache
def _vocabulary(name: str) -> bytes:
    if name == "shipped":
        return (ROOT / SHIPPED).read_bytes()
    if name in _WORDS:
        return "".join(f"{word}\n" for word in _words(name)).encode()
    subwords = "".join(f"'{subword}'\n" for subword in SUBWORDS_BY_VOCABULARY[name])
    return f"### SubwordTextEncoder\n### Metadata: {{}}\n{subwords}".encode()


def _words(name: str) -> list[str]:
    """Return the words of a vocabulary; of that of the rules, most that they find."""
    if name == "words":
        return list(WORDS)
    found: dict[str, None] = {}
    for variant in KINDS["rules"]:
        if variant.vocabulary == name:
            rules = {**_DEFAULTS, **variant.rules}
            for _, text in _texts(variant):
                words = words_of(rules, normalized(rules, _whole(text)))
                found.update(dict.fromkeys(words))
    few = sorted(word for word in found if len(word) <= _LONGEST_WORD and "\n" not in word)
    return [word for i, word in enumerate(few) if i % _ONE_UNKNOWN]


def _contract(variant: Variant, files: dict[str, bytes]) -> dict[str, Any]:
    """Return the object of a `contract.json`."""
    data = files[variant.vocabulary]
    words = variant.vocabulary in _WORDS
    lines = data.count(b"\n")
    contract = TextContract(
        tokenizer="words" if words else "subwords",
        vocabulary_file="vocabulary.words" if words else "vocabulary.subwords",
        vocabulary_sha256=hashlib.sha256(data).hexdigest(),
        vocabulary_size=variant.rules["first_word_id"] + lines if words else lines - 2 + 257,
        **variant.rules,
    )
    values: dict[str, Any] = json.loads(contract.to_json())
    return values


def _texts(variant: Variant) -> Iterator[tuple[str, Text]]:
    for about in variant.about:
        for text in _TEXTS[about]:
            yield about, text
    # The start id is a token too.
    longest = variant.rules["max_length"] - (variant.rules.get("start_id") is not None)
    for difference, about in ((-1, "one below"), (0, "at"), (1, "one above")):
        yield f"{about} the limit", _of_length(variant.units, longest + difference)
    if variant.large:
        for text in LARGE:
            yield "100 kB", text


def _of_length(units: tuple[str, ...], count: int) -> Text:
    if count <= _MOST_UNITS:
        return "".join(units[i % len(units)] for i in range(count))
    rounds, rest = divmod(count, len(units))
    return ["".join(units), rounds, "".join(units[:rest]), 1]


def _whole(text: Text) -> str:
    if isinstance(text, str):
        return text
    return "".join(
        str(unit) * int(times) for unit, times in zip(text[::2], text[1::2], strict=True)
    )


def _written_ids(ids: list[int]) -> dict[str, Any]:
    if len(ids) <= _MOST_IDS:
        return {"ids": ids}
    digest = hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()
    return {"ids_count": len(ids), "ids_sha256": digest}


if __name__ == "__main__":
    sys.exit(main())
