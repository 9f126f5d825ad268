"""`--expect`: what a person's own program gives, read, compared, and hints that are tried first."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from test_import_vocabularies import import_options, reader

from edgernn.errors import DataError, UsageError
from edgernn.training.imported.expected import read_expected
from edgernn.training.imported.options import WordOptions
from edgernn.training.imported.replay import replay

WORDS = ("it", "a", "don't", "film", "good", "bad", "was")
ROWS = len(WORDS) + 1
TEXTS = (
    "A good film!",
    "It was bad, it was bad; a bad film, a bad, bad, bad film: bad!",
    "unheard-of",
    "Don't.",
)


@pytest.fixture
def index(tmp_path):
    """A word index of ids 1 to 7."""
    path = tmp_path / "index.json"
    path.write_text(json.dumps({word: i for i, word in enumerate(WORDS, start=1)}))
    return path


def logits(ids, padded=None):
    """Stands for a model: each id counts, and so does its place."""
    return np.array([np.sin(row * np.arange(1, len(row) + 1)).sum() for row in ids], np.float32)


def probability(row):
    return 1 / (1 + np.exp(-float(logits([np.array(row)])[0])))


def ids_by(text, *, lower=True, start=(), padding="pre", truncating="pre", offset=0):
    """A program of somebody's own."""
    text = text.lower() if lower else text
    words = "".join(" " if c in "!,;:.-" else c for c in text).split()
    ids = [*start, *(WORDS.index(word) + 1 + offset for word in words if word in WORDS)]
    ids = ids[-12:] if truncating == "pre" else ids[:12]
    zeros = [0] * (12 - len(ids))
    return zeros + ids if padding == "pre" else ids + zeros


def written(tmp_path, program=ids_by, *, ids=True, scores=True):
    path = tmp_path / "own.jsonl"
    lines = []
    for text in TEXTS:
        row = {"text": text}
        if ids:
            row["ids"] = program(text)
        if scores:
            row["score"] = probability(program(text))
        lines.append(json.dumps(row) + "\n")
    path.write_text("".join(lines))
    return path


def compared(index, expect, **changes):
    sigmoid = changes.pop("sigmoid", True)
    options = dataclasses.replace(import_options(index), **changes)
    return replay(reader(index, ROWS), options, read_expected(expect), logits, sigmoid=sigmoid)


@pytest.mark.parametrize(("ids", "scores"), [(True, True), (True, False), (False, True)])
def test_agreement(index, tmp_path, ids, scores):
    """What was compared is counted; a text without a token is not scored."""
    _, found = compared(index, written(tmp_path, ids=ids, scores=scores))
    assert (found.texts, found.skipped) == (4, 1)
    assert (found.ids, found.scores) == (4 * ids, 3 * scores)
    assert found.largest < 1e-6
    assert found.open == ()


def test_ids_without_padding(index, tmp_path):
    """As `texts_to_sequences` gives them; padding is then named as not compared."""
    expect = written(tmp_path, lambda t: [i for i in ids_by(t) if i], scores=False)
    assert compared(index, expect)[1].open == ("padding",)
    rows = [{"text": "bad " * 13, "ids": [6] * 13}, {"text": "a film", "ids": [2, 4]}]
    expect.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert compared(index, expect)[1].open == ("texts of more than 12 tokens", "padding")


def test_a_score_that_is_no_number(index, tmp_path):
    """A model that overflows agrees with nothing."""
    expect = read_expected(written(tmp_path, ids=False))
    read = reader(index, ROWS)

    def overflows(ids, padded):
        return np.full(len(ids), np.nan, np.float32)

    with pytest.raises(DataError, match=r"score is nan here .*\(3 of 3 differ\)"):
        replay(read, import_options(index), expect, overflows, sigmoid=True)


@pytest.mark.parametrize(
    ("program", "hint", "said"),
    [
        ({"padding": "post"}, "--padding post", "row 1: padding differs: to 12 ids at the start"),
        ({"truncating": "post"}, "--truncating post", "row 2: ids differ at token"),
        ({"start": (3,)}, "--start-id 3", "row 1: ids differ at token 1: 2 ('a') here, 3"),
        ({"lower": False}, "--keep-case", "row 1: ids differ at token 1"),
        (
            {"padding": "post", "truncating": "post"},
            "--padding post --truncating post",
            "row 1: padding differs",
        ),
    ],
)
@pytest.mark.parametrize("ids", [True, False])
def test_hints_that_hold(index, tmp_path, program, hint, said, ids):
    """The first text that differs, and the option under which all agree; following it is right."""

    def own(text):
        return ids_by(text, **program)

    expect = written(tmp_path, own, ids=ids)
    with pytest.raises(DataError) as caught:
        compared(index, expect)
    assert "\n" not in str(caught.value)
    assert f"all agree with {hint}; nothing was written" in str(caught.value)
    if ids:
        assert said in str(caught.value)
    parts = iter(hint.split())
    changes, words = {}, {}
    for part in parts:
        if part == "--keep-case":
            words["lower"] = False
        elif part == "--start-id":
            words["start_id"] = int(next(parts))
        else:
            changes[part[2:]] = next(parts)
    reading, _ = compared(index, expect, words=WordOptions(**words), **changes)
    scored = [text for text in TEXTS if reading.encoder().encode(text)]
    assert [reading.encoder().encode(text) for text in scored] == [own(text) for text in scored]


@pytest.mark.parametrize(
    ("limit", "program", "said"),
    [
        (6, {}, "all agree with --num-words N, N = 5 to 6: no text tells which"),
        (7, {}, "all agree with --num-words 7; nothing"),
        (7, {"padding": "post"}, "all agree with --padding post --num-words 7; nothing"),
    ],
)
def test_a_tokenizer_that_uses_its_first_words_only(index, tmp_path, limit, program, said):
    """`Tokenizer(num_words=N)` saves all words: numbers that agree are named, each is right."""

    def own(text):
        ids = [i for i in ids_by(text, **program) if i < limit]
        text = " ".join(WORDS[i - 1] for i in ids if i)
        return ids_by(text, **program)

    path = tmp_path / "own.jsonl"
    texts = ("a good film", "it was bad", "Don't.") if limit == 7 else ("a bad film", "it was bad")
    path.write_text("".join(json.dumps({"text": t, "ids": own(t)}) + "\n" for t in texts))
    with pytest.raises(DataError) as caught:
        compared(index, path)
    assert said in str(caught.value)
    padding = program.get("padding")
    numbers = (5, 6) if limit == 6 else (7,)
    for number in numbers:
        words = WordOptions(num_words=number)
        assert compared(index, path, words=words, padding=padding)[1].ids == len(texts)


def test_scores_alone_leave_num_words_open(index, tmp_path):
    """Not one number after the other is tried; where it would be is said."""
    path = tmp_path / "own.jsonl"
    row = {"text": "it was bad", "score": probability(ids_by("it"))}
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match="--num-words is tried only where there are ids"):
        compared(index, path)


def test_a_list_of_text_vectorization(tmp_path):
    """No word has punctuation: ids tell that it was deleted, or `--split vectorization` does."""
    path = tmp_path / "words.json"
    path.write_text(json.dumps(["", "[UNK]", "it", "was", "dont", "bad"]))
    read, options = reader(path, 6), import_options(path)
    with pytest.raises(UsageError, match=r"looks like .* --split vectorization if it is"):
        read(options)
    expect = tmp_path / "own.jsonl"
    expect.write_text(json.dumps({"text": "It was, DON'T! b-ad", "ids": [2, 3, 4, 5]}) + "\n")
    found, _ = replay(read, options, read_expected(expect), logits, sigmoid=True)
    assert found.options.words.split == "vectorization"
    path.write_text(json.dumps(["", "[UNK]", "\u00e9t\u00e9"]))
    words = dataclasses.replace(options.words, split="vectorization")
    with pytest.raises(DataError, match="lower-cases ASCII letters alone"):
        reader(path, 3)(dataclasses.replace(options, words=words))


@pytest.mark.parametrize("split", ["tokenizer", "whitespace"])
def test_a_list_that_begins_as_text_vectorization_has_it(tmp_path, split):
    """Apostrophes were not deleted, so texts are split in one of two ways, which ids tell."""
    path = tmp_path / "words.json"
    names = ("", "[UNK]", *WORDS)
    path.write_text(json.dumps(names))
    read, options = reader(path, ROWS + 1), import_options(path)
    with pytest.raises(UsageError, match="not of one that deletes punctuation, for it has \"don't"):
        read(options)
    expect = tmp_path / "own.jsonl"
    row = {"text": "a good, film", "ids": [3, 1 if split == "whitespace" else 6, 5]}
    expect.write_text(json.dumps(row) + "\n")
    found, _ = replay(read, options, read_expected(expect), logits, sigmoid=True)
    assert found.options.words.split == split


def test_the_unknown_id_by_its_name(tmp_path):
    """Not as a sign that no font has."""
    path = tmp_path / "words.txt"
    path.write_text("[UNK]\ngood\nfilm\n")
    expect = tmp_path / "own.jsonl"
    expect.write_text('{"text": "zebra film", "ids": [2, 3]}\n')
    read, options = reader(path, 4), import_options(path)
    with pytest.raises(DataError, match=r"1 \('\[UNK\]'\) here, 2 \('good'\) there"):
        replay(read, options, read_expected(expect), logits, sigmoid=True)


def test_ids_that_are_all_off_by_one(index, tmp_path):
    """The pattern is named; no option makes it right, and none is proposed."""
    expect = written(tmp_path, lambda t: [i for i in ids_by(t, offset=1) if i])
    with pytest.raises(DataError) as caught:
        compared(index, expect)
    assert "row 1: ids differ at token 1: 2 ('a') here, 3 ('don\\'t')" in str(caught.value) or (
        "row 1: ids differ at token 1: 2 ('a') here, 3 (\"don't\") there" in str(caught.value)
    )
    assert "all ids there are 1 higher" in str(caught.value)
    assert "no usual option makes them agree" in str(caught.value)


def test_scores_of_another_model(index, tmp_path):
    """Beyond 1e-4 is refused, within it is not."""
    path = written(tmp_path, ids=False)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for off, agrees in ((9e-5, True), (1.2e-4, False)):
        changed = [{**row, "score": row["score"] - off} for row in rows[:1]] + rows[1:]
        path.write_text("".join(json.dumps(row) + "\n" for row in changed))
        if agrees:
            assert compared(index, path)[1].largest == pytest.approx(off, abs=1e-6)
        else:
            with pytest.raises(DataError, match=r"row 1: score is .* \(1 of 3 differ\)"):
                compared(index, path)


def test_logits(index, tmp_path):
    """A model without a sigmoid: logits, or what the person made of them."""
    path = tmp_path / "own.jsonl"
    for value in (lambda row: float(logits([np.array(row)])[0]), probability):
        rows = [{"text": t, "score": value(ids_by(t))} for t in TEXTS if any(ids_by(t))]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert compared(index, path, sigmoid=False)[1].scores == 3
    for row in rows:
        both = [0.25, 0.25 + float(np.log(row["score"] / (1 - row["score"])))]
        row["score"] = both  # of two units without a softmax
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert compared(index, path, sigmoid=False)[1].scores == 3
    path.write_text('{"text": "a good film", "score": 2.5}\n')
    with pytest.raises(DataError, match="row 1: holds logits, and the model gives probabilities"):
        compared(index, path)


def test_texts_that_do_not_tell_two_readings_apart(tmp_path):
    """Nothing is guessed: the readings are named."""
    path = tmp_path / "index.json"
    names = ("oov", *WORDS)
    path.write_text(json.dumps({word: i for i, word in enumerate(names, start=1)}))
    expect = tmp_path / "own.jsonl"
    options = import_options(path)
    for ids, settled in (([3, 6, 5], None), ([3, 1, 6, 5], 1)):
        text = "a good film" if settled is None else "a zebra good film"
        expect.write_text(json.dumps({"text": text, "ids": ids}) + "\n")
        arguments = (reader(path, ROWS + 1), options, read_expected(expect), logits)
        if settled is None:
            with pytest.raises(UsageError, match="--unknown-id 1, or --unknown-id none"):
                replay(*arguments, sigmoid=True)
        else:
            assert replay(*arguments, sigmoid=True)[0].contract.unknown_id == settled


@pytest.mark.parametrize(
    "row",
    [
        {"text": "a", "score": 0.25},
        {"text": "a", "probability": [0.25]},
        {"review": "a", "keras_predict": [[0.25]]},
        {"text": "a", "Prediction": "0.25"},
        {"text": "a", "probabilities": [0.75, 0.25]},
    ],
)
def test_spellings(row, tmp_path):
    """Names and shapes as Keras and people have them."""
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(row) + "\n")
    assert read_expected(path).texts[0].scores == (0.25,)


def test_csv(tmp_path):
    """Ids as JSON, or with spaces."""
    path = tmp_path / "own.csv"
    path.write_text('text,ids,score\n"a, b","[1, 2]",0.5\nc,0 0 3,0.25\n')
    found = read_expected(path).texts
    assert [(text.ids, text.scores) for text in found] == [
        ((1, 2), (0.5,)),
        ((0, 0, 3), (0.25,)),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"text": "a", "label": 1}\n', "rows need a text and what your program gives"),
        ('{"text": "a", "score": [0.1, 0.2, 0.7]}\n', "row 1: score holds 3 numbers"),
        ('{"text": "a", "ids": [1.5]}\n', r"row 1: ids holds \[1.5\], not a list of ids"),
        ('{"text": "a", "ids": [-1]}\n', r"not a list of ids"),
        ('{"text": "a", "score": "high"}\n', "score holds 'high', not numbers"),
        ('{"text": "a", "score": NaN}\n', "not numbers"),
        ('{"text": 5, "score": 0.5}\n{"text": "a", "score": 0.5}\n', "row 1"),
    ],
)
def test_rows_that_say_nothing(content, said, tmp_path):
    """File and row are named."""
    path = tmp_path / "own.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match=said) as caught:
        read_expected(path)
    assert str(caught.value).startswith(str(path))


def test_the_file_is_not_there():
    """As everywhere."""
    with pytest.raises(DataError, match=r"nothing\.jsonl does not exist"):
        read_expected(Path("nothing.jsonl"))
