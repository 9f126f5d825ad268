"""`edgernn verify --conformance`: another implementation's ids against the conformance corpus."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from in_process import Command

from edgernn.conformance import Case, read_corpus
from edgernn.conformance.corpus import KINDS
from edgernn.text import TextContract, TextEncoder

CORPUS = Path(__file__).resolve().parents[2] / "runtimes" / "conformance"


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Command:
    return Command(capfd)


@pytest.fixture(scope="module")
def corpus() -> dict[str, Case]:
    return read_corpus()


@pytest.fixture(scope="module")
def right(corpus: Mapping[str, Case]) -> dict[str, list[int]]:
    """What an implementation answers that reads the files as their page says: edgernn's encoder."""
    answers: dict[str, list[int]] = {}
    for path in sorted(CORPUS.glob("*.jsonl")):
        header, *lines = map(json.loads, path.read_text("ascii").splitlines())
        if header["kind"] not in KINDS:
            continue
        encoders = {
            name: TextEncoder(
                TextContract.from_json(json.dumps(entry["contract"])),
                header["vocabularies"][entry["vocabulary"]]["text"].encode(),
            )
            for name, entry in header["contracts"].items()
        }
        for line in lines:
            encoder = encoders[line["contract"]]
            answers[line["id"]] = encoder.encode(corpus[line["id"]].text)
    return answers


def written(path: Path, answers: Mapping[str, Any], more: Iterable[str] = ()) -> Path:
    lines = [json.dumps({"id": name, "ids": ids}) for name, ids in answers.items()]
    path.write_text("".join(f"{line}\n" for line in (*lines, *more)), "utf-8")
    return path


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, corpus: dict[str, Case]) -> dict[str, Case]:
    """A corpus of three cases in place of the whole one."""
    names = ("words/keras-imdb/1", "words/keras-imdb/40", "subwords/plain/2")
    few = {name: corpus[name] for name in names}
    monkeypatch.setattr("edgernn.conformance.check.read_corpus", lambda: few)
    return few


def ids_of(cases: Mapping[str, Case]) -> dict[str, list[int]]:
    return {name: list(case.ids or ()) for name, case in cases.items()}


def test_all_right(command: Command, right: dict[str, list[int]], tmp_path: Path) -> None:
    """A line a kind on standard output, exit code 0; the order and other fields do not matter."""
    path = tmp_path / "answers.jsonl"
    lines = [json.dumps({"about": "x", "ids": right[n], "id": n}) for n in reversed(right)]
    path.write_text("\n\n".join(lines), "utf-8")
    done = command("verify", "--conformance", path)
    assert (done.code, done.err) == (0, "")
    header, *rows = (line.split() for line in done.out.splitlines())
    assert header == ["kind", "cases", "right", "wrong", "missing"]
    assert [row[0] for row in rows] == list(KINDS)
    assert all(row[1] == row[2] and row[3:] == ["0", "0"] for row in rows)
    assert sum(int(row[1].replace(",", "")) for row in rows) == len(right) > 20_000


def test_wrong_missing_and_unknown(
    command: Command, right: dict[str, list[int]], tmp_path: Path
) -> None:
    """The first few of each are named, the others counted; exit code 1 and one line."""
    answers: dict[str, Any] = dict(right)
    del answers["words/keras-imdb/3"]
    answers["words/keras-imdb/2"] = [1, 99]
    long = next(name for name, ids in right.items() if len(ids) > 600)
    answers[long] = right[long][:-1]
    middle = next(name for name, ids in right.items() if 100 < len(ids) < 600)
    answers[middle] = [*right[middle][:50], 0, *right[middle][51:]]
    for name in [name for name in answers if name.startswith("subwords/bytes/")][:20]:
        answers[name] = []
    answers["\x1b[2J"] = [1]
    done = command("verify", "--conformance", written(tmp_path / "a.jsonl", answers))
    assert done.code == 1
    bad = sum(answers[name] != right[name] for name in right.keys() & answers.keys())
    assert done.err == (
        f"error: {tmp_path / 'a.jsonl'}: {bad} answers wrong, 1 missing, 1 to no case, "
        f"of {len(right):,} cases\n"
    )
    assert f"and {bad - 10} more wrong" in done.out
    assert "missing: words/keras-imdb/3\n" in done.out
    assert "unknown: \\x1b[2J\n" in done.out
    assert done.out.count(": expected ") == 10


def test_what_is_shown_of_a_wrong_case(
    command: Command, right: dict[str, list[int]], small: dict[str, Case], tmp_path: Path
) -> None:
    """Id, text, both lists; of long ones, the part where they differ."""
    answers = ids_of(small)
    answers["words/keras-imdb/1"] = [1, 7]
    done = command("verify", "--conformance", written(tmp_path / "a.jsonl", answers))
    assert 'words/keras-imdb/1: "": expected [1], got [1, 7]\n' in done.out
    name = next(name for name, ids in right.items() if 100 < len(ids) < 600)
    case = read_corpus()[name]
    small.clear()
    small[name] = case
    wrong = [*right[name][:50], 0, *right[name][51:]]
    done = command("verify", "--conformance", written(tmp_path / "a.jsonl", {name: wrong}))
    expected = ", ".join(map(str, right[name][47:59]))
    got = ", ".join(map(str, wrong[47:59]))
    size = len(wrong)
    assert f"expected […, {expected}, …] ({size} ids), got […, {got}, …] ({size} ids)\n" in done.out


def test_long_lists_are_compared_by_their_checksum(
    command: Command, right: dict[str, list[int]], small: dict[str, Case], tmp_path: Path
) -> None:
    """Another length, and one other id."""
    name = next(name for name, ids in right.items() if len(ids) > 600)
    case = read_corpus()[name]
    assert case.ids is None
    small.clear()
    small[name] = case
    assert (
        command("verify", "--conformance", written(tmp_path / "a", {name: right[name]})).code == 0
    )
    for wrong in (right[name][:-1], [*right[name][:-1], 0]):
        done = command("verify", "--conformance", written(tmp_path / "a", {name: wrong}))
        assert done.code == 1
        assert f"expected {case.count:,} ids of SHA-256 {case.sha256}, got [" in done.out


def test_json(command: Command, small: dict[str, Case], tmp_path: Path) -> None:
    """One line; the exit code is the same."""
    answers = ids_of(small)
    path = written(tmp_path / "a.jsonl", answers)
    done = command("verify", "--conformance", path, "--json")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["passed"] is True
    assert found["kinds"]["words"] == {"cases": 2, "right": 2, "wrong": 0, "missing": 0}
    answers["subwords/plain/2"] = [3]
    done = command("verify", "--conformance", written(path, answers), "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert found["passed"] is False
    (wrong,) = found["wrong"]
    assert (wrong["id"], wrong["expected"], wrong["got"]) == ("subwords/plain/2", [27], [3])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 4: not JSON: Expecting property name enclosed in double quotes at character 2"),
        ("[" * 100_000, "line 4: not JSON: nested too deep"),
        ("[1]", 'line 4: not an object such as {"id": "words/keras-imdb/1", "ids": [1, 4]}'),
        ('{"ids": [1]}', "line 4: id is not a string"),
        ('{"id": 7, "ids": [1]}', "line 4: id is not a string"),
        ('{"id": "x"}', "line 4: ids is not a list of at most 65,536 integers"),
        ('{"id": "x", "ids": [1.0]}', "line 4: ids is not a list of at most 65,536 integers"),
        ('{"id": "x", "ids": [true]}', "line 4: ids is not a list of at most 65,536 integers"),
        ('{"id": "x", "ids": [NaN]}', "line 4: ids is not a list of at most 65,536 integers"),
        (
            f'{{"id": "x", "ids": [{"0," * 65_536}0]}}',
            "line 4: ids is not a list of at most 65,536 integers",
        ),
        (f'{{"id": "x", "ids": [{"9" * 5000}]}}', "line 4: an integer of more than 20 digits"),
        ('{"id": "x", "id": "x", "ids": [1]}', "line 4: a field appears twice"),
        (" " * (1 << 20) + "{}", "line 4: longer than 1,048,576 bytes"),
        ("\n" * 65_536, "more than 65,536 lines"),
        (
            '{"id": "words/keras-imdb/1", "ids": [1]}',
            "line 4: words/keras-imdb/1 is answered a second time",
        ),
    ],
)
def test_lines_that_are_refused(
    command: Command, small: dict[str, Case], tmp_path: Path, line: str, said: str
) -> None:
    """One line that names file and line; exit code 1; nothing on standard output."""
    path = written(tmp_path / "a.jsonl", ids_of(small), [line])
    done = command("verify", "--conformance", path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: {path}: {said}")
    assert done.err.count("\n") == 1
    assert len(done.err) < 1000


def test_bytes_that_are_no_utf8(command: Command, small: dict[str, Case], tmp_path: Path) -> None:
    """Named by line and byte."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": "\xff"}\n')
    done = command("verify", "--conformance", path)
    assert (done.code, done.err) == (1, f"error: {path}: line 1: not UTF-8 at byte 9\n")


def test_files_that_cannot_be_read(command: Command, tmp_path: Path) -> None:
    """None there, or a folder."""
    done = command("verify", "--conformance", tmp_path / "none")
    assert done.code == 1
    assert done.err == f"error: {tmp_path / 'none'}: cannot be read: No such file or directory\n"
    done = command("verify", "--conformance", tmp_path)
    assert (done.code, done.err.count("\n")) == (1, 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe(command: Command, small: dict[str, Case], tmp_path: Path) -> None:
    """An implementation may write while it is read."""
    os.mkfifo(tmp_path / "pipe")
    lines = written(tmp_path / "a.jsonl", ids_of(small)).read_text("utf-8")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(lines,))
    writer.start()
    done = command("verify", "--conformance", tmp_path / "pipe")
    writer.join()
    assert done.code == 0, done.err


def test_the_texts_are_written(command: Command, tmp_path: Path) -> None:
    """All files of the corpus and the page that describes them, byte for byte."""
    done = command("verify", "--conformance-texts", tmp_path / "corpus")
    assert (done.code, done.out) == (0, "")
    names = {path.name for path in (tmp_path / "corpus").iterdir()}
    assert names == {path.name for path in CORPUS.iterdir()}
    for name in names:
        assert (tmp_path / "corpus" / name).read_bytes() == (CORPUS / name).read_bytes()


def test_no_file_is_written_over(command: Command, tmp_path: Path) -> None:
    """Somebody's README stays what it is; nothing else is written."""
    (tmp_path / "README.md").write_text("mine")
    done = command("verify", "--conformance-texts", tmp_path)
    assert done.code == 2
    assert done.err == f"error: {tmp_path / 'README.md'} already exists: choose another folder\n"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("model.onnx", "--conformance", "a"),
            "--conformance is not about a model file: leave out",
        ),
        (("--data", "x.csv", "--conformance", "a"), "leave out --data"),
        (("--text-column", "x", "--conformance", "a"), "leave out --text-column"),
        (("--tolerance", "0.1", "--conformance-texts", "a"), "leave out --tolerance"),
        (("--conformance", "a", "--conformance-texts", "b"), "leave out --conformance"),
        (("--json", "--conformance-texts", "b"), "leave out --json"),
    ],
)
def test_options_that_do_not_go_together(
    command: Command, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2 and one line, before anything is read."""
    done = command("verify", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
