"""Vocabularies of every kind give the ids of a person's own program, or a sentence.

The kinds are those of `benchmarks/imports`, which also exports each with a network and compares
scores; here ids alone are compared, without TensorFlow.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.imports.cases import MAX_LENGTH, TEXTS, WORDS, padded
from benchmarks.imports.vocabularies import VOCABULARIES
from edgernn.cli.import_model import _id
from edgernn.errors import DataError, EdgernnError, UsageError
from edgernn.training.imported.contracts import ImportOptions, contract_of
from edgernn.training.imported.expected import Expected, ExpectedText
from edgernn.training.imported.job import vocabulary_file
from edgernn.training.imported.judge import Reading
from edgernn.training.imported.layers import Architecture, Dense, Embedding, Recurrent
from edgernn.training.imported.markers import role_of
from edgernn.training.imported.options import OpenQuestion, WordOptions
from edgernn.training.imported.replay import replay
from edgernn.training.imported.tokenizers import read_vocabulary, resolve

REFUSED = [name for name, kind in VOCABULARIES.items() if kind.refused]
SETTLED = (
    "the same, nothing said",
    "word index with the oov_token 'oov'",
    "the same, nothing said of load_data",
    "word list, nothing said of num_words",
    "JSON list of get_vocabulary()",
)
"""Of these, the kinds that leave a question open which a person's ids answer."""


def network(rows):
    layers = (
        Embedding("embedding", rows, 4, mask_zero=False),
        Recurrent("lstm", "LSTM", 3, bidirectional=False, sequences=False, use_bias=True),
        Dense("dense", 1, "sigmoid", use_bias=True),
    )
    return Architecture(layers, None)


def words_of(typed):
    """`WordOptions` of options as they are typed."""
    values, parts = {}, iter(typed)
    for part in parts:
        if part == "--keep-case":
            values["lower"] = False
            continue
        name = part.removeprefix("--").replace("-", "_")
        value = next(parts)
        if name in ("start_id", "unknown_id"):
            values[name] = _id(name, value)
        else:
            values[name] = value if name == "split" else int(value)
    return WordOptions(**values)


def import_options(path, words=WordOptions()):  # noqa: B008 (frozen)
    return ImportOptions(
        model=Path("model.keras"),
        tokenizer=path,
        output=Path("run"),
        name="run",
        max_length=MAX_LENGTH,
        words=words,
    )


def reader(path, rows):
    """What the import job hands to `replay`."""
    file = vocabulary_file(import_options(path))

    def read(options):
        vocabulary = resolve(file, options.words, rows)
        contract = contract_of(options, vocabulary, network(rows))
        return Reading(options, vocabulary, contract, masked=False)

    return read


def ids_of(path, rows, typed):
    encoder = reader(path, rows)(import_options(path, words_of(typed))).encoder()
    return [encoder.encode(text) for text in TEXTS]


def own_ids(name):
    return [padded(VOCABULARIES[name].ids(text)) for text in TEXTS]


@pytest.mark.parametrize("name", VOCABULARIES)
def test_every_kind(name, tmp_path):
    """The ids of the person's own program to the last one, or one line that says why not."""
    kind = VOCABULARIES[name]
    path = tmp_path / kind.write(tmp_path)
    if not kind.refused:
        assert ids_of(path, kind.rows, kind.options) == own_ids(name)
        return
    with pytest.raises(EdgernnError) as caught:
        ids_of(path, kind.rows, kind.options)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "proposed"),
    [
        ("the same, nothing said", "--start-id 1"),
        ("word index with the oov_token 'oov'", "--unknown-id 1"),
        ("the same, nothing said of load_data", "--index-from 3 --start-id 1 --unknown-id 2"),
        ("JSON list of get_vocabulary()", "--split whitespace"),
    ],
)
def test_what_a_message_proposes_leads_to_the_right_ids(name, proposed, tmp_path):
    """The option that goes with what the person's program does is in the message, and right."""
    kind = VOCABULARIES[name]
    path = tmp_path / kind.write(tmp_path)
    with pytest.raises(EdgernnError) as caught:
        ids_of(path, kind.rows, kind.options)
    assert proposed in str(caught.value)
    assert ids_of(path, kind.rows, proposed.split()) == own_ids(name)


def test_a_list_that_is_longer_than_the_embedding(tmp_path):
    """Both options are needed; one of them is no way to a wrong file."""
    kind = VOCABULARIES["word list, nothing said of num_words"]
    path = tmp_path / kind.write(tmp_path)
    with pytest.raises(
        OpenQuestion, match=r"--num-words 20 .* and --first-id with the id .* 'the'"
    ):
        ids_of(path, kind.rows, ())
    with pytest.raises(OpenQuestion, match="--first-id with the id"):
        ids_of(path, kind.rows, ("--num-words", "20"))
    found = ids_of(path, kind.rows, ("--num-words", "20", "--first-id", "1"))
    assert found == own_ids("word list, nothing said of num_words")


def test_the_hint_that_gave_each_word_its_neighbours_vector(tmp_path):
    """Line 1 as id 0, and `--num-words` of as many lines: read right all the same."""
    kind = VOCABULARIES["word list, line 1 is id 0, [PAD]"]
    path = tmp_path / kind.write(tmp_path)
    found = ids_of(path, kind.rows, ("--num-words", str(kind.rows)))
    assert found == own_ids("word list, line 1 is id 0, [PAD]")
    for typed in (("--first-id", "1"), ("--index-from", "0", "--num-words", str(kind.rows))):
        with pytest.raises(UsageError, match=r"has the id 0, not 1: --first-id 0$"):
            ids_of(path, kind.rows, typed)
    found = ids_of(path, kind.rows, ("--first-id", "0"))
    assert found == own_ids("word list, line 1 is id 0, [PAD]")


@pytest.mark.parametrize("name", REFUSED)
def test_expected_ids_settle_a_question_or_refuse(name, tmp_path):
    """Where files leave something open, a person's ids decide: right ids, or no file."""
    kind = VOCABULARIES[name]
    path = tmp_path / kind.write(tmp_path)
    texts = tuple(
        ExpectedText(f"row {n}", text, tuple(ids), None)
        for n, (text, ids) in enumerate(zip(TEXTS, own_ids(name), strict=True), start=1)
    )
    expected = Expected(Path("own.jsonl"), texts)

    def run():
        read = reader(path, kind.rows)
        return replay(read, import_options(path), expected, no_model, sigmoid=True)

    if name not in SETTLED:
        with pytest.raises(EdgernnError) as caught:
            run()
        assert "\n" not in str(caught.value)
        return
    reading, agreement = run()
    assert agreement.ids == len(TEXTS)
    assert [reading.encoder().encode(text) for text in TEXTS] == own_ids(name)


def no_model(ids, padded):
    raise AssertionError("ids alone need no model")


@pytest.mark.parametrize(
    ("content", "rows", "said"),
    [
        ("the\n,\n.\ngood\n", 5, r"has punctuation marks as words \(, \.\)"),
        ("the\ngood\t7\nbad\t8\nfilm\t9\n", 5, "line 1: 'the' is not a word and its id"),
        ("<unk>\n<oov>\ngood\n", 4, r"more than one id .*--unknown-id 1 \('<unk>'\) or --unk"),
        ("<unk>\n<pad>\ngood\n", 3, "--padding-id 1 if .* --padding-id 0 if with zeros"),
        ("[PAD]\n[UNK]\ngood\n", 4, r"--first-id 0 if line 1, '\[PAD\]', has that id"),
        ('["a", 1]', 3, "neither the JSON"),
        ('["a", "b", "a"]', 4, "entry 3: the word of entry 1 again"),
        ('["a", ', 4, "not JSON"),
        ('{"1": "a", "2": "a"}', 4, "'a' appears twice, with 1 and with 2"),
        ('{"word_index": {"a": 1}, "x": []}', 4, "save its word_index alone"),
        ('{"a": 2, "b": 3}', 4, "'a', has the id 2: which of the ids below it do unknown words"),
        (
            '{"a": 1, "b": 2}',
            5,
            "--index-from 0 if 'a' has the id 1 .*, --index-from 2 if it has 3",
        ),
        ("PK\x03\x04", 4, "an archive, and no .keras file with a TextVectorization layer"),
        ('{"<PAD>": 0, "b": 2}', 4, "ids must follow each other; 'b' has 2, expected 1"),
        ("the 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0 1.1\n", 4, "holds word vectors"),
        ("".join(f"{c}\n" for c in "abcdefghijkl"), 13, "a vocabulary of characters"),
        ("lo</w>\nlow</w>\nnew</w>\n", 4, "is a BPE vocabulary"),
        ("#version: 0.2\nt h\n", 4, "the merges of a byte pair encoding"),
        ("### TokenTextEncoder\n", 4, "a TokenTextEncoder file"),
        ("\n\x0b\n\x05<unk>\u2581", 4, "a SentencePiece model"),
    ],
)
def test_what_is_refused(content, rows, said, tmp_path):
    """What was seen is named, and what to do."""
    path = tmp_path / "vocabulary"
    path.write_bytes(content.encode())
    with pytest.raises((DataError, UsageError), match=said) as caught:
        read_vocabulary(path, WordOptions(), rows)
    assert "\n" not in str(caught.value)


COMMAS = [f"{word},{i}" for i, word in enumerate(["[PAD]", "[UNK]", *WORDS])]


@pytest.mark.parametrize(
    "lines",
    [
        COMMAS,
        ["word,id", *COMMAS],
        ["id;word", *(";".join(reversed(line.split(","))) for line in COMMAS)],
        ["Token\tIndex", *(line.replace(",", "\t") for line in COMMAS)],
        [line.replace(",", ", ") for line in COMMAS],
        ['"word","id"', *(f'"{line.replace(",", chr(34) + ",")}' for line in COMMAS)],
    ],
    ids=["commas", "header", "semicolons", "tabs with header", "spaces", "quotes"],
)
@pytest.mark.parametrize("split", [(), ("--split", "whitespace")])
def test_words_and_ids_as_a_spreadsheet_has_them(lines, split, tmp_path):
    """The same ids as with a space between."""
    path, spaced = tmp_path / "words.csv", tmp_path / "spaced.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    spaced.write_text("".join(f"{line.replace(',', ' ')}\n" for line in COMMAS))
    rows = len(COMMAS)
    found = ids_of(path, rows, split)
    assert found == ids_of(spaced, rows, split)
    if not split:
        assert found == own_ids("word list, line 1 is id 0, [PAD]")


def test_quotes_and_commas_in_words(tmp_path):
    """Quotes that a word needs are taken off."""
    path = tmp_path / "words.csv"
    path.write_text('good,1\n"1,000",2\n"5"" x",3\n"film,4\n')
    found = read_vocabulary(path, WordOptions(split="whitespace"), 5)
    assert found.content.decode().splitlines() == ["good", "1,000", '5" x', '"film']


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (",word,id\n0,the,1\n1,a,2\n", "line 1: ',word,id' has 3 columns"),
        ("word,pos,id\nthe,DT,1\na,DT,2\n", "line 1: 'word,pos,id' has 3 columns"),
        ("the,1\na,2\ngood\nbad,4\n", "line 3: 'good' is not a word and its id"),
        ("the,1\na,b,2\ngood,3\n", "line 2: 'a,b,2' has 3 columns"),
        ("the,1.0\na,2.0\n", "line 1: 'the,1.0' is not a word and its id"),
        ("name,place\nthe,1\na,2\n", "line 1: 'name,place' is not a word and its id"),
        ('the,1\n"a",2\ngood,3\n', "line 2: '\"a\"': quotes around one word"),
        ("word,count\nthe,1\na,2\n", "names counts: counts, .*save its word_index"),
        ("the,9\na,4\ngood,4\n", "its numbers are not ids, .*save its word_index"),
        ('{"the": 9, "a": 4, "good": 4}', "'good' has 4, expected 5; counts, .*word_index"),
        ('{"the": 9000, "a": 1, "good": 2}', "'the' has 9000, expected 3; counts, .*word_index"),
    ],
)
def test_columns_counts_and_layers_are_named(content, said, tmp_path):
    """Nothing that they propose leads to other ids."""
    path = tmp_path / "vocabulary"
    path.write_text(content)
    with pytest.raises(DataError, match=said) as caught:
        read_vocabulary(path, WordOptions(), 4)
    assert "\n" not in str(caught.value)
    assert "keep the words alone" not in str(caught.value)


@pytest.mark.parametrize("content", ['["[UNK]", "good", "dont"]', '{"good": 2, "[UNK]": 1, "": 0}'])
def test_what_looks_like_text_vectorization(content, tmp_path):
    """Asked about; its own rules are among the answers."""
    path = tmp_path / "vocabulary"
    path.write_text(content)
    with pytest.raises(OpenQuestion, match="looks like the vocabulary of a TextVec") as caught:
        read_vocabulary(path, WordOptions(), 4)
    assert "--split vectorization if" in str(caught.value)
    assert caught.value.answers[0].split == "vectorization"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("--start-id", "2"), r"--start-id 2: .* has '<START>', whose id is 1"),
        (("--unknown-id", "3"), r"--unknown-id 3: .* has '<UNK>', whose id is 2"),
        (("--start-id", "1", "--first-id", "1"), "--first-id: .* has an id for each word"),
        (("--first-id", "1", "--index-from", "0"), "one of them, they say the same"),
    ],
)
def test_options_against_the_file(typed, said, tmp_path):
    """They are refused rather than believed."""
    kind = VOCABULARIES["word index with <PAD>, <START>, <UNK>"]
    path = tmp_path / kind.write(tmp_path)
    with pytest.raises(UsageError, match=said):
        read_vocabulary(path, words_of(typed), kind.rows)


def test_few_words_out_of_reach_are_named(tmp_path):
    """Up to ten of them, in a warning."""
    path = tmp_path / "words.txt"
    odd = [f"odd-{n}" for n in range(12)]
    path.write_text("".join(f"{word}\n" for word in [*WORDS, *odd]))
    warning = read_vocabulary(path, WordOptions(), len(WORDS) + 13).notes[-1]
    named = ", ".join(map(repr, odd[:10]))
    assert warning == (
        f"warning: 12 of {len(WORDS) + 12} words stand in no text as it is split (they hold "
        f"characters that end words): {named}, ..."
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dont", "isnt", "didnt"), "if your program deletes apostrophes"),
        (("don", "isn", "didn", "t"), "if your program splits at apostrophes"),
        (("dont", "isnt", "didnt", "it's"), None),
    ],
)
def test_words_that_lost_their_apostrophes(words, said, tmp_path):
    """Another text rule, seen by the words that it leaves."""
    path = tmp_path / "words.txt"
    path.write_text("".join(f"{word}\n" for word in words))
    notes = " ".join(read_vocabulary(path, WordOptions(), len(words) + 1).notes)
    assert said in notes if said else "apostrophe" not in notes


def test_an_unknown_id_behind_the_words(tmp_path):
    """An id that no word has, as long as the embedding has a row for it."""
    path = tmp_path / "words.txt"
    path.write_text("good\nbad\n")
    options = WordOptions(first_id=1, unknown_id=3)
    found = read_vocabulary(path, options, 4)
    assert (found.size, found.content) == (4, b"good\nbad\nunused 3\n")
    with pytest.raises(UsageError, match="--unknown-id 3: must be an id of the vocabulary"):
        read_vocabulary(path, options, 3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"normalizer": {"type": "NFKC"}}, "normalizer NFKC; NFC, Lowercase"),
        ({"normalizer": {"type": "BertNormalizer"}}, "normalizer BertNormalizer"),
        ({"pre_tokenizer": None}, "does not split at spaces"),
        ({"pre_tokenizer": {"type": "BertPreTokenizer"}}, "makes words of punctuation marks"),
        ({"post_processor": {"type": "BertProcessing"}}, "post_processor BertProcessing"),
        ({"padding": {"pad_id": 1, "strategy": {"Fixed": 9}}}, "padding has the id 1, must be 0"),
        ({"added_tokens": [{"content": "x", "id": 9, "special": True}]}, "added token 'x'"),
        ({"model": {"type": "WordPiece", "vocab": {}}}, "its model is WordPiece"),
        ({"model": {"type": "WordLevel", "vocab": {"a": 1}, "unk_token": "?"}}, "unk_token='?'"),
    ],
)
def test_a_hugging_face_tokenizer_that_cannot_be_carried_over(changes, said, tmp_path):
    """The rule is named."""
    kind = VOCABULARIES["Hugging Face, WordLevel"]
    path = tmp_path / kind.write(tmp_path)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(DataError, match=said):
        read_vocabulary(path, WordOptions(), kind.rows)


def test_a_hugging_face_tokenizer_says_where_it_pads_and_cuts(tmp_path):
    """Then an option that says otherwise is refused."""
    kind = VOCABULARIES["Hugging Face, WordLevel"]
    path = tmp_path / kind.write(tmp_path)
    sides = {
        "padding": {"direction": "Right", "pad_id": 0, "strategy": {"Fixed": 9}},
        "truncation": {"direction": "Left", "max_length": 9},
    }
    path.write_text(json.dumps(json.loads(path.read_text()) | sides))
    found = read_vocabulary(path, WordOptions(), kind.rows)
    assert (found.padding, found.truncating, found.max_length) == ("post", "pre", 9)
    with pytest.raises(UsageError, match=r"--max-length 12: .* takes 9 ids"):
        contract_of(import_options(path), found, network(kind.rows))


def test_markers_and_words():
    """What is marked is an entry of its own kind; words in capitals are words."""
    marked = {
        "": "padding",
        "<PAD>": "padding",
        "[pad]": "padding",
        "<s>": "start",
        "</s>": "end",
        "[CLS]": "start",
        "<UNUSED>": "unused",
        "[unused17]": "unused",
        "<|endoftext|>": None,
        "__oov__": "unknown",
        "OOV": "unknown",
        "oov": None,
        "END": None,
        "(s)": None,
        "unknown": None,
    }
    assert {word: role_of(word) for word in marked} == marked


@pytest.mark.parametrize(
    ("rows", "asked"),
    [(9, False), (12, True), (20, True), (5, True), (8, True)],
)
def test_the_index_of_a_data_set_of_keras(rows, asked, tmp_path):
    """Whoever downloads it may feed the ids of `load_data`, which are 3 higher."""
    words = ("the", "and", "a", "of", "to", "is", "br", "in")
    path = tmp_path / "index.json"
    path.write_text(json.dumps({word: i for i, word in enumerate(words, start=1)}))
    if not asked:
        assert read_vocabulary(path, WordOptions(), rows).first_word_id == 1
        return
    with pytest.raises(OpenQuestion, match="--index-from 0 if 'the' has the id 1"):
        read_vocabulary(path, WordOptions(), rows)
    cut = {"num_words": rows} if rows < 9 else {}
    shifted = WordOptions(index_from=3, start_id=1, unknown_id=2, **cut)
    if rows in (12, 20):
        assert read_vocabulary(path, shifted, rows).size == 12
