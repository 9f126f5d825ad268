"""The report: one file without anything from elsewhere, whatever stands in it, for a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from bench_samples import sample, sample_row

from edgernn.bench.merge import merge
from edgernn.bench.page import page
from edgernn.bench.plots import _apart, _joined, latency_plot
from edgernn.bench.reading import parse_report
from edgernn.bench.results import Report
from edgernn.bench.table import file_table, latency_table, shown_time

pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")

HOSTILE = "<script>console.error('x')</script><img src=http://x.test/>\"'&$x_{1}$ 日本 \u202e"


def parsed(value: dict[str, Any]) -> Report:
    return parse_report(json.dumps(value).encode(), "x.json")


def hostile_row(**changes: Any) -> dict[str, Any]:
    row = sample_row(options=HOSTILE, device=HOSTILE, runtime_version=HOSTILE, **changes)
    row["model"] |= {"name": HOSTILE, "recipe": HOSTILE, "precision": HOSTILE, "sha256": "f" * 64}
    return row


@pytest.fixture(scope="module")
def full() -> Report:
    """Rows of two machines, with a problem, a hostile one and one that has no figures."""
    empty = dict.fromkeys(("throughput", "cold_start_ms", "peak_memory_bytes", "accuracy"))
    own = sample(
        sample_row(), sample_row(problem=HOSTILE, latency=[], **empty), sample_row(**empty)
    )
    phone = sample(*[hostile_row(threads=threads) for threads in range(1, 12)], name=HOSTILE)
    phone["machine"] |= {"system": HOSTILE, "governor": HOSTILE, "versions": {HOSTILE: HOSTILE}}
    phone["settings"]["data"] = HOSTILE
    return merge(parsed(own), [parsed(phone)])


class Elements(HTMLParser):
    """Counts elements, and collects attributes and identifiers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count one."""
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes += attrs


def test_nothing_from_elsewhere(full: Report) -> None:
    """No script, picture or link; what names say stays text."""
    text = page(full)
    found = Elements(text)
    assert not {"script", "img", "link", "iframe", "object", "base"} & set(found.tags)
    assert found.tags["svg"] == 3
    assert "&lt;script&gt;" in text
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    for name, value in found.attributes:
        if name in ("href", "xlink:href", "src", "action"):
            assert (value or "").startswith("#"), (name, value)
    # Addresses stand in namespaces alone, and as text in names.
    outside = re.findall(r"(?:url\(|@import)\s*([^#)\s]*)", text)
    assert set(outside) <= {""}


def test_names_in_the_page(full: Report) -> None:
    """Three pictures in one page share no identifier, and refer to their own."""
    found = Elements(page(full))
    names = [value for name, value in found.attributes if name == "id"]
    assert len(set(names)) == len(names)
    assert len(names) > 20
    for name, value in found.attributes:
        if name in ("href", "xlink:href"):
            assert (value or "")[1:] in names
    for reference in re.findall(r"url\(#([^)]*)\)", page(full)):
        assert reference in names


def test_colours_are_the_page_s(full: Report) -> None:
    """No stand-in is left, and each colour that a picture takes is there in light and dark."""
    text = page(full)
    for stand_in in ("#010203", "#020304", "#0a0b"):
        assert stand_in not in text
    for variable in set(re.findall(r"var\((--[a-z0-9]+)\)", text)) - {"--mark"}:
        assert len(re.findall(rf"{variable}: #[0-9a-f]{{6}};", text)) == 2, variable


def test_legible_on_a_phone(full: Report) -> None:
    """No letters are below 14 pixels, in a picture as wide as a phone's screen; tables scroll."""
    plot = latency_plot(full)
    assert plot is not None
    width = float(re.findall(r'viewBox="0 0 ([\d.]+) ', plot)[0])
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:\w+ )*([\d.]+)px", plot)]
    assert sizes
    assert min(sizes) * (360 - 2 * 16) / width >= 14
    text = page(full)
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert text.count('<div class="scroll"') == text.count("<table") == 2
    assert (
        min(map(int, re.findall(r"font(?:-size)?: (\d+)px", text.partition("</style>")[0]))) >= 14
    )


def test_a_report_of_nothing() -> None:
    """Rows that did not run make a page without pictures."""
    empty = dict.fromkeys(("throughput", "cold_start_ms", "peak_memory_bytes", "accuracy"))
    text = page(parsed(sample(sample_row(problem="no GPU", latency=[], **empty))))
    assert "Nothing was measured" in text
    assert "<svg" not in text
    assert "no GPU" in text
    assert "<svg" not in page(parsed({**sample(), "rows": []}))


def test_one_length_and_one_file() -> None:
    """A single point is drawn, too."""
    row = sample_row()
    del row["latency"][1]
    assert Elements(page(parsed(sample(row)))).tags["svg"] == 3


def test_the_same_page_again(full: Report) -> None:
    """A report gives the same bytes each time."""
    assert page(full) == page(full)


def test_numbers_beside_lines() -> None:
    """They keep their order, their distance, and the picture's edges."""
    assert _apart([0.5], 0.1) == [0.5]
    assert _apart([0.2, 0.8], 0.1) == [0.2, 0.8]
    found = _apart([0.98, 0.99, 0.5, 1.0, 0.0], 0.1)
    assert found == pytest.approx([0.8, 0.9, 0.5, 1.0, 0.0])
    crowded = _apart([1.0] * 20, 1 / 20)
    assert min(crowded) >= 0
    assert crowded == sorted(crowded)


def test_numbers_beside_points() -> None:
    """Those of points that nearly coincide stand together, at the upper one."""
    points = [(1000.0, 90.0, [1, 4]), (1010.0, 90.1, [2]), (1000.0, 95.0, [3]), (9e5, 90.0, [5])]
    found = _joined(points, (100.0, 1e6), (85.0, 100.0))
    assert found == [(1000.0, 95.0, [3]), (1010.0, 90.1, [2, 1, 4]), (9e5, 90.0, [5])]
    assert points[1][2] == [2]


def test_tables(full: Report) -> None:
    """All rows stand in the first table, those that ran in the second."""
    latency, files = latency_table(full), file_table(full)
    assert len(latency.rows) == len(full.rows)
    assert latency.notes[1] is not None
    assert len(files.rows) == len(full.rows) - 1
    assert [row[0] for row in files.rows[:2]] == ["1", "3"]
    assert [title.split()[0] for title in files.titles[:2]] == ["1", "3"]
    assert latency.titles[0] == "1 model.onnx, onnxruntime, cpu, 1 thread"
    for table in (latency, files):
        assert {len(row) for row in table.rows} == {len(table.header)}
    assert latency.rows[0][latency.words :] == ("0.100 / 0.111 / 0.125", "2.00 / 2.22 / 2.50")
    assert [shown_time(x) for x in (0.0517, 1.234, 12.34, 1234.5)] == [
        *("0.052", "1.23", "12.3", "1,234"),
    ]


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip("no Chromium here: apt-get install chromium")


def browse(chromium: str, path: Path, profile: Path) -> subprocess.CompletedProcess[str]:
    """Show a page; its elements come on standard output, what the console got on standard error."""
    switches = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--enable-logging=stderr", "--dump-dom", f"--user-data-dir={profile}"),
    )
    return subprocess.run(
        [chromium, *switches, path.as_uri()],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
    )


def test_in_a_browser(chromium: str, full: Report, tmp_path: Path) -> None:
    """It shows the pictures, and its console stays empty."""
    path = tmp_path / "report.html"
    path.write_text(page(full), "utf-8")
    done = browse(chromium, path, tmp_path / "profile")
    assert done.returncode == 0, done.stderr
    found = Elements(done.stdout)
    assert found.tags["svg"] == 3
    # Lines and letters are in the pictures, not behind them.
    assert found.tags["path"] > 30
    assert found.tags["text"] > 20
    assert "script" not in found.tags
    assert "CONSOLE" not in done.stderr


def test_the_console_would_be_seen(chromium: str, tmp_path: Path) -> None:
    """The test above sees what a page writes to the console."""
    path = tmp_path / "bad.html"
    path.write_text("<!DOCTYPE html><script>console.error('seen')</script>", "utf-8")
    done = browse(chromium, path, tmp_path / "profile")
    assert re.search(r'CONSOLE.*"seen"', done.stderr), done.stderr
