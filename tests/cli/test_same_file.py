"""No command writes over what it reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from in_process import Command

from edgernn.errors import UsageError
from edgernn.same_file import check_not_read, is_same_file

Files = dict[tuple[str, str], Path]


@pytest.fixture
def edgernn(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """The command, in a folder with a file of reviews."""
    monkeypatch.chdir(tmp_path)
    Path("reviews.csv").write_text("text,label\ngood,1\nbad,0\n")
    return Command(capfd)


@pytest.mark.parametrize("option", ["--output", "--html"])
def test_a_report_over_the_data(edgernn: Command, option: str) -> None:
    """`bench` replaces files without asking; not those that it reads."""
    os.link("reviews.csv", "report.html")
    done = edgernn("bench", "--data", "reviews.csv", option, "report.html")
    assert (done.code, done.out) == (2, "")
    said = f"error: {option} report.html: is reviews.csv, which is read; name another file\n"
    assert done.err == said
    done = edgernn("bench", "reviews.csv", option, "./reviews.csv")
    assert "is reviews.csv, which is read" in done.err
    assert Path("reviews.csv").read_text().startswith("text,label")


@pytest.mark.parametrize("option", ["--output", "--card"])
def test_a_model_over_its_data_or_its_run(edgernn: Command, tiny_run: Path, option: str) -> None:
    """`export` writes one file; neither the data nor the network that it is made of."""
    os.symlink("reviews.csv", "link")
    job = ("export", "--format", "onnx", "--run", tiny_run)
    done = edgernn(*job, "--data", "reviews.csv", option, "link")
    assert done.code == 2
    assert done.err == f"error: {option} link: is reviews.csv, which is read; name another file\n"
    before = (tiny_run / "model.keras").read_bytes()
    done = edgernn(*job, option, tiny_run / "model.keras")
    assert done.code == 2
    assert "which is read" in done.err
    assert (tiny_run / "model.keras").read_bytes() == before


def test_what_is_not_there(tmp_path: Path) -> None:
    """A name without a file is nobody's, nor is one that cannot be a name."""
    missing = tmp_path / "missing"
    assert not is_same_file(missing, missing)
    assert not is_same_file("a\0b", "a\0b")
    check_not_read("--output", missing, [missing, None])
    check_not_read("--output", None, [tmp_path])
    with pytest.raises(UsageError, match="which is read"):
        check_not_read("--output", tmp_path, [None, tmp_path / "."])
