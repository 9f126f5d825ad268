"""Vocabularies as people have them give the ids that Keras gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("tf_keras", reason="pip install 'edgernn[export]'")

from tf_keras.preprocessing.text import Tokenizer

from edgernn.errors import DataError, EdgernnError, UsageError
from edgernn.text import SubwordEncoder, WordEncoder, WordRule, normalize
from edgernn.text.words import KERAS_SEPARATORS, read_words
from edgernn.training.imported.tokenizers import WordOptions, read_vocabulary

FITTED = (
    "A good film, a very good film indeed!",
    "It wasn't bad: it was AWFUL.",
    "Café scenes, naïve dialogue – déjà vu; İstanbul, STRASSE, straße.",
    "tab\there, new\nline there; <br /><br />oov unk <OOV>",
    "10/10 would watch again. again again.",
)


def words_of(vocabulary):
    """The encoder that a run folder will have, as a function from text to ids."""
    encoder = WordEncoder(
        read_words(vocabulary.content),
        first_word_id=vocabulary.first_word_id,
        unknown_id=vocabulary.unknown_id,
        start_id=vocabulary.start_id,
        rule=WordRule(vocabulary.separators),
    )
    assert encoder.vocab_size == vocabulary.size
    return lambda text: encoder.encode(normalize(text, case=vocabulary.case))


def read(path, options=WordOptions(), rows=1000):  # noqa: B008 (frozen)
    return read_vocabulary(path, options, rows)


def written(tmp_path, content, name="tokenizer.json"):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return path


SETTINGS = [
    {},
    {"oov_token": "<OOV>"},
    {"num_words": 8},
    {"num_words": 8, "oov_token": "<OOV>"},
    {"num_words": 1},
    {"num_words": 1, "oov_token": "<OOV>"},
    {"num_words": 1000, "oov_token": "1"},
    {"lower": False},
    {"lower": False, "oov_token": "UNK", "num_words": 12},
    {"filters": ""},
    {"filters": ".,", "oov_token": "x"},
    {"filters": "aeiouA", "lower": False},
    {"filters": " \t\n", "split": "|"},
    {"oov_token": "oov"},  # stands in the texts too
    {"oov_token": "again", "num_words": 20},
]


@pytest.mark.parametrize("chosen", SETTINGS, ids=str)
def test_as_the_tokenizer(chosen, tmp_path):
    """Any text gives the ids of `texts_to_sequences`, whatever the tokenizer's settings."""
    own = Tokenizer(**chosen)
    texts = [text.replace("\n", " ") for text in FITTED] if chosen.get("filters") else FITTED
    if chosen.get("filters") == "":
        texts = [text.replace("\n", " ").replace("\t", " ") for text in FITTED]
    own.fit_on_texts(texts)
    encode = words_of(read(written(tmp_path, own.to_json()), WordOptions()))
    alphabet = st.sampled_from(sorted({c for text in FITTED for c in text} | set("Zß\u0130\xa0|")))
    pieces = st.sampled_from([word for text in FITTED for word in text.split()])
    texts_given = st.lists(st.one_of(pieces, st.text(alphabet, max_size=4), st.text(max_size=3)))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from([" ", ", ", "\n", ""]), texts_given)
    def same(between, parts):
        text = between.join(parts)
        try:
            text.encode()
        except UnicodeEncodeError:
            return
        assert encode(text) == own.texts_to_sequences([text])[0]

    same()
    for text in FITTED:
        assert encode(text) == own.texts_to_sequences([text])[0]


def test_json_in_json(tmp_path):
    """`json.dump(tokenizer.to_json(), file)`, as many tutorials have it, is read too."""
    own = Tokenizer()
    own.fit_on_texts(FITTED)
    path = written(tmp_path, json.dumps(own.to_json(), ensure_ascii=False))
    found = read(path, WordOptions())
    assert found.kind == "Keras Tokenizer"
    assert found.size == len(own.word_index) + 1
    assert words_of(found)("a good film") == own.texts_to_sequences(["a good film"])[0]


def test_fewer_words_than_the_file(tmp_path):
    """`--num-words` goes before the number in the file."""
    own = Tokenizer(num_words=20, oov_token="<OOV>")
    own.fit_on_texts(FITTED)
    path = written(tmp_path, own.to_json())
    own.num_words = 5
    found = read(path, WordOptions(num_words=5))
    assert found.size == 5
    assert words_of(found)(FITTED[0]) == own.texts_to_sequences([FITTED[0]])[0]


def tokenizer_json(**changes):
    own = Tokenizer()
    own.fit_on_texts(FITTED)
    values = json.loads(own.to_json())
    values["config"].update(changes)
    return json.dumps(values)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"char_level": True}, "char_level=True cannot be carried over: its words are single char"),
        ({"split": ""}, "split='' cannot be carried over"),
        ({"split": "||"}, "split='||' cannot"),
        ({"split": ","}, r"does not split at spaces \(split=','\)"),
        ({"filters": None}, "filters=None cannot"),
        ({"lower": "yes"}, "lower='yes' cannot"),
        ({"num_words": "10"}, "num_words='10' cannot"),
        ({"num_words": -1}, "num_words=-1 cannot"),
        ({"oov_token": "never seen"}, "oov_token='never seen' cannot"),
        ({"oov_token": ["a"]}, r"oov_token=\['a'\] cannot"),
        ({"word_index": None}, "was it fitted on texts"),
        ({"word_index": '{"a": "1"}'}, "was it fitted on texts"),
        ({"word_index": "{"}, "not JSON"),
        ({"word_index": '{"a": 1, "a": 2}'}, "a name appears twice"),
        ({"word_index": '{"a": 1, "b": 3}'}, "'b' has 3, expected 2"),
        ({"word_index": '{"a": 1, "b": 1}'}, "'b' has 1, expected 2"),
        ({"word_index": '{"a": 0}'}, "'a' has the id 0, which is that of padding"),
        ({"word_index": '{"a": -4}'}, "'a' has the id -4, below 0"),
        ({"word_index": '{"a\\nb": 1, "c": 2, "d": 3}'}, "line break"),
        ({"word_index": '{"": 1}'}, "1 to 4096 characters"),
    ],
)
def test_a_tokenizer_that_cannot_be_carried_over(changes, said, tmp_path):
    """The setting is named with its value."""
    path = written(tmp_path, tokenizer_json(**changes))
    with pytest.raises(DataError, match=said) as caught:
        read(path, WordOptions())
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"start_id": 1}, "--start-id: does not apply to a Keras Tokenizer"),
        ({"unknown_id": 1}, "--unknown-id: does not apply to a Keras Tokenizer"),
        ({"index_from": 3}, "--index-from: does not apply to a Keras Tokenizer"),
        ({"lower": False}, "--keep-case: .* has lower=True"),
    ],
)
def test_options_that_the_tokenizer_answers(options, said, tmp_path):
    """They are refused rather than left unused."""
    path = written(tmp_path, tokenizer_json())
    with pytest.raises(UsageError, match=said):
        read(path, WordOptions(**options))
    assert read(path, WordOptions(lower=True)).case == "lower"


def test_the_imdb_convention(tmp_path):
    """`get_word_index()` with `load_data`'s start, unknown and offset."""
    path = written(tmp_path, json.dumps({"film": 3, "the": 1, "good": 2, "bad": 4}))
    options = WordOptions(index_from=3, start_id=1, unknown_id=2)
    found = read(path, options)
    assert (found.kind, found.size, found.first_word_id) == ("word index", 8, 4)
    assert found.content == b"the\ngood\nfilm\nbad\n"
    assert words_of(found)("The GOOD, the bad; the ugly!") == [1, 4, 5, 4, 7, 4, 2]
    few = read(path, WordOptions(index_from=3, start_id=1, unknown_id=2, num_words=6))
    assert few.size == 6
    assert words_of(few)("The GOOD, the bad film") == [1, 4, 5, 4, 2, 2]


def test_names_for_special_ids(tmp_path):
    """An index may name padding with id 0, if no text can hold that name."""
    index = {"<PAD>": 0, "<START>": 1, "<UNK>": 2, "good": 3}
    found = read(written(tmp_path, json.dumps(index)), WordOptions(start_id="none"))
    assert (found.size, found.first_word_id, found.unknown_id) == (4, 1, 2)
    assert words_of(found)("<PAD> good") == [2, 3]
    with pytest.raises(DataError, match="'pad' has the id 0, which is that of padding"):
        read(written(tmp_path, '{"pad": 0, "good": 1}'), WordOptions())


def test_a_word_list(tmp_path):
    """One word a line; ids are line numbers, or count on from another number."""
    path = written(tmp_path, "\ufeffthe\r\ngood\r\nfilm\r\n", "words.txt")
    found = read(path, rows=4)
    assert (found.kind, found.size, found.unknown_id) == ("word list", 4, None)
    assert words_of(found)("The good, bad film") == [1, 2, 3]
    assert found.separators == KERAS_SEPARATORS
    moved = read(path, WordOptions(index_from=1, unknown_id=1))
    assert words_of(moved)("The good, bad film") == [2, 3, 1, 4]
    kept = read(path, WordOptions(lower=False), rows=4)
    assert words_of(kept)("The good film") == [2, 3]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no words"),
        ("good\n\nbad\n", "line 2: a word list has one word a line"),
        (
            "good\t12\nbad\t3\n",
            r"its numbers are not ids, .* \('good' has 12\): counts, .* do not tell",
        ),
        ("good\nbad\ngood\n", "line 3: the word of line 1 again"),
        ('{"good": 1', "not JSON"),
        ('{"good": "1"}', "neither the JSON of Keras's Tokenizer"),
        ('{"good": true}', "neither the JSON of Keras's Tokenizer"),
        ("{}", "neither the JSON of Keras's Tokenizer"),
        ('{"class_name": "TextVectorization", "config": {}}', "neither the JSON"),
        ('{"class_name": "Tokenizer", "config": []}', "has no config"),
        ('"{}"', "neither the JSON"),
        ('{"a": ' * 100_000, "not JSON"),
    ],
)
def test_not_a_vocabulary(content, said, tmp_path):
    """Refused with file and line."""
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=said) as caught:
        read(path, WordOptions())
    assert str(caught.value).startswith(str(path))


def test_bytes_that_are_not_text(tmp_path):
    """The line is named; a file that is not there too."""
    path = tmp_path / "words.txt"
    path.write_bytes(b"good\nb\xe4d\n")
    with pytest.raises(DataError, match="line 2: not UTF-8"):
        read(path, WordOptions())
    with pytest.raises(EdgernnError, match="cannot be read: No such file"):
        read(Path(tmp_path / "nothing"), WordOptions())


@pytest.mark.parametrize(("option", "given"), [("start_id", 9), ("unknown_id", 4)])
def test_an_id_outside(option, given, tmp_path):
    """Start and unknown are ids of the vocabulary."""
    path = written(tmp_path, "a\nb\nc\n", "words.txt")
    name = option.replace("_", "-")
    with pytest.raises(UsageError, match=f"--{name} {given}: must be an id of the voc.* has 4"):
        read(path, WordOptions(**{option: given}), rows=4)


def test_subwords(tmp_path):
    """A `SubwordTextEncoder` file is taken as it is; options for words do not go with it."""
    path = tmp_path / "own.subwords"
    path.write_bytes(SubwordEncoder(["good_", "film"]).to_bytes())
    found = read(path, WordOptions())
    assert (found.kind, found.size, found.case) == ("SubwordTextEncoder", 259, "keep")
    assert found.content == path.read_bytes()
    assert read(path, WordOptions(lower=True)).case == "lower"
    for option in ("start_id", "unknown_id", "index_from", "num_words"):
        with pytest.raises(UsageError, match="does not apply to a SubwordTextEncoder file"):
            read(path, WordOptions(**{option: 1}))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="cut short"):
        read(path, WordOptions())
