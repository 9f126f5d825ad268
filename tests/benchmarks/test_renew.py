"""Putting a run in the place of the pretrained model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from benchmarks import renew
from edgernn.errors import UsageError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run as training and evaluation leave it, with what the model's folder has not."""
    folder = tmp_path / "runs" / "1"
    shutil.copytree(SHIPPED_MODEL.parent, folder)
    (folder / "seen_texts.bin").write_bytes(b"seen")
    config = json.loads((folder / "config.json").read_text())
    config["data"]["source"] = "/home/me/aclImdb_v1.tar.gz"
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_what_is_placed(run: Path, tmp_path: Path) -> None:
    """All files but the model file, its card, which is written by hand, and what is the run's."""
    folder = tmp_path / "flagship"
    folder.mkdir()
    renew.place(run, folder)
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in SHIPPED_MODEL.parent.iterdir()} - {
        "README.md",
        SHIPPED_MODEL.name,
    }
    placed = Run.open(folder)
    assert placed.contract == Run.open(run).contract
    assert "/home" not in (folder / "config.json").read_text()
    assert placed.config["data"]["source"] == "aclImdb_v1.tar.gz"


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        ("config.json", {"recipe": "bigru"}, "not of recipe flagship"),
        ("config.json", {"limit": 100}, "not of recipe flagship, as it is, on all of its data"),
        ("metrics.json", {"interrupted": True}, "its training was ended before all epochs"),
    ],
)
def test_what_is_refused(
    run: Path, tmp_path: Path, file: str, change: dict[str, object], reason: str
) -> None:
    """A run of another recipe, of some of the data, or not to the end; nothing is written."""
    folder = tmp_path / "flagship"
    folder.mkdir()
    values = json.loads((run / file).read_text())
    (run / file).write_text(json.dumps(values | change))
    with pytest.raises(UsageError, match=re.escape(reason)):
        renew.place(run, folder)
    assert not [*folder.iterdir()]


def test_steps_are_commands_that_exist() -> None:
    """What is run, and what is named to be measured again, are modules of the benchmarks."""
    source = Path(renew.__file__).read_text("utf-8")
    modules = re.findall(r'_(?:measure|plain)\("([\w.]+)"', source)
    named = [re.search(r"-m benchmarks\.([\w.]+)", line)[1] for line in renew.OF_THE_SHAPE]
    assert len(modules) >= 8
    for module in ["recipes", "exports", *modules, *named]:
        path = Path(renew.__file__).parent.joinpath(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
