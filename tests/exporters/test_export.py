"""The export job: a file appears when every check has passed, and not before."""

from __future__ import annotations

import dataclasses
import io
import shutil
import sys
import zipfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_models import sequential

from edgernn.bundle import read_model_file
from edgernn.errors import (
    EdgernnError,
    ExportError,
    MissingPackageError,
    ModelFileError,
    UsageError,
)
from edgernn.runtime.loaded_model import LoadedModel, open_reference
from edgernn.text import TextEncoder
from edgernn.training.models import probabilities
from edgernn.training.run import CONFIG, CONTRACT, MODEL, Run
from exporters import export as job
from exporters.export import (
    CHECKED_TEXTS,
    TrainedModel,
    Validation,
    default_name,
    export,
    open_trained,
)
from exporters.keras_model import read_network
from exporters.rules import FORMATS
from exporters.sample_texts import SAMPLE_TEXTS, spread

Files = dict[tuple[str, str], Path]
ONNX = FORMATS["onnx"]


def on_cpu(path: Path) -> LoadedModel:
    return open_reference(path)


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """Where to write to: nothing is there."""
    path = tmp_path / "out" / "model.onnx"
    path.parent.mkdir()
    return path


@pytest.fixture
def output(fresh: Path) -> Path:
    """Where to write to: an older file is there."""
    fresh.write_bytes(b"older")
    return fresh


@pytest.fixture(params=["fresh", "output"])
def either(request: pytest.FixtureRequest) -> Path:
    """Where to write to, once without and once with an older file."""
    path: Path = request.getfixturevalue(request.param)
    return path


def content(output: Path) -> dict[str, bytes]:
    """The folder's files, temporary and hidden ones too."""
    return {path.name: path.read_bytes() for path in output.parent.iterdir()}


PASSED = (
    "builtin operators, 2 LSTM, no loop",
    "audit: 2 recurrent layers in the source, 2 LSTM in the graph; ",
    "oldest runtime: onnxruntime 1.16, allowed onnxruntime==1.16",
    "texts score as in Keras: largest difference ",
    "label flips: 0 of ",
    "order: scores do not depend",
    "batch: scores do not depend",
    "padding: scores do not depend",
    "reference: onnx's own evaluator scores a text ",
    "C engine: ",
    "text contract version 1, vocabulary of 299 ids, model card and",
)


@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_a_file_is_written(tiny_trained: TrainedModel, either: Path) -> None:
    """It is in place when all checks have passed and not a moment earlier."""
    before = content(either)
    opened: list[Path] = []
    lines: list[str] = []

    def untouched() -> bool:
        return before == {k: v for k, v in content(either).items() if ".partial" not in k}

    def open_file(path: Path) -> Any:
        assert path != either
        assert path.suffix == ".onnx"
        opened.append(path)
        assert untouched()
        return on_cpu(path)

    def say(line: str) -> None:
        assert untouched()
        lines.append(line)

    export(tiny_trained, ONNX, "int8", either, open_file, say)
    assert list(content(either)) == ["model.onnx"]
    assert len(opened) == 2, "once to check, once more as it will be"
    for line, part in zip(lines, PASSED, strict=True):
        assert part in line
    found = [score.probability for score in on_cpu(either).score(tiny_trained.texts)]
    assert found == pytest.approx(
        tiny_trained.expected.tolist(), abs=ONNX.precisions["int8"].tolerance
    )


@pytest.fixture(scope="module")
def opened(tiny_run: Path) -> TrainedModel:
    """The tiny run with all texts that a file is checked on, also those it is undecided of."""
    return open_trained(Run.open(tiny_run), SAMPLE_TEXTS)


@pytest.mark.filterwarnings("ignore:accuracy not measured")
def test_another_threshold(opened: TrainedModel, tiny_run: Path, tmp_path: Path) -> None:
    """A run whose contract asks for 0.7 is compared by it, and its file gives labels by it."""
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    contract = folder / CONTRACT
    text = contract.read_text("utf-8")
    contract.write_text(text.replace('"threshold": 0.5', '"threshold": 0.7'), "utf-8")
    trained = dataclasses.replace(opened, run=Run.open(folder))
    decision = trained.run.contract.decides
    decided = np.abs(decision.margin(trained.expected)) > 0.01
    texts = [text for text, kept in zip(trained.texts, decided, strict=True) if kept]
    expected = trained.expected[decided]
    # Some would get the other label where one half is the threshold.
    assert decision.flips(expected, expected + np.float32(0.2)).any()
    lines: list[str] = []
    path = tmp_path / "model.onnx"
    trained = dataclasses.replace(trained, texts=texts, expected=expected)
    export(trained, ONNX, "int8", path, on_cpu, lines.append)
    assert any(line.startswith(f"label flips: 0 of {len(texts)} ") for line in lines)
    names = trained.run.contract.labels
    labels = [score.label for score in on_cpu(path).score(texts)]
    assert labels == [names[number] for number in decision.answers(expected).tolist()]
    assert set(labels) == set(names)


def test_the_folder_is_made(tiny_trained: TrainedModel, tmp_path: Path) -> None:
    """As for every other output."""
    path = tmp_path / "a" / "b" / "model.onnx"
    export(tiny_trained, ONNX, "float32", path, on_cpu)
    assert path.is_file()


class Altered:
    """A loaded file whose scores are changed by a rule of score and batch size."""

    @property
    def encoder(self) -> TextEncoder:
        """The file's own."""
        return self.scorer.encoder  # type: ignore[no-any-return]

    def probabilities(self, ids: Sequence[Any], behind: Sequence[int] = ()) -> Any:
        """As `score`, from ids."""
        found = self.scorer.probabilities(ids, behind)
        size = CHECKED_TEXTS + 1 if behind else len(ids)
        return np.array([self.rule(p, size) for p in found.tolist()])

    def in_c_engine(self) -> Any:
        """As it is."""
        return self.scorer.in_c_engine()

    def __init__(self, path: Path, rule: Callable[[float, int], float]) -> None:
        self.path = path
        self.scorer = on_cpu(path)
        self.rule = rule

    def score(self, texts: Sequence[str]) -> list[Any]:
        """Score as the file does, then alter."""
        return [
            dataclasses.replace(score, probability=self.rule(score.probability, len(texts)))
            for score in self.scorer.score(texts)
        ]


class OtherInC(Altered):
    """A loaded file that the C engine scores otherwise."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, lambda p, n: p)

    def in_c_engine(self) -> Any:
        """Half a tenth off."""
        return Altered(self.path, lambda p, n: p + 0.05)


def _refuse(path: Path) -> Any:
    raise ModelFileError(f"{path}: the engine refuses it")


@pytest.mark.parametrize(
    ("open_file", "error", "said"),
    [
        (
            lambda path: Altered(path, lambda p, n: p + 0.05),
            ExportError,
            "off, allowed 0.02",
        ),
        (lambda path: Altered(path, lambda p, n: float("nan")), ExportError, "scores nan"),
        (
            lambda path: Altered(path, lambda p, n: p + 1e-3 * (n == 1)),
            ExportError,
            "batch: a score depends on the batch: it changes by 0.001, allowed 1e-05$",
        ),
        (
            lambda path: Altered(path, lambda p, n: p + 1e-3 * (n > CHECKED_TEXTS)),
            ExportError,
            "padding: a score depends on the padding: it changes by 0.001, allowed 1e-05$",
        ),
        (
            lambda path: Altered(path, lambda p, n: 1 - p),
            ExportError,
            r"(?s)was not written: \n  parity: .*allowed 0.02\n  label flips: .*allowed 0.5 %\n"
            r"  --precision float16 rounds less$",
        ),
        (OtherInC, ExportError, r"C engine: \d+ golden vectors, largest difference 5\..e-02, allo"),
        (_refuse, ModelFileError, "the engine refuses it"),
    ],
)
def test_a_failing_check_leaves_nothing(
    tiny_trained: TrainedModel,
    output: Path,
    open_file: Callable[[Path], Any],
    error: type[EdgernnError],
    said: str,
) -> None:
    """No file, no temporary file, and one that was there stays as it was."""
    before = content(output)
    with pytest.raises(error, match=said):
        export(tiny_trained, ONNX, "int8", output, open_file)
    assert content(output) == before


def with_validation(trained: TrainedModel, count: int) -> TrainedModel:
    """The same with some texts as the run's validation texts, of which the model knows all."""
    expected = trained.expected[:count]
    validation = Validation(trained.texts[:count], expected >= 0.5, expected)
    return dataclasses.replace(trained, validation=validation)


def test_lost_accuracy(tiny_trained: TrainedModel, output: Path) -> None:
    """A quantized file that is wrong on the validation texts alone is not written."""
    before = content(output)
    trained = with_validation(tiny_trained, 250)

    def open_file(path: Path) -> Any:
        return Altered(path, lambda p, size: 1 - p if size == 250 else p)

    said = r"accuracy: 0\.00 % of 250 validation texts .* 100\.00 points lost, allowed 0\.5"
    with pytest.raises(ExportError, match=said):
        export(trained, ONNX, "int8", output, open_file)
    assert content(output) == before
    # As exact as it was trained, it is not asked.
    export(trained, ONNX, "float32", output, open_file)


def test_the_loss_that_is_allowed(tiny_trained: TrainedModel, output: Path) -> None:
    """It is measured, said, and may be raised."""
    lines: list[str] = []
    export(
        with_validation(tiny_trained, 250),
        ONNX,
        "int8",
        output,
        lambda path: Altered(path, lambda p, size: 1 - p if size == 250 else p),
        lines.append,
        max_accuracy_drop=100,
    )
    assert "100.00 points lost, allowed 100" in "".join(lines)


def test_too_few_validation_texts(tiny_trained: TrainedModel, output: Path) -> None:
    """Where accuracy says too little it is not measured, and a warning says so."""
    with pytest.warns(RuntimeWarning, match="accuracy not measured .* 199 validation texts are"):
        export(with_validation(tiny_trained, 199), ONNX, "int8", output, on_cpu)
    lines = read_model_file(output).bundle.card["checks"]["lines"]
    assert "accuracy: not measured" in lines[-3]
    assert "reference: " in lines[-2]


def test_an_operator_that_is_not_allowed(tiny_trained: TrainedModel, either: Path) -> None:
    """The graph is looked at before anything of it runs."""
    before = content(either)
    strict = dataclasses.replace(ONNX, operators=ONNX.operators - {"Gather", "Sigmoid"})
    with pytest.raises(ExportError, match="outside the allowed list: Gather, Sigmoid"):
        export(tiny_trained, strict, "float32", either, lambda path: pytest.fail("it was opened"))
    assert content(either) == before


def test_a_missing_recurrent_operator(
    tiny_trained: TrainedModel, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph of another network than the one asked for."""
    before = content(output)
    layers = tiny_trained.network.layers
    other = dataclasses.replace(tiny_trained.network, layers=(layers[0], *layers[2:]))
    graph = job.convert_graph

    def convert(_: Any, *rest: Any) -> bytes:
        return graph(tiny_trained, *rest)

    monkeypatch.setattr(job, "convert_graph", convert)
    with pytest.raises(ExportError, match="holds 2 LSTM, expected 1"):
        export(dataclasses.replace(tiny_trained, network=other), ONNX, "float32", output, on_cpu)
    assert content(output) == before


def test_an_interrupted_export(tiny_trained: TrainedModel, either: Path) -> None:
    """Ctrl-C in the middle of the checks leaves nothing either."""

    def stop(_: Path) -> Any:
        raise KeyboardInterrupt

    before = content(either)
    with pytest.raises(KeyboardInterrupt):
        export(tiny_trained, ONNX, "float32", either, stop)
    assert content(either) == before


def test_an_unknown_precision(tiny_trained: TrainedModel, output: Path) -> None:
    """Refused before any work."""
    before = content(output)
    with pytest.raises(UsageError, match="--precision int4"):
        export(tiny_trained, ONNX, "int4", output, on_cpu)
    assert content(output) == before


@pytest.mark.parametrize("package", ["tensorflow", "tf2onnx", "onnx"])
def test_a_missing_package(
    tiny_trained: TrainedModel, output: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    """It is named, with the extra that brings it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"'{package}'.*edgernn\[export\]"):
        export(tiny_trained, ONNX, "int8", output, on_cpu)


@pytest.mark.parametrize("key", [("onnx", "int8"), ("tflite", "int8")])
def test_the_card(tiny_files: Files, tiny_run: Path, key: tuple[str, str]) -> None:
    """Recipe, format, precision, layers, training figures, checks and versions."""
    card = dict(read_model_file(tiny_files[key]).bundle.card)
    run = Run.open(tiny_run)
    checks = card.pop("checks")
    assert checks["tolerance"] == ONNX.precisions["int8"].tolerance
    names = [line.partition(":")[0] for line in checks["lines"]]
    assert names == [
        *("operators", "audit", "oldest runtime", "parity", "label flips", "order", "batch"),
        *("padding", "accuracy"),
        *(("reference",) if key[0] == "onnx" else ()),
        "C engine",
    ]
    limits = card.pop("limits")
    assert "not known to edgernn" in limits[0]
    assert f"longer than {run.contract.max_length} tokens the start is not read" in limits[1]
    runtime = {"onnx": "onnxruntime 1.16", "tflite": "tflite-runtime 2.14"}[key[0]]
    assert card.pop("oldest_runtime") == runtime
    data = card.pop("data")
    assert data["licence"] == "not known to edgernn: ask that person"
    assert card == {
        "recipe": "tiny-bilstm",
        "format": key[0],
        "precision": "int8",
        "batch": {"onnx": "many", "tflite": "one"}[key[0]],
        "layers": [
            {"layer": "Embedding", "rows": 299, "units": 32},
            {"layer": "LSTM", "units": 32, "directions": 2},
            {"layer": "LSTM", "units": 16, "directions": 2},
            {"layer": "Dense", "units": 32},
            {"layer": "Dense", "units": 1},
        ],
        "training": {
            "validation_accuracy": 0.75,
            "parameters": run.metrics["parameters"],
            "seed": 7,
            "data": {"name": "reviews.csv", "examples": 100},
        },
        "versions": {
            name: metadata.version(name) for name in ("edgernn", "keras", "tensorflow", "numpy")
        },
    }


@pytest.mark.parametrize("key", [("onnx", "int8"), ("tflite", "int8")])
def test_the_contract_and_vocabulary_are_the_run_s(
    tiny_files: Files, tiny_run: Path, key: tuple[str, str]
) -> None:
    """Byte for byte."""
    bundle, run = read_model_file(tiny_files[key]).bundle, Run.open(tiny_run)
    assert bundle.contract == run.contract
    assert bundle.encoder.vocabulary == run.encoder.vocabulary


def test_a_tflite_file_is_a_zip_archive(tiny_files: Files) -> None:
    """Tools for TFLite metadata find the description and the files that it names."""
    data = tiny_files["tflite", "int8"].read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = ["card.json", "card.md", "contract.json", "golden.json", "vocabulary.subwords"]
        assert sorted(archive.namelist()) == ["SHA256SUMS", *names]
    assert b"TFLITE_METADATA" in data
    assert b"M001" in data
    assert b"Text classifier: negative or positive." in data


@pytest.mark.parametrize(("name", "rules"), FORMATS.items())
def test_the_default_name(tiny_run: Path, name: str, rules: Any) -> None:
    """Recipe, precision and the format's suffix."""
    assert default_name(Run.open(tiny_run), rules, "int8") == f"tiny-bilstm-int8.{name}"


def test_the_texts_that_are_checked(opened: TrainedModel, tiny_trained: TrainedModel) -> None:
    """As many as they are to be, with a score each, which the Keras model gave."""
    assert len(opened.texts) == len(opened.expected) == CHECKED_TEXTS
    assert len(tiny_trained.texts) == len(tiny_trained.expected) > 300
    assert tiny_trained.expected.dtype == np.float32
    assert np.ptp(tiny_trained.expected) > 0.5


def test_a_model_that_cannot_be_exported(tiny_run: Path, tmp_path: Path) -> None:
    """The layer is named before any text is scored."""
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(299, 4, mask_zero=True),
            keras.layers.GRU(3, activation="softsign", name="remembers"),
            keras.layers.Dense(1),
        ]
    )
    for path in tiny_run.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    model.save(tmp_path / MODEL)
    assert (tmp_path / CONFIG).is_file()
    with pytest.raises(ExportError, match=r"layer remembers \(GRU\) cannot be exported exactly"):
        open_trained(Run.open(tmp_path), SAMPLE_TEXTS)


@pytest.fixture(scope="module")
def other_cells(tiny_trained: TrainedModel) -> TrainedModel:
    """A GRU and a SimpleRNN behind it."""
    size = tiny_trained.run.contract.vocabulary_size
    model = sequential(
        keras.layers.Embedding(size, 16, mask_zero=True),
        keras.layers.GRU(32, return_sequences=True),
        keras.layers.SimpleRNN(32),
        keras.layers.Dense(1),
        scale=0.2,
    )
    expected = probabilities(model, tiny_trained.run.encoder.encode_batch(tiny_trained.texts))
    assert np.ptp(expected) > 0.1
    return dataclasses.replace(tiny_trained, network=read_network(model), expected=expected)


@pytest.mark.parametrize(
    ("name", "precision", "said"),
    [
        ("onnx", "int8", "1 GRU, 1 RNN, no loop"),
        ("tflite", "int8", "1 WHILE (GRU as a loop), 1 UNIDIRECTIONAL_SEQUENCE_RNN"),
    ],
)
def test_a_model_of_other_cells(
    other_cells: TrainedModel, tmp_path: Path, name: str, precision: str, said: str
) -> None:
    """A GRU and a SimpleRNN pass every check of the job, in the runtime as it is."""
    lines: list[str] = []
    path = tmp_path / f"model.{name}"
    export(other_cells, FORMATS[name], precision, path, on_cpu, lines.append)
    assert lines[0].endswith(f" builtin operators, {said}")
    # The reference is one of ONNX.
    assert len(lines) == len(PASSED) - (name == "tflite")
    assert read_model_file(path).format == name


LONG = "the film was never boring and one loved it very much " * 20
CHOICES: dict[str, tuple[str, ...]] = {
    "the sample": SAMPLE_TEXTS,
    "one word": ("Great",),
    "one text": (LONG,),
    "two texts": ("Great", "not a good film"),
    "none in ASCII": ("фильм", "本当に面白かった。", "é"),
    "blank ones among them": ("", "  ", "good", "\n", "bad film"),
    "many": tuple(f"{'never good ' * (1 + n % 30)}film number {n}" for n in range(1000)),
    "many long ones": tuple(f"{LONG} {n}" for n in range(200)),
}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("count", [8, 33, CHECKED_TEXTS])
@pytest.mark.parametrize("name", CHOICES)
def test_spread(tiny_encoder: TextEncoder, name: str, count: int, own: bool) -> None:
    """However few or many there are: as many as asked for, one token first, the longest last."""
    texts = CHOICES[name]
    labels = [n % 3 for n in range(len(texts))] if own else None
    chosen = spread(texts, tiny_encoder, count, labels=labels)
    lengths = [len(tiny_encoder.encode(text)) for text in chosen]
    assert len(chosen) == count
    assert lengths[0] == 1
    assert lengths[-1] == tiny_encoder.contract.max_length
    assert all(text.strip() for text in chosen)


def test_of_own_texts_two_are_joined(tiny_encoder: TextEncoder) -> None:
    """If they have equal labels. All but the last are texts, beginnings of some, or such pairs."""
    texts = [f"good film {word}" for word in ("never", "loved", "boring", "funny", "best", "one")]
    labels = np.array([[True, False], [True, True]] * 3)
    *chosen, longest = spread(texts, tiny_encoder, CHECKED_TEXTS, labels=labels)
    pairs = {f"{one} {two}" for one in texts for two in texts if one != two}
    alike = {
        f"{texts[i]} {texts[j]}" for i in range(6) for j in range(6) if i != j and i % 2 == j % 2
    }
    assert pairs & set(chosen) == alike
    assert max(len(text.split()) for text in chosen) == 6
    assert len(set(longest.split())) == 3
    others = spread(texts, tiny_encoder, CHECKED_TEXTS)
    assert max(len(text.split()) for text in others[:-1]) == 18


def test_spread_over_the_lengths(tiny_encoder: TextEncoder) -> None:
    """Of many texts, some of every length are taken, and their first words."""
    texts = [("good " * n).strip() for n in range(1, 20) for _ in range(30)]
    there = {len(tiny_encoder.encode(text)) for text in texts}
    chosen = spread(texts, tiny_encoder, 96)
    assert len(there) == 19
    assert there <= {len(tiny_encoder.encode(text)) for text in chosen}
    words = spread([LONG] * 50, tiny_encoder, 96)
    assert {len(text.split()) for text in words} >= set(range(1, 9))


@pytest.fixture(scope="module")
def tiny_encoder(tiny_run: Path) -> TextEncoder:
    """The text rules of the tiny run."""
    return Run.open(tiny_run).encoder
