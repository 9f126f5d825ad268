"""The estimator of scikit-learn is one in all that applies to a column of texts."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from many_labels import contract_of, write_file
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import validate_data

from edgernn import Classifier, UsageError, load
from edgernn.sklearn import EdgernnClassifier

TEXTS = ["good film", "bad film", "good good", "dull, bad"] * 3
LABELS = ["yes", "no", "yes", "no"] * 3


class OfNumbers(EdgernnClassifier):
    """Takes rows of numbers, which scikit-learn's checks are made of: each becomes a word."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags

    def fit(self, X: Any, y: Any) -> OfNumbers:
        """As the class above, of numbers."""
        return super().fit(words_of(validate_data(self, X)), y)

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Likewise."""
        self._loaded()
        return super().predict_proba(words_of(validate_data(self, X, reset=False)))


def words_of(rows: npt.NDArray[np.float64]) -> list[str]:
    """A word for each number in steps of one half, to learn from, and one for all of its digits.

    The latter keeps rows apart: texts that are alike are never divided.
    """
    letters = str.maketrans("0123456789+-.e", "abcdefghijklmn")
    return [
        " ".join(
            f"{chr(97 + column % 26)}{chr(97 + int(np.clip(number // 0.5 + 12, 0, 24)))}x "
            f"q{number:+.6e}".translate(letters)
            for column, number in enumerate(row)
        )
        for row in rows
    ]


@pytest.fixture
def learns_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In place of training: a file of as many labels, with weights of no meaning."""
    two = load(device="cpu", threads=1)

    def trained(self: Any, X: Any, given: npt.NDArray[Any], classes: Any) -> Classifier:
        if self.class_weight not in (None, "balanced"):
            raise UsageError("as training says")
        if len(classes) == 2:
            return two
        several = {"decision": "each", "thresholds": (0.5,) * len(classes)}
        fields: dict[str, Any] = several if given.ndim == 2 else {}
        path = write_file(tmp_path / "model.onnx", contract_of(len(classes), **fields))
        return load(path, "cpu", threads=1)

    monkeypatch.setattr(EdgernnClassifier, "_trained", trained)


NEEDS_TRAINING = {
    "check_classifiers_train": "asks for 83 % accuracy of what has learned nothing",
    # Its graph is none that the C engine runs, which rounds each text alike.
    "check_methods_subset_invariance": "ONNX Runtime rounds in the 7th digit, by the batch",
}
NOT_APPLICABLE = {
    "check_class_weight_classifiers": "class_weight is `balanced` or None, not a weight for each",
}
TOO_FEW = {
    "check_fit2d_1feature": "three rows of a label leave none to hold out, which training says",
}


def checked(estimator: EdgernnClassifier, expected: dict[str, str]) -> None:
    """Run scikit-learn's checks; those that are expected to fail must."""
    found = check_estimator(estimator, expected_failed_checks=expected, on_fail=None, on_skip=None)
    failed = {
        one["check_name"]: repr(one["exception"])
        for one in found
        if one["status"] not in ("passed", "xfail")
        # It runs where SCIPY_ARRAY_API is set.
        and one["check_name"] != "check_array_api_input"
    }
    assert failed == {}, failed
    assert {one["check_name"] for one in found if one["status"] == "xfail"} == {*expected}
    assert len(found) > 50


@pytest.mark.usefixtures("learns_nothing")
def test_what_scikit_learn_checks() -> None:
    """Parameters, errors, shapes, types, pickles, copies."""
    checked(OfNumbers(), NEEDS_TRAINING | NOT_APPLICABLE)


@pytest.mark.slow
@pytest.mark.keras
def test_what_scikit_learn_checks_of_a_trained_one() -> None:
    """The same on a recipe that is trained in each of them."""
    small = {"epochs": 12, "batch_size": 16, "learning_rate": 0.02, "max_length": 12, "min_df": 1}
    checked(OfNumbers("simple-rnn", **small), NOT_APPLICABLE | TOO_FEW)


@pytest.mark.usefixtures("learns_nothing")
def test_texts_that_cannot_be_scored() -> None:
    """They have the labels' shares, and are counted in a warning."""
    estimator = EdgernnClassifier().fit(TEXTS, [*"aab"] * 4)
    with pytest.warns(RuntimeWarning, match="2 texts cannot be scored, the first is number 1: "):
        found = estimator.predict_proba(["", "good film", None])
    assert found[[0, 2]].tolist() == [[2 / 3, 1 / 3]] * 2
    assert found[1].sum() == pytest.approx(1)
    with pytest.warns(RuntimeWarning):
        assert estimator.predict([""]).tolist() == ["a"]


@pytest.mark.usefixtures("learns_nothing")
def test_several_labels() -> None:
    """Each is 0 or 1 in y and so in what is predicted."""
    y = np.array([[1, 0, 1], [0, 1, 0], [0, 0, 0]] * 4)
    estimator = EdgernnClassifier().fit(TEXTS, y)
    found = estimator.predict(TEXTS)
    assert found.shape == y.shape
    assert (found == (estimator.predict_proba(TEXTS) >= 0.5)).all()
    assert 0 <= estimator.score(TEXTS, y) <= 1


def test_a_model_file(tmp_path: Path) -> None:
    """It predicts as it is, also where it would give no label; fit only compares labels."""
    contract = contract_of(3, none_below=0.99)
    path = write_file(tmp_path / "three.onnx", contract)
    estimator = clone(EdgernnClassifier(model=path, threads=1))
    scores = load(path, "cpu").score(TEXTS)
    assert None in {score.label for score in scores}
    likeliest = [contract.labels[int(np.argmax(score.probabilities))] for score in scores]
    assert estimator.predict(TEXTS).tolist() == likeliest
    assert estimator.fit(TEXTS, likeliest).score(TEXTS, likeliest) == 1
    assert clone(EdgernnClassifier(model=load(path, "cpu"))).predict(TEXTS).tolist() == likeliest
    with pytest.raises(ValueError, match="y has other labels than the model: no, yes"):
        estimator.fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="y has other labels than the model: 0, 1"):
        estimator.fit(TEXTS, np.zeros((len(TEXTS), 2), int))
    with pytest.raises(NotFittedError):
        EdgernnClassifier().predict(TEXTS)
    several = contract_of(2, decision="each", thresholds=(0.5, 0.5))
    estimator.set_params(model=write_file(tmp_path / "several.onnx", several))
    assert estimator.fit(TEXTS, np.zeros((len(TEXTS), 2), int)).classifier_.contract == several


def word(number: int) -> str:
    """A word of its own for each number: texts that are alike are never divided."""
    return chr(97 + number // 26) + chr(97 + number % 26) + "x"


@pytest.mark.slow
@pytest.mark.keras
def test_a_grid_of_recipe_options() -> None:
    """A pipeline, folds, and options of a recipe; what is found can be pickled.

    Of texts that are cut to one word nothing can be learned.
    """
    small = EdgernnClassifier("simple-rnn", epochs=15, batch_size=4, learning_rate=0.02)
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    search = GridSearchCV(
        make_pipeline(lower, small),
        {"edgernnclassifier__max_length": [1, 8]},
        cv=2,
        scoring="roc_auc",
    )
    texts = [f"a {('dull', 'great')[n % 2]} film {word(n)}" for n in range(60)]
    y = np.array(["bad", "good"])[np.arange(60) % 2]
    search.fit(texts, y)
    assert search.best_params_ == {"edgernnclassifier__max_length": 8}
    assert search.best_estimator_.score(texts, y) > 0.9
    best = search.best_estimator_[-1]
    assert best.classifier_.labels == ("bad", "good")
    again = pickle.loads(pickle.dumps(best))  # noqa: S301
    assert (again.predict_proba(texts) == best.predict_proba(texts)).all()


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.parametrize("labels", [[1, 2, 3], [1.0, 2.0, -1.0], ["a", "A", "none"]])
def test_labels_of_any_kind(labels: list[Any]) -> None:
    """Also those that a file could not tell apart; they come back as they were."""
    texts = [f"{('one', 'two', 'three')[n % 3]} more {word(n)}" for n in range(60)]
    y = np.array(labels)[np.arange(60) % 3]
    estimator = EdgernnClassifier(epochs=8, batch_size=4, learning_rate=0.02, min_df=1)
    assert estimator.fit(texts, y).classes_.tolist() == sorted(labels)
    assert estimator.score(texts, y) > 0.9


@pytest.mark.slow
@pytest.mark.keras
def test_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """What docs/sklearn.md trains."""
    page = Path(__file__).resolve().parents[2] / "docs" / "sklearn.md"
    (code,) = re.findall(r"^```python training\n(.*?)^```$", page.read_text("utf-8"), re.M | re.S)
    exec(code, {})
    assert capsys.readouterr().out == "['card']\n['card' 'transfer']\n"


def test_without_scikit_learn() -> None:
    """Importing edgernn loads none of it; ours names the extra."""
    code = (
        "import sys, edgernn\nassert 'sklearn' not in sys.modules\nsys.modules['sklearn'] = None\n"
        "try:\n    import edgernn.sklearn\nexcept edgernn.MissingPackageError as error:\n"
        "    print(error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.endswith("pip install 'edgernn[sklearn]'\n"), found.stderr


def test_what_is_no_text() -> None:
    """The place of it is told, before anything is trained."""
    with pytest.raises(TypeError, match="text 2: the text is a int, not a string"):
        EdgernnClassifier().fit(["good", 3], [0, 1])
    with pytest.raises(TypeError, match="score takes one column of texts, not a DataFrame"):
        EdgernnClassifier().fit(pd.DataFrame({"a": TEXTS, "b": TEXTS}), LABELS)
