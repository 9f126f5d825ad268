"""The file that `edgernn score` writes: never the input, never by accident, and gone on with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from in_process import Command, Done

from edgernn.cli import score_file, score_pipeline
from edgernn.runtime.score_stream import ScoreStream

Files = dict[tuple[str, str], Path]

CSV = "id,review\n1,a good film\n2,the worst\n"


@pytest.fixture
def edgernn(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> Command:
    """The command, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(capfd)


@pytest.fixture
def score(edgernn: Command, tiny_files: Files, tmp_path: Path) -> Command:
    """`edgernn score` with a small model, beside reviews.csv."""
    (tmp_path / "reviews.csv").write_text(CSV)

    class Scoring(Command):
        def __init__(self) -> None:
            pass

        def __call__(self, *arguments: object) -> Done:
            return edgernn("score", "--model", tiny_files["onnx", "int8"], *arguments)

    return Scoring()


def refused(done: Done, said: str) -> None:
    """Check for exit code 2 and one line."""
    assert done.code == 2
    assert done.out == ""
    assert said in done.err
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


# --- never the input


def by_link(target: str) -> str:
    os.symlink(target, "link.csv")
    return "link.csv"


def by_hard_link(target: str) -> str:
    os.link(target, "hard.csv")
    return "hard.csv"


@pytest.mark.parametrize(
    "other",
    [
        str,
        lambda name: f"./{name}",
        lambda name: f"../{Path.cwd().name}/{name}",
        os.path.abspath,
        by_link,
        by_hard_link,
    ],
)
@pytest.mark.parametrize("options", [[], ["--overwrite"], ["--resume", "--overwrite"]])
def test_the_output_is_the_input(score: Command, other, options: list[str]) -> None:
    """By whatever way it is named; the file stays as it is."""
    output = other("reviews.csv")
    refused(score("--input", "reviews.csv", "--output", output, *options), "is the input")
    if output != "reviews.csv":
        refused(score("--input", output, "--output", "reviews.csv", *options), "is the input")
    assert Path("reviews.csv").read_text() == CSV
    assert not list(Path().glob("*.partial*"))


def test_the_output_is_one_of_several_inputs(score: Command) -> None:
    """Also one of a folder's files, and the second that is named."""
    os.mkdir("data")
    for name in ("a.csv", "b.csv"):
        Path("data", name).write_text(CSV)
    for inputs in (["data"], ["reviews.csv", "data/b.csv"]):
        named = [word for name in inputs for word in ("--input", name)]
        refused(score(*named, "--output", "data/b.csv", "--overwrite"), "is the input")
    assert Path("data/b.csv").read_text() == CSV


def test_an_output_among_the_inputs_of_the_next_run(score: Command) -> None:
    """It would be scored, too."""
    os.mkdir("data")
    Path("data/a.csv").write_text(CSV)
    refused(score("--input", "data", "--output", "data/scores.csv"), "is in the folder data")
    os.symlink("data", "same")
    refused(score("--input", "data", "--output", "same/scores.csv"), "is in the folder data")
    assert os.listdir("data") == ["a.csv"]
    assert score("--input", "data", "--output", "scores.csv").code == 0


def test_what_is_written_on_the_way_is_the_input(score: Command) -> None:
    """The rows of a run that was broken off may be what is scored."""
    os.rename("reviews.csv", "scores.partial.csv")
    done = score("--input", "scores.partial.csv", "--output", "scores.csv", "--overwrite")
    refused(done, "writes scores.partial.csv, the input")
    assert Path("scores.partial.csv").read_text() == CSV


def test_the_output_is_the_model(edgernn: Command, tiny_files: Files) -> None:
    """A file of rows with another suffix would not load, but who knows what a link is called."""
    shutil.copy(tiny_files["onnx", "int8"], "model.onnx")
    before = Path("model.onnx").read_bytes()
    os.link("model.onnx", "scores.csv")
    done = edgernn(
        *("score", "good", "--model", "model.onnx", "--output", "scores.csv", "--overwrite")
    )
    refused(done, "is the model file")
    assert Path("model.onnx").read_bytes() == before


@pytest.mark.parametrize("arguments", [["--output", "reviews.csv", "--overwrite"], ["--json"]])
def test_standard_streams(tiny_files: Files, tmp_path: Path, arguments: list[str]) -> None:
    """Standard input may be the output file, and standard output be put behind the input."""
    file = tmp_path / "reviews.csv"
    file.write_text(CSV)
    source = ["--input", "-" if "--output" in arguments else "reviews.csv"]
    command = [sys.executable, "-m", "edgernn", "score", "--model", tiny_files["onnx", "int8"]]
    with file.open("rb") as read, file.open("ab") as appended:
        done = subprocess.run(
            [*command, *source, *arguments],
            stdin=read,
            stdout=None if "--output" in arguments else appended,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
    assert done.returncode == 2
    assert "the input" in done.stderr
    assert file.read_text() == CSV


# --- never by accident


def test_a_file_that_is_there(score: Command) -> None:
    """It stays, unless it is to be replaced."""
    output = Path("scores.csv")
    output.write_text("work of a day")
    job = ("--input", "reviews.csv", "--output", output)
    refused(score(*job), "scores.csv: already exists; --overwrite replaces it")
    refused(score(*job, "--resume"), "there is nothing to resume; --overwrite starts over")
    assert output.read_text() == "work of a day"
    assert score(*job, "--overwrite").code == 0
    assert output.read_text().startswith("id,review,label")
    assert sorted(os.listdir()) == ["reviews.csv", "scores.csv"]


def test_a_link_that_leads_nowhere(score: Command) -> None:
    """It is there, too."""
    os.symlink("elsewhere/scores.csv", "scores.csv")
    refused(score("--input", "reviews.csv", "--output", "scores.csv"), "already exists")


def test_rows_of_a_run_that_was_broken_off(score: Command) -> None:
    """They are neither lost nor gone on with by accident."""
    partial = Path("scores.partial.csv")
    partial.write_text("rows")
    job = ("--input", "reviews.csv", "--output", "scores.csv")
    refused(score(*job), "--resume continues it, --overwrite starts over")
    assert partial.read_text() == "rows"
    assert score(*job, "--overwrite").code == 0
    assert not partial.exists()


@pytest.mark.parametrize("name", ["scores.csv", "scores.csv.gz", "scores.jsonl"])
@pytest.mark.parametrize("step", ["_lock", "_encoded"])
def test_ctrl_c_as_the_file_is_begun(
    score: Command, monkeypatch: pytest.MonkeyPatch, name: str, step: str
) -> None:
    """A file without a row is not left: the next run would be refused for it."""
    job = ("--input", "reviews.csv", "--output", name)
    whole = getattr(score_file, step)
    calls = iter([True])

    def interrupted(*arguments: object) -> object:
        if next(calls, False):
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(score_file, step, interrupted)
    done = score(*job)
    assert (done.code, done.err) == (130, "interrupted\n")
    assert os.listdir() == ["reviews.csv"]
    assert score(*job).code == 0


@pytest.mark.parametrize("has_its_name", [False, True])
def test_ctrl_c_as_the_file_gets_its_name(
    score: Command, monkeypatch: pytest.MonkeyPatch, has_its_name: bool
) -> None:
    """All rows are there, and it is said where."""
    finish = score_file.finish_file

    def interrupted(partial: Path, path: Path) -> None:
        if has_its_name:
            finish(partial, path)
        raise KeyboardInterrupt

    job = ("--input", "reviews.csv", "--output", "scores.csv")
    with monkeypatch.context() as patch:
        patch.setattr(score_file, "finish_file", interrupted)
        done = score(*job)
    kept = "scores.csv" if has_its_name else "scores.partial.csv; --resume continues it"
    assert (done.code, done.out) == (130, "")
    assert done.err.endswith(f"wrote 2 rows to {kept}\ninterrupted after 2 rows\n")
    if has_its_name:
        assert sorted(os.listdir()) == ["reviews.csv", "scores.csv"]
    else:
        assert score(*job, "--resume").code == 0
    assert len(Path("scores.csv").read_text().splitlines()) == 3


def test_a_run_that_was_killed_as_it_began(score: Command) -> None:
    """Its empty file keeps nothing, and is in nobody's way."""
    Path("scores.partial.csv").touch()
    assert score("--input", "reviews.csv", "--output", "scores.csv").code == 0
    assert sorted(os.listdir()) == ["reviews.csv", "scores.csv"]


@pytest.mark.parametrize("name", ["scores.parquet", "scores.csv.gz"])
def test_what_cannot_be_gone_on_with(score: Command, name: str) -> None:
    """Said as such, and not proposed."""
    partial = name.replace("scores.", "scores.partial.")
    Path(partial).write_text("rows")
    job = ("--input", "reviews.csv", "--output", name)
    refused(score(*job, "--resume"), "--resume continues .jsonl, .csv and .tsv files only")
    done = score(*job)
    refused(done, f"{partial} is left from an interrupted run; --overwrite starts over")
    assert "--resume" not in done.err


@pytest.mark.parametrize("option", ["--overwrite", "--resume"])
def test_options_of_an_output(score: Command, option: str) -> None:
    """They mean nothing without one."""
    refused(score("--input", "reviews.csv", option), f"{option} needs --output")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps others from open files by itself")
def test_two_at_once(score: Command) -> None:
    """Rows of two processes would be mixed."""
    import fcntl

    job = ("--input", "reviews.csv", "--output", "scores.csv")
    with open("scores.partial.csv", "w") as other:
        other.write("rows")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        for option in ("--overwrite", "--resume"):
            refused(score(*job, option), "scores.partial.csv is being written by another process")
    assert Path("scores.partial.csv").read_text() == "rows"
    assert score(*job, "--overwrite").code == 0


# --- going on


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Small chunks; the texts that are scored."""
    monkeypatch.setattr(score_pipeline, "_CHUNK_TEXTS", 16)
    texts: list[str] = []
    plain = ScoreStream.put

    def noted(self, some, payload, size=None):
        texts.extend(some)
        plain(self, some, payload, size)

    monkeypatch.setattr(ScoreStream, "put", noted)
    return texts


ROWS = 100


def broken(file: score_file.RowFile) -> None:
    """Stand in for a disk that is full at the end."""
    raise OSError(28, "No space left on device", "scores")


def write_rows(path: Path, rows: int = ROWS) -> None:
    """Write rows with line ends, quotes and empty texts among them."""
    texts = (
        "" if i % 9 == 4 else f'the {"very " * (i % 7)}good\n"film"' if i % 5 == 2 else f"bad {i}"
        for i in range(rows)
    )
    if path.suffix == ".jsonl":
        lines = [json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts)]
    else:
        quoted = (text.replace('"', '""') for text in texts)
        lines = ["id,text\n", *(f'{i},"{text}"\n' for i, text in enumerate(quoted))]
    path.write_text("".join(lines), newline="")


@pytest.fixture
def broken_off(
    score: Command, put: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, bytes]:
    """The bytes of whole outputs by suffix; the job of each is left beside a partial file."""
    write_rows(tmp_path / "rows.csv")
    whole = {}
    for suffix in ("csv", "tsv", "jsonl"):
        job = ("--input", "rows.csv", "--output", f"scores.{suffix}")
        with monkeypatch.context() as patch:
            patch.setattr(score_file.RowFile, "finish", broken)
            assert score(*job).code == 1
        whole[suffix] = Path(f"scores.partial.{suffix}").read_bytes()
    put.clear()
    return whole


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.1, 0.15, 0.47, 0.5, 0.83, 0.999, 1.0])
def test_going_on(
    score: Command, broken_off: dict[str, bytes], put: list[str], suffix: str, part: float
) -> None:
    """Broken off anywhere, in a row or between two, the result is the same to the last byte."""
    whole = broken_off[suffix]
    Path(f"scores.partial.{suffix}").write_bytes(whole[: round(len(whole) * part)])
    done = score("--input", "rows.csv", "--output", f"scores.{suffix}", "--resume")
    assert done.code == 0
    assert Path(f"scores.{suffix}").read_bytes() == whole
    assert done.err.endswith(
        f"11 of 100 rows could not be scored\nwrote 100 rows to scores.{suffix}\n"
    )
    assert not Path(f"scores.partial.{suffix}").exists()
    assert not Path(f"scores.partial.{suffix}.job").exists()
    # No more than the rows that were missing, and those of the chunk that was begun.
    assert len(put) <= (1 - part) * ROWS + 16
    if part == 1.0:
        assert put == []


def test_going_on_again_and_again(
    score: Command, broken_off: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time a bit further."""
    whole = broken_off["csv"]
    Path("scores.partial.csv").write_bytes(whole[:300])
    for room in (600, 2000, 3000):
        with monkeypatch.context() as patch:
            patch.setattr(score_file.RowFile, "finish", broken)
            score("--input", "rows.csv", "--output", "scores.csv", "--resume")
        assert Path("scores.partial.csv").read_bytes() == whole
        Path("scores.partial.csv").write_bytes(whole[:room])
    assert score("--input", "rows.csv", "--output", "scores.csv", "--resume").code == 0
    assert Path("scores.csv").read_bytes() == whole


def test_a_disk_that_is_full(
    score: Command, broken_off: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written stays, half a row and all, and is gone on with when there is room."""
    plain = score_file.RowFile.write

    def full(self, chunk, results):
        plain(self, chunk, results)
        if self.rows >= 48:
            self.file.write(b'48,"half of a r')
            raise OSError(28, "No space left on device")

    job = ("--input", "rows.csv", "--output", "scores.csv")
    with monkeypatch.context() as patch:
        patch.setattr(score_file.RowFile, "write", full)
        done = score(*job, "--overwrite")
    assert done.code == 1
    assert done.err.splitlines()[-2:] == [
        "wrote 48 rows to scores.partial.csv; --resume continues it",
        "error: No space left on device",
    ]
    assert score(*job, "--resume").code == 0
    assert Path("scores.csv").read_bytes() == broken_off["csv"]


def test_ctrl_c_as_it_goes_on(
    score: Command, broken_off: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows that were there stay."""

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(score_file, "_check_job", interrupted)
    assert score("--input", "rows.csv", "--output", "scores.csv", "--resume").code == 130
    assert Path("scores.partial.csv").read_bytes() == broken_off["csv"]
    assert Path("scores.partial.csv.job").exists()


def test_nothing_to_go_on_with(score: Command) -> None:
    """Then it begins: a script may say --resume each time."""
    assert score("--input", "reviews.csv", "--output", "scores.csv", "--resume").code == 0
    assert len(Path("scores.csv").read_text().splitlines()) == 3


def test_going_on_with_another_job(
    score: Command, broken_off: dict[str, bytes], tiny_files: Files
) -> None:
    """Other input, model, options or columns: refused, and what is there stays as it was."""
    output = ("--output", "scores.csv", "--resume")
    write_rows(Path("other.csv"))
    lines = Path("rows.csv").read_text().splitlines(keepends=True)
    shutil.copy("rows.csv", "kept.csv")
    changed = {
        "another row": [*lines[:40], "39,other\n", *lines[41:]],
        "fewer rows": lines[:-1],
    }
    for what, found in changed.items():
        Path("rows.csv").write_text("".join(found), newline="")
        done = score("--input", "rows.csv", *output)
        said = "not what the input has there" if what == "another row" else "more rows than"
        refused(Done(done.code, done.out, done.err.splitlines(keepends=True)[-1]), said)
    shutil.copy("kept.csv", "rows.csv")
    refused(score("--input", "other.csv", *output), 'another input (["rows.csv"], now ["other')
    refused(score("--input", "rows.csv", "--text-column", "id", *output), "way of reading")
    refused(score("--input", "rows.csv", "--only-scores", *output), "list of columns")
    refused(
        score("--input", "rows.csv", "--model", tiny_files["onnx", "float32"], *output), "model"
    )
    job = Path("scores.partial.csv.job")
    for content in ("{", "[]", None):
        job.unlink()
        if content is not None:
            job.write_text(content)
        refused(score("--input", "rows.csv", *output), "--overwrite starts over")
        job.touch()
    assert Path("scores.partial.csv").read_bytes() == broken_off["csv"]


def test_the_description_holds_no_text(broken_off: dict[str, bytes]) -> None:
    """Names and digests alone."""
    job = json.loads(Path("scores.partial.csv.job").read_text())
    assert list(job) == [
        *("version of edgernn", "model", "device", "engine", "input", "way of reading"),
        "list of columns",
    ]
    assert job["input"] == ["rows.csv"]
    assert len(job["model"]) == 64


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_link_in_the_place_of_the_partial_file(score: Command, link) -> None:
    """What it leads to stays as it is; a link to the output's place may be another person's."""
    Path("theirs.txt").write_text("theirs")
    link("theirs.txt", "scores.partial.csv")
    job = ("--input", "reviews.csv", "--output", "scores.csv")
    refused(score(*job, "--resume"), "scores.partial.csv: is a link")
    assert score(*job, "--overwrite").code == 0
    assert Path("theirs.txt").read_text() == "theirs"
    assert not Path("scores.csv").is_symlink()
    assert len(Path("scores.csv").read_text().splitlines()) == 3


def test_a_parquet_file_on_a_disk_that_is_full(
    score: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its end no row can be read: nothing is left, and no rows are told of."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow: pip install '.[data]'")

    def full(self, table):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parquet.ParquetWriter, "write_table", full)
    done = score("--input", "reviews.csv", "--output", "scores.parquet")
    assert done.code == 1
    assert done.err.splitlines()[-1] == "error: No space left on device"
    assert "wrote" not in done.err
    assert not Path("scores.partial.parquet").exists()
