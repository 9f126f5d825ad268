"""What is trained where nobody names a recipe: by labels, rows and length, and what it says."""

from __future__ import annotations

import dataclasses
import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from edgernn.data import Examples
from edgernn.errors import ModelFileError, UsageError
from edgernn.runtime.asked import ask_shipped
from edgernn.training import choice
from edgernn.training.choice import Worth, choose_recipe, worth_of_pretrained
from edgernn.training.options import TrainOptions

pytest.importorskip("sklearn")

GOOD = ["a wonderful film", "great and moving", "an excellent story", "superb, I loved it"]
BAD = ["a terrible film", "awful and boring", "the worst story", "dreadful, I hated it"]


def chosen(tmp_path, rows, **given):
    """The options that are chosen for rows of text and label, and what was said."""
    data = tmp_path / "own.csv"
    data.write_text("\n".join(["text,label", *(f'"{text}",{label}' for text, label in rows)]))
    asked = TrainOptions(output=tmp_path / "run", data=str(data), **given)
    said: list[str] = []
    found, splits = choose_recipe(asked, ask_shipped, said.append, lambda title: nullcontext())
    assert splits is not None
    assert len(splits.train) == len(rows)
    return asked, found, said


def test_of_more_labels(tmp_path) -> None:
    """The linear model and layers beside; a line says what the data is."""
    rows = [(f"a {name} no {n}", name) for n in range(40) for name in ("bad", "film", "good")]
    asked, found, said = chosen(tmp_path, rows)
    assert found == dataclasses.replace(
        asked, recipe="linear-bilstm", epochs=40, batch_size=16, learning_rate=2e-3
    )
    assert said[-1] == "recipe linear-bilstm: 120 texts of 4 words on average, 3 labels"


@pytest.mark.parametrize(
    ("text", "given", "recipe"),
    [
        ("a {} film", {}, "linear-subwords"),
        ("a {} film", {"vocabulary": "own.words"}, "linear-bilstm"),
        ("\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03{}\u516b\u4e5d\u5341", {}, "linear-bilstm"),
    ],
)
def test_of_few_texts_a_label(tmp_path, text, given, recipe) -> None:
    """Pieces of words, where there are words, and no vocabulary is given."""
    rows = [(text.format(name), name) for n in range(8) for name in ("bad", "plain", "good")]
    _, found, said = chosen(tmp_path, rows, **given)
    assert found.recipe == recipe
    assert said[-1].startswith(f"recipe {recipe}: 24 texts of ")
    assert ("rare and new words" in said[-1]) == (recipe == "linear-subwords")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("two words", 2),
        ("don't - stop.", 2),
        ("\u6211\u559c\u6b22\u8fd9\u90e8\u7535\u5f71", 7),
        ("\u3053\u306e\u6620\u753b\u304c\u597d\u304d\u3067\u3059", 9),
    ],
)
def test_how_long_a_text_is(tmp_path, text, words) -> None:
    """In words as the rules find them: Chinese and Japanese have no spaces between them."""
    rows = [(text, name) for _ in range(4) for name in ("bad", "plain", "good")]
    _, _, said = chosen(tmp_path, rows)
    assert f"12 texts of {words} words on average" in said[-1]


@pytest.mark.parametrize(
    ("rows", "is_long", "epochs", "batch_size", "rate"),
    [
        (100, False, 40, 16, 2e-3),
        (10_000, False, 20, None, None),
        (50_000, False, 12, None, None),
        (2_500, True, 16, 16, 2e-3),
        (10_000, True, 4, None, 2e-3),
    ],
)
def test_settings(tmp_path, rows, is_long, epochs, batch_size, rate) -> None:
    """Few texts are seen more often, few a step; what is asked for stays."""
    asked = TrainOptions(output=tmp_path)
    assert choice._with_settings(asked, rows, is_long) == dataclasses.replace(
        asked,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=rate,
        max_length=600 if is_long else None,
    )
    given = dataclasses.replace(asked, epochs=2, batch_size=7, learning_rate=0.5, max_length=99)
    assert choice._with_settings(given, rows, is_long) == given


def test_of_two_labels_that_the_pretrained_model_tells(tmp_path) -> None:
    """Whatever they are called, and whichever comes first."""
    rows = [
        (f"{text} {n}", "yay" if text in GOOD else "meh") for n in range(8) for text in GOOD + BAD
    ]
    rows = [(text, {"yay": "a-like", "meh": "b-dislike"}[label]) for text, label in rows]
    # Each text has its own words, so that n-grams of the others say little.
    unlike = np.random.default_rng(0)
    rows = [(f"{text} {unlike.integers(1 << 30)}", label) for text, label in rows]
    _, found, said = chosen(tmp_path, rows)
    assert found.recipe in ("flagship", "linear-bilstm")
    assert re.search(
        r"tried on 64 texts, about \d+\.\d% are right with it, \d+\.\d% without", said[-1]
    )
    none = chosen(tmp_path, rows, start="none")[1]
    assert none.recipe == "linear-bilstm"
    assert none.start == "none"


@pytest.mark.parametrize("given", [{"epochs": 3}, {"batch_size": 8}, {"max_length": 50}])
def test_what_is_asked_for_is_not_lost(tmp_path, given) -> None:
    """Training from the pretrained model has no epochs: who names a number trains from nothing."""
    rows = [
        (f"{text} {n}", "yay" if text in GOOD else "meh") for n in range(8) for text in GOOD + BAD
    ]
    _, found, said = chosen(tmp_path, rows, **given)
    assert (found.recipe, found.start) == ("linear-bilstm", None)
    assert {name: getattr(found, name) for name in given} == given
    assert said[-1].startswith("recipe linear-bilstm: ")
    option = f"--{next(iter(given)).replace('_', '-')}"
    assert f"the pretrained model is not tried: {option} is for training from nothing" in said[-1]


def test_of_two_labels_that_mean_something_else(tmp_path) -> None:
    """The pretrained model knows nothing of them, and the line of the choice says so."""
    rows = [(f"row {n} of the table", ("even", "odd")[n % 2]) for n in range(80)]
    _, found, said = chosen(tmp_path, rows)
    assert (found.recipe, found.start) == ("linear-bilstm", None)
    assert re.search(
        r"^recipe linear-bilstm: 80 texts .*; the pretrained model does not tell these labels "
        r"apart: it is right about 5\d% of 80 texts, both labels counting alike$",
        said[-1],
    )


def test_of_two_labels_that_it_does_not_help_with(tmp_path, monkeypatch) -> None:
    """It was tried, and the line of the choice says what came of it."""
    monkeypatch.setattr(choice, "worth_of_pretrained", lambda *_: Worth(80, 0.8123, 0.81))
    rows = [(f"row {n} of the table", ("even", "odd")[n % 2]) for n in range(80)]
    _, found, said = chosen(tmp_path, rows)
    assert (found.recipe, found.start) == ("linear-bilstm", None)
    assert said[-1].endswith(
        "2 labels; the pretrained model does not help: tried on 80 texts, about 81.2% are right "
        "with it, 81.0% without"
    )


@pytest.mark.parametrize(("started", "warns"), [(0.9, True), (0.81, False)])
def test_of_soft_labels_that_a_start_is_worth_more_than(
    tmp_path, monkeypatch, started, warns
) -> None:
    """Soft labels are learned from nothing, where the pretrained model may know more."""
    monkeypatch.setattr(choice, "worth_of_pretrained", lambda *_: Worth(80, started, 0.8))
    monkeypatch.setattr(TrainOptions, "check_soft_labels", lambda _: None)
    data = tmp_path / "own.csv"
    data.write_text(
        "text,label,probability_odd\n"
        + "".join(f"row {n} of the table,{('even', 'odd')[n % 2]},{n % 2}\n" for n in range(80))
    )
    said: list[str] = []

    def quiet(_: str) -> nullcontext[None]:
        return nullcontext()

    asked = TrainOptions(output=tmp_path / "run", data=str(data), soft_labels=str(data))
    found, _ = choice.choose_recipe(asked, lambda _: np.zeros(0), said.append, quiet)
    assert (found.recipe, found.start) == ("flagship", None)
    warned = [line for line in said if line.startswith("warning: the pretrained model takes no")]
    assert len(warned) == warns


@pytest.mark.parametrize(
    ("started", "alone", "texts", "worth_it"),
    [
        (0.86, 0.80, 1000, True),
        (0.81, 0.80, 1000, False),  # Less than chance may be.
        (0.81, 0.80, 100_000, True),
        (0.804, 0.80, 100_000, False),  # Less than is worth the words of another.
        (0.70, 0.80, 1000, False),
    ],
)
def test_what_is_worth_it(started, alone, texts, worth_it) -> None:
    """What is won is more than chance, and more than next to nothing."""
    assert Worth(texts, started, alone).is_worth_it is worth_it


def test_too_few_to_tell() -> None:
    """With a dozen texts of a label nothing is measured."""
    few = Examples(tuple(GOOD * 3 + BAD * 3), np.repeat([1, 0], 12).astype(np.int8))
    worth = worth_of_pretrained(few, TrainOptions(output=Path("run")), ask_shipped)
    assert worth == (
        "fewer than 20 texts of a label cannot tell whether the pretrained model helps"
    )


def test_too_few_words_to_tell() -> None:
    """Where no word is in three texts, nothing can be learned beside the pretrained model."""
    texts = [f"{'zq' * k}x" for k in range(1, 41)]
    labels = np.repeat([1, 0], 20).astype(np.int8)
    unlike = Examples(tuple(texts), labels)
    worth = worth_of_pretrained(
        unlike, TrainOptions(output=Path("run")), lambda _: labels * 0.8 + 0.1
    )
    assert worth == "too few texts have a word in common to tell whether the pretrained model helps"


def test_what_a_run_starts_from_is_looked_at_first(tmp_path) -> None:
    """A slip in its name is told before a large file is read."""
    asked = TrainOptions(output=tmp_path / "run", data=str(tmp_path / "no.csv"), start="pretraind")
    with pytest.raises(ModelFileError, match=r"^pretraind: no such run folder"):
        choose_recipe(asked, ask_shipped, print, lambda title: nullcontext())


@pytest.mark.parametrize(
    "given",
    [
        {"epochs": 3},
        {"batch_size": 3},
        {"learning_rate": 0.1},
        {"vocabulary": "x"},
        {"published": True},
        {"max_length": 9},
        {"soft_labels": "x"},
    ],
)
def test_what_a_start_leaves_no_choice_of(tmp_path, given) -> None:
    """Its words and length are the model's own, and no epoch is trained."""
    asked = TrainOptions(output=tmp_path, start="pretrained", **given)
    with pytest.raises(UsageError, match="--from pretrained keeps the model's words"):
        asked.check_vocabulary()
    dataclasses.replace(asked, start="none").check_vocabulary()
