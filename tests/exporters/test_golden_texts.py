"""The golden vectors that an export chooses, and that a file carries."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pytest
from many_labels import VOCABULARY, contract_of, logits_of

from edgernn import load
from edgernn.bundle import read_model_file
from edgernn.errors import ExportError
from edgernn.runtime.opening import reference_of
from edgernn.text import TextContract, TextEncoder
from edgernn.text.words import KERAS_SEPARATORS, write_words
from edgernn.training.run import Run
from exporters.export import TrainedModel
from exporters.golden_texts import CORNERS, golden_vectors
from exporters.sample_texts import SAMPLE_TEXTS, spread, touching

Files = dict[tuple[str, str], Path]
CLOSE = 0.1
"""How far from the threshold a text is called close to it."""
KINDS = [("onnx", "int8"), ("tflite", "int8")]


def flat(ids: list[np.ndarray]) -> np.ndarray:
    """The scores of a network that is a little below the threshold, whatever it reads."""
    return np.full(len(ids), 0.4999, np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("files", ["tiny_files", "tiny_word_files"])
def test_a_file_says_what_it_answers(
    files: str, kind: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    """Ids by its own contract, and the probability of those ids to the last digit written."""
    path = request.getfixturevalue(files)[kind]
    golden = read_model_file(path).bundle.golden
    assert golden is not None
    # The one that export scored it in.
    classifier = load(path, "cpu", engine=reference_of(kind[0]))
    assert 16 <= len(golden.vectors) <= 40
    for vector in golden.vectors:
        assert list(vector.ids) == classifier.encode(vector.text)
        (score,) = classifier.score([vector.text])
        if vector.probability is None:
            assert score.label is None
        else:
            assert score.probability == pytest.approx(vector.probability, abs=1e-6)


def test_some_are_close_to_the_threshold(tiny_files: Files) -> None:
    """On both sides, and none so close that the tolerance could turn its label."""
    golden = read_model_file(tiny_files["onnx", "float32"]).bundle.golden
    assert golden is not None
    distances = [v.probability - 0.5 for v in golden.vectors if v.probability is not None]
    assert sum(0 < distance <= CLOSE for distance in distances) >= 3
    assert sum(-CLOSE <= distance < 0 for distance in distances) >= 3
    assert min(map(abs, distances)) >= 2 * golden.tolerance


def test_the_longest_input(tiny_encoder: TextEncoder) -> None:
    """One text just fits, the one behind it is cut."""
    texts = [v.text for v in golden_vectors(tiny_encoder, flat, 1e-5).vectors]
    assert texts[: len(CORNERS)] == list(CORNERS)
    fits, longer = texts[len(CORNERS) : len(CORNERS) + 2]
    longest = tiny_encoder.contract.max_length
    counts = tiny_encoder.token_counts([fits, longer])
    assert longest - 10 < counts[0] <= longest < counts[1]


def test_a_label_that_a_runtime_may_give_otherwise_is_left_out(tiny_encoder: TextEncoder) -> None:
    """All texts lie 1e-4 below the threshold."""
    assert len(golden_vectors(tiny_encoder, flat, 4e-5).vectors) > 16


def test_a_model_that_decides_nothing(tiny_encoder: TextEncoder) -> None:
    """A file without a vector could prove nothing: the line says what to do."""
    with pytest.raises(
        ExportError, match=r"lies 0\.00012 or more from the threshold 0\.5: .* longer"
    ):
        golden_vectors(tiny_encoder, flat, 6e-5)


@pytest.mark.parametrize(
    "fields",
    [{}, {"none_below": 0.4}, {"decision": "each", "thresholds": (0.5, 0.2, 0.3, 0.5, 0.5)}],
    ids=["largest", "none below", "each"],
)
def test_several_labels(fields: dict[str, Any]) -> None:
    """All probabilities are in the vectors, whose labels no runtime within the tolerance turns."""
    contract = contract_of(5, **fields)
    encoder = TextEncoder(contract, VOCABULARY)

    def scores(ids: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
        logits = np.array([logits_of(contract, row.tolist()) for row in ids])
        powers = np.exp(logits / 4)
        given = powers / (1 + powers if fields.get("decision") else powers.sum(1, keepdims=True))
        return given.astype(np.float32)

    tolerance = 1e-3
    golden = golden_vectors(encoder, scores, tolerance)
    vectors = [vector for vector in golden.vectors if vector.ids]
    assert 16 <= len(vectors) <= 40
    rows = np.array([vector.probabilities for vector in vectors])
    np.testing.assert_allclose(rows, scores([np.array(v.ids) for v in vectors]), atol=1e-7)
    margins = contract.decides.margin(rows)
    assert margins.min() >= 2 * tolerance
    answers = [str(one) for one in contract.decides.answers(rows).tolist()]
    close = [answer for answer, margin in zip(answers, margins, strict=True) if margin < 0.02]
    assert len(close) >= 3
    assert len(set(close)) >= 2
    assert {vector.probability for vector in golden.vectors} == {None}


def test_several_labels_of_which_none_is_sure() -> None:
    """The line does not speak of a threshold where there is none."""
    encoder = TextEncoder(contract_of(3), VOCABULARY)

    def equal(ids: Sequence[object]) -> npt.NDArray[np.float32]:
        return np.full((len(ids), 3), 1 / 3, np.float32)

    with pytest.raises(ExportError, match=r"lies 0\.0002 or more from another answer: the model"):
        golden_vectors(encoder, equal, 1e-4)


def test_texts_without_a_token(tiny_word_trained: TrainedModel) -> None:
    """They have no probability, and no runtime may give them one."""
    encoder = tiny_word_trained.run.encoder
    contract = dataclasses.replace(encoder.contract, start_id=None, unknown_id=None)
    encoder = TextEncoder(contract, encoder.vocabulary)
    found = {v.text: v for v in golden_vectors(encoder, flat, 1e-5).vectors}
    assert found["..."].ids == ()
    assert found["..."].probability is None


@pytest.fixture(scope="module")
def tiny_encoder(tiny_run: Path) -> TextEncoder:
    """The text rules of the tiny run."""
    return Run.open(tiny_run).encoder


def test_a_vocabulary_of_which_no_sample_knows_a_word() -> None:
    """Its own words are taken, so that runtimes compare more than padding and unknown words."""
    encoder = word_encoder(["schauspieler", "handlung", "sch\u00f6n"], unknown_id=None)
    scored = [v for v in golden_vectors(encoder, flat, 1e-5).vectors if v.ids]
    assert len({v.ids for v in scored}) >= 3
    chosen = spread(SAMPLE_TEXTS, word_encoder(["handlung", "regie"], unknown_id=1), 40)
    assert len(chosen) == 40
    # The others are beginnings, which runtimes have to score as well.
    assert sum("handlung" in text or "regie" in text for text in chosen) >= 30


def test_a_vocabulary_of_which_the_samples_know_little() -> None:
    """A word or two are not enough: all texts would be alike but for those."""
    german = word_encoder(["film", "schauspieler", "handlung", "in", "die"], unknown_id=1)
    assert "film" in " ".join(SAMPLE_TEXTS)
    words = {"film", "schauspieler", "handlung", "in", "die"}
    assert set(" ".join(touching(SAMPLE_TEXTS, german)).split()) == words
    assert touching(SAMPLE_TEXTS, german, own=True) is SAMPLE_TEXTS
    english = sorted(set(re.findall(r"[a-z]+", " ".join(SAMPLE_TEXTS).lower())))
    assert touching(SAMPLE_TEXTS, word_encoder(english, unknown_id=1)) is SAMPLE_TEXTS


@pytest.mark.parametrize("unknown_id", [None, 1])
def test_a_vocabulary_that_no_text_touches(unknown_id: int | None) -> None:
    """One line says so."""
    encoder = word_encoder(["<unk> 2", "good 3", "film 4"], unknown_id=unknown_id)
    for choose in (
        lambda: spread(SAMPLE_TEXTS, encoder, 40),
        lambda: golden_vectors(encoder, flat, 1e-5),
    ):
        with pytest.raises(ExportError, match="no word of the vocabulary occurs in the texts"):
            choose()


def word_encoder(words: list[str], unknown_id: int | None) -> TextEncoder:
    """Words split as Keras does."""
    content = write_words(words)
    contract = TextContract(
        vocabulary_sha256=hashlib.sha256(content).hexdigest(),
        vocabulary_size=len(words) + 2,
        max_length=9,
        cut="start",
        tokenizer="words",
        separators=KERAS_SEPARATORS,
        first_word_id=2,
        unknown_id=unknown_id,
        vocabulary_file="vocabulary.words",
    )
    return TextEncoder(contract, content)


def hashed(ids: Any) -> float:
    """A probability that depends on every id."""
    return float(0.5 + 0.4 * np.sin(sum((i + 1) * int(id) for i, id in enumerate(ids))))


def scored(ids: Sequence[npt.NDArray[np.int32]]) -> npt.NDArray[np.float32]:
    return np.array([hashed(one) for one in ids], np.float32)


class KeepsState:
    """A runtime whose state is dropped where the length changes, and nowhere else."""

    def __init__(self) -> None:
        self.length, self.state = 0, 0.0

    def score(self, ids: Sequence[int]) -> float:
        """Score a text, with a share of the one before."""
        found = hashed(ids)
        if len(ids) == self.length:
            found = 0.8 * found + 0.2 * self.state
        self.length, self.state = len(ids), found + 0.5
        return found


def test_a_runtime_that_keeps_its_state_is_caught(tiny_encoder: TextEncoder) -> None:
    """By the texts of one length at the end, which are played once, in their order."""
    golden = golden_vectors(tiny_encoder, scored, 1e-4)
    played = [v for v in golden.vectors if v.ids]
    one, other, again = played[-3:]
    assert len(one.ids) == len(other.ids)
    assert one.ids != other.ids
    assert other == again
    runtime = KeepsState()
    off = [abs(runtime.score(v.ids) - float(v.probability or 0)) for v in played]
    assert max(off[-2:]) > 100 * golden.tolerance
    # Without them it may pass.
    alone = KeepsState()
    lengths = {len(v.ids): v for v in played}
    off = [abs(alone.score(v.ids) - float(v.probability or 0)) for v in lengths.values()]
    assert max(off) < golden.tolerance


def test_a_runtime_that_ignores_lengths_is_caught(tiny_encoder: TextEncoder) -> None:
    """By the texts that are to be scored in one call, and by no others."""

    def ignoring(batch: Sequence[Sequence[int]]) -> list[float]:
        longest = max(map(len, batch))
        # The padding's id is that of a word to it.
        return [hashed([*ids, *[7] * (longest - len(ids))]) for ids in batch]

    golden = golden_vectors(tiny_encoder, scored, 1e-4, batched=True)
    played = [v for v in golden.vectors if v.ids]
    assert all(abs(ignoring([v.ids])[0] - float(v.probability or 0)) < 1e-4 for v in played)
    group = [golden.vectors[place] for place in golden.batch]
    assert len({len(v.ids) for v in group}) == len(group) > 4
    found = ignoring([v.ids for v in group])
    off = [abs(a - float(v.probability or 0)) for a, v in zip(found, group, strict=True)]
    assert max(off) > 100 * golden.tolerance
    assert golden_vectors(tiny_encoder, scored, 1e-4).batch == ()


def test_few_texts_are_sure(tiny_encoder: TextEncoder) -> None:
    """Others are looked for until there are sixteen; where there are not, a line says why."""

    def sure_of(share: int) -> Any:
        """Of one in so many texts it is sure."""
        return lambda ids: np.array(
            [0.5 + 0.3 * (crc32(np.array(one, np.int32)) % share == 0) for one in ids], np.float32
        )

    golden = golden_vectors(tiny_encoder, sure_of(10), 1e-4)
    assert len({v.text for v in golden.vectors if v.ids}) == 16
    with pytest.warns(RuntimeWarning, match=r"^\d+ golden vectors instead of 16: of .* 0\.0002 or"):
        few = golden_vectors(tiny_encoder, sure_of(200), 1e-4)
    assert 1 <= len({v.text for v in few.vectors if v.ids}) < 16
