"""Golden vectors: written and read back, and every value that no file gives."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bundle import Golden, GoldenVector
from edgernn.bundle.golden import MAX_VECTORS
from edgernn.errors import ModelFileError
from edgernn.text import TextContract

CONTRACT = TextContract(
    vocabulary_sha256=hashlib.sha256(b"").hexdigest(),
    vocabulary_size=260,
    max_length=20,
    cut="start",
)
GOLDEN = Golden(
    1e-3,
    (
        GoldenVector('Café \ud800 \u2028 "quoted" \\ \x00 \U0001f600', (3, 259, 0), 0.25),
        GoldenVector("", (), None),
        GoldenVector("long", tuple(range(20)), 1.0),
    ),
)

IDS = st.lists(st.integers(0, CONTRACT.vocabulary_size - 1), max_size=CONTRACT.max_length)
PROBABILITIES = st.floats(0, 1)


@st.composite
def vectors(draw: st.DrawFn) -> GoldenVector:
    """Any vector that a file with the contract can give; its text may hold lone surrogates."""
    ids = tuple(draw(IDS))
    text = draw(st.text(st.characters(), max_size=30))
    return GoldenVector(text, ids, draw(PROBABILITIES) if ids else None)


def read(golden: Golden) -> Golden:
    return Golden.from_json(golden.to_json().encode("ascii"), CONTRACT)


def test_round_trip() -> None:
    """Texts, ids and probabilities come back to the bit; null stays null."""
    assert read(GOLDEN) == GOLDEN


@given(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.lists(vectors(), min_size=1, max_size=6),
)
def test_anything_comes_back(tolerance: float, some: list[GoldenVector]) -> None:
    """Any text, one that cannot be encoded included, and any probability to its last digit."""
    golden = Golden(tolerance, tuple(some))
    assert read(golden) == golden


def test_the_attachment() -> None:
    """ASCII whatever the texts hold; JSON that any language reads; a line for each vector."""
    text = GOLDEN.to_json()
    assert text.isascii()
    assert text.count("\n") == len(GOLDEN.vectors) + 2
    values = json.loads(text)
    assert values["tolerance"] == 1e-3
    assert values["vectors"][1] == {"text": "", "ids": [], "probability": None}
    assert values["vectors"][0]["ids"] == [3, 259, 0]


def test_whole_numbers() -> None:
    """Another writer may spell a probability of one as `1`."""
    text = GOLDEN.to_json().replace('"probability": 1.0', '"probability": 1')
    assert text != GOLDEN.to_json()
    probability = Golden.from_json(text.encode(), CONTRACT).vectors[2].probability
    assert (probability, type(probability)) == (1.0, float)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"tolerance": ' + b"1" * 5000 + b', "vectors": []}', "not JSON"),
        (b"[]", "not an object of tolerance and vectors"),
        (b'"golden"', "not an object of tolerance and vectors"),
        (b'{"tolerance": 0.1}', "not an object of tolerance and vectors"),
        (b'{"tolerance": 0.1, "vectors": [], "more": 1}', "not an object of tolerance and vectors"),
    ],
)
def test_another_form(data: bytes, reason: str) -> None:
    """What is not the object that was written is refused, with the attachment's name."""
    with pytest.raises(ModelFileError, match=f"^golden.json: {reason}"):
        Golden.from_json(data, CONTRACT)


# 1e999 is read as infinity; a whole number of 400 digits is too large for a float.
NOT_NUMBERS = ["true", '"0.1"', "null", "[]", "NaN", "Infinity", "1e999", "1" + "0" * 400]


@pytest.mark.parametrize("value", [*NOT_NUMBERS, "0", "0.0", "-0.1", "1", "1.0"])
def test_a_tolerance(value: str) -> None:
    """It lies between nothing and everything, both excluded."""
    text = GOLDEN.to_json().replace('"tolerance": 0.001', f'"tolerance": {value}')
    with pytest.raises(ModelFileError, match=r"^golden.json: tolerance .* is not in \(0, 1\)"):
        Golden.from_json(text.encode(), CONTRACT)


@pytest.mark.parametrize("value", [None, {}, "x", [], [{}] * (MAX_VECTORS + 1)])
def test_the_list_of_vectors(value: Any) -> None:
    """One at least, and no more than are read in a moment."""
    data = json.dumps({"tolerance": 0.1, "vectors": value}).encode()
    with pytest.raises(ModelFileError, match=r"^golden\.json: vectors is not a list of 1 to 256"):
        Golden.from_json(data, CONTRACT)


def test_as_many_as_may_be() -> None:
    """The last number allowed is read."""
    golden = Golden(0.1, GOLDEN.vectors[:1] * MAX_VECTORS)
    assert len(read(golden).vectors) == MAX_VECTORS


def altered(**changes: Any) -> bytes:
    """The vectors with some fields of the first one changed; a value of ... takes a field out."""
    first = {**json.loads(GOLDEN.to_json())["vectors"][0], **changes}
    first = {name: value for name, value in first.items() if value is not ...}
    return json.dumps({"tolerance": 0.1, "vectors": [first]}).encode()


IDS_REFUSED = r"ids is not a list of at most 20 integers in \[0, 259\]"
PAIR_REFUSED = "there is a probability where there are ids, null where there are none"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": ...}, "not an object of ids, probability, text"),
        ({"more": 1}, "not an object of ids, probability, text"),
        ({"text": None}, "text is not a string of at most 65536 characters"),
        ({"text": 5}, "text is not a string"),
        ({"text": "a" * 65537}, "text is not a string of at most 65536 characters"),
        ({"ids": None}, IDS_REFUSED),
        ({"ids": "12"}, IDS_REFUSED),
        ({"ids": {"1": 2}}, IDS_REFUSED),
        ({"ids": [1] * 21}, IDS_REFUSED),
        ({"ids": [260]}, IDS_REFUSED),
        ({"ids": [-1]}, IDS_REFUSED),
        ({"ids": [1.0]}, IDS_REFUSED),
        ({"ids": [True]}, IDS_REFUSED),
        ({"ids": [None]}, IDS_REFUSED),
        ({"ids": [10**400]}, IDS_REFUSED),
        ({"ids": []}, PAIR_REFUSED),
        ({"probability": None}, PAIR_REFUSED),
        ({"probability": -0.001}, r"probability -0.001 is not in \[0, 1\]"),
        ({"probability": 1.001}, r"probability 1.001 is not in \[0, 1\]"),
        ({"probability": True}, r"probability True is not in \[0, 1\]"),
        ({"probability": "0.5"}, r"probability '0.5' is not in \[0, 1\]"),
        ({"probability": [0.5]}, r"probability \[0.5\] is not in \[0, 1\]"),
        ({"probability": float("nan")}, r"probability nan is not in \[0, 1\]"),
        ({"probability": float("inf")}, r"probability inf is not in \[0, 1\]"),
        ({"probability": 10**400}, r"probability 10+ is not in \[0, 1\]"),
    ],
)
def test_a_vector(changes: dict[str, Any], reason: str) -> None:
    """A value that no file with the contract gives is refused by the vector's number."""
    with pytest.raises(ModelFileError, match=f"^golden.json: vector 1: {reason}"):
        Golden.from_json(altered(**changes), CONTRACT)


@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_a_vector_of_another_kind(value: Any) -> None:
    """The number is that of the vector."""
    vectors = [json.loads(GOLDEN.to_json())["vectors"][0], value]
    data = json.dumps({"tolerance": 0.1, "vectors": vectors}).encode()
    with pytest.raises(ModelFileError, match=r"^golden\.json: vector 2: not an object"):
        Golden.from_json(data, CONTRACT)


def test_the_limits_are_the_contract_s() -> None:
    """The same vector is right for one contract and refused with another."""
    data = Golden(0.1, GOLDEN.vectors[2:]).to_json().encode()
    assert Golden.from_json(data, CONTRACT)
    shorter = dataclasses.replace(CONTRACT, max_length=19)
    with pytest.raises(ModelFileError, match="at most 19 integers"):
        Golden.from_json(data, shorter)
    smaller = dataclasses.replace(CONTRACT, vocabulary_size=19)
    with pytest.raises(ModelFileError, match=r"in \[0, 18\]"):
        Golden.from_json(data, smaller)


EACH = dataclasses.replace(
    CONTRACT,
    version=None,
    labels=("a", "b"),
    decision="each",
    threshold=None,
    thresholds=(0.5, 0.3),
)
SEVERAL = Golden(
    0.1,
    (
        GoldenVector("good", (1, 2), probabilities=(0.25, 1.0)),
        GoldenVector("", ()),
    ),
)


def test_several_probabilities() -> None:
    """Another field holds one for each label; where there are no ids it is null as well."""
    text = SEVERAL.to_json(EACH.outputs)
    assert json.loads(text)["vectors"] == [
        {"text": "good", "ids": [1, 2], "probabilities": [0.25, 1.0]},
        {"text": "", "ids": [], "probabilities": None},
    ]
    read = Golden.from_json(text.encode(), EACH)
    assert read == SEVERAL
    assert [vector.scores for vector in read.vectors] == [(0.25, 1.0), None]
    assert [vector.scores for vector in GOLDEN.vectors] == [0.25, None, 1.0]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("probabilities", "probability", "not an object of ids, probabilities, text"),
        ("[0.25, 1.0]", "0.25", "probabilities is not a list of 2 numbers"),
        ("[0.25, 1.0]", "[0.25]", "probabilities is not a list of 2 numbers"),
        ("[0.25, 1.0]", "[0.25, 0.5, 0.25]", "probabilities is not a list of 2 numbers"),
        ("[0.25, 1.0]", "[0.25, 1.5]", r"probability 1.5 is not in \[0, 1\]"),
        ("[0.25, 1.0]", "[0.25, null]", r"probability None is not in \[0, 1\]"),
        ("[0.25, 1.0]", "null", "there are probabilities where there are ids"),
    ],
)
def test_several_probabilities_refused(old: str, new: str, reason: str) -> None:
    """As many as labels, each in [0, 1], under the name that the decision asks for."""
    data = SEVERAL.to_json(EACH.outputs).replace(old, new, 1).encode()
    with pytest.raises(ModelFileError, match=f"^golden.json: vector 1: {reason}"):
        Golden.from_json(data, EACH)


BATCH = Golden(
    0.01,
    (GoldenVector("a", (1, 2), 0.25), GoldenVector("", ()), GoldenVector("b", (3,), 0.75)),
    (2, 0),
)


def test_the_batch_is_an_attachment_of_its_own() -> None:
    """So that a reader that does not know it reads the vectors as before."""
    assert BATCH.batch_to_json() == "[2, 0]\n"
    data = BATCH.to_json().encode()
    assert Golden.from_json(data, CONTRACT, b"[2, 0]") == BATCH
    assert Golden.from_json(data, CONTRACT) == dataclasses.replace(BATCH, batch=())


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (b"{", "not JSON"),
        (b"{}", "not a list of 2 to 64 places"),
        (b"[0]", "not a list of 2 to 64 places"),
        (json.dumps([0] * 65).encode(), "not a list of 2 to 64 places"),
        (b"[0, 3]", "3 is not the place of a vector that has ids"),
        (b"[0, -1]", "-1 is not the place"),
        (b"[0, 1]", "1 is not the place of a vector that has ids"),
        (b"[0, true]", "True is not the place"),
        (b"[0, 2.0]", "2.0 is not the place"),
    ],
)
def test_a_batch_that_is_none(batch: bytes, reason: str) -> None:
    """Refused, and the attachment is named."""
    with pytest.raises(ModelFileError, match=f"^golden_batch.json: .*{reason}"):
        Golden.from_json(BATCH.to_json().encode(), CONTRACT, batch)
