"""Exit codes and messages: 2 for what was asked wrongly, 1 for what failed; one line each."""

import os

import pytest
from in_process import Command


def is_one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("score --xyz 1", "no such option: --xyz; see edgernn score --help"),
        ("score --forma x", "no such option: --forma; there is --format; see edgernn score --help"),
        ("trian", "no such command 'trian'; there is 'train'; see edgernn --help"),
        ("nonsense", "no such command 'nonsense'; see edgernn --help"),
        ("train --epochs many", "--epochs: 'many' is not a whole number; see edgernn train --help"),
        (
            "train --learning-rate low",
            "--learning-rate: 'low' is not a number; see edgernn train --help",
        ),
        (
            "train --seed 4294967296",
            "--seed: 4294967296 is not in the range 0<=x<=4294967295; see edgernn train --help",
        ),
        ("evaluate --limit 1", "--limit: 1 is not in the range x>=2; see edgernn evaluate --help"),
        ("export", "missing option '--format'; see edgernn export --help"),
        ("info a b", "unexpected argument: b; see edgernn info --help"),
        ("score --device", "option '--device' requires an argument; see edgernn score --help"),
        ("score --debug --xyz 1", "no such option: --xyz; see edgernn score --help"),
    ],
)
def test_options_that_are_no_options(arguments, message, capfd):
    """Exit code 2 and one line, without Typer's frame; nothing on standard output."""
    done = Command(capfd)(*arguments.split())
    assert done == (2, "", f"error: {message}\n")


def test_wrong_usage_of_the_console_script(edgernn):
    """The script ends as `run` does."""
    done = edgernn("score", "--xyz", "1")
    assert done.returncode == 2
    assert done.stderr == "error: no such option: --xyz; see edgernn score --help\n"
    assert done.stdout == ""


def test_help_is_typers(edgernn):
    """Without a command, and where it is asked for, with all options of a labelled file."""
    assert edgernn().returncode == 2
    shown = edgernn("train", "--help")
    assert shown.returncode == 0
    for option in ("--text-column", "--positive", "--group-column", "--strict", "--sheet"):
        assert option in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--recipe", "none"], "error: --recipe none: no such recipe; choose one of: "),
        (["export", "--format", "none"], "error: --format none: choose one of onnx, tflite, all"),
        (
            ["export", "--format", "onnx", "--precision", "int4"],
            "error: --precision int4: onnx has float32, float16, int8-embedding, int8",
        ),
        (["score"], "error: give texts to score, or --input FILE"),
        (["score", "text", "--input", "x.txt"], "error: give texts to score, or --input FILE"),
        (["score", "text", "--text-column", "a"], "error: --text-column needs --input"),
    ],
)
def test_wrong_usage(edgernn, arguments, message):
    """Exit code 2 and one line that names the option."""
    done = edgernn(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith(message)
    assert is_one_line(done.stderr)
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--output", "scores.txt"],
            "--output scores.txt: the name must end in .jsonl, .csv or .tsv (or these and .gz), or "
            "in .parquet",
        ),
        (["--output", "s.csv", "--json"], "--output s.csv: --json writes .jsonl files"),
        (["--device", "tpu"], "device 'tpu' is not known: auto, cpu, cuda"),
    ],
)
def test_wrong_usage_with_a_model(edgernn, model, tmp_path, arguments, message):
    """The same where the model has to be there; nothing is written."""
    done = edgernn("score", "good", "--model", model, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_in_use(edgernn, place, tmp_path):
    """Training does not write into a folder that holds something."""
    (tmp_path / "notes.txt").touch()
    done = edgernn("train", "--data", place / "reviews.csv", "--output", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: --output {tmp_path}: already exists")
    assert is_one_line(done.stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("score good --model missing.onnx", "missing.onnx: cannot be read: No such file"),
        ("score good --model .", ".: is a folder; name a model file"),
        ("score good --model reviews.csv", "reviews.csv: not a usable ONNX file"),
        ("score good --model empty.onnx", "empty.onnx: "),
        ("score good --model fake.tflite", "fake.tflite: "),
        ("score --input missing.csv", "missing.csv does not exist"),
        ("score --input tiny.subwords", "tiny.subwords is not of a known format"),
        ("score --input reviews.csv --text-column nope", "reviews.csv has no column 'nope'"),
        ("evaluate --data missing.csv", "missing.csv does not exist"),
        ("evaluate --data reviews.csv --label-column nope", "reviews.csv has no column 'nope'"),
        ("evaluate --data reviews.csv --model empty.onnx", "empty.onnx: "),
        ("export --format onnx --run missing", "missing: no such run folder"),
        ("export --format onnx --run .", ".: has no model.keras: name a folder"),
        ("info missing.onnx", "missing.onnx: cannot be read: No such file"),
        ("info reviews.csv", "reviews.csv: not a usable ONNX file"),
        ("train --resume --output missing", "missing: nothing to resume: "),
    ],
)
def test_jobs_that_fail(edgernn, place, arguments, message):
    """Exit code 1 and one line that names the file; nothing on standard output."""
    (place / "empty.onnx").touch()
    (place / "fake.tflite").write_bytes(b"\x10\0\0\0TFL3" + b"\xff" * 64)
    done = edgernn(*arguments.split(), cwd=place)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {message}")
    assert is_one_line(done.stderr)
    assert done.stdout == ""


def test_a_foreign_model(edgernn, tmp_path):
    """A sound ONNX file that carries no text contract is not scored with."""
    onnx = pytest.importorskip("onnx")
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["x"], ["y"])],
        "foreign",
        [info("x", onnx.TensorProto.FLOAT, [1])],
        [info("y", onnx.TensorProto.FLOAT, [1])],
    )
    file = tmp_path / "foreign.onnx"
    onnx.save(onnx.helper.make_model(graph), file)
    done = edgernn("score", "good", "--model", file)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {file}: the file carries no contract.json")
    assert is_one_line(done.stderr)


@pytest.mark.parametrize("arguments", ["score good --model nope.onnx", "score", "info nope.onnx"])
def test_a_traceback_with_debug(edgernn, arguments):
    """--debug shows where; without it nothing does."""
    plain, debug = edgernn(*arguments.split()), edgernn(*arguments.split(), "--debug")
    assert "Traceback" not in plain.stderr
    assert debug.stderr.startswith("Traceback")
    assert plain.stderr.removeprefix("error: ").strip() in debug.stderr
    assert debug.returncode != 0


@pytest.mark.parametrize(
    ("output", "code", "message"),
    [
        ("folder.csv", 2, "--output folder.csv: is a folder; name a file"),
        ("file/scores.csv", 1, "file: File exists"),
    ],
)
def test_an_output_that_cannot_be_written(edgernn, model, tmp_path, output, code, message):
    """A place that cannot be written to is one line too, and leaves no temporary file."""
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").touch()
    done = edgernn("score", "good", "--model", model, "--output", output, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (code, f"error: {message}\n")
    assert {path.name for path in tmp_path.iterdir()} == {"folder.csv", "file"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
def test_a_full_disk(console, model):
    """A result that cannot be written is not taken for one that was."""
    import subprocess

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [console.command, "score", "good", "--model", str(model)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=console.environment,
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_min_df_and_vocab(edgernn, tmp_path):
    """A vocabulary that is given is not built, so nothing can be left out of it."""
    done = edgernn("train", "--data", tmp_path, "--vocab", "words.txt", "--min-df", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --min-df 1: the vocabulary of --vocab is taken as it is")
