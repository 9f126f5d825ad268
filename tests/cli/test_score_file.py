"""Two jobs that write scores to one name: each other's rows are never lost, whoever comes first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edgernn.cli import score_file
from edgernn.cli.score_file import RowFile
from edgernn.cli.score_lines import Columns, CsvLines
from edgernn.cli.score_target import Target
from edgernn.errors import UsageError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows locks open files by itself")

ROWS = b"rows of the other job\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one, in which names are."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def job(name: str = "scores.csv", *, overwrite: bool = False, resume: bool = False) -> RowFile:
    """A job whose output was looked at, and is not open yet."""
    target = Target.checked(
        Path(name), inputs=[], folders=[], model=Path("m"), overwrite=overwrite, resume=resume
    )
    return RowFile(target, CsvLines(Columns.only_scores(), ",", print), {"model": "m"})


def add_row(file: RowFile) -> None:
    """Write a row, without a model."""
    file.file.write(ROWS)
    file.rows += 1


def is_locked(path: Path) -> bool:
    """Tell whether another process could not have a file."""
    fcntl = pytest.importorskip("fcntl")
    with path.open("rb") as other:
        try:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_other_has_finished() -> None:
    """Since it was looked at: a file that nobody asked to replace stays."""
    late = job()
    with job() as first:
        add_row(first)
        first.finish()
    with pytest.raises(UsageError, match="already exists"), late:
        pass
    assert Path("scores.csv").read_bytes().endswith(ROWS)
    assert os.listdir() == ["scores.csv"]


def test_the_other_was_broken_off() -> None:
    """Since it was looked at: its rows stay, for --resume."""
    late = job()
    with job() as first:
        add_row(first)
    with pytest.raises(UsageError, match="is left from an interrupted run"), late:
        pass
    assert Path("scores.partial.csv").read_bytes().endswith(ROWS)
    assert Path("scores.partial.csv.job").exists()


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz"])
def test_the_other_has_only_begun(name: str) -> None:
    """Its file is empty, and locked."""
    with job(name) as first:
        for options in ({}, {"overwrite": True}):
            with pytest.raises(UsageError, match="is being written"), job(name, **options):
                pass
        add_row(first)
        first.finish()
    assert os.listdir() == [name]


def test_the_other_finishes_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking the file gets its name: it is not emptied under it."""
    late, first = job(overwrite=True), job()
    lock = score_file._lock

    def locked_late(file) -> bool:
        monkeypatch.setattr(score_file, "_lock", lock)
        first.finish()
        first.__exit__(None, None, None)
        return lock(file)

    with first:
        add_row(first)
        first.file.flush()
        monkeypatch.setattr(score_file, "_lock", locked_late)
        with pytest.raises(UsageError, match="is being written"), late:
            pass
    assert Path("scores.csv").read_bytes().endswith(ROWS)


def test_a_file_is_locked_until_it_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who had it before that would empty what is about to be the result."""
    seen = []
    finish = score_file.finish_file

    def finish_file(partial: Path, path: Path) -> None:
        seen.append(is_locked(partial))
        finish(partial, path)

    monkeypatch.setattr(score_file, "finish_file", finish_file)
    with job() as file:
        add_row(file)
        file.finish()
    assert seen == [True]
    assert Path("scores.csv").read_bytes().endswith(ROWS)


def abandoned(file: RowFile) -> None:
    with file, pytest.raises(UsageError):
        raise UsageError("before a row")


def interrupted(file: RowFile) -> None:
    def begin() -> None:
        raise KeyboardInterrupt

    file._begin = begin  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt), file:
        pass


@pytest.mark.parametrize("leave", [abandoned, interrupted])
def test_a_file_is_locked_until_it_is_taken_away(
    monkeypatch: pytest.MonkeyPatch, leave: Callable[[RowFile], None]
) -> None:
    """Who had it before that would lose what it writes."""
    seen = []
    unlink = Path.unlink

    def noted(path: Path, missing_ok: bool = False) -> None:
        if path.name == "scores.partial.csv":
            seen.append(is_locked(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", noted)
    leave(job())
    assert seen == [True]
    assert os.listdir() == []


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_something_else_is_in_the_way(make: Callable[[str], None]) -> None:
    """It is called what it is, and no option is proposed."""
    make("scores.partial.csv")
    for options in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises(UsageError, match=r"is no file; name another output$"):
            job(**options)
