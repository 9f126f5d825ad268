"""`edgernn verify`: golden vectors and real texts on every runtime, and the exit code."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import sys
from pathlib import Path

import pytest
from console_script import Edgernn
from in_process import InProcess

from edgernn.bundle import read_model_file, with_bundle
from edgernn.cli import verify
from edgernn.cli.verify import run_verification
from edgernn.errors import EdgernnError, ModelFileError, UsageError
from edgernn.evaluation.verification import RealTexts
from edgernn.runtime import native

Files = dict[tuple[str, str], Path]

TEXTS = [
    ("The worst movie, never good", "negative"),
    ("A great film", "positive"),
    ('"Boring", he said,\nand left', "negative"),
    ("one bad film", "negative"),
    ("funny", "positive"),
    ("the best of the best", "positive"),
]
NEVER = "It was never boring."


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "some.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *TEXTS])
    return path


@pytest.fixture
def onnx(tiny_files: Files) -> Path:
    return tiny_files["onnx", "float32"]


@pytest.fixture
def tflite(tiny_files: Files) -> Path:
    return tiny_files["tflite", "float32"]


def altered(path: Path, folder: Path, **changes: object) -> Path:
    """A copy of a file in which something of the first golden vector is another; sums fit."""
    file = read_model_file(path)
    golden = file.bundle.golden
    assert golden is not None
    first = dataclasses.replace(golden.vectors[0], **changes)
    golden = dataclasses.replace(golden, vectors=(first, *golden.vectors[1:]))
    copy = folder / f"altered{path.suffix}"
    bundle = dataclasses.replace(file.bundle, golden=golden)
    copy.write_bytes(with_bundle(file.data, file.format, bundle))
    return copy


def off_by(path: Path, difference: float) -> float:
    """A probability so far from the first vector's, on the same side of the threshold."""
    golden = read_model_file(path).bundle.golden
    assert golden is not None
    probability = golden.vectors[0].probability
    assert probability is not None
    return probability + (difference if probability >= 0.5 else -difference)


def vectors_of(path: Path) -> int:
    golden = read_model_file(path).bundle.golden
    assert golden is not None
    return len(golden.vectors)


def rows(lines: list[str]) -> dict[str, list[str]]:
    """The lines of a table by runtime; cells are two spaces apart, at least."""
    found = {}
    for line in lines:
        name, *cells = [cell.strip() for cell in line.split("  ") if cell.strip()]
        found[name] = cells
    return found


def test_a_right_file(edgernn: InProcess, onnx: Path) -> None:
    """A table of what ran and what did not, on standard output alone; exit code 0."""
    done = edgernn("verify", onnx)
    assert (done.returncode, done.stderr) == (0, "")
    title, ids, header, *table, tally = done.stdout.splitlines()
    assert re.fullmatch(r"right in (\d) of \1 that ran", tally)
    count = vectors_of(onnx)
    assert title == f"{onnx}: {count} golden vectors, tolerance 0.0001"
    assert ids == "✓ texts become the ids that they became at export"
    assert header.split("  ")[0] == "runtime"
    found = rows(table)
    version, device, vectors, alone, batch, flips, mark = found["onnxruntime"]
    assert (version[0].isdigit(), device, vectors, flips, mark) == (
        True, "cpu", str(count), "0", "✓",
    )  # fmt: skip
    assert max(float(alone), float(batch)) < 1e-5
    cuda = found["onnxruntime, CUDA"]
    assert (cuda[1] == "cuda" and cuda[-1] == "✓") or cuda[1:7] == ["-"] * 6


def test_tflite(edgernn: InProcess, tiny_files: Files) -> None:
    """The interpreters of several packages; nothing of what they log is seen."""
    done = edgernn("verify", tiny_files["tflite", "int8"])
    assert (done.returncode, done.stderr) == (0, "")
    found = rows(done.stdout.splitlines()[3:])
    for name in ("litert, XNNPACK", "litert, no delegate"):
        assert (found[name][1], found[name][4], found[name][-1]) == ("cpu", "-", "✓")
    for name in ("tflite-runtime", "tensorflow"):
        assert name in found or name in done.stdout.splitlines()[-1]


def test_the_shipped_model_is_the_default(
    onnx: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """`edgernn verify` alone is about the file that the package carries."""
    monkeypatch.setattr(verify, "SHIPPED_MODEL", onnx)
    run_verification(None, RealTexts(), as_json=False)
    assert capfd.readouterr().out.startswith(f"{onnx}: ")


def test_json(console: Edgernn, onnx: Path) -> None:
    """One line, with what the table has and more."""
    done = console("verify", onnx, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert found.keys() == {"file", "format", "golden", "data", "passed"}
    assert (found["file"], found["format"], found["data"]) == (str(onnx), "onnx", None)
    assert found["passed"] is True
    golden = found["golden"]
    assert golden.keys() == {"tolerance", "ids", "runtimes", "passed"}
    assert golden["ids"] == {"texts": vectors_of(onnx), "mismatches": 0, "first": None}
    cpu, cuda, *others = golden["runtimes"]
    assert {row["runtime"] for row in others} >= {"onnxruntime, default options"}
    assert cpu.keys() == {
        *("runtime", "version", "device", "passed", "reason", "texts", "largest_difference"),
        *("row", "text", "label_flips", "accuracy", "refused"),
        *("alone_difference", "batch_difference", "only_in_a_batch"),
    }
    assert (cpu["runtime"], cpu["device"], cpu["passed"]) == ("onnxruntime", "cpu", True)
    assert cuda["passed"] is not False


def test_another_probability(edgernn: InProcess, onnx: Path, tmp_path: Path) -> None:
    """Exit code 1; the runtime, the difference and the text are named."""
    file = altered(onnx, tmp_path, probability=off_by(onnx, 0.01))
    done = edgernn("verify", file)
    assert done.returncode == 1
    line = next(line for line in done.stdout.splitlines() if line.startswith("onnxruntime  "))
    assert "✗  0.01 off, allowed 0.0001: text 1, 'Great movie!'" in line
    assert done.stderr.startswith(f"error: {file}: 2 of 2 runtimes fail (onnxruntime")
    assert done.stderr.count("\n") == 1


def test_another_probability_as_json(edgernn: InProcess, onnx: Path, tmp_path: Path) -> None:
    """The result is printed all the same, and says so itself."""
    done = edgernn("verify", altered(onnx, tmp_path, probability=off_by(onnx, 0.01)), "--json")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["passed"], found["golden"]["passed"]) == (False, False)
    row = found["golden"]["runtimes"][0]
    assert row["passed"] is False
    assert row["largest_difference"] == pytest.approx(0.01, abs=1e-5)
    assert (row["row"], row["text"]) == (1, "Great movie!")
    assert done.stderr.startswith("error: ")


def test_a_flip(edgernn: InProcess, onnx: Path, tmp_path: Path) -> None:
    """Counted in the table."""
    golden = read_model_file(onnx).bundle.golden
    assert golden is not None
    probability = golden.vectors[0].probability
    assert probability is not None
    done = edgernn("verify", altered(onnx, tmp_path, probability=1 - probability))
    assert done.returncode == 1
    cells = rows(done.stdout.splitlines()[3:])["onnxruntime"]
    assert cells[5] == "1"
    assert f"1 of {vectors_of(onnx)} labels flip" in cells[7]


def test_other_ids(edgernn: InProcess, onnx: Path, tmp_path: Path) -> None:
    """The text is named."""
    file = altered(onnx, tmp_path, text=NEVER)
    done = edgernn("verify", file)
    assert done.returncode == 1
    second = done.stdout.splitlines()[1]
    assert second.startswith("✗ texts become the ids")
    assert second.endswith(f", 1 do not: '{NEVER}'")
    expected = f"error: {file}: 1 of {vectors_of(onnx)} texts get other ids\n"
    assert done.stderr == expected


def test_a_text_that_no_terminal_should_see(edgernn: InProcess, onnx: Path, tmp_path: Path) -> None:
    """What is not printable is escaped in the table; in JSON the text comes back whole."""
    text = "\x1b[31mred\ud800" + "x" * 100
    file = altered(onnx, tmp_path, text=text)
    second = edgernn("verify", file).stdout.splitlines()[1]
    assert second.isprintable()
    assert r"\x1b[31mred\ud800xxx" in second.replace("\\\\", "\\")
    assert second.endswith("x…'")
    assert json.loads(edgernn("verify", file, "--json").stdout)["golden"]["ids"]["first"] == text


@pytest.mark.parametrize("module", ["ai_edge_litert", "tensorflow"])
def test_a_runtime_is_not_here(
    tflite: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    module: str,
) -> None:
    """It is named in one line; that is no failure."""
    monkeypatch.setitem(sys.modules, module, None)
    run_verification(tflite, RealTexts(), as_json=False)
    *table, last = capfd.readouterr().out.splitlines()[3:]
    name = module.removeprefix("ai_edge_")
    assert not any(line.startswith(name) for line in table)
    assert last.startswith("not installed: ")
    assert last.count(name) == (2 if name == "litert" else 1)


def test_no_runtime_is_here(
    tflite: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing was verified: an error, with what to install."""
    for module in ("ai_edge_litert", "tflite_runtime", "tensorflow"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(native, "installed", lambda: None)
    with pytest.raises(EdgernnError, match=r"no runtime of this machine runs it: .*\[tflite\]"):
        run_verification(tflite, RealTexts(), as_json=False)
    assert capfd.readouterr().out.splitlines()[2:] == [
        "right in 0 of 0 that ran",
        "not installed: litert, XNNPACK; litert, no delegate; tflite-runtime; tensorflow; native",
    ]


def test_an_engine_fails(
    tflite: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """✗ with the engine's reason; the error names the runtime and how many ran."""
    import ai_edge_litert.interpreter as litert

    real = litert.Interpreter

    def interpreter(**settings: object) -> object:
        if "experimental_op_resolver_type" in settings:
            raise RuntimeError("no such kernel")
        return real(**settings)

    monkeypatch.setattr(litert, "Interpreter", interpreter)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(EdgernnError, match=r"1 of \d runtimes fails \(litert, no delegate\)$"):
        run_verification(tflite, RealTexts(), as_json=False)
    found = rows(capfd.readouterr().out.splitlines()[3:])
    assert found["litert, XNNPACK"][-1] == "✓"
    assert found["litert, no delegate"][-2:] == [
        "✗",
        "litert, no delegate cannot run it: no such kernel",
    ]


def test_no_golden_vectors(edgernn: InProcess, onnx: Path, tmp_path: Path) -> None:
    """A file of an earlier version: one line, and what to do."""
    file = read_model_file(onnx)
    old = tmp_path / "old.onnx"
    bundle = dataclasses.replace(file.bundle, golden=None)
    old.write_bytes(with_bundle(file.data, file.format, bundle))
    done = edgernn("verify", old)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {old}: carries no golden vectors: export it again\n"


def test_a_missing_file(edgernn: InProcess) -> None:
    done = edgernn("verify", "none.onnx")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: none.onnx: cannot be read")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--run", "runs/x"),
        ("--limit", "10"),
        ("--tolerance", "0.1"),
        ("--text-column", "text"),
        ("--label-column", "label"),
    ],
)
def test_options_of_data(edgernn: InProcess, onnx: Path, arguments: tuple[str, str]) -> None:
    """Without --data they mean nothing, and are not passed over."""
    done = edgernn("verify", onnx, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    expected = f"error: {arguments[0]} is about real texts: name them with --data\n"
    assert done.stderr == expected


@pytest.mark.parametrize(
    "arguments", [("--tolerance", "-0.1"), ("--tolerance", "2"), ("--limit", "1")]
)
def test_values_that_cannot_be(edgernn: InProcess, onnx: Path, arguments: tuple[str, str]) -> None:
    """Exit code 2, and the option named."""
    done = edgernn("verify", onnx, "--data", "x.csv", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert arguments[0] in done.stderr


def test_data_between_runtimes(
    tflite: Path, reviews: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first runtime is the reference of the others; each has its accuracy."""
    run_verification(tflite, RealTexts(str(reviews)), as_json=False)
    out, err = capfd.readouterr()
    assert err.splitlines()[-1] == "comparing on 6 texts of the test split, --limit 1000"
    before, _, after = out.partition("\n\n")
    title, header, *table = after.splitlines()
    assert title.startswith("against litert, XNNPACK (")
    assert title.endswith("), allowed 0.0001 and 0.5% flips")
    assert header.split() == [
        *("runtime", "version", "device", "texts", "largest", "difference", "label", "flips"),
        "accuracy",
    ]
    found = rows(table)
    assert set(found) >= set(rows(before.splitlines()[3:-2]))
    first, second = found["litert, XNNPACK"], found["litert, no delegate"]
    assert first[1:5] == ["cpu", "6", "-", "-"]
    assert first[6:] == ["-", "the reference"]
    assert second[1:3] == ["cpu", "6"]
    assert second[4:] == ["0 (0.00%)", first[5], "✓"]
    # What `edgernn score` makes of the texts.
    from edgernn import load

    scores = load(tflite).score([text for text, _ in TEXTS])
    right = sum(s.label == label for s, (_, label) in zip(scores, TEXTS, strict=True))
    assert first[5] == f"{right / len(TEXTS):.4f}"


def test_data_on_one_runtime(edgernn: InProcess, onnx: Path, reviews: Path) -> None:
    """Where there is nothing to compare with, that is said."""
    done = edgernn("verify", onnx, "--data", reviews, "--limit", 4)
    assert done.returncode == 0
    if "cuda" not in done.stdout:
        assert done.stderr.splitlines() == [
            "comparing on 4 texts of the test split, --limit 4",
            "warning: nothing to compare with; --run FOLDER compares with the Keras model",
        ]


def test_data_against_keras(edgernn: InProcess, onnx: Path, tiny_run: Path, reviews: Path) -> None:
    """The run's model is the reference; the card says how far off the file may be."""
    arguments = ("--data", reviews, "--run", tiny_run)
    done = edgernn("verify", onnx, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == "comparing on 6 texts of the test split, --limit 1000\n"
    data = json.loads(done.stdout)["data"]
    assert data.keys() == {"reference", "reference_accuracy", "limits", "runtimes", "passed"}
    assert data["reference"] == f"Keras, {tiny_run}"
    tolerance = read_model_file(onnx).bundle.card["checks"]["tolerance"]
    assert data["limits"] == {"difference": tolerance, "flips": 0.005, "beyond": 0.01}
    row = data["runtimes"][0]
    assert (row["texts"], row["passed"], row["label_flips"]) == (6, True, 0)
    assert 0 < row["largest_difference"] < 1e-4
    assert row["accuracy"] == data["reference_accuracy"]


def test_a_tolerance_on_data(
    edgernn: InProcess, tiny_files: Files, tiny_run: Path, reviews: Path
) -> None:
    """int8 is not within a millionth of Keras: exit code 1, by the data alone."""
    file = tiny_files["onnx", "int8"]
    arguments = ("--data", reviews, "--run", tiny_run, "--tolerance", "1e-6")
    done = edgernn("verify", file, *arguments)
    assert done.returncode == 1
    golden, _, data = done.stdout.partition("\n\n")
    assert "✗" not in golden
    assert "allowed 1e-06 and 0.5% flips" in data
    assert "✗" in data
    expected = f"error: {file}: 2 of 2 runtimes fail on the data (onnxruntime"
    assert done.stderr.splitlines()[-1].startswith(expected)


@pytest.mark.parametrize("checks", [None, {}, {"tolerance": "0.1"}, {"tolerance": 2.0}, [1]])
def test_a_card_without_a_tolerance(
    onnx: Path,
    tiny_run: Path,
    reviews: Path,
    tmp_path: Path,
    checks: object,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An allowance is assumed, and said."""
    file = read_model_file(onnx)
    card = {**file.bundle.card, "checks": checks}
    copy = tmp_path / "copy.onnx"
    bundle = dataclasses.replace(file.bundle, card=card)
    copy.write_bytes(with_bundle(file.data, file.format, bundle))
    run_verification(copy, RealTexts(str(reviews), run=tiny_run), as_json=False)
    out, err = capfd.readouterr()
    assert f"{copy}: its card gives no tolerance, allowing 0.02" in err
    assert "allowed 0.02 and 0.5% flips" in out


def test_the_run_of_another_file(onnx: Path, tiny_word_run: Path, reviews: Path) -> None:
    """Told by the text contract, before anything is scored."""
    with pytest.raises(ModelFileError, match=r"is not the run of .*differ in .*tokenizer"):
        run_verification(onnx, RealTexts(str(reviews), run=tiny_word_run), as_json=False)


def test_no_run(onnx: Path, tmp_path: Path, reviews: Path) -> None:
    with pytest.raises(ModelFileError, match="no such run folder"):
        run_verification(onnx, RealTexts(str(reviews), run=tmp_path / "none"), as_json=False)


def test_limit_is_the_first_option_named(onnx: Path) -> None:
    """Of several options without --data one is named."""
    with pytest.raises(UsageError, match=r"^--limit is about real texts"):
        run_verification(onnx, RealTexts(limit=5, tolerance=0.1), as_json=False)
