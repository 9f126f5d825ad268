"""Where `edgernn export` writes, and the command that it proposes in the end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgernn.runtime import SHIPPED_MODEL


@pytest.mark.parametrize(
    ("kind", "text"),
    [("archive", "'Great movie!'"), ("file", "'your text'"), (None, "'your text'")],
)
def test_what_comes_next(tmp_path: Path, monkeypatch, capsys, kind, text) -> None:
    """A film is praised to models of film reviews alone, and the command can be pasted."""
    from edgernn.cli import export
    from edgernn.training.run import CONFIG

    run = tmp_path / "run"
    shutil.copytree(SHIPPED_MODEL.parent, run)
    config = json.loads((run / CONFIG).read_text("utf-8"))
    # An imported run has no data.
    config["data"] = None if kind is None else {"description": {"kind": kind}}
    (run / CONFIG).write_text(json.dumps(config), "utf-8")
    made = SimpleNamespace(path=Path("my models/own.onnx"), bytes=1234)
    monkeypatch.setattr(export, "export_run", lambda *_, **__: [made])
    export.run_export(run, format="onnx")
    said = capsys.readouterr()
    line = f"next: edgernn score --model 'my models/own.onnx' {text}\n"
    assert (said.out + said.err).endswith(line)


def test_a_slash_makes_a_folder(tmp_path: Path, monkeypatch) -> None:
    """`--output out/` is a folder that need not be there, and no file called `out`."""
    from edgernn.cli.export import run_export
    from edgernn.errors import UsageError
    from exporters import job

    def write(trained, rules, precision, path, *_, **__):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        return ()

    monkeypatch.setattr(job, "open_trained", lambda *_: None)
    monkeypatch.setattr(job, "export", write)
    run_export(None, format="tflite", output=f"{tmp_path}/out/")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["flagship-int8.tflite"]
    run_export(None, format="tflite", output=f"{tmp_path}/file")
    assert (tmp_path / "file").is_file()
    with pytest.raises(UsageError, match="file: is a file; a name that ends in a slash needs a f"):
        run_export(None, format="tflite", output=f"{tmp_path}/file/")
