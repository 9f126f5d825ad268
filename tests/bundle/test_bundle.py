"""What a model file carries: written and read back, and every way in which it can be broken."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bundle import Bundle, Golden, GoldenVector
from edgernn.errors import ModelFileError
from edgernn.text import SubwordEncoder, TextContract, TextEncoder

VOCABULARY = SubwordEncoder(["good_", "bad_", "é"]).to_bytes()
CONTRACT = TextContract(
    vocabulary_sha256=hashlib.sha256(VOCABULARY).hexdigest(),
    vocabulary_size=260,
    max_length=20,
    cut="start",
    labels=("schlecht", "schön"),
)
CARD = {"recipe": "tiny", "precision": "int8", "training": {"accuracy": 0.5}, "note": "naïve ☕"}
ATTACHMENTS = Bundle(TextEncoder(CONTRACT, VOCABULARY), CARD).to_attachments()
PAGE = "# tiny\n\nnaïve ☕\n"
GOLDEN = Golden(1e-3, (GoldenVector("good \ud800", (1, 2), 0.25), GoldenVector("", (), None)))
FULL = Bundle(TextEncoder(CONTRACT, VOCABULARY), CARD, PAGE, GOLDEN).to_attachments()

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def contract_with(**changes: object) -> bytes:
    """The contract's JSON with some fields changed."""
    return json.dumps({**json.loads(ATTACHMENTS["contract.json"]), **changes}).encode()


def test_round_trip() -> None:
    """Contract, vocabulary and card come back as they were."""
    bundle = Bundle.from_attachments(ATTACHMENTS)
    assert bundle.contract == CONTRACT
    assert bundle.encoder.vocabulary == VOCABULARY
    assert bundle.card == CARD
    assert bundle.encoder.decode(bundle.encoder.encode("good bad é")) == "good bad é"


def test_the_attachments() -> None:
    """Three files; the vocabulary under the contract's name, unaltered, the others UTF-8 JSON."""
    assert set(ATTACHMENTS) == {"contract.json", "card.json", "vocabulary.subwords"}
    assert ATTACHMENTS["vocabulary.subwords"] == VOCABULARY
    assert "schön" in ATTACHMENTS["contract.json"].decode()
    assert "naïve ☕" in ATTACHMENTS["card.json"].decode()


def test_page_and_golden_vectors() -> None:
    """Two more files where there is a page and where there are vectors; both come back."""
    assert set(FULL) == {*ATTACHMENTS, "card.md", "golden.json"}
    assert {name: FULL[name] for name in ATTACHMENTS} == ATTACHMENTS
    assert FULL["card.md"] == PAGE.encode()
    bundle = Bundle.from_attachments(FULL)
    assert (bundle.page, bundle.golden) == (PAGE, GOLDEN)


@pytest.mark.parametrize("name", ["card.md", "golden.json"])
def test_page_and_golden_vectors_may_be_absent(name: str) -> None:
    """A file without one of them is as good; what is absent is not made up."""
    rest = {key: content for key, content in FULL.items() if key != name}
    bundle = Bundle.from_attachments(rest)
    assert bundle.to_attachments() == rest
    assert bundle.page == ("" if name == "card.md" else PAGE)
    assert bundle.golden == (None if name == "golden.json" else GOLDEN)


def test_more_attachments_are_no_harm() -> None:
    """A file may carry something else besides, such as a licence."""
    assert Bundle.from_attachments({**ATTACHMENTS, "LICENSE": b"\xff"}).card == CARD


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, max_size=4))
def test_any_card_comes_back(card: dict[str, object]) -> None:
    """A card is any JSON object."""
    try:
        json.dumps(card, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # Lone surrogates, which nothing writes.
    attachments = Bundle(TextEncoder(CONTRACT, VOCABULARY), card).to_attachments()
    assert Bundle.from_attachments(attachments).card == card


@pytest.mark.parametrize("name", sorted(ATTACHMENTS))
def test_a_missing_attachment_is_named(name: str) -> None:
    """Without any one of the three the file is not ours."""
    rest = {key: content for key, content in ATTACHMENTS.items() if key != name}
    with pytest.raises(ModelFileError, match=rf"carries no {name}: .*edgernn export"):
        Bundle.from_attachments(rest)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("contract.json", b"", "text contract: not JSON"),
        ("contract.json", b"{", "text contract: not JSON"),
        ("contract.json", b"\xff\xff", "text contract: not JSON"),
        ("contract.json", b"[" * 200_000, "text contract: not JSON"),
        ("contract.json", b"[]", "text contract: not a JSON object"),
        ("contract.json", contract_with(version=3), r"version 3 is not known here \(known: 1, 2\)"),
        ("contract.json", contract_with(version=True), "version True is not known here"),
        ("contract.json", contract_with(case="upper"), "rule case='upper' is not known here"),
        ("contract.json", contract_with(cut=["end"]), r"rule cut=\['end'\] is not known here"),
        ("contract.json", contract_with(tokenizer="bpe"), "rule tokenizer='bpe' is not known"),
        ("contract.json", contract_with(stemming="porter"), "unknown fields: stemming"),
        ("contract.json", contract_with(vocabulary_size=259), "has 260 ids, the contract says 259"),
        ("contract.json", contract_with(vocabulary_file="other"), "carries no other"),
        ("contract.json", contract_with(vocabulary_file="card.json"), "card.json: SHA-256 is"),
        ("vocabulary.subwords", VOCABULARY.replace(b"good_", b"poor_"), "the file was altered"),
        ("vocabulary.subwords", VOCABULARY + b"\n", "the file was altered"),
        ("vocabulary.subwords", b"", "the file was altered"),
        ("card.json", b"", "card.json: not JSON"),
        ("card.json", b"\xff\xff", "card.json: not JSON"),
        ("card.json", b"[" * 200_000, "card.json: not JSON"),
        ("card.json", b'"card"', "card.json: not a JSON object"),
        ("card.md", b"\xff\xff", "card.md: not UTF-8"),
        ("golden.json", b"", "golden.json: not JSON"),
        ("golden.json", b"[]", "golden.json: not an object of tolerance and vectors"),
        ("golden.json", FULL["golden.json"].replace(b"[1, 2]", b"[1, 260]"), r"in \[0, 259\]"),
    ],
)
def test_a_broken_attachment_is_refused(name: str, content: bytes, message: str) -> None:
    """Nothing is read around: another version, an unknown rule, a changed byte."""
    with pytest.raises(ModelFileError, match=message):
        Bundle.from_attachments({**FULL, name: content})


@pytest.mark.parametrize("name", ["contract.json", "card.json", "card.md", "golden.json"])
def test_large_attachments(name: str) -> None:
    """1 MiB is read, a byte more is not: JSON can take 25 times its size in memory."""
    content = FULL[name]
    padded = content + b" " * ((1 << 20) - len(content))
    bundle = Bundle.from_attachments({**FULL, name: padded})
    assert (bundle.card, bundle.page.rstrip(" "), bundle.golden) == (CARD, PAGE, GOLDEN)
    with pytest.raises(ModelFileError, match=f"^{name}: larger than 1 MiB"):
        Bundle.from_attachments({**FULL, name: padded + b" "})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vocabulary_size": (1 << 16) + 1}, "is over 65536, the most that tokenizer 'subwords'"),
        (
            {
                "vocabulary_size": (1 << 19) + 1,
                "tokenizer": "words",
                "separators": " ",
                "first_word_id": 1,
            },
            "is over 524288, the most that tokenizer 'words'",
        ),
        ({"vocabulary_size": 258}, "has 261 lines, the contract says 258 ids"),
    ],
)
def test_large_vocabulary(changes: dict[str, object], reason: str) -> None:
    """A vocabulary that would take seconds to read is refused before it is taken apart."""
    vocabulary = VOCABULARY + b"''\n" * (261 - VOCABULARY.count(b"\n"))
    changes = {**changes, "vocabulary_sha256": hashlib.sha256(vocabulary).hexdigest()}
    changed = {"contract.json": contract_with(**changes), "vocabulary.subwords": vocabulary}
    with pytest.raises(ModelFileError, match=reason):
        Bundle.from_attachments({**ATTACHMENTS, **changed})


def test_check_names() -> None:
    """Contract and card must be there; what is in them is not looked at."""
    Bundle.check_names({"contract.json": b"", "card.json": b""})
    for name in ("contract.json", "card.json"):
        with pytest.raises(ModelFileError, match=f"carries no {name}"):
            Bundle.check_names({other: b"" for other in ATTACHMENTS if other != name})
