"""The conformance cases of version 2's rules: replayed here, one by one and in batches."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from collections import defaultdict

import pytest

from edgernn.conformance.corpus import read_corpus
from edgernn.text import TextContract, TextEncoder, subwords

KIND = "rules"
WITHOUT = {
    **{
        name: {name: "keep"}
        for name in ("html_entities", "quotes", "hashtags", "symbols", "unspaced_scripts")
    },
    "deleted_characters": {"deleted_characters": ""},
    "word_class": {"word_class": "listed", "word_characters": "abc"},
}
"""What a contract becomes without a rule."""


@pytest.fixture(scope="module")
def cases():
    """Cases with their texts and contracts, by the contract's name."""
    found = defaultdict(list)
    for case in read_corpus().values():
        if case.kind == KIND:
            found[case.id.split("/")[1]].append(case)
    return found


@pytest.fixture(scope="module")
def encoders():
    """An encoder of each contract."""
    from edgernn.conformance.corpus import corpus_files

    (path,) = (path for path in corpus_files() if path.stem == KIND)
    header = json.loads(path.read_text("ascii").partition("\n")[0])
    return {
        name: TextEncoder(
            TextContract.from_json(json.dumps(entry["contract"])),
            header["vocabularies"][entry["vocabulary"]]["text"].encode(),
        )
        for name, entry in header["contracts"].items()
    }


@pytest.mark.parametrize("way", ["alone", "batch", "large batch"])
def test_every_case_holds(cases, encoders, way, monkeypatch):
    """Each text gives its ids, alone, as small batches go and as large ones do."""
    monkeypatch.setattr(subwords, "_SMALL_BATCH_CHARACTERS", 0 if way == "large batch" else 1 << 40)
    assert cases.keys() == encoders.keys()
    for name, encoder in encoders.items():
        texts = [case.text for case in cases[name]]
        rows = (
            map(encoder.encode, texts)
            if way == "alone"
            else (ids.tolist() for ids in encoder.encode_batch(texts))
        )
        for case, ids in zip(cases[name], rows, strict=True):
            assert case.holds(ids), (case.id, case.text, ids)


def test_what_there_is(cases, encoders):
    """At least 400 cases; every rule in some contract, alone in some; words and subwords."""
    assert sum(map(len, cases.values())) >= 400
    texts = {case.text for some in cases.values() for case in some}
    assert len(texts) >= 400
    contracts = [encoder.contract for encoder in encoders.values()]
    assert {contract.version for contract in contracts} == {2}
    plain = TextContract(
        vocabulary_sha256="", vocabulary_size=1, max_length=1, cut="end", tokenizer="subwords"
    )
    names = ("html_entities", "quotes", "hashtags", "symbols", "unspaced_scripts", "word_class")
    for name in (*names, "deleted_characters"):
        others = [c for c in contracts if getattr(c, name) != getattr(plain, name)]
        assert others, name
    assert {c.unspaced_scripts for c in contracts} == {"keep", "characters", "bigrams"}
    assert {c.tokenizer for c in contracts} == {"words", "subwords"}
    assert any(c.stop_words for c in contracts)


def test_the_rules_matter(cases, encoders):
    """Without any one of its rules, a contract gives other ids for some of its texts."""
    compared = set()
    for name, encoder in encoders.items():
        if name in ("every-padded", "stop-words"):
            continue  # Their texts are about the ends of a text, and about stop words.
        texts = [case.text for case in cases[name]]
        ids = [row.tolist() for row in encoder.encode_batch(texts)]
        for rule, changes in WITHOUT.items():
            if getattr(encoder.contract, rule) == changes[rule]:
                continue
            other = TextEncoder(
                dataclasses.replace(encoder.contract, **changes), encoder.vocabulary
            )
            compared.add(rule)
            assert [row.tolist() for row in other.encode_batch(texts)] != ids, (name, rule)
    assert compared == WITHOUT.keys()


def test_no_newer_letters(cases):
    """Unicode versions agree on the case and on the composition of all letters in the texts."""
    old = unicodedata.ucd_3_2_0
    for character in {c for some in cases.values() for case in some for c in case.text}:
        if (
            old.category(character) == "Cn"
            and character not in "\u0377\u1e9e\u2c00\u2c65\u023a\ua727"
        ):
            assert character.lower() == character.upper() == character, hex(ord(character))
            assert unicodedata.normalize("NFC", character) == character, hex(ord(character))
