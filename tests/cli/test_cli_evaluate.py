"""`edgernn evaluate`: lists of errors, reports, and the note in the run folder."""

import csv
import dataclasses
import json
import re
import shutil
from pathlib import Path

import pytest
from tiny_runs import TINY_SUBWORDS, write_run
from toy import BAG, RECIPE

from edgernn.cli.evaluate import run_evaluation
from edgernn.errors import UsageError
from edgernn.evaluation import job
from edgernn.evaluation.job import EvaluationOptions
from edgernn.recipes.recipe import TextRules
from edgernn.training.run import Run
from edgernn.training.seen_texts import SeenTexts

TEXTS = [
    ("The worst movie, never good", "negative"),
    ("A great film", "positive"),
    ('"Boring", he said,\nand left', "positive"),
    ("I loved it " * 60, "negative"),
    ("one bad film", "positive"),
    ("funny", "negative"),
    ("It was \x1b[31mgreat\x1b[0m and\r\n   very\tfunny " + "on and on " * 40, "negative"),
    ("the best of the best", "positive"),
]
REPORT = {
    *("metrics.json", "errors.csv", "lengths.csv"),
    *("lengths.png", "calibration.png", "confusion.png"),
}


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """A CSV whose texts hold line breaks, quotes, commas and terminal codes."""
    path = tmp_path / "some.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *TEXTS])
    return path


@pytest.fixture
def file(tiny_files) -> Path:
    """A small model file, whose weights are random: about half of the texts are wrong."""
    return tiny_files["onnx", "float32"]


@pytest.fixture(scope="module")
def light_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without a recurrent layer: each evaluation of it traces the model anew."""
    from edgernn.text import SubwordEncoder

    rules = TextRules("subwords", SubwordEncoder(TINY_SUBWORDS).vocab_size, 40, "start")
    recipe = dataclasses.replace(RECIPE, text=rules, layers=BAG)
    vocabulary = SubwordEncoder(TINY_SUBWORDS).to_bytes()
    return write_run(tmp_path_factory.mktemp("light-run"), recipe, vocabulary)


@pytest.fixture
def own_run(light_run: Path, tmp_path: Path) -> Path:
    """A copy of a run, as evaluating writes into it."""
    return shutil.copytree(light_run, tmp_path / "own-run")


def scores(edgernn, file, reviews):
    done = edgernn("score", "--model", file, "--input", reviews, "--json")
    return [json.loads(line)["probability"] for line in done.stdout.splitlines()]


def wrong_rows(probabilities):
    """Rows of `TEXTS` that get the wrong label, the most confident first; with confidences."""
    found = []
    for row, (p, (_, label)) in enumerate(zip(probabilities, TEXTS, strict=True), start=1):
        if (p >= 0.5) != (label == "positive"):
            found.append((-max(p, 1 - p), row))
    return [row for _, row in sorted(found)]


def test_errors_as_json(edgernn, file, reviews):
    """The errors of the scores themselves, with whole texts; one line, on standard output alone."""
    probabilities = scores(edgernn, file, reviews)
    expected = wrong_rows(probabilities)
    assert 2 <= len(expected) < len(TEXTS)
    done = edgernn("evaluate", "--data", reviews, "--model", file, "--errors", 100, "--json")
    assert done.returncode == 0
    said, doubt, unknown = done.stderr.splitlines()
    assert said == f"{file} on cpu"
    assert doubt.startswith("warning: the model is not better than always saying negative: ")
    assert unknown.startswith("whether the model was trained on these texts is not known: a model")
    assert done.stdout.count("\n") == 1
    errors = json.loads(done.stdout)["errors"]
    assert [error["row"] for error in errors] == expected
    for error in errors:
        text, label = TEXTS[error["row"] - 1]
        assert error["text"] == text
        assert error["true"] == label != error["given"]
        assert error["probability"] == pytest.approx(probabilities[error["row"] - 1], abs=1e-5)
        assert error["tokens"] >= 1


def test_errors_as_a_table(edgernn, file, reviews):
    """So many lines as asked for, each text on one, cut, and without the terminal's codes."""
    rows = wrong_rows(scores(edgernn, file, reviews))
    arguments = ("evaluate", "--data", reviews, "--model", file)
    done = edgernn(*arguments, "--errors", 100)
    lines = done.stdout.splitlines()
    (head,) = (i for i, line in enumerate(lines) if line.startswith("     row  true"))
    listed = lines[head + 1 :]
    assert [int(line.split()[0]) for line in listed] == rows
    for row, line in zip(rows, listed, strict=True):
        start = line.index(TEXTS[row - 1][0].split()[0])
        assert len(line) - start <= 200
        assert line.isprintable()
    assert any(line.endswith("\u2026") for line in listed)
    fewer = edgernn(*arguments, "--errors", 2).stdout.splitlines()
    assert fewer == lines[: head + 3]
    assert edgernn(*arguments).stdout.splitlines() == lines[: head - 2]


def test_lengths(edgernn, file, reviews):
    """Every bucket is in the table, empty ones too; a length is that before the model's cut."""
    done = edgernn("evaluate", "--data", reviews, "--model", file)
    lines = done.stdout.splitlines()
    (head,) = (i for i, line in enumerate(lines) if line.startswith("tokens"))
    buckets = [line.replace("over 400", "over-400").split() for line in lines[head + 1 : head + 8]]
    assert [bucket[0] for bucket in buckets] == [
        "1-5", "6-20", "21-50", "51-100", "101-200", "201-400", "over-400"
    ]  # fmt: skip
    assert sum(int(bucket[1]) for bucket in buckets) == len(TEXTS)
    empty = [bucket for bucket in buckets if bucket[1] == "0"]
    assert empty
    assert all(bucket[2:] == ["-"] * 4 for bucket in empty)
    # The model's longest input is 40 tokens.
    assert sum(int(bucket[1]) for bucket in buckets[3:]) == 2


def test_a_report(edgernn, file, reviews, tmp_path):
    """All files, named on standard error; metrics.json is what --json prints."""
    folder = tmp_path / "deep" / "report"
    arguments = ("--data", reviews, "--model", file, "--errors", 1, "--json")
    done = edgernn("evaluate", *arguments, "--report", folder)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} == REPORT
    first, *wrote, doubt, unknown = done.stderr.splitlines()
    assert doubt.startswith("warning: the model is not better than always saying negative: ")
    assert first == f"{file} on cpu"
    assert unknown.startswith("whether the model was trained on these texts is not known")
    assert {line.removeprefix("wrote ") for line in wrote} == {str(folder / n) for n in REPORT}
    assert json.loads((folder / "metrics.json").read_text("utf-8")) == json.loads(done.stdout)
    assert done.stdout == edgernn("evaluate", *arguments).stdout
    with (folder / "errors.csv").open(encoding="utf-8", newline="") as rows:
        (error,) = csv.DictReader(rows)
    assert json.loads(done.stdout)["errors"][0]["text"] == error["text"]


def test_a_report_alone(edgernn, file, reviews, tmp_path):
    """Without --errors the CSV lists up to twenty, and the rest of the output is as it was."""
    arguments = ("evaluate", "--data", reviews, "--model", file)
    done = edgernn(*arguments, "--report", tmp_path / "report")
    assert done.stdout == edgernn(*arguments).stdout
    with (tmp_path / "report" / "errors.csv").open(encoding="utf-8", newline="") as rows:
        found = [int(row["row"]) for row in csv.DictReader(rows)]
    assert found == wrong_rows(scores(edgernn, file, reviews))
    assert "errors" not in json.loads((tmp_path / "report" / "metrics.json").read_text("utf-8"))


def test_a_run_keeps_what_was_measured(edgernn, own_run, reviews):
    """The whole split of a run leaves evaluation.json in its folder."""
    done = edgernn("evaluate", "--data", reviews, "--model", own_run, "--json")
    assert done.returncode == 0, done.stderr
    assert f"wrote {own_run / 'evaluation.json'}" in done.stderr.splitlines()
    found = json.loads((own_run / "evaluation.json").read_text("utf-8"))
    printed = json.loads(done.stdout)
    measured = printed.keys() - {"model", "labels", "lengths", "calibration"}
    assert {name: found[name] for name in measured} == {name: printed[name] for name in measured}
    assert found.keys() - measured == {"data", "runtime"}
    assert (found["data"]["name"], found["data"]["kind"]) == ("some.csv", "file")
    assert found["data"]["bytes"] == reviews.stat().st_size
    # The small run keeps no hashes of its texts.
    assert (found["split"], found["seen"]) == ("not known", None)
    assert found["examples"] == len(TEXTS)
    assert found["runtime"].startswith("keras 3.")


def test_a_part_is_not_kept(edgernn, own_run, reviews):
    """With --limit it was not the split."""
    before = {path.name for path in own_run.iterdir()}
    done = edgernn("evaluate", "--data", reviews, "--model", own_run, "--limit", 4)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in own_run.iterdir()} == before


def test_a_run_folder_that_cannot_be_written(edgernn, own_run, reviews):
    """What was measured is printed all the same."""
    (own_run / "evaluation.json").mkdir()
    done = edgernn("evaluate", "--data", reviews, "--model", own_run)
    assert done.returncode == 0
    assert f"warning: {own_run / 'evaluation.json'}: not written: Is a directory" in done.stderr
    assert done.stdout.startswith("examples            8\n")
    assert not list(own_run.glob(".*"))


def test_the_shipped_run_stays_as_it_is(own_run, reviews, monkeypatch, capfd):
    """The folder of the pretrained model belongs to the package; here the small run stands in."""
    monkeypatch.setattr(job, "SHIPPED_MODEL", own_run / "model.onnx")
    before = {path.name for path in own_run.iterdir()}
    same = own_run.parent / "." / own_run.name / ".." / own_run.name
    run_evaluation(EvaluationOptions(data=str(reviews), model=same), as_json=False)
    assert capfd.readouterr().out.startswith("examples            8\n")
    assert {path.name for path in own_run.iterdir()} == before


def test_a_text_of_no_token(edgernn, own_run, tmp_path):
    """With a word vocabulary it can be that nothing is left: the row is named and not measured."""
    words = b"great\nbad\n"
    contract = word_contract(own_run, words)
    (own_run / contract.vocabulary_file).write_bytes(words)
    (own_run / "contract.json").write_text(contract.to_json(), "utf-8")
    data = tmp_path / "words.csv"
    data.write_text("text,label\ngreat,1\nbad,0\nunheard of,1\n", "utf-8")
    asked = ("evaluate", "--data", data, "--model", own_run)
    done = edgernn(*asked, "--strict")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"error: {data}, row 3: no token is left of the text"
    assert done.stdout == ""
    assert not (own_run / "evaluation.json").exists()
    done = edgernn(*asked)
    assert done.returncode == 0
    line = f"{data}: 1 of 3 rows left out: no token is left of the text (row 3)"
    assert line in done.stderr.splitlines()
    assert done.stdout.startswith("examples            2\n")


def word_contract(run: Path, words: bytes):
    import hashlib

    from edgernn.text import TextContract

    return dataclasses.replace(
        TextContract.from_json((run / "contract.json").read_bytes()),
        tokenizer="words",
        separators=" ",
        first_word_id=1,
        vocabulary_file="words.txt",
        vocabulary_sha256=hashlib.sha256(words).hexdigest(),
        vocabulary_size=3,
    )


@pytest.mark.parametrize("arguments", [("--errors", 0), ("--errors", "-3"), ("--errors", "all")])
def test_no_number_of_errors(edgernn, arguments):
    """Exit code 2, and the option named."""
    done = edgernn("evaluate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--errors" in done.stderr


def test_a_report_into_a_file(edgernn, reviews):
    """Told before the data is read; the file stays."""
    before = reviews.read_bytes()
    done = edgernn("evaluate", "--data", "missing.csv", "--report", reviews)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: --report {reviews}: is a file; name a folder\n"
    assert reviews.read_bytes() == before


def hashed(run: Path) -> Path:
    """Make a run one that was trained on the first six texts; the seventh chose."""
    texts = [text for text, _ in TEXTS]
    (run / "seen_texts.bin").write_bytes(SeenTexts.of(texts[:6], texts[6:7]).to_bytes())
    return run


@pytest.fixture
def hashed_run(own_run: Path) -> Path:
    """A run that has met most texts."""
    return hashed(own_run)


@pytest.fixture
def evaluated(capfd):
    """A function that measures a model on a file: what is said, and what is measured."""

    def evaluate(model, data, run=None):
        run_evaluation(
            EvaluationOptions(data=str(data), model=model, run=run, device="cpu"), as_json=True
        )
        out, said = capfd.readouterr()
        return said.splitlines(), json.loads(out)

    return evaluate


def rows_of(folder: Path, *rows: int) -> Path:
    path = folder / f"rows-{'-'.join(map(str, rows))}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *(TEXTS[row] for row in rows)])
    return path


def test_training_texts_are_told(evaluated, hashed_run, reviews, tmp_path):
    """All of them, some of them, none: split and counts, said and written; a test figure stays."""
    said, found = evaluated(hashed_run, reviews)
    assert found["split"] == "train"
    assert (found["seen"]["learnt"], found["seen"]["watched"], found["seen"]["new"]) == (6, 1, 1)
    assert said[-1].startswith(
        "warning: 6 of 8 texts were trained on, 1 chose the epoch: these are figures of the train "
        "split, not of a test; the accuracy of the 1 that are new to the model is "
    )
    note = hashed_run / "evaluation.json"
    assert json.loads(note.read_text("utf-8"))["split"] == "train"
    assert Run.open(hashed_run).test_figures is None

    # Half of them are new: a test, said with the accuracy of those alone.
    said, found = evaluated(hashed_run, rows_of(tmp_path, 0, 7))
    assert (found["split"], found["seen"]["new"]) == ("test", 1)
    assert said[-1].startswith("warning: 1 of 2 texts were trained on; the accuracy of the 1 that")
    assert Run.open(hashed_run).test_figures["examples"] == 1

    # Of other data: what is no longer there is told.
    said, found = evaluated(hashed_run, rows_of(tmp_path, 6, 7))
    (wrote,) = (line for line in said if line.startswith(f"wrote {note}"))
    assert re.search(r"no longer those of rows-0-7\.csv \(accuracy [01]\.0000 of 1 texts\)", wrote)
    said, found = evaluated(hashed_run, rows_of(tmp_path, 6, 7))
    assert f"wrote {note}" in said

    before = note.read_bytes()
    said, found = evaluated(hashed_run, rows_of(tmp_path, 0, 1))
    assert found["split"] == "train"
    assert f"{note} stays as it is: it has figures of a test split" in said
    assert note.read_bytes() == before


def test_a_file_and_the_run_that_it_came_from(evaluated, file, tiny_run, tmp_path, reviews):
    """With --run a model file's training texts are known, too; another run is refused."""
    hashed_run = hashed(shutil.copytree(tiny_run, tmp_path / "own-run"))
    _, found = evaluated(file, reviews)
    assert found["split"] == "not known"
    said, found = evaluated(file, reviews, hashed_run)
    assert found["split"] == "train"
    assert said[-1].startswith("warning: 6 of 8 texts were trained on")
    metrics = json.loads((hashed_run / "metrics.json").read_text("utf-8"))
    (hashed_run / "metrics.json").write_text(json.dumps(metrics | {"validation_accuracy": 0.5}))
    with pytest.raises(UsageError, match=r"--run .*: .* was exported from another run"):
        evaluated(file, reviews, hashed_run)
    with pytest.raises(UsageError, match="leave --run out"):
        evaluated(hashed_run, reviews, hashed_run)
