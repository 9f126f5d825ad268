"""What `Classifier.score` takes texts from, and what becomes of those that cannot be scored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgernn import Classifier, load
from edgernn.bundle import read_model_file
from edgernn.errors import TextError
from edgernn.runtime import LoadedModel
from edgernn.runtime.scores import problem_of

Files = dict[tuple[str, str], Path]

TEXTS = ["a good film", "a bad film", "the worst"]
EMPTY, MISSING = "the text is empty", "the text is missing"


class Engine:
    """Answers with the number of tokens in hundredths."""

    name = "test"
    device = "cpu"
    batched = True
    batch_tokens = 100
    workers = 2

    def run(self, batch: Sequence[Any], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Answer."""
        return np.array([len(text) / 100 for text in batch], np.float32)


@pytest.fixture(scope="module")
def scorer(tiny_files: Files) -> Classifier:
    """A model whose engine is a stand-in."""
    return Classifier(LoadedModel(read_model_file(tiny_files["onnx", "int8"]), Engine()))


def pandas_series(texts: list[Any], index: Callable[[int], list[Any]]) -> Any:
    pandas = pytest.importorskip("pandas")
    return pandas.Series(texts, index=index(len(texts)))


def arrow() -> Any:
    return pytest.importorskip("pyarrow")


HOLDERS: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "generator": lambda texts: (text for text in texts),
    "map": lambda texts: map(str, texts),
    "dict values": lambda texts: dict(enumerate(texts)).values(),
    "numpy objects": lambda texts: np.array(texts, object),
    "numpy strings": np.array,
    "pandas": lambda texts: pandas_series(texts, lambda n: list(range(n))),
    "pandas, reversed index": lambda texts: pandas_series(texts, lambda n: list(range(n))[::-1]),
    "pandas, index of strings": lambda texts: pandas_series(texts, lambda n: list("xyz" * n)[:n]),
    "pandas, index of floats": lambda texts: pandas_series(
        texts, lambda n: [i / 2 for i in range(n)]
    ),
    "pandas strings": lambda texts: pandas_series(texts, lambda n: [7] * n).astype("string"),
    "pandas, one row": lambda texts: pandas_series(texts, lambda n: [5] * n)[:1],
    "arrow": lambda texts: arrow().array(texts),
    "arrow, chunked": lambda texts: pytest.importorskip("pyarrow").chunked_array(
        [texts[:1], texts[1:]]
    ),
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("count", [1, 100])
def test_what_holds_texts(scorer: Classifier, holder: str, count: int) -> None:
    """One text or many: the scores of a list of the same."""
    texts = TEXTS * count
    held = HOLDERS[holder](texts)
    expected = scorer.score(texts)
    found = scorer.score(held)
    assert found == expected[: len(found)]
    assert len(found) == (1 if "one row" in holder else len(texts))


def test_bad_cells_of_a_table(scorer: Classifier) -> None:
    """None, NaN, NA and NaT are missing; each costs its own result alone."""
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    good = scorer.score([TEXTS[0]])[0].probability
    cells = [TEXTS[0], None, float("nan"), pandas.NA, pandas.NaT, np.float64("nan"), "", " \t", 7]
    reasons = [None, *[MISSING] * 5, EMPTY, EMPTY, "the text is a int, not a string"]
    for held in (cells, pandas.Series(cells, dtype=object), np.array(cells, object)):
        scores = scorer.score(held)
        assert [score.reason for score in scores] == reasons
        assert [score.probability for score in scores] == [good, *[None] * 8]
    text_cells = [TEXTS[0], None, ""]
    for held in (
        pandas.Series(text_cells, dtype="string"),
        pandas.Series(text_cells, dtype="str"),
        pandas.Series(text_cells, dtype="category"),
        pyarrow.array(text_cells),
        pyarrow.array(text_cells, pyarrow.large_string()).dictionary_encode(),
    ):
        assert [score.reason for score in scorer.score(held)] == [None, MISSING, EMPTY]


def test_a_score_without_a_label(scorer: Classifier) -> None:
    """Everything that the model would have said is None; its labels are still there."""
    (score,) = scorer.score([None])
    assert (score.label, score.confidence, score.probability, score.probabilities) == (None,) * 4
    assert score.labels == ("negative", "positive")
    assert (score.known, score.truncated) == (0.0, False)


@pytest.mark.parametrize("threads", [1, 2])
def test_bad_texts_among_many(scorer: Classifier, threads: int) -> None:
    """The others keep their places and scores, in threads and without."""
    engine = Engine()
    engine.workers = threads
    scorer = Classifier(LoadedModel(read_model_file(scorer.path), engine))
    mixed: list[Any] = [
        None if place % 7 == 3 else "" if place % 7 == 4 else "?" * (place % 30 + 1)
        for place in range(5000)
    ]
    scores = scorer.score(mixed)
    for text, score in zip(mixed, scores, strict=True):
        assert score.reason == problem_of(text)
        if text:
            tokens = min(len(scorer.encode(text)), 40)
            assert score.probability == pytest.approx(tokens / 100)


@pytest.mark.parametrize(
    ("item", "error", "said"),
    [
        (None, TypeError, "text 2 is missing"),
        (float("nan"), TypeError, "text 2 is missing"),
        (3, TypeError, "text 2 is a int, not a string"),
        (b"good", TypeError, "text 2 is a bytes, not a string"),
        (["good"], TypeError, "text 2 is a list, not a string"),
        ("", TextError, "text 2 is empty"),
        ("\u00a0\u3000", TextError, "text 2 is empty"),
    ],
)
@pytest.mark.parametrize("make", [list, iter])
def test_strictly(
    scorer: Classifier,
    make: Callable[[list[object]], Iterable[object]],
    item: object,
    error: type[Exception],
    said: str,
) -> None:
    """The first bad text is an error that names it by number."""
    with pytest.raises(error, match=f"^{said}$"):
        scorer.score(make(["good", item, None]), errors="raise")
    assert len(scorer.score(["good"], errors="raise")) == 1


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ("Great movie!", r"score\(\[text\]\)"),
        (b"Great movie!", r"score\(\[text\]\)"),
        (np.array([["a", "b"]]), r"one column of texts, not a ndarray of shape \(1, 2\)"),
        (np.array("a"), "one column"),
        ({"a": 1}, "in their order, which a dict lacks"),
        ({"a", "b"}, "in their order, which a set lacks"),
        (3, "not iterable"),
        (None, "not iterable"),
    ],
)
def test_what_holds_no_texts(scorer: Classifier, texts: Any, said: str) -> None:
    """One string's letters, a table's column names would be scored as texts; no silent guess."""
    with pytest.raises(TypeError, match=said):
        scorer.score(texts)


def test_tables_of_columns(scorer: Classifier) -> None:
    """A table is no column, whoever's it is."""
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    for table in (
        pandas.DataFrame({"text": TEXTS}),
        pyarrow.table({"text": TEXTS}),
        pyarrow.record_batch({"text": TEXTS}),
    ):
        with pytest.raises(TypeError, match="one column of texts"):
            scorer.score(table)


def test_the_choice_of_errors(scorer: Classifier) -> None:
    """The `ignore` of pandas is none of ours."""
    with pytest.raises(ValueError, match="not 'ignore'"):
        scorer.score(["good"], errors="ignore")  # type: ignore[arg-type]


def test_scores_become_a_table(scorer: Classifier) -> None:
    """As `pandas.DataFrame(classifier.score(...))`."""
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(scorer.score([*TEXTS, None]))
    assert list(table) == [
        *("label", "confidence", "probability", "probabilities"),
        *("labels", "known", "truncated", "reason", "given"),
    ]
    assert table["reason"].tolist()[3] == MISSING


def test_none_in_place_of_a_score(scorer: Classifier) -> None:
    """`score_or_none` of the same texts."""
    first, *others = scorer.score_or_none([TEXTS[0], None, ""])
    assert first == scorer.score([TEXTS[0]])[0]
    assert others == [None, None]


def test_nothing_is_imported_for_it(tiny_files: Files) -> None:
    """Neither pandas nor pyarrow is loaded, nor guessed at by being there."""
    code = (
        "import sys, edgernn\n"
        "scores = edgernn.load(sys.argv[1], 'cpu').score([None, float('nan'), 'good'])\n"
        "print(sum(score.label is None for score in scores))\n"
        "print({'pandas', 'pyarrow'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_files["onnx", "int8"])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n") == ["2", "set()", ""]


def test_known_and_truncated(tiny_files: Files, tiny_word_files: Files) -> None:
    """A share of the text's tokens, and whether it was cut; of one text as of many."""
    scorer = load(tiny_word_files["onnx", "float32"], "cpu")
    text = "film good zzz"
    alone = scorer.score([text])[0]
    assert alone.known == pytest.approx(2 / 3)
    assert not alone.truncated
    long = " ".join(["film"] * 1000)
    cut = scorer.score([long, text])[0]
    assert (cut.known, cut.truncated) == (1.0, True)
    for score, expected in zip(scorer.score([text, long] * 200), [alone, cut] * 200, strict=True):
        assert (score.known, score.truncated) == (expected.known, expected.truncated)
    subwords = load(tiny_files["onnx", "int8"], "cpu").score(["the best?!", "the żół", "the"])
    assert [score.known for score in subwords] == [1.0, pytest.approx(1 / 7), 0.5]
