"""`edgernn bench` from the command to its files and exit codes."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench_samples import sample, sample_row
from click.testing import Result
from typer.testing import CliRunner

from edgernn.bench.cold_start import keras_environment
from edgernn.bench.reading import parse_report
from edgernn.cli.bench import _print
from edgernn.cli.main import app
from edgernn.errors import EdgernnError, UsageError
from edgernn.runtime import SHIPPED_MODEL

SCRIPT = Path(sys.executable).with_name("edgernn.exe" if os.name == "nt" else "edgernn")
QUICK = ("--time", "0.05", "--reviews", "30", "--tokens", "20,5", "--no-keras")

pytestmark = pytest.mark.skipif(not SCRIPT.exists(), reason="no console script is installed")


def bench(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(SCRIPT), "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=cwd, timeout=300)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled reviews."""
    folder = tmp_path_factory.mktemp("bench")
    with (folder / "reviews.csv").open("w", newline="", encoding="utf-8") as file:
        words = ("boring and bad", "great and lovely")
        rows = [(f"A {words[i % 2]} film {i}", ("neg", "pos")[i % 2]) for i in range(40)]
        csv.writer(file).writerows([("text", "label"), *rows])
    return folder


@pytest.fixture(scope="module")
def done(place: Path) -> subprocess.CompletedProcess[str]:
    """A run on the shipped model, with all that can be written."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    (place / "phone.json").write_text(json.dumps(sample(name="Pixel 8")), "utf-8")
    found = bench(
        *(*QUICK, "--data", "reviews.csv", "--json", "--output", "out.json"),
        *("--html", "out.html", "--merge", "phone.json", "--threads", "1,2"),
        *("--engine", "onnxruntime"),
        cwd=place,
    )
    assert found.returncode == 0, found.stderr
    return found


def test_json(done: subprocess.CompletedProcess[str], place: Path) -> None:
    """Standard output is the report and nothing else, and so is the file."""
    assert done.stdout.count("\n") == 1
    found = json.loads(done.stdout)
    assert json.loads((place / "out.json").read_text("utf-8")) == found
    report = parse_report(done.stdout.encode(), "stdout")
    assert json.loads(json.dumps(report.to_json())) == found
    assert report.settings.tokens == (5, 20)
    assert (report.settings.reviews, report.settings.data) == (30, "reviews.csv")
    assert report.machine.versions["edgernn"]


def test_rows(done: subprocess.CompletedProcess[str]) -> None:
    """CPU and CUDA on one thread and on two, and the phone's."""
    rows = parse_report(done.stdout.encode(), "stdout").rows
    asked = [(row.requested_device, row.threads, row.machine) for row in rows]
    assert asked == [
        *(("cpu", 1, None), ("cuda", 1, None), ("cpu", 2, None), ("cuda", 2, None)),
        ("cpu", 1, "Pixel 8"),
    ]
    for row in rows[::2][:2]:
        assert (row.device, row.problem) == ("cpu", None)
        assert [latency.tokens for latency in row.latency] == [5, 20]
        for latency in row.latency:
            assert 0 < latency.p50_ms <= latency.p95_ms <= latency.p99_ms
            assert latency.calls >= 6
        assert row.throughput is not None
        assert row.throughput.reviews == 30
        assert row.cold_start_ms is not None
        assert row.cold_start_ms > row.latency[0].p50_ms
        assert row.peak_memory_bytes is not None
        assert row.peak_memory_bytes > row.model.bytes
        assert row.accuracy is not None
        assert (row.accuracy.reviews, row.accuracy.accuracy) == (30, 1.0)
    assert rows[1].problem or rows[1].device == "cuda"


def test_messages(done: subprocess.CompletedProcess[str], place: Path) -> None:
    """They say what goes on; without a terminal there is no bar."""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("measuring ")
    assert lines[-2:] == ["wrote out.json", "wrote out.html"]
    assert (place / "out.html").read_text("utf-8").count("<svg") == 3


@pytest.fixture
def invoke(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command in this process, in the folder with the reviews."""
    monkeypatch.chdir(place)
    # It would set variables of this process for good.
    monkeypatch.setattr("edgernn.cli.bench.prepare_keras", lambda threads: None)
    return lambda *arguments: CliRunner().invoke(app, ["bench", *map(str, arguments)])


@pytest.mark.spawns  # A row starts in a fresh process.
def test_table(invoke: Callable[..., Result]) -> None:
    """Without --json: two tables, and nothing in them of what was not asked for."""
    found = invoke(*QUICK, "--device", "cpu", "--reviews", 0, "--engine", "auto")
    assert found.exit_code == 0, found.output
    first, second = found.stdout.split("\n\n")
    title, header, row = first.splitlines()
    assert title == "one review, milliseconds: median / 95 % / 99 %"
    assert " ".join(header.split()) == "model runtime device threads 5 tokens 20 tokens"
    assert row.split()[:5] == ["1", "model.onnx", "native", "cpu", "1"]
    assert row.count(" / ") == 4
    header = second.splitlines()[1]
    assert " ".join(header.split()).startswith("model runtime device threads bytes ")
    assert second.splitlines()[2].split()[-1] == "-"


@pytest.mark.parametrize("width", [80, 160])
def test_table_on_a_terminal(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rich draws it: no number is cut short, and names are no markup."""
    pytest.importorskip("rich", reason="needs Rich: pip install 'edgernn[data]'")
    row = sample_row(options="[red]hidden[/red]")
    row["model"]["bytes"] = 123_456_789
    report = parse_report(json.dumps(sample(row, sample_row(), name="Z80")).encode(), "x.json")
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _print(report, as_json=False)
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert max(map(len, out.splitlines())) <= width
    for shown in ("0.100", "0.111", "2.50", "123,456,789", "3,000", "0.9180", "[red]"):
        assert shown in out


def altered(path: Path, out: Path, **changes: Any) -> Path:
    """A copy of a report with each row's own values changed by functions."""
    value = json.loads(path.read_text("utf-8"))
    for row in value["rows"]:
        for name, change in changes.items():
            row[name] = change(row[name])
    out.write_text(json.dumps(value), "utf-8")
    return out


@pytest.mark.usefixtures("done")
def test_baseline(invoke: Callable[..., Result], place: Path) -> None:
    """A slow past passes; a past that started in no time does not, and the row is named."""
    cpu = ("--device", "cpu", *QUICK[:2], "--tokens", "5", "--no-keras", "--reviews", 0)
    cpu += ("--engine", "onnxruntime")
    slow = altered(
        place / "out.json",
        place / "slow.json",
        cold_start_ms=lambda ms: ms and 1e3 * ms,
        latency=_slow,
    )
    found = invoke(*cpu, "--baseline", slow)
    assert found.exit_code == 0, found.output
    assert f"✓ 1 rows are within 10% of {slow}" in found.stderr.splitlines()
    only = f"only in {slow}: "
    assert f"{only}model.onnx, onnxruntime, cpu, 1 thread, Pixel 8" in found.stderr.splitlines()

    fast = altered(
        place / "out.json", place / "fast.json", cold_start_ms=lambda ms: ms and 0.5, latency=_slow
    )
    elsewhere = json.loads(fast.read_text("utf-8"))
    elsewhere["machine"]["name"] = "Z80"
    fast.write_text(json.dumps(elsewhere), "utf-8")
    found = invoke(*cpu, "--baseline", fast, "--max-regression", "50%")
    assert isinstance(found.exception, EdgernnError)
    assert str(found.exception) == f"1 figure got worse by more than 50% since {fast}"
    lines = found.stderr.splitlines()
    assert any(
        line.startswith("got worse: model.onnx, onnxruntime, cpu, 1 thread: cold start ")
        for line in lines
    )
    assert any(line.startswith(f"warning: {fast} was measured on another") for line in lines)
    # The table is there nevertheless.
    assert found.stdout.startswith("one review")


def _slow(latency: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**one, "p50_ms": 1e6} for one in latency]


@pytest.mark.spawns  # A row starts in a fresh process.
def test_baseline_of_other_rows(invoke: Callable[..., Result], place: Path) -> None:
    """A comparison of nothing is no success."""
    (place / "other.json").write_text(json.dumps(sample(sample_row(runtime="tflite"))), "utf-8")
    found = invoke(*QUICK, "--reviews", 0, "--baseline", "other.json")
    assert isinstance(found.exception, EdgernnError)
    assert str(found.exception) == "other.json: has none of the measured rows"


def test_hostile_files_end_it_at_once(invoke: Callable[..., Result], place: Path) -> None:
    """What cannot be read is said before anything is measured."""
    (place / "bad.json").write_text(json.dumps(sample(sample_row(threads=-1))), "utf-8")
    for option in ("--merge", "--baseline"):
        found = invoke(*QUICK, option, "bad.json")
        assert isinstance(found.exception, EdgernnError)
        assert str(found.exception) == "bad.json: row 1: threads: -1 is out of range"
        assert found.output == ""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
def test_interrupted(place: Path) -> None:
    """Ctrl-C prints what there is, under names that say that it is not all; an older file stays."""
    (place / "old.json").write_text("old")
    running = subprocess.Popen(
        [
            *(str(SCRIPT), "bench", "--no-keras", "--time", "600", "--device", "cpu", "--json"),
            *("--reviews", "20000", "--output", "old.json", "--engine", "auto"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        cwd=place,
    )
    assert running.stderr is not None
    assert running.stderr.readline().startswith("measuring 1 of 1 rows")
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    out, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert errors.splitlines() == [
        "wrote old.partial.json",
        "interrupted: what was measured until then is printed",
    ]
    (row,) = parse_report(out.encode(), "stdout").rows
    assert row.latency
    assert row.cold_start_ms is None
    assert (place / "old.json").read_text() == "old"
    assert json.loads((place / "old.partial.json").read_text()) == json.loads(out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--device", "tpu"), "--device tpu: choose one of cpu, cuda, auto"),
        (("--engine", "x"), "--engine x: choose of all, auto, native, onnxruntime, litert"),
        (("--xnnpack", "maybe"), "--xnnpack maybe: choose one of on, off, both"),
        (("--tokens", "10,x"), "--tokens 10,x: give whole numbers"),
        (("--tokens", ""), "--tokens : give whole numbers"),
        (("--tokens", "0"), "--tokens 0: at most 16 numbers from 1 to 65,536"),
        (("--threads", "9999"), "--threads 9999: at most 16 numbers from 1 to 1,024"),
        (("--max-regression", "10%"), "--max-regression: name what to compare with"),
        (("--precision", "int8"), "--precision is about exported files"),
        (("--precision", "int4", "--export"), "--precision int4: choose one of float32, float16, "),
        (("--reviews", "1"), "--reviews 1: there must be 2 or more"),
        (("--reviews", "0", "--data", "x.csv"), "--reviews 0 leaves out what --data is for"),
        (("--html", "."), "--html .: is a folder"),
    ],
)
def test_wrong_options(arguments: tuple[str, ...], message: str) -> None:
    """Each is an error of usage, before anything is loaded."""
    found = CliRunner().invoke(app, ["bench", "--no-keras", *arguments])
    assert isinstance(found.exception, UsageError)
    assert str(found.exception).startswith(message)


def test_the_base_install(place: Path) -> None:
    """Measuring a file takes neither TensorFlow nor matplotlib nor Rich."""
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'matplotlib', 'rich', 'ai_edge_litert', 'sklearn',\n"
        "             'onnxruntime'):\n"
        "    sys.modules[name] = None\n"
        "from edgernn.cli.main import run\n"
        f"sys.argv = ['edgernn', 'bench', {str(SHIPPED_MODEL)!r}, *sys.argv[1:]]\n"
        "run()\n"
    )
    command = [sys.executable, "-c", code, *QUICK, "--device", "cpu"]
    found = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=place, timeout=120)
    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("one review")
    assert "not installed: pip install 'edgernn[cpu]'" in found.stdout


RUN = (
    *("--device", "auto", "--json", "--time", "0.02", "--reviews", "10", "--tokens", "5,400"),
    *("--xnnpack", "on", "--engine", "onnxruntime,litert", "--precision"),
)


def check_run(stdout: str, stderr: str, *exports: tuple[str, str]) -> None:
    """The rows of the tiny run: its model, which reads 40 tokens at most, and its exports."""
    rows = parse_report(stdout.encode(), "stdout").rows
    assert [(row.model.name, row.runtime, row.problem) for row in rows] == [
        ("tiny-bilstm.keras", "keras", None),
        *((name, runtime, None) for name, runtime in exports),
    ]
    assert all([latency.tokens for latency in row.latency] == [5] for row in rows)
    assert all(row.throughput for row in rows)
    assert "no latency at 400 tokens: it reads 40 at most" in stderr


def test_a_run(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Keras model, and a fresh export; what cannot be exported is said."""
    # This process has TensorFlow already, and another process takes seconds to load it.
    for name, value in keras_environment(1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("edgernn.cli.bench.measure_starts", lambda *arguments: None)
    # A model of random weights is undecided of many texts: each rounding gives some another label.
    monkeypatch.setattr("exporters.gate.MAX_FLIPS", 0.1)
    found = CliRunner().invoke(app, ["bench", "--run", str(tiny_run), *RUN, "int8-dynamic,int16x8"])
    assert found.exit_code == 0, found.output
    check_run(found.stdout, found.stderr, ("tiny-bilstm-int8-dynamic.onnx", "onnxruntime"))
    assert "left out: tiny-bilstm-int16x8.tflite: tflite int16x8: no LSTM: " in found.stderr


@pytest.mark.slow
def test_a_run_by_itself(tiny_run: Path, place: Path) -> None:
    """The same by the console script, with the start of a process for each row."""
    found = bench("--run", tiny_run, *RUN, "float32", cwd=place)
    assert found.returncode == 0, found.stderr
    names = ("tiny-bilstm-float32.onnx", "tiny-bilstm-float32.tflite")
    exports = zip(names, ("onnxruntime", "litert"), strict=True)
    check_run(found.stdout, found.stderr, *exports)
    assert all(row.cold_start_ms for row in parse_report(found.stdout.encode(), "stdout").rows)
