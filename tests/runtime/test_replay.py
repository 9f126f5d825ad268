"""Golden vectors replayed: what passes, and everything that must not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edgernn.bundle import Bundle, Golden, GoldenVector, ModelFile, read_model_file, with_bundle
from edgernn.errors import ModelFileError
from edgernn.runtime import LoadedModel
from edgernn.runtime import replay as replay_module
from edgernn.runtime.answers import Limits, RuntimeAnswers, all_passed, judge
from edgernn.runtime.engines import Engine
from edgernn.runtime.loaded_model import open_reference
from edgernn.runtime.replay import Replay, check_ids, replay
from edgernn.text import EVEN, TextEncoder

Files = dict[tuple[str, str], Path]
Ids = npt.NDArray[np.int32]

TOLERANCE = 1e-3
TEXTS = (
    "Great",
    "a bad film",
    "It was never boring.",
    "The worst movie of the year!",
    "one " * 30,
    "I loved it, and my son loved it too; the one that was good is the best",
    "Café \ud800 😀",
    "?",
)
KINDS = [
    (format, precision)
    for format in ("onnx", "tflite")
    for precision in ("float32", "float16", "int8")
]


def rounding(row: RuntimeAnswers, kind: tuple[str, str]) -> float:
    """How far a runtime may be off: what LiteRT rounds in int8 files, the C engine does not."""
    return 5e-3 if (row.runtime, *kind) == ("native", "tflite", "int8") else 1e-5


def golden_of(path: Path, texts: Sequence[str] = TEXTS) -> Golden:
    """What a file makes of some texts, in the engine that export takes."""
    model = open_reference(path)
    vectors = []
    for text in texts:
        ids = model.encoder.encode(text)
        found = model.probabilities([np.array(ids, np.int32)]).tolist() if ids else [None]
        vectors.append(GoldenVector(text, tuple(ids), found[0]))
    return Golden(TOLERANCE, tuple(vectors))


def with_golden(path: Path, folder: Path, golden: Golden) -> ModelFile:
    """A copy of a file with other golden vectors, its checksums made anew; read back."""
    file = read_model_file(path)
    bundle = dataclasses.replace(file.bundle, golden=golden)
    copy = folder / path.name
    copy.write_bytes(with_bundle(file.data, file.format, bundle))
    return read_model_file(copy)


def changed(golden: Golden, number: int, **changes: Any) -> Golden:
    """The golden vectors with one of them (from 0) altered."""
    vectors = list(golden.vectors)
    vectors[number] = dataclasses.replace(vectors[number], **changes)
    return dataclasses.replace(golden, vectors=tuple(vectors))


def replayed(file: ModelFile) -> Replay:
    assert file.bundle.golden is not None
    return replay(file, file.bundle.golden)


def ran(found: Replay) -> list[RuntimeAnswers]:
    return [row for row in found.runtimes if row.passed is not None]


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_right_file(tiny_files: Files, tmp_path: Path, kind: tuple[str, str]) -> None:
    """Passes on every runtime that is here, each of which ran all vectors."""
    path = tiny_files[kind]
    tolerance = 1e-2 if kind == ("tflite", "int8") else TOLERANCE
    golden = dataclasses.replace(golden_of(path), tolerance=tolerance)
    found = replayed(with_golden(path, tmp_path, golden))
    assert found.passed
    assert found.tolerance == tolerance
    assert (found.ids.texts, found.ids.mismatches, found.ids.first) == (len(TEXTS), 0, None)
    for row in ran(found):
        assert row.passed
        device = "cuda" if row.runtime.endswith("CUDA") else "cpu"
        assert (row.device, row.texts, row.label_flips) == (device, len(TEXTS), 0)
        assert row.largest_difference is not None
        assert row.largest_difference < (rounding(row, kind) if device == "cpu" else TOLERANCE)
        assert row.row is not None
        assert row.text == TEXTS[row.row - 1]
        assert row.reason is None
    names = [row.runtime for row in ran(found)]
    expected = ["onnxruntime"] if kind[0] == "onnx" else ["litert, XNNPACK", "litert, no delegate"]
    assert names[: len(expected)] == expected
    for row in found.runtimes:
        if row.passed is None:
            assert row.reason
            assert (row.device, row.texts, row.largest_difference) == (None, 0, None)


def test_an_exported_file(tiny_files: Files) -> None:
    """The vectors that `export` puts in pass."""
    found = replayed(read_model_file(tiny_files["onnx", "int8"]))
    assert found.passed
    assert 16 <= found.ids.texts <= 40


@pytest.mark.parametrize("kind", [("onnx", "int8"), ("tflite", "int8")], ids="-".join)
def test_another_probability(tiny_files: Files, tmp_path: Path, kind: tuple[str, str]) -> None:
    """Beyond the tolerance on every runtime; by how much and on which text is said."""
    golden = golden_of(tiny_files[kind])
    probability = golden.vectors[3].probability
    assert probability is not None
    # Away from the threshold: no label flips.
    off = 0.02 if probability >= 0.5 else -0.02
    file = with_golden(
        tiny_files[kind], tmp_path, changed(golden, 3, probability=probability + off)
    )
    found = replayed(file)
    assert not found.passed
    assert found.ids.passed
    assert ran(found)
    for row in ran(found):
        assert row.passed is False
        allowed = max(TOLERANCE, rounding(row, kind))
        assert row.largest_difference == pytest.approx(0.02, abs=allowed)
        assert (row.row, row.text, row.label_flips) == (4, TEXTS[3], 0)
        assert row.reason is not None
        assert row.reason.endswith(" off, allowed 0.001")


def test_within_the_tolerance(tiny_files: Files, tmp_path: Path) -> None:
    """The file's own tolerance counts."""
    path = tiny_files["onnx", "int8"]
    golden = golden_of(path)
    probability = golden.vectors[3].probability
    assert probability is not None
    off = 0.02 if probability >= 0.5 else -0.02
    wide = dataclasses.replace(changed(golden, 3, probability=probability + off), tolerance=0.03)
    found = replayed(with_golden(path, tmp_path, wide))
    assert found.passed
    assert ran(found)[0].largest_difference == pytest.approx(0.02, abs=1e-5)


def test_a_flip(tiny_files: Files, tmp_path: Path) -> None:
    """Another label is one too many, even within the tolerance."""
    path = tiny_files["onnx", "int8"]
    golden = golden_of(path)
    probability = golden.vectors[1].probability
    assert probability is not None
    other = 0.49 if probability >= 0.5 else 0.51
    wide = dataclasses.replace(changed(golden, 1, probability=other), tolerance=0.99)
    found = replayed(with_golden(path, tmp_path, wide))
    assert not found.passed
    row = ran(found)[0]
    assert (row.passed, row.label_flips) == (False, 1)
    assert row.reason == f"1 of {len(TEXTS)} labels flip"


def test_the_threshold_is_the_contract_s(tiny_files: Files, tmp_path: Path) -> None:
    """A vector on the other side of one half is no flip where the threshold is elsewhere."""
    path = tiny_files["onnx", "int8"]
    golden = golden_of(path)
    probability = golden.vectors[1].probability
    assert probability is not None
    other = 0.49 if probability >= 0.5 else 0.51
    golden = dataclasses.replace(changed(golden, 1, probability=other), tolerance=0.99)
    file = read_model_file(path)
    contract = dataclasses.replace(file.bundle.contract, threshold=0.01)
    bundle = Bundle(TextEncoder(contract, file.bundle.encoder.vocabulary), {}, golden=golden)
    found = replay(dataclasses.replace(file, bundle=bundle), golden)
    assert (found.passed, ran(found)[0].label_flips) == (True, 0)


def test_other_ids(tiny_files: Files, tmp_path: Path) -> None:
    """Text rules that give other ids are found, and so is the score of the ids that are stored."""
    path = tiny_files["onnx", "int8"]
    golden = golden_of(path)
    ids = golden.vectors[6].ids
    shorter = changed(golden, 6, ids=ids[:-1])
    found = replayed(with_golden(path, tmp_path, shorter))
    assert not found.passed
    assert (found.ids.mismatches, found.ids.first) == (1, TEXTS[6])
    row = ran(found)[0]
    # The runtime was given what is stored: not the ids that gave the probability.
    assert row.passed is False
    assert row.text == TEXTS[6]


def test_ids_alone(tiny_files: Files, tmp_path: Path) -> None:
    """Texts exchanged between vectors: each runtime is right, the way from text to ids is not."""
    path = tiny_files["onnx", "int8"]
    golden = changed(changed(golden_of(path), 1, text=TEXTS[2]), 2, text=TEXTS[1])
    found = replayed(with_golden(path, tmp_path, golden))
    assert all(row.passed for row in ran(found))
    assert (found.ids.mismatches, found.ids.first) == (2, TEXTS[2])
    assert not found.passed


def test_both_ways_to_ids_count(tiny_files: Files) -> None:
    """A fault in only one of `encode` and `encode_batch` is found."""
    encoder = read_model_file(tiny_files["onnx", "int8"]).bundle.encoder
    vectors = [GoldenVector(text, tuple(encoder.encode(text)), 0.5) for text in TEXTS]
    assert check_ids(encoder, vectors).passed

    class WrongAlone(TextEncoder):
        def encode(self, text: str) -> list[int]:
            return super().encode(text.upper())

    class WrongTogether(TextEncoder):
        def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
            return super().encode_batch([text.upper() for text in texts])

    for wrong in (WrongAlone, WrongTogether):
        found = check_ids(wrong(encoder.contract, encoder.vocabulary), vectors)
        assert found.first == "Great"
        assert 1 <= found.mismatches < len(TEXTS)


@pytest.fixture
def word_file(tiny_word_files: Files) -> ModelFile:
    """A file whose contract leaves no id of unknown words."""
    file = read_model_file(tiny_word_files["onnx", "int8"])
    contract = dataclasses.replace(file.bundle.contract, start_id=None, unknown_id=None)
    encoder = TextEncoder(contract, file.bundle.encoder.vocabulary)
    return dataclasses.replace(file, bundle=dataclasses.replace(file.bundle, encoder=encoder))


def test_a_text_without_ids(word_file: ModelFile) -> None:
    """Is compared as text, not scored; texts are numbered as they stand in the file."""
    backend_ids = word_file.bundle.encoder.encode("a good film, one of the best")
    assert backend_ids
    model = LoadedModel.open(word_file.path, "cpu")
    right = model.probabilities([np.array(backend_ids, np.int32)]).tolist()
    golden = Golden(
        TOLERANCE,
        (
            GoldenVector("...", (), None),
            GoldenVector("a good film, one of the best", tuple(backend_ids), right[0]),
        ),
    )
    found = replay(word_file, golden)
    assert found.passed
    assert found.ids.texts == 2
    row = ran(found)[0]
    assert (row.texts, row.row, row.text) == (1, 2, "a good film, one of the best")
    # A text that was to have none, and has some here.
    found = replay(word_file, changed(golden, 0, text="film"))
    assert (found.passed, found.ids.first) == (False, "film")


def test_nothing_to_score(word_file: ModelFile) -> None:
    """Vectors of which none has a probability prove nothing."""
    golden = Golden(TOLERANCE, (GoldenVector("...", (), None),))
    with pytest.raises(ModelFileError, match="none of its golden vectors has a probability"):
        replay(word_file, golden)


def test_a_state_that_is_kept(
    tiny_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LiteRT without the reset between texts: a score depends on the one before."""
    path = tiny_files["tflite", "float32"]
    file = with_golden(path, tmp_path, golden_of(path))
    monkeypatch.setattr(
        "ai_edge_litert.interpreter.Interpreter.reset_all_variables", lambda self: None
    )
    found = replayed(file)
    for row in found.runtimes[:2]:
        assert row.runtime.startswith("litert")
        assert row.passed is False
    assert not found.passed


def test_one_engine_fails(
    tiny_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are run all the same; the reason is the engine's, without the file's name."""
    import ai_edge_litert.interpreter as litert

    path = tiny_files["tflite", "float32"]
    file = with_golden(path, tmp_path, golden_of(path))
    real = litert.Interpreter

    def interpreter(**settings: Any) -> Any:
        if "experimental_op_resolver_type" in settings:
            raise RuntimeError("no kernel for FULLY_CONNECTED")
        return real(**settings)

    monkeypatch.setattr(litert, "Interpreter", interpreter)
    first, second, *_ = replayed(file).runtimes
    assert first.passed
    assert (second.passed, second.device, second.texts) == (False, None, 0)
    assert second.reason == "litert, no delegate cannot run it: no kernel for FULLY_CONNECTED"
    assert not replayed(file).passed


def test_an_engine_fails_at_a_text(
    tiny_files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was loaded: the device that it would have run on is known."""
    path = tiny_files["tflite", "float32"]
    file = with_golden(path, tmp_path, golden_of(path))

    def invoke(self: Any) -> None:
        raise RuntimeError("node 5 failed to invoke")

    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter.invoke", invoke)
    row = replayed(file).runtimes[0]
    assert (row.passed, row.device, row.texts) == (False, "cpu", 0)
    assert row.reason == "litert, XNNPACK cannot run it: node 5 failed to invoke"


class Fake:
    """A runtime that answers with a text's first id in thousandths, and notes its batches."""

    device = "cuda"

    def __init__(self, change: Callable[[int, Sequence[Ids]], float] = lambda call, batch: 0.0):
        self.batched = True
        self._change = change
        self.batches: list[list[int]] = []

    def run(self, batch: Sequence[Ids], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Answer, off by what `change` says for the number of the call and the batch."""
        self.batches.append([int(text[0]) for text in batch])
        off = self._change(len(self.batches), batch)
        return np.array([text[0] / 1000 + off for text in batch], np.float32)


def run_fake(
    monkeypatch: pytest.MonkeyPatch, file: ModelFile, fake: Fake, lengths: Sequence[int]
) -> RuntimeAnswers:
    engine = Engine("fake", "1", None, lambda: fake)
    monkeypatch.setattr(replay_module, "find_engines", lambda file: (engine,))
    golden = Golden(
        TOLERANCE,
        tuple(GoldenVector("x", (i,) * n, i / 1000) for i, n in enumerate(lengths, start=1)),
    )
    (row,) = replay(file, golden).runtimes
    return row


@pytest.fixture
def file(tiny_files: Files) -> ModelFile:
    return read_model_file(tiny_files["onnx", "int8"])


def test_how_a_runtime_is_asked(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """One by one as they stand, then all together backwards; the device is the runtime's own."""
    fake = Fake()
    row = run_fake(monkeypatch, file, fake, [3, 1, 2])
    assert fake.batches == [[1], [2], [3], [3, 2, 1]]
    assert (row.passed, row.device, row.version) == (True, "cuda", "1")
    assert row.largest_difference == pytest.approx(0, abs=1e-7)


def test_a_group_is_asked_in_one_call(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """In the file's order; a runtime that is wrong in that call alone is wrong."""
    vectors = tuple(GoldenVector("x", (i,) * i, i / 1000) for i in range(1, 4))
    golden = Golden(TOLERANCE, vectors, (2, 0))
    for change, passed in (
        (lambda call, batch: 0.0, True),
        (lambda call, _: 0.1 * (call == 5), False),
    ):
        fake = Fake(change)
        engine = Engine("fake", "1", None, lambda fake=fake: fake)
        monkeypatch.setattr(replay_module, "find_engines", lambda file, engine=engine: (engine,))
        (row,) = replay(file, golden).runtimes
        assert row.passed is passed
        assert fake.batches == [[1], [2], [3], [3, 2, 1], [3, 1]]


def test_a_runtime_of_one_text_a_call(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """Is asked for each text twice, the second time backwards."""
    fake = Fake()
    fake.batched = False
    assert run_fake(monkeypatch, file, fake, [3, 1, 2]).passed
    assert fake.batches == [[1], [2], [3], [3], [2], [1]]


@pytest.mark.parametrize(
    "change",
    [
        lambda call, batch: 0.1 * (len(batch) > 1),
        lambda call, batch: 0.1 * (len(batch) == 1),
        lambda call, batch: 0.1 * (call == 2),
    ],
    ids=["in a batch", "alone", "behind another"],
)
def test_company_matters(
    monkeypatch: pytest.MonkeyPatch, file: ModelFile, change: Callable[..., float]
) -> None:
    """Wrong in one of the two ways to be asked is wrong."""
    row = run_fake(monkeypatch, file, Fake(change), [3, 1, 2])
    assert row.passed is False
    assert row.largest_difference == pytest.approx(0.1, abs=1e-6)


def test_long_texts_are_not_one_batch(monkeypatch: pytest.MonkeyPatch, file: ModelFile) -> None:
    """A batch takes no more memory than 2^18 ids: hostile vectors could ask for any amount."""
    fake = Fake()
    lengths = [1, 1, 200_000, 1, 100_000, 1, 1]
    row = run_fake(monkeypatch, file, fake, lengths)
    assert row.passed
    together = fake.batches[len(lengths) :]
    assert together == [[7, 6], [5, 4], [3], [2, 1]]
    for batch in together:
        assert len(batch) * max(lengths[i - 1] for i in batch) <= 1 << 18


def judged(found: Any, expected: Any, **limits: float) -> RuntimeAnswers:
    engine = Engine("e", None, None, Fake)
    texts = [f"text {i}" for i in range(len(expected))]
    return judge(
        engine,
        "cpu",
        np.array(found, np.float32),
        np.array(expected, np.float64),
        texts,
        EVEN,
        Limits(**limits),
    )


def test_the_limits() -> None:
    """A share of flips may be allowed; a difference at the limit passes, and no number fails."""
    expected = [0.9] * 199 + [0.51]
    found = [[0.9] * 199 + [0.49]]
    assert judged(found, expected, difference=0.1, flips=0.005).passed
    one = judged(found, expected, difference=0.1, flips=0.004)
    assert (one.passed, one.label_flips) == (False, 1)
    assert one.reason == "1 of 200 labels flip, allowed 0.4%"
    assert judged([[0.5]], [0.75], difference=0.25).passed
    assert judged([[0.5]], [0.75], difference=0.2499).passed is False
    # No label flips: what is not a number is on the lower side of the threshold, too.
    assert judged([[float("nan")]], [0.25], difference=0.99).passed is False
    both = judged([[0.4]], [0.75], difference=0.1)
    assert both.reason == "0.35 off, allowed 0.1; 1 of 1 labels flip"


def test_the_worst_way_counts() -> None:
    """Differences and flips of any of the ways that a text was scored."""
    row = judged([[0.9, 0.9, 0.9], [0.9, 0.4, 0.8]], [0.9, 0.9, 0.9], difference=0.01)
    assert (row.row, row.text, row.label_flips) == (2, "text 1", 1)
    assert row.largest_difference == pytest.approx(0.5)


def test_when_all_is_well() -> None:
    """Something ran, nothing failed: neither of the two alone is enough."""

    def row(passed: bool | None, texts: int) -> RuntimeAnswers:
        return RuntimeAnswers("e", None, None, passed, texts=texts)

    assert all_passed([row(True, 3), row(None, 0)])
    assert all_passed([row(None, 3), row(True, 3)])
    assert not all_passed([row(None, 0)])
    assert not all_passed([row(True, 3), row(False, 3)])
    assert not all_passed([row(True, 3), row(False, 0)])
