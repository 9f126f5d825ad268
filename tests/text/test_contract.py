"""The text contract as JSON: read exactly as written, or refused with a reason."""

import dataclasses
import json
import re

import pytest

from edgernn.errors import ModelFileError
from edgernn.text import Decision, TextContract

FIELDS = {
    "vocabulary_sha256": "ab" * 32,
    "vocabulary_size": 8185,
    "max_length": 512,
    "cut": "start",
}


WORDS = {
    "tokenizer": "words",
    "separators": " ,.",
    "stop_words": ["the", "of"],
    "first_word_id": 4,
    "unknown_id": 2,
    "start_id": 1,
    "vocabulary_file": "vocabulary.words",
}

LEFT_OUT = object()

SECOND = {
    "version": 2,
    "decision": "threshold",
    "thresholds": [],
    "none_below": None,
    "html_entities": "keep",
    "quotes": "keep",
    "hashtags": "keep",
    "deleted_characters": "",
    "symbols": "keep",
    "unspaced_scripts": "keep",
    "word_class": "listed",
}
"""What a contract of version 2 has beside the fields of version 1."""
LARGEST = {"decision": "largest", "threshold": None, "labels": ["a", "b", "c"]}
EACH = {"decision": "each", "threshold": None, "labels": ["a", "b"], "thresholds": [0.3, 0.7]}


def json_with(**changes):
    """Return the JSON of a good contract with some fields changed or left out."""
    values = json.loads(TextContract(**FIELDS).to_json()) | changes
    return json.dumps({name: value for name, value in values.items() if value is not LEFT_OUT})


def test_what_is_written_is_read_back():
    """Every field, with values that are not the defaults; the same bytes again."""
    contract = TextContract(
        **FIELDS,
        unicode_form="NFC",
        html_breaks="space",
        control_characters="space",
        case="lower",
        vocabulary_file="words.txt",
        padding_id=3,
        labels=("böse", "gut"),
        threshold=0.25,
    )
    written = contract.to_json()
    assert TextContract.from_json(written) == contract
    assert TextContract.from_json(written.encode()) == contract
    assert TextContract.from_json(written.encode()).to_json() == written


@pytest.mark.parametrize(
    "changes", [{}, {"separators": "", "word_characters": "abc"}, {"unknown_id": None}]
)
def test_contracts_of_words_are_read_back(changes):
    """The fields that only words have."""
    contract = TextContract.from_json(json_with(**WORDS | changes))
    assert contract.tokenizer == "words"
    assert contract.stop_words == ("the", "of")
    assert TextContract.from_json(contract.to_json()) == contract


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("separators", "", "needs either separators or word_characters"),
        ("word_characters", "abc", "needs either separators or word_characters"),
        ("separators", 7, "separators is not a string"),
        ("separators", "x" * 5000, "separators is not a string of at most 4096"),
        ("stop_words", "the", "stop_words is not a list"),
        ("stop_words", [""], "stop_words is not a list of at most"),
        ("stop_words", [1], "stop_words is not a list of at most"),
        ("first_word_id", None, "first_word_id None is not an integer in [1, 8185]"),
        ("first_word_id", 0, "first_word_id 0 is not an integer"),
        ("first_word_id", 8186, "first_word_id 8186 is not an integer"),
        ("unknown_id", 8185, "unknown_id 8185 is not an integer in [0, 8184]"),
        ("unknown_id", True, "unknown_id True is not an integer"),
        ("start_id", -1, "start_id -1 is not an integer"),
        ("start_id", 1.0, "start_id 1.0 is not an integer"),
    ],
)
def test_wrong_values_of_words(name, value, message):
    """Types and ranges of the fields that only words have."""
    with pytest.raises(ModelFileError, match=re.escape(message)):
        TextContract.from_json(json_with(**WORDS | {name: value}))


@pytest.mark.parametrize("name", sorted(set(WORDS) - {"tokenizer", "vocabulary_file"}))
def test_subwords_have_no_word_rules(name):
    """A rule that would do nothing is refused: whoever wrote it meant something else."""
    with pytest.raises(ModelFileError, match=f"tokenizer 'subwords' has no {name}"):
        TextContract.from_json(json_with(**{name: WORDS[name]}))


def test_the_json_is_one_field_a_line():
    """The exact text, so that a change of the format does not go unseen."""
    assert TextContract(**FIELDS).to_json() == (
        "{\n"
        f'  "vocabulary_sha256": "{"ab" * 32}",\n'
        '  "vocabulary_size": 8185,\n'
        '  "max_length": 512,\n'
        '  "cut": "start",\n'
        '  "version": 1,\n'
        '  "unicode_form": "none",\n'
        '  "html_breaks": "keep",\n'
        '  "control_characters": "keep",\n'
        '  "case": "keep",\n'
        '  "tokenizer": "subwords",\n'
        '  "separators": "",\n'
        '  "word_characters": "",\n'
        '  "stop_words": [],\n'
        '  "first_word_id": null,\n'
        '  "unknown_id": null,\n'
        '  "start_id": null,\n'
        '  "vocabulary_file": "vocabulary.subwords",\n'
        '  "padding": "none",\n'
        '  "padding_id": 0,\n'
        '  "labels": [\n    "negative",\n    "positive"\n  ],\n'
        '  "threshold": 0.5\n'
        "}\n"
    )


def test_a_contract_cannot_be_changed():
    """It describes a trained model, so it is frozen."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        TextContract(**FIELDS).max_length = 1


@pytest.mark.parametrize("version", [0, 3, "1", 1.0, True, [1], None])
def test_unknown_versions(version):
    """Refused first, by name, even when the fields differ too."""
    data = json_with(version=version, surprise=1)
    message = f"version {version!r} is not known here (known: 1, 2): update edgernn"
    with pytest.raises(ModelFileError, match=re.escape(message)):
        TextContract.from_json(data)


@pytest.mark.parametrize(
    "name", [field.name for field in dataclasses.fields(TextContract) if field.name != "version"]
)
def test_missing_fields(name):
    """No field has a default in a file of its version."""
    for values in [json_with(**{name: LEFT_OUT})] * (name not in SECOND) + [
        json_with(**SECOND | {name: LEFT_OUT})
    ]:
        with pytest.raises(ModelFileError, match=f"text contract lacks fields: {name}$"):
            TextContract.from_json(values)


def test_unknown_fields():
    """All of them are named."""
    with pytest.raises(ModelFileError, match="text contract has unknown fields: stem, suffixes"):
        TextContract.from_json(json_with(suffixes=[], stem=True))


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("unicode_form", "none, NFC"),
        ("html_breaks", "keep, space"),
        ("control_characters", "keep, space"),
        ("case", "keep, lower"),
        ("tokenizer", "subwords, words"),
        ("cut", "start, end"),
        ("padding", "none, start, end"),
        ("html_entities", "keep, decode"),
        ("quotes", "keep, ascii"),
        ("hashtags", "keep, open"),
        ("symbols", "keep, words"),
        ("unspaced_scripts", "keep, characters, bigrams"),
        ("word_class", "listed, letters"),
    ],
)
@pytest.mark.parametrize("value", ["NFKC", "", 1, ["keep"], {}, False])
def test_unknown_rules(name, known, value):
    """Each is refused with what is known."""
    message = f"text contract rule {name}={value!r} is not known here (known: {known})"
    with pytest.raises(ModelFileError, match=re.escape(message)):
        TextContract.from_json(json_with(**(SECOND if name in SECOND else {}) | {name: value}))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("vocabulary_size", 0, "vocabulary_size 0 is not an integer in [1, 16777216]"),
        ("vocabulary_size", 8185.0, "vocabulary_size 8185.0 is not an integer"),
        ("vocabulary_size", 1 << 25, "is not an integer in [1, 16777216]"),
        ("max_length", 0, "max_length 0 is not an integer in [1, 65536]"),
        ("max_length", -1, "max_length -1 is not an integer"),
        ("max_length", "512", "max_length '512' is not an integer"),
        ("max_length", True, "max_length True is not an integer"),
        ("max_length", (1 << 16) + 1, "max_length 65537 is not an integer"),
        ("padding_id", 8185, "padding_id 8185 is not an integer in [0, 8184]"),
        ("padding_id", -1, "padding_id -1 is not an integer"),
        ("threshold", 0.0, "threshold 0.0 is not in (0, 1)"),
        ("threshold", 1.0, "threshold 1.0 is not in (0, 1)"),
        ("threshold", 1, "threshold 1 is not in (0, 1)"),
        ("threshold", float("nan"), "threshold nan is not in (0, 1)"),
        ("threshold", "0.5", "threshold '0.5' is not in (0, 1)"),
        ("vocabulary_sha256", 7, "vocabulary_sha256 is not a string"),
        ("vocabulary_file", ["a"], "vocabulary_file is not a string"),
        ("labels", "ab", "labels is not a list"),
        ("labels", {"a": 1, "b": 2}, "labels is not a list"),
        ("labels", ["one"], "are not two names"),
        ("labels", ["a", "b", "c"], "are not two names"),
        ("labels", ["same", "same"], "are not two names"),
        ("labels", ["", "b"], "are not two names"),
        ("labels", ["a", 1], "are not two names"),
    ],
)
def test_wrong_values(name, value, message):
    """Types and ranges, each with its own message."""
    with pytest.raises(ModelFileError, match=re.escape(message)):
        TextContract.from_json(json_with(**{name: value}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ("{}".encode("utf-16"), "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("null", "not a JSON object"),
        ('"version"', "not a JSON object"),
        ("{}", "version None is not known"),
    ],
)
def test_not_a_contract(data, message):
    """What is no JSON object at all."""
    with pytest.raises(ModelFileError, match=message):
        TextContract.from_json(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"none_below": 0.9},
        LARGEST,
        LARGEST | {"none_below": 0.4},
        EACH,
        LARGEST | {"labels": [f"{number} {'x' * 250}" for number in range(1024)]},
        {"html_entities": "decode"},
        {"quotes": "ascii"},
        {"hashtags": "open"},
        {"deleted_characters": "-\u00ad"},
        WORDS | {"symbols": "words"},
        WORDS | {"unspaced_scripts": "bigrams"},
        WORDS | {"word_class": "letters", "separators": ""},
        WORDS | {"word_class": "letters", "separators": "", "word_characters": "'"},
    ],
)
def test_contracts_of_version_2(changes):
    """They are read back as they were written, and made without a version that is theirs."""
    contract = TextContract.from_json(json_with(**SECOND | changes))
    assert contract.version == 2
    assert TextContract.from_json(contract.to_json()) == contract
    values = {name: getattr(contract, name) for name in changes}
    assert TextContract(**FIELDS, **values) == contract
    assert contract.decides == Decision(
        contract.threshold, contract.decision, contract.thresholds, contract.none_below
    )


def test_the_lowest_version():
    """Version 1, wherever it can say it; a file of version 2 that says no more stays one."""
    assert TextContract(**FIELDS, threshold=0.7, labels=("spam", "ham")).version == 1
    explicit = TextContract.from_json(json_with(**SECOND))
    assert explicit.version == 2
    assert json.loads(explicit.to_json()) == json.loads(json_with(**SECOND))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decision": "best"}, "rule decision='best' is not known here"),
        ({"threshold": None}, "threshold None is not in (0, 1)"),
        ({"labels": ["a", "b", "c"]}, "decision 'threshold' is one of two labels"),
        (LARGEST | {"threshold": 0.5}, "decision 'largest' has no threshold"),
        (LARGEST | {"labels": ["a", "b"]}, "decision 'largest' is one of three labels or more"),
        (LARGEST | {"thresholds": [0.5]}, "thresholds is not a list of 0 numbers in (0, 1)"),
        (EACH | {"thresholds": [0.5]}, "thresholds is not a list of 2 numbers in (0, 1)"),
        (EACH | {"thresholds": [0.5, 1.0]}, "thresholds is not a list of 2 numbers in (0, 1)"),
        (EACH | {"thresholds": 0.5}, "thresholds is not a list"),
        (EACH | {"none_below": 0.5}, "decision 'each' has no none_below"),
        (LARGEST | {"none_below": 1.0}, "none_below 1.0 is not in (0, 1)"),
        (LARGEST | {"labels": ["a", "b", "b"]}, "labels are not 2 to 1,024 different names"),
        (LARGEST | {"labels": ["a", "b", ["c"]]}, "labels are not 2 to 1,024 different names"),
        (LARGEST | {"labels": list(map(str, range(1025)))}, "labels are not 2 to 1,024"),
        (LARGEST | {"labels": ["a", "b", "x" * 257]}, "a label has more than 256 characters"),
        ({"deleted_characters": 1}, "deleted_characters is not a string of at most 4096"),
        ({"deleted_characters": "x" * 4097}, "deleted_characters is not a string of at most 4096"),
        ({"symbols": "words"}, "tokenizer 'subwords' has no symbols"),
        ({"unspaced_scripts": "bigrams"}, "tokenizer 'subwords' has no unspaced_scripts"),
        ({"word_class": "letters"}, "tokenizer 'subwords' has no word_class"),
        (WORDS | {"word_class": "letters"}, "word_class 'letters' has no separators"),
        (WORDS | {"separators": "", "symbols": "words"}, "needs either separators or word_char"),
    ],
)
def test_wrong_values_of_version_2(changes, message):
    """What no decision has is refused."""
    with pytest.raises(ModelFileError, match=re.escape(message)):
        TextContract.from_json(json_with(**SECOND | changes))
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in changes.items()}
    if changes.get("thresholds") != 0.5:
        with pytest.raises(ModelFileError):
            TextContract(**FIELDS, version=2, **values)


def test_what_version_1_cannot_say():
    """It is refused where the version is given."""
    with pytest.raises(ModelFileError, match="text contract version 1 has no none_below"):
        TextContract(**FIELDS, version=1, none_below=0.5)
