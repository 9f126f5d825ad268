"""Scoring with a model on words: its rules travel in the file, padding that it reads included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgernn import Classifier, load
from edgernn.bundle import read_model_file
from edgernn.errors import TextError
from edgernn.runtime import LoadedModel
from edgernn.runtime.loaded_model import Options
from edgernn.training.models import probabilities
from exporters.sample_texts import SAMPLE_TEXTS

Files = dict[tuple[str, str], Path]

KINDS = [("onnx", "float32"), ("onnx", "int8"), ("tflite", "float32")]
TOLERANCE = {"float32": 1e-5, "int8": 2e-2}


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Format and precision."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def scorer(kind: tuple[str, str], tiny_word_files: Files) -> Classifier:
    """The tiny model on words, from each kind of file."""
    return load(tiny_word_files[kind], "cpu")


def test_scores_are_those_of_keras(
    scorer: Classifier, kind: tuple[str, str], tiny_word_trained: Any
) -> None:
    """As Keras scores the same padded ids."""
    run = tiny_word_trained.run
    expected = probabilities(run.load_model(), run.encoder.encode_batch(SAMPLE_TEXTS))
    found = [score.probability for score in scorer.score(SAMPLE_TEXTS)]
    assert np.abs(np.array(found) - expected).max() <= TOLERANCE[kind[1]]
    assert np.ptp(expected) > 0.1


def test_the_rules_come_from_the_file(scorer: Classifier, tiny_word_run: Path) -> None:
    """Vocabulary, stop words, start token, unknown words and padding."""
    words = (tiny_word_run / "vocabulary.words").read_text("utf-8").split("\n")
    ids = scorer.encode("The unheard-of FILM")
    assert len(ids) == 30
    assert ids[:26] == [0] * 26
    assert ids[26:] == [1, 2, scorer.encode("of")[-1], 4 + words.index("film")]
    assert scorer.contract.stop_words == ("the", "a")


def test_a_score_depends_on_no_other_text(scorer: Classifier) -> None:
    """Alone, in a batch, in another order."""
    together = [score.probability for score in scorer.score(SAMPLE_TEXTS)]
    backwards = [score.probability for score in scorer.score(SAMPLE_TEXTS[::-1])][::-1]
    alone = [scorer.score([text])[0].probability for text in SAMPLE_TEXTS]
    assert np.abs(np.array(together) - backwards).max() <= 1e-5
    assert np.abs(np.array(together) - alone).max() <= 1e-5


@pytest.mark.parametrize("engine", ["auto", "onnxruntime"])
def test_no_token_is_left(
    engine: str, tiny_word_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text of stop words and unknown words alone is told, not guessed at."""
    file = read_model_file(tiny_word_files["onnx", "float32"])
    # Before it is opened: an engine that encodes takes the start id then.
    monkeypatch.setattr(file.bundle.encoder._tokenizer, "_start", [])
    scorer = Classifier(LoadedModel.of_file(file, Options("cpu", engine=engine)))
    assert scorer.encode("the a!") == []
    with pytest.raises(TextError, match="text 2: no token is left of the text"):
        scorer.score(["a film", "the a!"], errors="raise")
    first, second, third = scorer.score(["a film", "the a!", "?good"])
    assert first.label is not None
    assert (second.label, second.reason) == (None, "no token is left of the text")
    assert third.label is not None
