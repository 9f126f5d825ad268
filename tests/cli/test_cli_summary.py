"""`edgernn summary`: the layers, the text rules, the diagram, and what it refuses."""

import json
import shutil

import pytest

from edgernn.runtime import SHIPPED_MODEL


def vocabulary_size(run) -> int:
    return json.loads((run / "contract.json").read_text())["vocabulary_size"]


def test_the_table_and_the_diagram(edgernn, tiny_run, tmp_path):
    """A row a layer and the sum on standard output, then the text rules; the picture is a file."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    done = edgernn("summary", tiny_run, "--plot", "new/model.pdf", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "wrote new/model.pdf\n")
    assert (tmp_path / "new" / "model.pdf").read_bytes().startswith(b"%PDF")
    header, *rows, total, empty, text, rules = done.stdout.splitlines()
    assert header.split("  ")[0] == "layer"
    ids = vocabulary_size(tiny_run)
    cells = [[cell.strip() for cell in row.split("  ") if cell] for row in rows]
    assert [row[1:] for row in cells] == [
        ["Input, int32", "(batch, time)", "0"],
        [f"Embedding, {ids} ids, padding masked", "(batch, time, 32)", f"{ids * 32:,}"],
        ["Bidirectional LSTM, 2 x 32 units, sequences", "(batch, time, 64)", "16,640"],
        ["Bidirectional LSTM, 2 x 16 units", "(batch, 32)", "10,368"],
        ["Dense, 32 units, relu", "(batch, 32)", "1,056"],
        ["Dropout 0.5", "(batch, 32)", "0"],
        ["Dense, 1 unit", "(batch, 1)", "33"],
    ]
    assert total.split() == ["total", f"{ids * 32 + 28097:,}"]
    assert empty == ""
    assert text == (
        f"text: subwords, vocabulary of {ids} ids; "
        "at most 40 tokens, the start of longer texts is cut off"
    )
    assert rules.startswith("rules: unicode form none, line break tags space, ")


def test_json(edgernn, tiny_run):
    """The same for programs."""
    done = edgernn("summary", tiny_run, "--json")
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    found = json.loads(done.stdout)
    assert found["run"] == str(tiny_run)
    ids = vocabulary_size(tiny_run)
    assert found["parameters"] == sum(row["parameters"] for row in found["layers"])
    assert found["parameters"] == ids * 32 + 28097
    assert found["layers"][1] == {
        "name": found["layers"][1]["name"],
        "type": f"Embedding, {ids} ids, padding masked",
        "output_shape": ["batch", "time", 32],
        "parameters": ids * 32,
    }
    assert found["contract"] == json.loads((tiny_run / "contract.json").read_text())


def test_the_pretrained_model(edgernn):
    """Without a run it is that of the package."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    if not (SHIPPED_MODEL.parent / "model.keras").exists():
        pytest.skip("the package has no pretrained model yet")
    done = edgernn("summary", "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((SHIPPED_MODEL.parent / "metrics.json").read_text())
    assert json.loads(done.stdout)["parameters"] == metrics["parameters"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("missing", 1, "missing: no such run folder"),
        ("unfinished", 1, "unfinished: has no model.keras: training did not finish: edgernn train"),
        ("broken", 1, "broken/model.keras: Keras cannot read it: "),
        ("whole --plot a.jpg", 2, "--plot a.jpg: the name must end in .png, .svg or .pdf"),
        ("whole --plot whole.png", 2, "--plot whole.png: is a folder; name a file"),
    ],
)
def test_refusals(edgernn, tiny_run, tmp_path, arguments, code, message):
    """One line that names the file or the option; nothing on standard output."""
    (tmp_path / "whole.png").mkdir()
    (tmp_path / "unfinished" / "checkpoint").mkdir(parents=True)
    for name in ("whole", "broken"):
        shutil.copytree(tiny_run, tmp_path / name)
    (tmp_path / "broken" / "model.keras").write_bytes(b"not a model")
    done = edgernn("summary", *arguments.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1
