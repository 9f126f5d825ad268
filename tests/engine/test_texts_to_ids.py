"""The engine's encoder: the ids of Python's, what is known of a text too, whatever the contract."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from native_networks import blocks, open_network
from random_networks import VOCABULARY, Weights

from edgernn.engine import Encoder, EngineError, Library, TextRules
from edgernn.engine.library import Opened
from edgernn.runtime.native_texts import make_encoder, read_texts
from edgernn.text import EncodedTexts, TextContract, TextEncoder
from exporters.network import Network, Pool

pytestmark = pytest.mark.spawns
"""The engine is compiled for it, by a process of the compiler."""

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("subwords", "words", "stop_words", "rules")

WORDS = ("a", "b", "ab", "film", "it's", "wonderfully", "sixteen-letters-", "sixteen-letters-more")
SUBWORDS = (
    "a_",
    "ab_",
    "ab",
    "abc",
    "film_",
    "fil",
    ", ",
    "<",
    "e",
    "é_",
    "tion_",
    "it",
    "longer_",
)
PIECES = st.sampled_from(
    [
        *WORDS,
        *("A", "FILM", "<br>", "<BR />", "<br/>", "<br  >", "<b", "<", ">", " ", "  ", "\n", "\0"),
        *(
            "x",
            ",",
            ". ",
            "é",
            "É",
            "ß",
            "电影",
            "😀",
            "&amp;",
            "&",
            "#Film",
            "_",
            "\\",
            "\x80",
            "’",
        ),
        *("ſ", "İ", "\ud83d", "e\u0301", "tion", "longer word", "abcabc"),
    ]
)
TEXTS = st.lists(st.lists(PIECES, max_size=24).map("".join), max_size=5)
FAST = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def through_engine(library: Library, encoder: TextEncoder, texts: Sequence[str]) -> EncodedTexts:
    """Encode as scoring does."""
    rules = encoder.byte_rules()
    assert rules is not None
    made = make_encoder(library, encoder, rules)
    assert made is not None
    data, forms, by_hand = read_texts(rules, encoder, texts)
    ids, told = made.encode(data, bytes(forms))
    for place, share, more in by_hand:
        told.known[place], told.truncated[place] = share, more
    return EncodedTexts(ids, told.known, told.truncated)


def assert_same(found: EncodedTexts, expected: EncodedTexts) -> None:
    assert [ids.tolist() for ids in found.ids] == [ids.tolist() for ids in expected.ids]
    assert found.known == expected.known
    assert found.truncated == expected.truncated


def contract_of(vocabulary: bytes, size: int, **rules: Any) -> TextEncoder:
    digest = hashlib.sha256(vocabulary).hexdigest()
    contract = TextContract(vocabulary_sha256=digest, vocabulary_size=size, **rules)
    return TextEncoder(contract, vocabulary)


def corpora() -> Iterator[tuple[TextEncoder, list[str]]]:
    """Each contract of the conformance cases with its texts."""
    for kind in KINDS:
        path = ROOT / "runtimes" / "conformance" / f"{kind}.jsonl"
        header, *cases = map(json.loads, path.read_text("ascii").splitlines())
        texts: dict[str, list[str]] = {}
        for case in cases:
            text = case.get("text")
            if text is None:
                units = case["repeat"]
                text = "".join(u * n for u, n in zip(units[::2], units[1::2], strict=True))
            texts.setdefault(case["contract"], []).append(text)
        for name, entry in header["contracts"].items():
            contract = TextContract.from_json(json.dumps(entry["contract"]))
            vocabulary = header["vocabularies"][entry["vocabulary"]]["text"].encode()
            yield TextEncoder(contract, vocabulary), texts[name]


def test_conformance_cases(engine: Library) -> None:
    """All texts of all contracts; most contracts are tables of bytes."""
    texts = left_out = contracts = 0
    for encoder, some in corpora():
        contracts += 1
        if encoder.byte_rules() is None:
            left_out += 1
            continue
        assert_same(through_engine(engine, encoder, some), encoder.encode_texts(some))
        texts += len(some)
    assert texts > 10_000
    assert left_out < contracts / 4, left_out


@FAST
@given(
    texts=TEXTS,
    rule=st.sampled_from(
        [
            {"separators": ",.<>\n"},
            {"separators": ",é电"},
            {"word_characters": "abcdefghijklmnopqrstuvwxyz'-"},
            {"word_class": "letters"},
            {"separators": ".", "symbols": "words", "unspaced_scripts": "bigrams"},
        ]
    ),
    stop_words=st.sampled_from([(), ("a", "film")]),
    unknown_id=st.sampled_from([None, 1]),
    start_id=st.sampled_from([None, 2]),
    max_length=st.integers(1, 6),
    cut=st.sampled_from(["start", "end"]),
    padding=st.sampled_from(["none", "start", "end"]),
    case=st.sampled_from(["keep", "lower"]),
    html_breaks=st.sampled_from(["keep", "space"]),
    control_characters=st.sampled_from(["keep", "space"]),
    more=st.sampled_from(
        [{}, {"deleted_characters": "'x"}, {"html_entities": "decode", "hashtags": "open"}]
    ),
)
def test_words(engine: Library, texts: list[str], rule: Any, more: Any, **rules: Any) -> None:
    """Any texts and rules, however few ids are kept, from either end."""
    vocabulary = "".join(f"{word}\n" for word in WORDS).encode()
    encoder = contract_of(
        vocabulary, 3 + len(WORDS), tokenizer="words", first_word_id=3, **rule, **rules, **more
    )
    assert_same(through_engine(engine, encoder, texts), encoder.encode_texts(texts))


@FAST
@given(
    texts=TEXTS,
    max_length=st.integers(1, 9),
    cut=st.sampled_from(["start", "end"]),
    padding=st.sampled_from(["none", "start", "end"]),
    case=st.sampled_from(["keep", "lower"]),
    html_breaks=st.sampled_from(["keep", "space"]),
    deleted_characters=st.sampled_from(["", "x,"]),
)
def test_subwords(engine: Library, texts: list[str], **rules: Any) -> None:
    """Spaces behind words, letters spelled in bytes, the longest subword first."""
    lines = ["### SubwordTextEncoder", "### Metadata: {}", *(f"'{s}'" for s in SUBWORDS), ""]
    encoder = contract_of("\n".join(lines).encode(), 257 + len(SUBWORDS), **rules)
    assert_same(through_engine(engine, encoder, texts), encoder.encode_texts(texts))


def rules_of(vocabulary: dict[bytes, int], **changed: Any) -> TextRules:
    table = bytes(range(256))
    rules = TextRules("words", table, b"", False, vocabulary, 0, None, 0, 5, "end", "none", 0)
    return rules._replace(**changed)


@pytest.mark.parametrize("padding", ["none", "start", "end"])
def test_scores(engine: Library, padding: str) -> None:
    """Those of the ids, whatever sizes come in turns; 0 of texts without ids."""
    network = Network((Weights(2).embedding(), Pool(), Weights(2).dense(24)))
    model = open_network(engine, network)
    words = {b"w%d" % number: number for number in range(1, VOCABULARY)}
    # More ids than are scored together otherwise.
    encoder = Encoder(engine, rules_of(words, max_length=6000, padding=padding))
    for texts in ([b"w1 w2"], [b"w3", b"", b"w4 w5 " * 40], [b"w7 " * 9000], [b"w8 w1", b"w9"]):
        forms = bytes(len(texts))
        ids, told = encoder.encode(texts, forms)
        assert told.counts == [len(one) for one in ids]
        found, facts = encoder.score(model, texts, forms)
        assert facts == told
        expected = [model.score([one])[0] if len(one) else np.zeros(1) for one in ids]
        np.testing.assert_array_equal(np.array(found)[:, None], expected)


def test_words_of_one_place(engine: Library) -> None:
    """A vocabulary made so that all its words are looked for at one place is refused."""
    low = np.uint64(0x9E3779B97F4A7C15)
    inverse = np.uint64(pow(int(low), -1, 1 << 64))
    # Of eight bytes each, whose products have the same highest bits.
    with np.errstate(over="ignore"):
        keys = np.arange(1, 200, dtype=np.uint64) * inverse
    words = {key.tobytes(): place for place, key in enumerate(keys)}
    with pytest.raises(EngineError, match="takes too long to search") as caught:
        Encoder(engine, rules_of(words))
    assert caught.value.status == "unsupported"


@pytest.mark.parametrize("tokens", ["words", "subwords"])
def test_no_memory(engine: Library, tokens: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever allocation fails, there is an error, and all memory is given back."""
    refused = 0
    for allowed in range(100):
        monkeypatch.setattr(Opened.__init__, "__defaults__", (blocks(allowed),))
        try:
            Encoder(engine, rules_of({b"film": 1, b"good_": 2}, tokens=tokens))
        except EngineError as error:
            assert error.status == "no memory"  # noqa: PT017
            refused += 1
    assert 3 < refused < 50


def test_calls_that_make_no_sense(engine: Library) -> None:
    """Forms that there are not, half an id, more ids than a text may have."""
    encoder = Encoder(engine, rules_of({b"film": 1}))
    for text, form in ((b"film", 3), (b"abc", 2), (b"\0\0\0\0" * 6, 2)):
        with pytest.raises(EngineError) as caught:
            encoder.encode([b"film", text], bytes([0, form]))
        assert caught.value.status == "bad call"
    with pytest.raises(EngineError):
        Encoder(engine, rules_of({b"": 1}))
    with pytest.raises(EngineError):
        Encoder(engine, rules_of({b"film": 1}, max_length=0))
    ids, _ = encoder.encode([b"film x", b"", b"\1\0\0\0"], bytes([0, 0, 2]))
    assert [each.tolist() for each in ids] == [[1, 0], [], [1]]
