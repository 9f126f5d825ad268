"""Scoring with model files: what comes out, in what order, and of what odd texts."""

from __future__ import annotations

import copy
import dataclasses
import gc
import random
import shutil
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in_files import with_operators

from edgernn import Classifier, Score, load
from edgernn.bundle import Bundle, read_model_file, with_bundle
from edgernn.errors import (
    DeviceError,
    MissingPackageError,
    ModelFileError,
    UsageError,
)
from edgernn.runtime import LoadedModel, backends, loaded_model
from edgernn.runtime.opening import open_backend
from edgernn.text import TextContract, TextEncoder
from exporters.sample_texts import SAMPLE_TEXTS

Files = dict[tuple[str, str], Path]
Ids = npt.NDArray[np.int32]

SAME = 1e-5
TEXTS = [
    "Great",
    "a bad film",
    "It was never boring.",
    "The worst movie of the year!",
    "one " * 30,
    "I loved it, and my son loved it too; the one that was good is the best",
    "Not very funny, never good, boring to the end: not a film that one loved. " * 3,
    "?",
]
KINDS = [("onnx", "float32"), ("onnx", "int8"), ("tflite", "int8")]
OTHERS = {"onnx": "onnxruntime", "tflite": "litert"}
ENGINES = [(*kind, OTHERS[kind[0]]) for kind in KINDS[1:]] + [(*kind, "auto") for kind in KINDS]


@pytest.fixture(scope="module", params=ENGINES, ids="-".join)
def scorer(request: pytest.FixtureRequest, tiny_files: Files) -> Classifier:
    """The tiny model, from each kind of file in each engine."""
    *kind, engine = request.param
    return load(tiny_files[tuple(kind)], "cpu", engine=engine)


def probabilities(scorer: Classifier, texts: Sequence[str]) -> list[float | None]:
    return [score.probability for score in scorer.score(texts, errors="raise")]


def encoded(scorer: Classifier, texts: Sequence[str]) -> list[Ids]:
    return [np.array(scorer.encode(text), np.int32) for text in texts]


def test_labels(scorer: Classifier) -> None:
    """The second label from a half on; the texts have both."""
    scores = scorer.score(SAMPLE_TEXTS)
    for score in scores:
        p = score.probability
        assert type(p) is float
        second = p >= 0.5
        assert score == Score(
            label="positive" if second else "negative",
            confidence=p if second else 1 - p,
            probability=p,
            probabilities=(1 - p, p),
            labels=("negative", "positive"),
            known=score.known,
            truncated=score.truncated,
            reason=None,
            given=("positive" if second else "negative",),
        )
    assert {score.label for score in scores} == {"negative", "positive"}


def test_the_scores_are_the_model_s(scorer: Classifier, tiny_trained: Any) -> None:
    """Within the tolerance of int8, and far apart enough for that to mean something."""
    found = probabilities(scorer, tiny_trained.texts)
    assert found == pytest.approx(tiny_trained.expected.tolist(), abs=2e-2)
    assert max(found) - min(found) > 0.5


def test_encode_and_decode(scorer: Classifier) -> None:
    """What fits the longest input comes back; of a longer text the start is cut off."""
    text = "a good film, naïve ☕"
    assert scorer.decode(scorer.encode(text)) == text
    assert scorer.encode("") == []
    longer = "a bad film. " * 30
    ids = scorer.encode(longer)
    assert len(ids) == scorer.contract.max_length == 40
    assert longer.endswith(scorer.decode(ids))
    with pytest.raises(ValueError, match="outside"):
        scorer.decode([scorer.contract.vocabulary_size])


def test_what_the_file_says_of_itself(tiny_files: Files) -> None:
    """Path, device, contract and card."""
    path = tiny_files["onnx", "int8"]
    scorer = load(str(path))
    assert scorer.path == path
    assert scorer.labels == scorer.contract.labels == ("negative", "positive")
    assert scorer.card["recipe"] == "tiny-bilstm"
    assert scorer.card["precision"] == "int8"


def test_a_score_depends_on_no_other_text(scorer: Classifier) -> None:
    """Alone, among longer ones, in another order, and asked for again: the same score."""
    together = probabilities(scorer, TEXTS)
    assert probabilities(scorer, TEXTS) == pytest.approx(together, abs=SAME)
    assert probabilities(scorer, TEXTS[::-1])[::-1] == pytest.approx(together, abs=SAME)
    for text, expected in zip(TEXTS, together, strict=True):
        assert probabilities(scorer, [text]) == pytest.approx([expected], abs=SAME)
        company = probabilities(scorer, [TEXTS[6], text, TEXTS[4]])
        assert company[1] == pytest.approx(expected, abs=SAME)


def test_it_is_the_reset_that_keeps_scores_apart(tiny_files: Files) -> None:
    """LiteRT alone, without `reset_all_variables`: the second score of a text is another one."""
    path = tiny_files["tflite", "int8"]
    (ids,) = encoded(load(path), TEXTS[5:6])
    interpreter = Interpreter(model_path=str(path))
    place = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(place, (1, len(ids)))
    interpreter.allocate_tensors()

    def score() -> float:
        interpreter.set_tensor(place, ids[None])
        interpreter.invoke()
        return float(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])

    first, second = score(), score()
    interpreter.reset_all_variables()
    assert abs(second - first) > 10 * SAME
    assert score() == pytest.approx(first, abs=SAME)


def test_it_is_the_lengths_that_keep_padding_out(tiny_files: Files) -> None:
    """ONNX Runtime alone, told that the padding is text: another score."""
    path = tiny_files["onnx", "float32"]
    scorer = load(path, "cpu")
    (ids,) = encoded(scorer, TEXTS[1:2])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    padded = np.zeros((1, 40), np.int32)
    padded[0, : len(ids)] = ids
    right, wrong = (
        float(session.run(None, {"ids": padded, "lengths": np.array([n], np.int32)})[0][0])
        for n in (len(ids), 40)
    )
    assert right == pytest.approx(probabilities(scorer, TEXTS[1:2])[0], abs=SAME)
    assert abs(wrong - right) > 10 * SAME


def test_both_formats_answer_alike(tiny_files: Files, tiny_trained: Any) -> None:
    """Unquantized, the two engines agree."""
    found = [
        probabilities(load(tiny_files[format, "float32"], "cpu", engine=engine), tiny_trained.texts)
        for format, engine in OTHERS.items()
    ]
    assert found[0] == pytest.approx(found[1], abs=SAME)


def test_both_formats_encode_alike(tiny_files: Files) -> None:
    """The text rules travel in both."""
    left, right = load(tiny_files["onnx", "int8"]), load(tiny_files["tflite", "int8"])
    assert left.contract == right.contract
    assert [left.encode(text) for text in TEXTS] == [right.encode(text) for text in TEXTS]


@pytest.mark.parametrize(
    "text",
    [
        "a" * 50_000,
        pytest.param("a" * 1_000_000, marks=pytest.mark.slow),
        "\0",
        "\0" * 1000,
        "good\0film",
        "\ud800",
        "\udfff\ud800 film",
        "\ud83d\ude00",
        "פילם טוב",
        "فيلم رائع جدا",
        "\u202egood\u202c",
        "😀👍🏽👩‍👩‍👧‍👦",
        "\u200b",
        "\u0301",
        "\\&undsc _ \\&undsc ",
        "<br /><br />",
        "\U0010ffff",
        "本当に面白かった。",
    ],
    ids=lambda text: f"{text[:12]!a} of {len(text)}",
)
def test_odd_texts(scorer: Classifier, text: str) -> None:
    """Each has a score, alone and beside another text."""
    (alone,) = probabilities(scorer, [text])
    assert 0.0 <= alone <= 1.0
    assert probabilities(scorer, [text, "good"])[0] == pytest.approx(alone, abs=SAME)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(), min_size=1, max_size=60), max_size=5))
def test_any_text(scorer: Classifier, texts: list[str]) -> None:
    """A list of texts gives as many scores, without a label for a blank one."""
    scores = scorer.score(texts)
    assert len(scores) == len(texts)
    for text, score in zip(texts, scores, strict=True):
        if text.strip():
            assert score.reason is None
            assert score.probability is not None
            assert 0.0 <= score.probability <= 1.0
        else:
            assert score.reason == "the text is empty"


def test_no_texts(scorer: Classifier) -> None:
    """None in, none out."""
    assert scorer.score([]) == []
    assert LoadedModel.open(scorer.path, "cpu").probabilities([]).shape == (0,)


def test_many_texts_keep_their_order(scorer: Classifier) -> None:
    """More tokens than a batch takes, in mixed lengths: each score is its own text's."""
    rng = random.Random(1)
    words = ["the", "film", "was", "good", "bad", "boring", "never", "one", "funny"]
    distinct = [" ".join(rng.choices(words, k=rng.randint(1, 50))) for _ in range(60)]
    expected = {text: probabilities(scorer, [text])[0] for text in distinct}
    texts = rng.choices(distinct, k=600)
    assert sum(len(scorer.encode(text)) for text in texts) > 2 * 2048
    found = probabilities(scorer, texts)
    assert found == pytest.approx([expected[text] for text in texts], abs=SAME)
    assert max(found) - min(found) > 0.1


class Engine:
    """An engine that answers with a text's first id in thousandths, and notes the batches."""

    name = "test"
    device = "cpu"
    batch_tokens = 2048
    workers = 1

    def __init__(self, batched: bool) -> None:
        self.batched = batched
        self.batches: list[list[int]] = []

    def run(self, batch: Sequence[Ids], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
        """Note the lengths and answer."""
        self.batches.append([len(text) for text in batch])
        return np.array([text[0] / 1000 for text in batch], np.float32)


@pytest.mark.parametrize("batched", [True, False])
def test_the_bound_of_a_batch(tiny_files: Files, batched: bool) -> None:
    """The engine's tokens with padding, or one text; without batches, texts one by one."""
    engine = Engine(batched)
    model = LoadedModel(read_model_file(tiny_files["onnx", "int8"]), engine)
    rng = np.random.default_rng(2)
    lengths = [*rng.integers(1, 700, 400).tolist(), 9000, 1, 2048]
    ids = [np.full(n, i, np.int32) for i, n in enumerate(lengths)]
    found = model.probabilities(ids)
    np.testing.assert_allclose(found, np.arange(len(ids)) / 1000, rtol=1e-6)
    assert sorted(n for batch in engine.batches for n in batch) == sorted(lengths)
    assert all(len(batch) == 1 or len(batch) * max(batch) <= 2048 for batch in engine.batches)
    if batched:
        # As full as they may be: one text more would not have fitted.
        for batch in engine.batches[:-1]:
            assert (len(batch) + 1) * max(batch) > 2048
    else:
        assert len(engine.batches) == len(ids)


@pytest.mark.parametrize(("threshold", "label"), [(0.5, "gut"), (0.5001, "schlecht")])
def test_threshold_and_labels_are_the_contract_s(
    tiny_files: Files, threshold: float, label: str
) -> None:
    """At the threshold itself the second label is given."""
    file = read_model_file(tiny_files["onnx", "int8"])
    contract = dataclasses.replace(
        file.bundle.contract, threshold=threshold, labels=("schlecht", "gut")
    )
    bundle = Bundle(TextEncoder(contract, file.bundle.encoder.vocabulary), {})
    half: Any = SimpleNamespace(
        name="test",
        device="cpu",
        batched=True,
        batch_tokens=9,
        workers=1,
        run=lambda batch: np.full(len(batch), 0.5),
    )
    scorer = Classifier(LoadedModel(dataclasses.replace(file, bundle=bundle), half))
    (score,) = scorer.score(["film"])
    assert (score.label, score.probability, score.confidence) == (label, 0.5, 0.5)
    assert score.labels == ("schlecht", "gut")


def test_a_score_is_the_dataclass(tiny_files: Files) -> None:
    """One that is made by scoring cannot be told from one that a caller makes, nor changed."""
    (score,) = load(tiny_files["onnx", "int8"], "cpu").score(["film"])
    values = [getattr(score, field.name) for field in dataclasses.fields(Score)]
    own = Score(*values)
    assert type(score) is Score
    assert (score, hash(score), repr(score)) == (own, hash(own), repr(own))
    assert copy.copy(score) == dataclasses.replace(score) == own
    with pytest.raises(dataclasses.FrozenInstanceError):
        score.label = "good"  # type: ignore[misc]


def test_threads_onnx(tiny_files: Files) -> None:
    """A call has one thread; many texts are scored by as many calls at once as asked for."""
    path = tiny_files["onnx", "float32"]
    models = [
        LoadedModel.open(path, "cpu", threads=threads, engine="onnxruntime") for threads in (1, 3)
    ]
    for model, threads in zip(models, (1, 3), strict=True):
        backend: Any = model._backend
        assert backend._session.get_session_options().intra_op_num_threads == 1
        assert backend.workers == threads
    one, three = (probabilities(Classifier(model), TEXTS) for model in models)
    assert one == pytest.approx(three, abs=SAME)


def test_threads_by_default(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the cores that the process may use."""
    monkeypatch.setattr(backends, "threads_by_default", lambda: 5)
    model = LoadedModel.open(tiny_files["onnx", "float32"], "cpu", engine="onnxruntime")
    assert model._backend.workers == 5


@pytest.mark.parametrize("threads", [0, -1, 1025, 10**20, 1.5, True, "2"])
@pytest.mark.parametrize("format", ["onnx", "tflite"])
def test_no_number_of_threads(tiny_files: Files, format: str, threads: Any) -> None:
    """Neither a loop without workers nor an engine that ends the process."""
    with pytest.raises(UsageError, match=r"^threads .* is no whole number from 1 to 1,024$"):
        load(tiny_files[format, "int8"], threads=threads)


@pytest.mark.parametrize(("threads", "expected"), [(None, 1), (1, 1), (3, 3)])
def test_threads_tflite(
    tiny_files: Files, monkeypatch: pytest.MonkeyPatch, threads: int | None, expected: int
) -> None:
    """The number reaches the engine; by default it is one."""
    asked: list[int] = []

    def interpreter(model_content: bytes, num_threads: int) -> Interpreter:
        asked.append(num_threads)
        return Interpreter(model_content=model_content, num_threads=num_threads)

    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter", interpreter)
    scorer = load(tiny_files["tflite", "int8"], threads=threads, engine="litert")
    assert asked == [expected]
    assert len(scorer.score(TEXTS)) == len(TEXTS)


@pytest.mark.parametrize(
    ("operators", "without"),
    [({"WHILE": 2}, False), ({"SPLIT_V": 1}, False), ({"WHILE": 2, "SPLIT_V": 1}, True)],
)
def test_a_loop_that_xnnpack_gets_wrong(
    tiny_files: Files, monkeypatch: pytest.MonkeyPatch, operators: dict[str, int], without: bool
) -> None:
    """LiteRT's default delegate is left out for that one kind of loop."""
    asked: list[dict[str, Any]] = []

    def interpreter(**settings: Any) -> Interpreter:
        asked.append(settings)
        return Interpreter(**settings)

    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter", interpreter)
    file = with_operators(read_model_file(tiny_files["tflite", "int8"]), operators)
    model = LoadedModel(file, open_backend(file, "cpu", None, "litert").backend)
    expected = {OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES} if without else set()
    assert {asked[0].get("experimental_op_resolver_type")} - {None} == expected
    assert len(model.score(TEXTS)) == len(TEXTS)


def test_several_threads_share_a_classifier(scorer: Classifier) -> None:
    """Calls from many threads at once give each its own scores."""
    expected = probabilities(scorer, TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: probabilities(scorer, TEXTS), range(12)):
            assert found == pytest.approx(expected, abs=SAME)


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_the_file_is_enough(tiny_files: Files, tmp_path: Path, kind: tuple[str, str]) -> None:
    """Moved alone to another folder, under another name, it scores as before."""
    expected = probabilities(load(tiny_files[kind], "cpu"), TEXTS)
    moved = tmp_path / "somewhere else" / "größer.model"
    moved.parent.mkdir()
    shutil.copyfile(tiny_files[kind], moved)
    assert probabilities(load(moved, "cpu"), TEXTS) == expected


def test_the_shipped_model_is_the_default(
    tiny_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`load()` reads the file that the package carries."""
    monkeypatch.setattr(loaded_model, "SHIPPED_MODEL", tiny_files["onnx", "int8"])
    assert load().path == tiny_files["onnx", "int8"]


def test_a_missing_file(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(ModelFileError, match=r"none\.onnx: cannot be read"):
        load(tmp_path / "none.onnx")


@pytest.mark.parametrize("kind", KINDS[1:], ids="-".join)
def test_an_unknown_device(tiny_files: Files, kind: tuple[str, str]) -> None:
    """Both engines know the same words."""
    with pytest.raises(UsageError, match="device 'gpu' is not known"):
        load(tiny_files[kind], "gpu")


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_tflite_runs_on_the_cpu(tiny_files: Files, device: str) -> None:
    """Also where CUDA would load."""
    assert load(tiny_files["tflite", "int8"], device).device == "cpu"


def test_tflite_on_cuda(tiny_files: Files) -> None:
    """Asked for plainly it is an error, not a fallback; the message names the file."""
    with pytest.raises(DeviceError, match=r"tiny-int8\.tflite: CUDA was asked for; .*CPU only"):
        load(tiny_files["tflite", "int8"], "cuda")


def test_tflite_without_litert(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(MissingPackageError, match=r"edgernn\[tflite\]"):
        load(tiny_files["tflite", "int8"], engine="litert")


def _later_onnx(data: bytes) -> bytes:
    """The graph in an operator set that does not exist yet."""
    model = onnx.ModelProto.FromString(data)
    model.opset_import[0].version = 99
    changed: bytes = model.SerializeToString()
    return changed


def _later_tflite(data: bytes) -> bytes:
    """The graph with an operator in a version that does not exist yet."""
    changed = bytearray(data)
    code = schema.Model.GetRootAs(changed).OperatorCodes(0)
    changed[code._tab.Pos + code._tab.Offset(8)] = 99
    return bytes(changed)


@pytest.mark.parametrize(
    ("format", "change", "refusal"),
    [
        ("onnx", _later_onnx, "ONNX Runtime cannot run it: .*official support for domain"),
        ("tflite", _later_tflite, "LiteRT cannot run it: .*version '99'"),
    ],
)
def test_a_graph_that_the_engine_refuses(
    tiny_files: Files,
    tmp_path: Path,
    format: Any,
    change: Callable[[bytes], bytes],
    refusal: str,
) -> None:
    """One line with the file, the engine and its reason."""
    file = read_model_file(tiny_files[format, "int8"])
    path = tmp_path / "odd"
    path.write_bytes(with_bundle(change(file.data), format, file.bundle))
    with pytest.raises(ModelFileError, match=f"odd: {refusal}") as e:
        load(path, "cpu", engine=OTHERS[format])
    assert "\n" not in str(e.value)


def _nan_onnx(data: bytes) -> bytes:
    model = onnx.ModelProto.FromString(data)
    (bias,) = (t for t in model.graph.initializer if list(t.dims) == [32, 1])
    bias.raw_data = np.full(32, np.nan, np.float32).tobytes()
    changed: bytes = model.SerializeToString()
    return changed


def _nan_tflite(data: bytes) -> bytes:
    changed = bytearray(data)
    model = schema.Model.GetRootAs(changed)
    graph = model.Subgraphs(0)
    tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
    (kernel,) = (
        t
        for t in tensors
        if t.ShapeLength()
        and [*t.ShapeAsNumpy()] == [1, 32]
        and model.Buffers(t.Buffer()).DataLength()
    )
    weights = np.frombuffer(changed, np.float32, 32, _data_at(model.Buffers(kernel.Buffer())))
    weights[:] = np.nan
    del weights
    return bytes(changed)


def _data_at(buffer: Any) -> int:
    return int(buffer._tab.Vector(buffer._tab.Offset(4)))


@pytest.mark.parametrize(("format", "change"), [("onnx", _nan_onnx), ("tflite", _nan_tflite)])
def test_weights_that_are_no_numbers(
    tiny_files: Files, tmp_path: Path, format: Any, change: Callable[[bytes], bytes]
) -> None:
    """The checksums fit and the engine runs it: what comes out is no probability."""
    file = read_model_file(tiny_files[format, "int8"])
    path = tmp_path / "odd"
    path.write_bytes(with_bundle(change(file.data), format, file.bundle))
    for engine in ("native", OTHERS[format]):
        with pytest.raises(ModelFileError, match="odd: the graph gave nan for a text"):
            load(path, "cpu", engine=engine).score(["good film"])


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (np.float32([0.5]), ".1. for 2 texts"),
        (np.float32([[0.5, 0.5]]), ".1, 2. for 2 texts"),
        (np.float64([0.5, 0.5]), "64"),
        (np.float32([0.5, np.inf]), "inf"),
        (np.float32([-0.1, 0.5]), "-0.1"),
    ],
)
def test_what_an_engine_may_give(found: Any, problem: str) -> None:
    """One probability a text; a rounding error outside [0, 1] is put right, more is refused."""
    contract = TextContract(vocabulary_sha256="", vocabulary_size=1, max_length=1, cut="end")
    with pytest.raises(ModelFileError, match=f"^m.onnx: the graph gave .*{problem}"):
        backends.checked(found, 2, Path("m.onnx"), contract)
    sound = backends.checked(np.float32([-1e-7, 1 + 1e-6, 0.5]), 3, Path("m.onnx"), contract)
    assert sound.tolist() == [0.0, 1.0, 0.5]


class FakeOnnxRuntime:
    """Stands in for ONNX Runtime with CUDA; `runs_on` is what its sessions come to run on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, runs_on: str) -> None:
        self.asked: list[str] = []
        self.runs_on = runs_on
        monkeypatch.setattr(backends, "import_onnxruntime", lambda: self)
        monkeypatch.setattr(backends, "choose_device", lambda asked, _: asked)

    SessionOptions = onnxruntime.SessionOptions

    def InferenceSession(self, data: bytes, options: Any, providers: list[str]) -> Any:
        """Note the providers."""
        self.asked = providers
        return SimpleNamespace(
            get_providers=lambda: [self.runs_on, "CPUExecutionProvider"],
            get_inputs=list,
            get_provider_graph_assignment_info=list,
        )


def test_cuda_is_asked_for_first(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for ONNX Runtime: the CPU comes second, for operators CUDA lacks."""
    fake = FakeOnnxRuntime(monkeypatch, runs_on="CUDAExecutionProvider")
    assert load(tiny_files["onnx", "int8"], "cuda").device == "cuda"
    assert fake.asked == ["CUDAExecutionProvider", "CPUExecutionProvider"]


def test_a_silent_fallback_is_an_error(tiny_files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for ONNX Runtime that takes the CPU although CUDA was asked for."""
    FakeOnnxRuntime(monkeypatch, runs_on="CPUExecutionProvider")
    with pytest.raises(DeviceError, match=r"CUDAExecutionProvider was asked for, .* chose CPU"):
        load(tiny_files["onnx", "int8"], "cuda")


@pytest.mark.parametrize("kind", KINDS[1:], ids="-".join)
def test_close(tiny_files: Files, kind: tuple[str, str]) -> None:
    """A closed classifier scores no more, in one line; what the file says of itself stays."""
    with load(tiny_files[kind], "cpu") as scorer:
        assert len(scorer.score(TEXTS)) == len(TEXTS)
    for call in (
        lambda: scorer.score(TEXTS),
        lambda: scorer.score_or_none(TEXTS),
        lambda: scorer.encode("good"),
        lambda: scorer.decode([1]),
        lambda: scorer.__enter__(),
    ):
        with pytest.raises(UsageError, match=rf"^{scorer.path}: this classifier is closed; load"):
            call()
    assert (scorer.device, scorer.labels) == ("cpu", scorer.contract.labels)
    assert scorer.card["recipe"] == "tiny-bilstm"
    scorer.close()


@pytest.mark.parametrize(
    ("format", "name", "inside"),
    [
        ("onnx", "onnxruntime", "_session"),
        ("tflite", "litert", "_interpreter"),
        ("onnx", "native", "model"),
    ],
)
def test_closing_releases_the_engine(
    tiny_files: Files, format: str, name: str, inside: str
) -> None:
    """At once, not when Python's collector of cycles comes by."""
    model = LoadedModel.open(tiny_files[format, "int8"], "cpu", engine=name)
    backend: Any = model._backend
    engine = weakref.ref(getattr(backend, inside))
    scorer = Classifier(model)
    scorer.score(TEXTS)
    del model, backend
    gc.disable()
    try:
        scorer.close()
        assert engine() is None
    finally:
        gc.enable()


def test_closing_while_another_thread_scores(tiny_files: Files) -> None:
    """The call that is under way ends as it would have."""
    waiting, go_on = threading.Event(), threading.Event()

    class Slow(Engine):
        def run(self, batch: Sequence[Ids], behind: Sequence[int] = ()) -> npt.NDArray[np.float32]:
            waiting.set()
            assert go_on.wait(20)
            return super().run(batch, behind)

    scorer = Classifier(LoadedModel(read_model_file(tiny_files["onnx", "int8"]), Slow(True)))
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(scorer.score, TEXTS)
        assert waiting.wait(20)
        scorer.close()
        go_on.set()
        assert len(found.result(20)) == len(TEXTS)


def test_it_shows_no_insides() -> None:
    """What users see is what is named here, and no scores of ids."""
    own = {name for name in vars(Classifier) if not name.startswith("_")}
    properties = {"path", "device", "engine", "engine_reason", "contract", "labels", "card"}
    scoring = {"score", "score_or_none", "score_frame"}
    assert own == properties | scoring | {"encode", "decode", "close"}
