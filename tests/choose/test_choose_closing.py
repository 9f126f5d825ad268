"""The last lines of `edgernn choose`: how to come to a test figure of what was chosen."""

import json
from types import SimpleNamespace

import pytest

from edgernn.cli.choose import _say_chosen


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("archive", "edgernn evaluate --data data.tar.gz --model {file} --run {run}"),
        ("file", "edgernn evaluate --data test.csv --model {file} --run {run}"),
    ],
)
def test_the_next_command(tmp_path, capsys, kind, command):
    """It names other data than what was searched on, and the run that the file came from."""
    run = tmp_path / "chosen"
    run.mkdir()
    data = {"source": "data.tar.gz", "description": {"kind": kind}}
    (run / "config.json").write_text(json.dumps({"data": data}))
    chosen = SimpleNamespace(
        variant=SimpleNamespace(bytes=9, milliseconds=1.0),
        candidate=SimpleNamespace(held_out=50),
        macro_f1=None,
        accuracy=0.9,
        misses=(),
        file=run / "x.onnx",
    )
    _say_chosen(SimpleNamespace(chosen=chosen), tmp_path)
    *_, reason, last = capsys.readouterr().err.splitlines()
    assert reason.startswith("the held-out texts chose it; its accuracy on new ones takes a test: ")
    assert last == "next: " + command.format(file=run / "x.onnx", run=run)
