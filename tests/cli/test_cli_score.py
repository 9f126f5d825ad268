"""`edgernn score`: every way in, every way out, and texts that are not nice."""

import csv
import gzip
import json
import subprocess

import pytest

from edgernn.engine import installed

OWN = ["label", "confidence", "probability", "error"]
TEXTS = ["a good film", "a bad film", "very very good", "bad, bad, bad", "a film"]


@pytest.fixture(scope="module")
def score(edgernn, model):
    """`edgernn score` with the model file."""

    def run(*arguments, **options):
        return edgernn("score", "--model", model, *arguments, **options)

    return run


def results(done) -> list[dict]:
    """What stands on standard output, one JSON object a line."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def expected(score):
    """The results of TEXTS given as arguments."""
    done = score("--json", *TEXTS)
    assert (done.returncode, done.stderr) == (0, "")
    return results(done)


def write(path, texts):
    """Write texts to a file in the format of its name."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pyarrow.table({"id": range(len(texts)), "text": texts}), path)
        return path
    if name.endswith(".jsonl"):
        lines = [json.dumps({"id": i, "text": text}) for i, text in enumerate(texts)]
    elif name.endswith(".csv"):
        lines = ["id,text", *(f'{i},"{text}"' for i, text in enumerate(texts))]
    elif name.endswith(".tsv"):
        lines = ["id\ttext", *(f"{i}\t{text}" for i, text in enumerate(texts))]
    else:
        lines = texts
    data = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_texts_as_json(expected):
    """Text, label, confidence, probability and error of each, in order, and nothing else."""
    assert [list(result) for result in expected] == [["text", *OWN]] * 5
    assert [result["text"] for result in expected] == TEXTS
    for result in expected:
        assert 0 < result["probability"] < 1
        p = result["probability"]
        assert result["label"] == ("positive" if p >= 0.5 else "negative")
        assert result["confidence"] == max(p, 1 - p)
        assert result["error"] is None
    assert len({result["probability"] for result in expected}) == 5


def test_another_engine(score, expected):
    """`--engine native` gives the same results, to six digits."""
    if installed() is None:
        pytest.skip("this installation has no C engine: pip install -e .")
    done = score("--engine", "native", "--json", *TEXTS)
    assert (done.returncode, done.stderr) == (0, "")
    for result, other in zip(results(done), expected, strict=True):
        assert result["label"] == other["label"]
        assert result["probability"] == pytest.approx(other["probability"], abs=1e-6)
    done = score("--engine", "tensorrt", *TEXTS)
    assert done.returncode == 2
    assert "'tensorrt' is not known: auto, native, onnxruntime, litert" in done.stderr


def test_texts_for_people(score, expected):
    """Label, probability to four digits, and the text; a long one is cut."""
    done = score(*TEXTS, "good " * 100)
    assert done.returncode == 0
    *lines, long = done.stdout.splitlines()
    assert [line.split(maxsplit=2) for line in lines] == [
        [result["label"], f"{result['probability']:.4f}", result["text"]] for result in expected
    ]
    assert long.endswith("\u2026")
    assert len(long) <= 80


@pytest.mark.parametrize(
    "name",
    ["t.txt", "t.csv", "t.tsv", "t.jsonl", "t.parquet", "t.txt.gz", "t.csv.gz", "t.jsonl.gz"],
)
def test_files(score, expected, tmp_path, name):
    """The same texts score the same out of a file of any format."""
    done = score("--json", "--only-scores", "--input", write(tmp_path / name, TEXTS))
    assert (done.returncode, done.stderr) == (0, "")
    assert results(done) == expected


@pytest.mark.parametrize("data", ["\n".join(TEXTS), "\r\n".join(TEXTS) + "\r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input(score, expected, data, pack):
    """One text a line, whatever ends the lines, gzipped or not."""
    done = score("--json", "--input", "-", stdin=pack(data.encode()))
    assert (done.returncode, done.stderr) == (0, "")
    assert results(done) == expected


def test_a_text_column(score, expected, tmp_path):
    """The column that is named is scored, not the one with the usual name."""
    file = tmp_path / "two.csv"
    file.write_text("text,note\na good film,a bad film\n")
    done = score("--json", "--input", file, "--text-column", "note")
    (result,) = results(done)
    assert result == {"text": "a good film", "note": "a bad film"} | {
        name: expected[1][name] for name in OWN
    }


def test_the_order_of_rows(score, tmp_path):
    """Rows of very different lengths, more than are read at a time, come out as they went in."""
    texts = [f"film {i} " + "very good " * (i % 40) for i in range(2500)]
    done = score("--json", "--input", write(tmp_path / "many.txt", texts))
    assert done.returncode == 0
    assert [result["text"] for result in results(done)] == texts


BAD_JSONL = (
    b'{"text": "a good film"}\n'
    b'{"text": \n'
    b'{"text": null}\n'
    b'{"text": "a bad film"}\n'
    b'{"text": 7}\n'
    b'{"other": "x"}\n'
    b'["text"]\n'
    b'{"text": "  "}\n'
    b'{"text": "\xff"}\n'
    b'{"text": "a film"}\n'
)
BAD_ROWS = {
    2: "not valid JSON",
    3: "'text' is null",
    5: "'text' holds int, not a string",
    6: "no 'text' in this row",
    7: "not a JSON object but list",
    8: "the text is empty",
    9: "line 9 is not UTF-8",
}


def test_bad_rows(score, expected, tmp_path):
    """Each is reported with file and row, counted at the end, and has its place in the output."""
    file = tmp_path / "bad.jsonl"
    file.write_bytes(BAD_JSONL)
    done = score("--json", "--input", file)
    assert done.returncode == 0
    rows = results(done)
    assert len(rows) == 10
    *errors, last = done.stderr.splitlines()
    assert last == "7 of 10 rows could not be scored"
    assert len(errors) == len(BAD_ROWS)
    for error, (number, reason) in zip(errors, BAD_ROWS.items(), strict=True):
        assert error.startswith(f"error: {file}, row {number}: ")
        assert reason in error
        row = rows[number - 1]
        assert list(row)[-4:] == OWN
        assert (row["label"], row["confidence"], row["probability"]) == (None, None, None)
        assert f"error: {row['error']}".startswith(error)
        raw = BAD_JSONL.splitlines()[number - 1].decode("utf-8", "backslashreplace")
        # What could not be read at all stands there as it was.
        assert row["error"].endswith(raw) is (number in (2, 7, 9))
    good = [rows[i] for i in (0, 3, 9)]
    assert good == [expected[0], expected[1], expected[4]]


def test_bad_rows_of_a_csv(score, tmp_path):
    """A row of another width and one with an open quote do not end the job."""
    file = tmp_path / "bad.csv"
    file.write_bytes(b'id,text\n1,good\n2,good,film\n3,"bad"x,y\n4,bad\n')
    done = score("--json", "--input", file)
    assert done.returncode == 0
    assert [row["text"] for row in results(done) if row["label"]] == ["good", "bad"]
    assert f"error: {file}, row 2: 3 fields where the header has 2" in done.stderr
    assert "2 of 4 rows could not be scored" in done.stderr


def test_many_bad_rows(score, tmp_path):
    """A thousand errors are not a thousand lines on the screen, but a thousand in the output."""
    file = tmp_path / "blank.txt"
    file.write_text("good\n" + "\n" * 1000)
    done = score("--json", "--input", file)
    assert done.returncode == 0
    assert len([row for row in results(done) if row["error"]]) == 1000
    assert len(done.stderr.splitlines()) == 21
    assert done.stderr.endswith("1,000 of 1,001 rows could not be scored\n")


def test_nothing_but_bad_rows(score, tmp_path):
    """When no row could be scored the job has failed."""
    done = score("--json", "--input", write(tmp_path / "blank.txt", ["", " "]))
    assert done.returncode == 1
    assert done.stderr.endswith("error: no row could be scored\n")
    assert len(results(done)) == 2


def test_no_rows(score, tmp_path):
    """A header alone is not a job well done; a title above it is said to be passed over."""
    file = tmp_path / "hdr.csv"
    file.write_text("Report;\nreview;n\n")
    done = score("--json", "--input", file)
    assert done.returncode == 1
    title = f"{file}: line 1 is taken for a title: the names of the columns are in line 2\n"
    assert done.stdout == ""
    assert done.stderr == f"{title}error: {file} has a header and no rows\n"
    file.write_text("Report;\nreview;n\ngood;1\n")
    done = score("--json", "--input", file)
    assert title in done.stderr
    assert [row["n"] for row in results(done)] == ["1"]


def test_an_empty_argument(score):
    """A text that is empty is told by its place."""
    done = score("--json", "good", "", "bad")
    assert done.returncode == 0
    assert "error: text 2: the text is empty" in done.stderr
    assert [row["label"] is None for row in results(done)] == [False, True, False]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("cut.txt.gz", ["scores.partial.jsonl", "scores.partial.jsonl.job"]),
        ("cut.parquet", []),
    ],
)
def test_a_damaged_file(score, tmp_path, name, kept):
    """A file that breaks off is told, by exit code too; no output file looks whole."""
    whole = write(tmp_path / name, [f"{i} a good film {i * i}" for i in range(3000)])
    whole.write_bytes(whole.read_bytes()[:-2000])
    done = score("--input", whole, "--output", tmp_path / "scores.jsonl")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"error: {whole} ")
    assert done.stderr.count("\n") == (2 if kept else 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, *kept])
    for partial in kept[:1]:
        rows = [json.loads(line) for line in (tmp_path / partial).read_text().splitlines()]
        assert 1000 < len(rows) < 3000
        texts = [f"{i} a good film {i * i}" for i in range(len(rows))]
        assert [row["text"] for row in rows] == texts


def test_output_as_jsonl(score, expected, tmp_path):
    """The file holds what --json prints; nothing is printed."""
    file = tmp_path / "new" / "scores.jsonl"
    done = score("--output", file, *TEXTS)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"wrote 5 rows to {file}\n"
    assert [json.loads(line) for line in file.read_text("utf-8").splitlines()] == expected


def test_output_as_csv(score, expected, tmp_path):
    """The text, the result, and an error; a bad row has no result."""
    file = tmp_path / "scores.csv"
    done = score("--output", file, *TEXTS, "", 'with "quotes", commas\nand lines')
    assert (done.returncode, done.stdout) == (0, "")
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert list(rows[0]) == ["text", *OWN]
    assert [(row["text"], row["label"]) for row in rows[:5]] == [
        (result["text"], result["label"]) for result in expected
    ]
    for row, result in zip(rows, expected, strict=False):
        assert float(row["probability"]) == pytest.approx(result["probability"])
    assert (rows[5]["label"], rows[5]["error"]) == ("", "text 6: the text is empty")
    assert rows[6]["text"] == 'with "quotes", commas\nand lines'


def test_an_output_is_replaced_only_when_whole(score, tmp_path):
    """A file of the same name stays as it is until the new one is complete."""
    file = tmp_path / "scores.jsonl"
    file.write_text("old")
    bad = tmp_path / "bad.txt.gz"
    bad.write_bytes(gzip.compress(b"good\n" * 5000)[:-20])
    assert score("--input", bad, "--output", file, "--overwrite").returncode == 1
    assert file.read_text() == "old"
    assert score("--output", file, "good").returncode == 2
    assert file.read_text() == "old"
    assert score("--output", file, "good", "--overwrite").returncode == 0
    assert json.loads(file.read_text())["text"] == "good"
    assert {path.name for path in tmp_path.iterdir()} == {"scores.jsonl", "bad.txt.gz"}


NASTY = {
    "emoji": "👍🏽👩‍👩‍👧‍👦 good 🤷",
    "right to left": "סרט טוב \u202eגרוע\u202c",
    "combining": "e\u0301" * 500 + "\u0300" * 500,
    "nul": "good\0bad\0",
    "control": "good\x07\x1b[31mred\x1b[0m\x7f\u0085",
    "lone high": "good \ud800 film",
    "lone low": "\udfff",
    "wrong order": "\udc00\ud800",
    "line separators": "good\u2028bad\u2029film",
    "byte order mark": "\ufeffgood",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "one character": "a" * 1_000_000,
    "one character, not a letter": "!" * 1_000_000,
    "underscores": "_" * 100_000,
    "escape": "\\&undsc \\&undsc" * 100,
    "html": "<br /><script>alert(1)</script>",
}


@pytest.fixture(scope="module")
def nasty(score, tmp_path_factory):
    """The nasty texts scored out of JSON Lines, each result by its name."""
    file = tmp_path_factory.mktemp("nasty") / "nasty.jsonl"
    lines = [json.dumps({"name": name, "text": text}) for name, text in NASTY.items()]
    file.write_text("\n".join(lines) + "\n", encoding="ascii")
    done = score("--json", "--input", file)
    assert done.returncode == 0
    # Few of these are made of words that the model knows.
    assert done.stderr.startswith(f"warning: {file}: the model knows ")
    assert done.stderr.count("\n") == 1
    return dict(zip(NASTY, done.stdout.removesuffix("\n").split("\n"), strict=True))


@pytest.mark.parametrize("name", NASTY)
def test_nasty_texts(nasty, name):
    """Each has a score, and comes back as it was given."""
    result = json.loads(nasty[name])
    assert result["text"] == NASTY[name]
    assert 0 < result["probability"] < 1
    assert result["label"] in ("negative", "positive")


def test_nasty_texts_for_people(score, tmp_path):
    """The table and a CSV take every character too."""
    texts = [text[:1000] for text in NASTY.values()]
    file = tmp_path / "nasty.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    done = score("--input", file)
    assert (done.returncode, done.stdout.count("\n")) == (0, len(NASTY))
    output = tmp_path / "nasty.csv"
    done = score("--input", file, "--output", output)
    assert done.returncode == 0
    assert done.stderr.endswith(f"\nwrote {len(NASTY)} rows to {output}\n")


@pytest.mark.parametrize("form", [["--json"], []])
def test_a_reader_that_has_had_enough(console, model, tmp_path, form):
    """`| head` ends the job without a traceback or any other word."""
    file = write(tmp_path / "many.txt", [f"a good film {i}" for i in range(20_000)])
    running = subprocess.Popen(
        [console.command, "score", "--model", str(model), "--input", str(file), *form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=console.environment,
    )
    first = running.stdout.readline()
    running.stdout.close()
    assert b"a good film 0" in first
    assert running.stderr.read() == b""
    running.stderr.close()
    assert running.wait(60) != 0


def test_an_option_for_a_text(score):
    """Behind -- a text may begin like an option."""
    done = score("--json", "--", "--good", "-")
    assert [row["text"] for row in results(done)] == ["--good", "-"]
