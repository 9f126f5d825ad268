"""The page of `edgernn web` in headless Chromium: its main ways, and that nothing leaves it."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from js_library import LIBRARY, WASM
from many_labels import contract_of, write_file

import edgernn
from benchmarks.chromium import Browser
from edgernn.bench.reading import parse_report
from edgernn.bundle import read_model_file
from edgernn.runtime import SHIPPED_MODEL
from edgernn.web import write_site

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "web.md").read_text("utf-8")
OLD = ROOT / "tests" / "old_artifacts" / "bilstm.tflite"
READY = "document.querySelector('#text')?.disabled === false"
KEPT = (
    "navigator.storage.getDirectory()"
    ".then(async (folder) => (await Array.fromAsync(folder.keys())).length)"
)
ROWS = [
    ["id", "review", "note"],
    ["1", 'A "wonderful", quiet film,\nof two lines.', "a"],
    ["2", "Dull; far too long.", ""],
    ["3", " ", "c"],
    *([str(n), f"The {n}th time was as good as the first.", "…"] for n in range(4, 700)),
]


class Server(SimpleHTTPRequestHandler):
    """A static server that writes no log."""

    def log_message(self, *given: object) -> None:
        """Say nothing."""


class Site:
    """A served folder."""

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(folder)))
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in WASM:
        if not (LIBRARY / "src" / name).exists():
            pytest.skip(f"no {name}: python engine/build.py --target wasm, or pip install -e .")
    folder = tmp_path_factory.mktemp("web") / "site"
    write_site(read_model_file(SHIPPED_MODEL), folder)
    return folder


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    served = Site(folder)
    yield served
    served.close()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium")
    with Browser(program, tmp_path / "profile") as browser:
        yield browser


def type_text(browser: Browser, text: str) -> str:
    """Type a text, and return what the page says of it."""
    browser.run(f"document.querySelector('#text').value = {json.dumps(text)}")
    browser.run("document.querySelector('#said').textContent = ''")
    browser.run("document.querySelector('#text').dispatchEvent(new Event('input'))")
    # The sentence for screen readers comes last.
    said: str = browser.wait("document.querySelector('#said').textContent")
    return said


def text_of(browser: Browser, selector: str) -> str:
    found: str = browser.run(f"document.querySelector('{selector}').textContent")
    return found


def check_state(browser: Browser) -> str:
    browser.wait("!document.querySelector('#bench').disabled")
    return text_of(browser, "#check-state")


def test_the_main_ways(site: Site, browser: Browser, tmp_path: Path) -> None:
    """Type, label a file, verify, measure, take models of one's own; nothing goes elsewhere."""
    browser.open(site.address)
    browser.wait(READY)
    with edgernn.load(device="cpu") as classifier:
        scores = classifier.score([row[1] for row in ROWS[1:]])
        for text in ("A wonderful, quiet film.", "Dull and far too long."):
            (expected,) = classifier.score([text])
            percent = round(100 * (expected.confidence or 0))
            assert type_text(browser, text) == f"{expected.label}, {percent} percent"
            assert text_of(browser, "#verdict") == expected.label
    assert type_text(browser, "???") == "no token is left of the text"

    path = tmp_path / "reviews.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(ROWS)
    browser.drop(path)
    browser.wait("!document.querySelector('#job').hidden")
    assert browser.run("document.querySelector('#column').selectedOptions[0].textContent") == (
        "review"
    )
    browser.run("document.querySelector('#start').click()")
    browser.wait("!document.querySelector('#download').hidden")
    assert text_of(browser, "#job-state").startswith(f"Done: {len(ROWS) - 1} rows in ")
    assert "1 without a label" in text_of(browser, "#job-state")
    assert browser.run("document.querySelector('#download').download") == "reviews.labels.csv"
    browser.run(
        """globalThis.saved = null;
        URL.createObjectURL = (blob) => {
          blob.text().then((text) => { saved = text; });
          return "x:";
        }"""
    )
    browser.run("document.querySelector('#start').click()")
    rows = list(csv.reader(io.StringIO(browser.wait("saved"))))
    assert [row[:3] for row in rows] == ROWS
    assert rows[0][3:] == ["label", "confidence", "reason"]
    for row, score in zip(rows[1:], scores, strict=True):
        assert (row[3], row[5]) == (score.label or "", score.reason or "")
        if score.confidence is not None:
            assert float(row[4]) == pytest.approx(score.confidence, abs=6e-5)

    # Written to files of the browser's own, of which the last one stays while the page is open.
    assert browser.run(KEPT) == 1

    browser.run("document.querySelector('#verify').click()")
    browser.wait("!document.querySelector('#verify').disabled")
    golden = read_model_file(SHIPPED_MODEL).bundle.golden
    assert golden is not None
    assert text_of(browser, "#check-state").startswith(
        f"Verified: {len(golden.vectors)} texts of the file"
    )

    browser.drop(OLD)
    browser.wait("document.querySelector('#model').textContent === 'bilstm.tflite, ready'")
    with edgernn.load(OLD, device="cpu") as classifier:
        (expected,) = classifier.score(["A good film."])
    assert type_text(browser, "A good film.").startswith(f"{expected.label}, ")

    broken = tmp_path / "broken.onnx"
    broken.write_bytes(SHIPPED_MODEL.read_bytes()[:-100])
    browser.choose("#own", broken)
    problem = browser.wait("document.querySelector('#problem').textContent")
    assert problem.startswith("broken.onnx: ")
    assert text_of(browser, "#model") == "bilstm.tflite, ready"

    browser.open(site.address)
    browser.wait(f"{KEPT}.then((kept) => kept === 0)")

    assert browser.complaints() == []
    addresses = [address for address in browser.requests() if not address.startswith("data:")]
    assert [
        one for one in addresses if not one.removeprefix("blob:").startswith(site.address)
    ] == []


def test_a_benchmark_s_file(site: Site, browser: Browser) -> None:
    """What the page measures is a file of `edgernn bench`."""
    browser.open(site.address)
    browser.wait(READY)
    # The button's own settings take up to half a minute.
    browser.run(
        """const post = Worker.prototype.postMessage;
        Worker.prototype.postMessage = function (message) {
          if (message.name === "benchmark") message.given = [{ seconds: 0.05, reviews: 30 }];
          post.call(this, message);
        };
        globalThis.saved = null;
        URL.createObjectURL = (blob) => {
          blob.text().then((text) => { saved = text; });
          return "x:";
        };
        document.querySelector("#bench").click()"""
    )
    report = browser.wait("saved")
    assert re.search(r"ms for 200 tokens, .*; [\d,]+ reviews a second\.$", check_state(browser))
    assert browser.run("document.querySelector('#bench-download').download") == "bench.json"
    (row,) = parse_report(report.encode(), "bench.json").rows
    assert (row.runtime, row.problem, row.model.name) == ("native", None, "model.onnx")
    assert [one.tokens for one in row.latency] == [10, 50, 200, 400]
    assert row.throughput is not None


def test_without_a_network(site: Site, browser: Browser) -> None:
    """After one visit the page opens, and answers, where its server is gone."""
    browser.open(site.address)
    browser.wait(READY)
    browser.wait("navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')")
    site.close()
    browser.open("about:blank")
    browser.open(site.address)
    browser.wait(READY)
    assert "percent" in type_text(browser, "A wonderful film.")


def test_nothing_can_be_sent(site: Site, browser: Browser) -> None:
    """The page's policy refuses what a hostile script would try."""
    browser.open(site.address)
    browser.wait(READY)
    refused = browser.run("fetch('https://example.test/').then(() => false, () => true)")
    assert refused
    assert any("Content Security Policy" in line for line in browser.complaints())


def test_files_that_are_no_rows(site: Site, browser: Browser, tmp_path: Path) -> None:
    """A line says what is wrong."""
    browser.open(site.address)
    browser.wait(READY)
    for name, data, said in (
        ("empty.csv", b"", "empty.csv: it has no rows"),
        ("latin.csv", "text\nd\u00e9j\u00e0\n".encode("latin-1"), "latin.csv: it is not UTF-8"),
        ("x.pdf", b"%PDF", "x.pdf: neither a model (.onnx, .tflite) nor a file of texts"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        browser.choose("#file", path)
        found = f"document.querySelector('#problem').textContent.startsWith({json.dumps(said)})"
        browser.wait(found, 10)
    assert browser.complaints() == []


def test_the_page_of_the_docs(folder: Path, browser: Browser, tmp_path: Path) -> None:
    """The lines that docs/web.md shows for a page of one's own answer."""
    (html,) = re.findall(r"```html\n(.*?)```", DOCS, re.DOTALL)
    own = tmp_path / "own"
    shutil.copytree(folder / "edgernn", own / "edgernn")
    shutil.copy(SHIPPED_MODEL, own)
    (own / "index.html").write_text(f"<!doctype html><meta charset=utf-8><title>x</title>{html}")
    site = Site(own)
    browser.open(site.address)
    typed = "document.querySelector('#text')"
    browser.wait(f"""{typed} && ({typed}.value = "A wonderful film.")""")
    answered = "document.querySelector('#answer').textContent"
    browser.wait(f"{typed}.dispatchEvent(new Event('input')) && {answered} === 'positive'")
    site.close()


def test_the_script_of_the_docs(folder: Path, node_program: str, tmp_path: Path) -> None:
    """So do those for Node."""
    (script,) = re.findall(r"```js\n(.*?)```", DOCS, re.DOTALL)
    shutil.copytree(folder, tmp_path / "site")
    shutil.copy(SHIPPED_MODEL, tmp_path)
    (tmp_path / "score.mjs").write_text(script)
    done = subprocess.run(
        [node_program, "score.mjs"], cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert done.stderr == ""
    first, *answers = done.stdout.splitlines()
    assert first == "[ 'negative', 'positive' ] true"
    assert [answer.split()[0] for answer in answers] == ["positive", "negative"]


@pytest.mark.slow
def test_axe_finds_nothing_serious(site: Site, browser: Browser, tmp_path: Path) -> None:
    """Light, dark and as wide as a phone, with an answer and a labelled file."""
    quiet = ("--silent", "--no-audit", "--no-fund")
    subprocess.run(["npm", "install", *quiet, "axe-core"], cwd=tmp_path, check=True)
    axe = (tmp_path / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    path = tmp_path / "reviews.csv"
    path.write_text("text\n" + "A good film.\n" * 9)
    for scheme in ("light", "dark"):
        for width in (375, 1200):
            browser.call(
                "Emulation.setDeviceMetricsOverride",
                **{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
            )
            features = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.call("Emulation.setEmulatedMedia", features=features)
            browser.open(site.address)
            browser.wait(READY)
            type_text(browser, "A wonderful film.")
            browser.choose("#file", path)
            browser.wait("!document.querySelector('#job').hidden")
            browser.run("document.querySelector('#start').click()")
            browser.wait("!document.querySelector('#download').hidden")
            browser.run(axe)
            found = browser.run("axe.run().then((found) => JSON.stringify(found))")
            violations = json.loads(found)["violations"]
            assert [(one["id"], one["impact"]) for one in violations] == []
            assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_a_model_that_the_engine_does_not_run_is_refused(tmp_path: Path) -> None:
    from edgernn.engine import installed
    from edgernn.errors import ModelFileError, UsageError

    if installed() is None:
        pytest.skip("this installation has no C engine")
    file = read_model_file(write_file(tmp_path / "many.onnx", contract_of(3)))
    with pytest.raises(ModelFileError, match=r"many\.onnx: the engine of the page does not run"):
        write_site(file, tmp_path / "site")
    assert not (tmp_path / "site").exists()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="has files that are no site"):
        write_site(read_model_file(SHIPPED_MODEL), tmp_path)


def test_a_site_is_the_same_wherever_it_is_written(folder: Path, tmp_path: Path) -> None:
    """And may be written again; its service worker keeps all files that a visit loads."""
    model = read_model_file(SHIPPED_MODEL)
    for _ in range(2):
        site = write_site(model, tmp_path / "site")
    assert (folder / "site.js").read_bytes() == (tmp_path / "site" / "site.js").read_bytes()
    about = (folder / "site.js").read_text("utf-8").partition("=")[2].strip().removesuffix(";")
    kept = set(json.loads(about)["files"])
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    spare = {f"edgernn/{name}" for name in ("engine-plain.wasm", "package.json", "onnxruntime.js")}
    assert kept == (files - spare) | {"./"}
    assert site.page_bytes == sum(
        (folder / name).stat().st_size for name in kept - {"./", "model.onnx"}
    )
