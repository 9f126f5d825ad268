"""`edgernn audit` and the line of `edgernn info`: what they print, and the exit code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from handmade import OPERATORS, node, one_operator, onnx_model
from typer.testing import CliRunner

from edgernn.audit import audit_file
from edgernn.cli import info
from edgernn.cli.main import app
from edgernn.errors import ModelFileError
from edgernn.runtime import SHIPPED_MODEL

Save = Callable[[str, bytes], Path]


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, list(map(str, arguments)))


def test_pretrained_model() -> None:
    """Without a file: the pretrained model, which has no problem."""
    done = run("audit")
    assert done.exit_code == 0, done.output
    for line in (
        f"  file                    {SHIPPED_MODEL}",
        "  problems                none",
        "  oldest runtime          onnxruntime 1.16",
        "  recurrent operators     1 LSTM",
        f"  all                          {SHIPPED_MODEL.stat().st_size:>11,}",
    ):
        assert line in done.stdout.splitlines()


def test_masked_model(masked: Path) -> None:
    """Exit code 1, and each Loop with why it arose and what to change."""
    done = run("audit", masked)
    assert done.exit_code == 1
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert "  problem: Loop (LSTM, masked), 2 times" in lines
    assert "  recurrent operators     2 Loop (LSTM)" in lines
    assert "  problems                2 of one kind" in lines
    assert "  carries a bundle        no: not written by `edgernn export`" in lines
    assert sum("while_loop" in line for line in lines) == 2
    text = " ".join(done.stdout.split())
    assert "mask_zero=True" in text
    assert "`edgernn import` and `edgernn export` do that" in text


@pytest.mark.parametrize(
    ("name", "made", "exit_code"),
    [
        ("note.onnx", onnx_model([node("LSTM")]).SerializeToString(), 0),
        ("problem.onnx", onnx_model([node("Scan")]).SerializeToString(), 1),
        ("clean.tflite", one_operator(OPERATORS.TANH), 0),
        ("note.tflite", one_operator(OPERATORS.IF), 0),
        ("problem.tflite", one_operator(OPERATORS.CUSTOM, custom="FlexErf"), 1),
    ],
)
def test_exit_code(save: Save, name: str, made: bytes, exit_code: int) -> None:
    """1 for a problem, 0 for notes, as text and as JSON."""
    path = save(name, made)
    for options in ([], ["--json"]):
        assert run("audit", path, *options).exit_code == exit_code


def test_json(masked: Path) -> None:
    """One JSON object on standard output."""
    done = run("audit", masked, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["file"] == str(masked)
    assert found["source"] == {"layers": None, "recurrent_layers": None}
    assert [len(finding["places"]) for finding in found["findings"]] == [2]
    assert sum(found["parts"].values()) == found["bytes"] == masked.stat().st_size


def test_no_model(save: Save) -> None:
    """Something else is one line of an error."""
    path = save("m.onnx", b"not a model")
    done = run("audit", path)
    assert isinstance(done.exception, ModelFileError)
    assert str(path) in str(done.exception)
    assert done.stdout == ""


def test_escapes_do_not_reach_the_terminal(save: Save) -> None:
    """Names out of a file are printed escaped and cut."""
    evil = "\x1b]0;title\x07\n"
    model = onnx_model([node(f"Own{evil}{'x' * 9000}", name=evil, domain=evil)])
    done = run("audit", save("m.onnx", model.SerializeToString()))
    assert done.exit_code == 1
    assert all(line.isprintable() for line in done.stdout.split("\n"))
    assert len(done.stdout) < 20_000


def test_long_lists_are_cut(save: Save) -> None:
    """A file of very many findings, operators and places fills no screen after screen."""
    nodes = [node(f"Own{i % 300}", domain="own", name=f"n{i}") for i in range(3000)]
    done = run("audit", save("m.onnx", onnx_model(nodes).SerializeToString()))
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) < 900
    assert "and 252 more" in done.stdout


def test_help_tells_the_exit_code() -> None:
    """The command's help says what its exit code means."""
    text = " ".join(run("audit", "--help").stdout.split())
    assert "exit code 1 on problems" in text


def test_info() -> None:
    """`edgernn info` has the oldest runtime, as text and as JSON."""
    done = run("info")
    assert done.exit_code == 0, done.output
    assert "  oldest runtime         onnxruntime 1.16" in done.stdout.splitlines()
    found = json.loads(run("info", "--json").stdout)["model"]
    assert found["oldest runtime"] == "onnxruntime 1.16"
    assert "newer for" not in found


def test_what_needs_more(save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file needs a newer runtime, both commands say for what."""
    line = (
        "FULLY_CONNECTED version 12: needs ai-edge-litert 1.0.1 or TensorFlow Lite 2.17; "
        "tflite-runtime 2.14 refuses the file"
    )
    path = save("m.tflite", one_operator(OPERATORS.FULLY_CONNECTED, 12))
    assert line in " ".join(run("audit", path).stdout.split())
    # No export needs any.
    monkeypatch.setattr(info, "find_oldest_runtime", lambda graph: audit_file(path).oldest_runtime)
    lines = run("info").stdout.splitlines()
    assert "  oldest runtime         ai-edge-litert 1.0.1 or TensorFlow Lite 2.17" in lines
    assert f"  newer for              {line}" in lines
