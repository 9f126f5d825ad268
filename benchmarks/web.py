"""The page of `edgernn web` in Chromium: its size, its speed and its memory.

    npm pack onnxruntime-web && tar xf onnxruntime-web-*.tgz
    python -m benchmarks.web aclImdb_v1.tar.gz --onnxruntime package/dist

One review is scored by edgernn's engine and by onnxruntime-web in one page, in turns, on one thread
each, from ids on. The 25,000 test reviews are labelled as a file that is dropped on the page, and
by Python; four copies of them are the 100,000 texts, while the memory of the browser's processes
for pages is looked at.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import re
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlparse

import edgernn
from benchmarks.chromium import Browser
from benchmarks.environment import describe_machine, write_result
from edgernn.bundle import read_model_file
from edgernn.data import load_split
from edgernn.runtime import SHIPPED_MODEL
from edgernn.web import write_site

__all__ = ["main", "web_table"]

_TOKENS: Final = 200
_CHECKED: Final = 500
_READY: Final = "document.querySelector('#text')?.disabled === false"
_ONNXRUNTIME: Final = (
    *("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
)
_PAGE: Final = b"""<!doctype html><title>x</title><script type="module" src="timing.js"></script>"""
_TIMING: Final = b"""
import { load } from "./edgernn/index.js";
import { textOfTokens } from "./edgernn/bench/texts.js";
import * as ort from "./ort/ort.wasm.min.mjs";

ort.env.wasm.wasmPaths = new URL("./ort/", location).href;
ort.env.wasm.numThreads = 1;
const ours = await load("model.onnx");
const bytes = new Uint8Array(await (await fetch("model.onnx")).arrayBuffer());
const theirs = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });

globalThis.time = async (tokens, rounds, calls) => {
  const text = textOfTokens((one) => ours.countTokens(one), ours.maxLength, tokens);
  const ids = ours.encode(text);
  const feeds = {
    ids: new ort.Tensor("int32", ids, [1, ids.length]),
    lengths: new ort.Tensor("int32", Int32Array.of(ids.length), [1]),
  };
  const one = { ours: 0, theirs: 0 };
  const runs = {
    ours: async () => (one.ours = ours.probabilities([ids])[0][1]),
    theirs: async () => (one.theirs = (await theirs.run(feeds)).probability.data[0]),
    text: async () => ours.score([text]),
  };
  const times = { ours: [], theirs: [], text: [] };
  for (let round = -3; round < rounds; round++) {
    for (const [name, run] of Object.entries(runs)) {
      const start = performance.now();
      for (let i = 0; i < calls; i++) await run();
      if (round >= 0) times[name].push((performance.now() - start) / calls);
    }
  }
  return { times, difference: Math.abs(one.ours - one.theirs), version: ort.env.versions.web };
};
globalThis.scored = (texts) => ours.score(texts).map(({ probability }) => probability);
"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *given: object) -> None:
        """Say nothing."""


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", help="aclImdb_v1.tar.gz")
    parser.add_argument("--onnxruntime", type=Path, required=True, help="dist of onnxruntime-web")
    parser.add_argument("--reviews", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--busy", action="store_true", help="other work ran on the machine")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/web.json"))
    arguments = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        parser.error("no Chromium")
    texts = list(load_split(arguments.archive, "test").texts[: arguments.reviews])
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "site")
        write_site(read_model_file(SHIPPED_MODEL), folder)
        (folder / "timing.html").write_bytes(_PAGE)
        (folder / "timing.js").write_bytes(_TIMING)
        (folder / "ort").mkdir()
        for name in _ONNXRUNTIME:
            shutil.copy(arguments.onnxruntime / name, folder / "ort")
        with _served(folder) as address, Browser(program, Path(scratch, "profile")) as browser:
            found: dict[str, Any] = {
                "busy": arguments.busy,
                "browser": browser.call("Browser.getVersion")["product"],
                "page": _page(browser, address, folder),
                "one_review": _one_review(browser, address, arguments.rounds),
                "same": _same(browser, texts),
                "file": _file(browser, address, Path(scratch), texts),
                "memory": _memory(browser, address, Path(scratch), texts * 4),
            }
    machine = describe_machine(("edgernn", "numpy", "onnxruntime"))
    write_result(arguments.output, {"machine": machine, **found})


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def _page(browser: Browser, address: str, folder: Path) -> dict[str, Any]:
    """Bytes of what is asked for until a text can be typed, uncompressed."""
    started = time.perf_counter()
    browser.open(address)
    browser.wait(_READY)
    seconds = time.perf_counter() - started
    asked = {urlparse(one).path.lstrip("/") or "index.html" for one in browser.requests()}
    sizes = {
        name: (folder / name).stat().st_size
        for name in asked
        # The service worker comes when the page is ready.
        if (folder / name).is_file() and name != "service_worker.js"
    }
    model = sizes.pop("model.onnx")
    engines = {
        name: (folder / "edgernn" / name).stat().st_size
        for name in ("engine.wasm", "engine-plain.wasm")
    }
    return {
        "bytes": sum(sizes.values()),
        "model_bytes": model,
        "files": len(sizes),
        "seconds": round(seconds, 2),
        "engines": engines,
    }


def _one_review(browser: Browser, address: str, rounds: int) -> dict[str, Any]:
    browser.open(f"{address}timing.html")
    browser.wait("typeof time === 'function'")
    found = browser.run(f"time({_TOKENS}, {rounds}, 10)")
    times = {name: statistics.median(values) for name, values in found["times"].items()}
    ratios = sorted(
        one / other
        for one, other in zip(found["times"]["ours"], found["times"]["theirs"], strict=True)
    )
    return {
        "tokens": _TOKENS,
        "rounds": rounds,
        "onnxruntime_web": found["version"],
        "engine_ms": round(times["ours"], 4),
        "onnxruntime_web_ms": round(times["theirs"], 4),
        "text_to_label_ms": round(times["text"], 4),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_lowest": round(ratios[len(ratios) // 20], 3),
        "ratio_highest": round(ratios[-1 - len(ratios) // 20], 3),
        "difference": found["difference"],
    }


def _same(browser: Browser, texts: list[str]) -> dict[str, Any]:
    """How far probabilities are from ONNX Runtime's in Python."""
    chosen = random.Random(1).sample(texts, min(_CHECKED, len(texts)))
    found = browser.run(f"scored({json.dumps(chosen)})")
    with edgernn.load(device="cpu") as classifier:
        expected = [score.probability for score in classifier.score(chosen)]
    pairs = zip(found, expected, strict=True)
    return {
        "reviews": len(chosen),
        "largest_difference": max(abs(one - (other or 0)) for one, other in pairs),
    }


def _labelled(browser: Browser, address: str, path: Path) -> float:
    """Let the page label a file, and return the seconds from the click to the link."""
    browser.open(address)
    browser.wait(_READY)
    browser.choose("#file", path)
    browser.wait("!document.querySelector('#job').hidden")
    started = time.perf_counter()
    browser.run("document.querySelector('#start').click()")
    browser.wait("!document.querySelector('#download').hidden", 600)
    return time.perf_counter() - started


def _write(path: Path, texts: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["review"], *([text] for text in texts)])
    return path


def _file(browser: Browser, address: str, scratch: Path, texts: list[str]) -> dict[str, Any]:
    path = _write(scratch / "reviews.csv", texts)
    seconds = {"chromium": _labelled(browser, address, path)}
    for engine in ("onnxruntime", "native"):
        with edgernn.load(device="cpu", engine=engine, threads=1) as classifier:
            started = time.perf_counter()
            classifier.score(texts)
            seconds[f"python_{engine}"] = time.perf_counter() - started
    return {
        "reviews": len(texts),
        "seconds": {name: round(one, 2) for name, one in seconds.items()},
    }


def _memory(browser: Browser, address: str, scratch: Path, texts: list[str]) -> dict[str, Any]:
    path = _write(scratch / "many.csv", texts)
    samples: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            samples.append(_renderers())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        seconds = _labelled(browser, address, path)
    finally:
        done.set()
        watching.join()
    # Until then the page opens, and the compiler of JavaScript works.
    early = samples[len(samples) // 10 : len(samples) // 4 + 1]
    return {
        "texts": len(texts),
        "file_bytes": path.stat().st_size,
        "seconds": round(seconds, 1),
        "megabytes_early": round(max(early) / 1e6, 1),
        "megabytes_most": round(max(samples) / 1e6, 1),
        "megabytes_end": round(samples[-1] / 1e6, 1),
    }


def _renderers() -> int:
    """Bytes that this process's browsers' processes for pages take (proportional set size)."""
    total = 0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            if b"--type=renderer" in command and _is_below(int(folder.name)):
                # What processes share counts once.
                (kilobytes,) = re.findall(
                    r"^Pss:\s+(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE
                )
                total += 1024 * int(kilobytes)
        except (FileNotFoundError, ProcessLookupError):
            # It has ended.
            continue
    return total


def _is_below(process: int) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        status = Path(f"/proc/{process}/stat").read_text()
        process = int(status.rpartition(")")[2].split()[1])
    return False


def web_table(result: dict[str, Any]) -> str:
    """Return the figures as Markdown."""
    page, review, file = result["page"], result["one_review"], result["file"]
    seconds, memory, same = file["seconds"], result["memory"], result["same"]
    engines = page["engines"]
    rows = [
        ("page and engine until a text can be typed, uncompressed", f"{page['bytes']:,} bytes"),
        ("engine with 128-bit vectors", f"{engines['engine.wasm']:,} bytes"),
        ("engine without", f"{engines['engine-plain.wasm']:,} bytes"),
        (
            f"one review of {review['tokens']} tokens, ids to probability",
            f"{review['engine_ms']:.2f} ms",
        ),
        (
            f"onnxruntime-web {review['onnxruntime_web']}, one thread, in the same page",
            f"{review['onnxruntime_web_ms']:.2f} ms",
        ),
        (
            "ratio, in turns; 90 % of the rounds",
            f"{review['ratio']:.2f}; {review['ratio_lowest']:.2f} to {review['ratio_highest']:.2f}",
        ),
        ("the same review, text to label", f"{review['text_to_label_ms']:.2f} ms"),
        (f"a file of {file['reviews']:,} reviews, dropped", f"{seconds['chromium']:.1f} s"),
        (
            "the same texts in Python, one thread, ONNX Runtime",
            f"{seconds['python_onnxruntime']:.1f} s",
        ),
        ("the same texts in Python, one thread, the C engine", f"{seconds['python_native']:.1f} s"),
        (
            f"memory of the page's processes while it labels {memory['texts']:,} texts",
            f"{memory['megabytes_early']:.0f} MB early, {memory['megabytes_most']:.0f} MB at most",
        ),
        (
            f"largest difference from ONNX Runtime in Python on {same['reviews']} reviews",
            f"{same['largest_difference']:.1e}",
        ),
    ]
    lines = ["| | |", "| --- | ---: |", *(f"| {what} | {figure} |" for what, figure in rows)]
    processor = result["machine"]["processor"]
    beside = ", beside other work" if result["busy"] else ""
    return "\n".join([*lines, "", f"{result['browser']} on {processor}{beside}.", ""])


if __name__ == "__main__":
    main()
