"""`docs/contract.md` says what the code does: fields, errors, bytes, examples."""

import dataclasses
import hashlib
import json
import re
import struct
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from edgernn.bundle import Bundle
from edgernn.bundle.checksums import with_sums
from edgernn.bundle.golden import MAX_CHARACTERS, MAX_VECTORS, Golden
from edgernn.bundle.onnx.attachments import find_attachments, write_attachments
from edgernn.bundle.tflite.attachments import append_attachments
from edgernn.errors import ModelFileError
from edgernn.ngrams import FLOAT32, HASHES, LONGEST
from edgernn.recipes.recipe import TextRules
from edgernn.text import CONTRACT_VERSIONS, TextContract, TextEncoder
from edgernn.text.code_points import SETS
from edgernn.training.vocabulary import VOCABULARY_FILES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "contract.md").read_text("utf-8")
EXAMPLES = {
    title: part
    for title, _, part in (part.partition("\n") for part in PAGE.split("\n### Example: ")[1:])
}
INTEGER = re.compile(r"(\d+) to (vocabulary_size(?: - 1)?|\d+)")
OF_THE_RECIPE = ("recipe", "vocabulary", "the lowest that can say it")
"""What stands in place of a default that there is none of."""


def rows(part, head):
    """Return the cells of the rows of the table that begins with a head."""
    lines = part[part.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def block(part, kind):
    """Return the content of a fenced block."""
    return re.search(f"^```{kind}\n(.*?)^```$", part, re.DOTALL | re.MULTILINE)[1]


FIRST, SECOND = (
    {row[0].strip("`"): row[1:] for row in rows(PAGE, head)}
    for head in ("| field |", "| field of version 2 |")
)
FIELDS = FIRST | SECOND
CHOICES = {
    name: get_args(kind)
    for name, kind in get_type_hints(TextContract).items()
    if get_origin(kind) is Literal
}
KNOWN = {field.name: field for field in dataclasses.fields(TextContract)}
CONTRACTS = {title: json.loads(block(part, "json")) for title, part in EXAMPLES.items()}


def refused(changes, title="subwords"):
    """Tell whether an example's contract is refused with some fields changed."""
    contract = CONTRACTS[title]
    try:
        TextContract.from_json(
            json.dumps((second(contract) if changes.keys() & SECOND.keys() else contract) | changes)
        )
    except ModelFileError:
        return True
    return False


def second(contract):
    """Return a contract of version 1 as one of version 2 that says the same."""
    return contract | {
        "version": 2,
        **{name: json.loads(row[2].strip("`")) for name, row in SECOND.items()},
    }


def test_the_version():
    """The page describes the versions that are written."""
    assert CONTRACT_VERSIONS == (1, 2)
    assert PAGE.startswith("# The text contract, versions 1 and 2\n")


def test_every_field_is_there():
    """All of them, in the order of the file, and no other."""
    assert list(FIELDS) == list(KNOWN)
    assert list(CONTRACTS["subwords"]) == list(FIRST)


@pytest.mark.parametrize("name", KNOWN)
def test_allowed_values(name):
    """Choices and ranges are those of the code; one step beyond a range is refused."""
    kind, allowed, _, _ = FIELDS[name]
    if name in CHOICES:
        assert kind == "string"
        assert allowed == ", ".join(f"`{choice}`" for choice in CHOICES[name])
    elif name == "version":
        assert (kind, allowed) == ("integer", " or ".join(map(str, CONTRACT_VERSIONS)))
    elif kind.startswith("integer"):
        title = "the words of keras.datasets.imdb"
        size = CONTRACTS[title]["vocabulary_size"]
        low, high = INTEGER.fullmatch(allowed).groups()
        highest = {"vocabulary_size": size, "vocabulary_size - 1": size - 1}.get(high)
        low, highest = int(low), int(high) if highest is None else highest
        assert refused({name: low - 1}, title)
        # Of one id there could be no start id and no unknown id.
        assert not refused({name: low if name != "vocabulary_size" else size}, title)
        assert not refused({name: highest}, title)
        assert refused({name: highest + 1}, title)
        may_be_null = kind == "integer or null"
        assert may_be_null == (name in ("first_word_id", "unknown_id", "start_id"))
        assert refused({name: None}, title) == (name == "first_word_id" or not may_be_null)
    else:
        assert name in (
            *("vocabulary_sha256", "vocabulary_file", "separators", "word_characters"),
            *("stop_words", "labels", "threshold", "thresholds", "none_below"),
            "deleted_characters",
        )


@pytest.mark.parametrize("name", ["separators", "word_characters", "deleted_characters"])
def test_most_characters(name):
    """As many as the page says, and not one more."""
    most = int(re.fullmatch(r"at most (\d+) characters", FIELDS[name][1])[1])
    other = {"separators": "", "word_characters": ""}
    if name == "deleted_characters":
        other = {}
    assert not refused(other | {name: "x" * most}, "stop words")
    assert refused(other | {name: "x" * (most + 1)}, "stop words")


def test_most_stop_words():
    """As many as the page says, and not one more."""
    most = int(re.fullmatch(r"at most (\d+), none empty", FIELDS["stop_words"][1])[1])
    assert not refused({"stop_words": ["x"] * most}, "stop words")
    assert refused({"stop_words": ["x"] * (most + 1)}, "stop words")


@pytest.mark.parametrize("name", KNOWN)
def test_types(name):
    """Each field of each example has the type that the page gives it."""
    types = {
        "string": (str,),
        "integer": (int,),
        "number": (float,),
        "integer or null": (int, type(None)),
        "array of strings": (list,),
        "array of numbers": (list,),
        "number or null": (float, type(None)),
    }[FIELDS[name][0]]
    for contract in CONTRACTS.values():
        value = second(contract)[name]
        assert type(value) in types
        item = float if FIELDS[name][0] == "array of numbers" else str
        assert not isinstance(value, list) or all(isinstance(one, item) for one in value)


@pytest.mark.parametrize("name", KNOWN)
def test_defaults(name):
    """They are the contract's and the recipes'; a field without one says whose it is."""
    default = FIELDS[name][2]
    of_recipes = {field.name: field.default for field in dataclasses.fields(TextRules)}
    if name == "vocabulary_file":
        literals = [json.loads(literal) for literal in re.findall("`(.*?)`", default)]
        assert literals == list(VOCABULARY_FILES.values())
        assert literals[0] == KNOWN[name].default
    elif default in OF_THE_RECIPE:
        assert of_recipes.get(name, dataclasses.MISSING) is dataclasses.MISSING
        assert (name in of_recipes) == (default == "recipe")
    else:
        value = json.loads(default.strip("`"))
        own = KNOWN[name].default
        assert value == (list(own) if isinstance(own, tuple) else own)
        assert of_recipes.get(name, own) == own


@pytest.mark.parametrize(
    ("name", "values"), [("separators", [","]), ("word_characters", ["a"]), ("stop_words", [["a"]])]
)
def test_subwords_have_no_rules_of_words(name, values):
    """Those fields are empty there."""
    assert not refused({})
    assert all(refused({name: value}) for value in values)


@pytest.mark.parametrize("title", EXAMPLES)
def test_examples(title):
    """Each contract is as edgernn writes it, and each text gives the ids."""
    part = EXAMPLES[title]
    encoder = TextEncoder(
        TextContract.from_json(block(part, "json")), block(part, "text").encode("utf-8")
    )
    assert encoder.contract.to_json() == block(part, "json")
    cases = rows(part, "| text |")
    assert len(cases) >= 5
    for text, ids, _ in cases:
        text, ids = json.loads(text.strip("`")), json.loads(ids.strip("`"))
        assert encoder.encode(text) == ids
        assert encoder.encode_batch([text])[0].tolist() == ids


@pytest.mark.parametrize(("changed", "error"), rows(PAGE, "| changed |"))
def test_errors(changed, error):
    """Each is worded as the page says."""
    values = dict(CONTRACTS["subwords"])
    if changed.startswith("without "):
        del values[changed.removeprefix("without ").strip("`")]
    elif changed.startswith("`{"):
        values |= json.loads(changed.strip("`"))
    data = {"not JSON": "{", "`[]`": "[]"}.get(changed, json.dumps(values))
    with pytest.raises(ModelFileError) as found:
        TextEncoder(TextContract.from_json(data), block(EXAMPLES["subwords"], "text").encode())
    message = str(found.value)
    assert message.startswith(error[:-1]) if error.endswith("…") else message == error


def test_the_sets():
    """All of them but the letters are on the page, as they are in the code."""
    found = {row[0].strip("`"): row[2] for row in rows(PAGE, "| set |")}
    assert found == {name: ranges for name, ranges in SETS.items() if name != "letters"}


def test_the_bytes_of_onnx():
    """An attachment in an .onnx file, and where compression begins."""
    written = bytes.fromhex(block(PAGE, "hex onnx"))
    assert write_attachments(b"", {"note.txt": b"hi"}) == written
    assert find_attachments(written, "page").read() == {"note.txt": b"hi"}
    assert "up to 4,096 bytes" in PAGE
    for size, key in ((4096, b"edgernn.a"), (4097, b"edgernn+deflate.a")):
        assert key in write_attachments(b"", {"a": b"x" * size})


def test_the_bytes_of_tflite():
    """An attachment behind the smallest flatbuffer that has a root table."""
    flatbuffer = struct.pack("<I4sHHi", 12, b"TFL3", 4, 4, 4)
    archive = bytes.fromhex(block(PAGE, "hex tflite"))
    assert append_attachments(flatbuffer, {"note.txt": b"hi"}) == flatbuffer + archive


def test_the_checksums():
    """The lines for a graph of no bytes and one attachment."""
    sums = with_sums({"note.txt": b"hi"}, hashlib.sha256(b"").hexdigest())["SHA256SUMS"]
    assert sums.decode() == block(PAGE, "text sums")


def test_the_golden_vectors():
    """The example is one, and its ids are those of the example's contract."""
    data = block(PAGE, "json golden").encode()
    part = EXAMPLES["subwords"]
    contract = TextContract.from_json(block(part, "json"))
    golden = Golden.from_json(data, contract)
    encoder = TextEncoder(contract, block(part, "text").encode())
    assert [encoder.encode(v.text) for v in golden.vectors] == [list(v.ids) for v in golden.vectors]
    assert golden.to_json().encode() == data
    lines = PAGE[PAGE.index("| `vectors` |") :].splitlines()
    assert f"1 to {MAX_VECTORS}" in lines[0]
    assert [line for line in lines if f"at most {MAX_CHARACTERS} characters" in line]


def test_the_largest_vocabularies():
    """One id more than edgernn reads is refused, before the vocabulary is looked at."""
    found = re.search(r"of up to ([\d,]+) for subwords\s+and ([\d,]+) for words", PAGE)
    for most, title in zip(found.groups(), ("subwords", "stop words"), strict=True):
        most = int(most.replace(",", ""))
        for size, message in ((most, "SHA-256 is"), (most + 1, f"{most + 1} is over {most}")):
            contract = CONTRACTS[title] | {"vocabulary_size": size}
            files = {
                "contract.json": json.dumps(contract).encode(),
                "card.json": b"{}",
                contract["vocabulary_file"]: b"x",
            }
            with pytest.raises(ModelFileError, match=message):
                Bundle.from_attachments(files)


def test_the_constants_of_ngrams():
    """Those of both hashes, and the largest vocabulary."""
    page = json.loads(block(PAGE, "json ngrams"))
    names = ("multipliers", "offsets", "check_multipliers", "check_offsets")
    for name, hash in HASHES.items():
        found = {field: getattr(hash, field) for field in names}
        assert page[name] == json.loads(json.dumps(found))
    assert page.keys() == HASHES.keys()
    most = min(FLOAT32.most_ids(longest) for longest in range(1, LONGEST + 1))
    assert f"vocabulary of up to {most:,} ids" in PAGE.replace("\n", " ")
