"""The JavaScript library: its own tests, ids and scores that are Python's, and what it ships."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpus_encoders import read_encoders
from hypothesis import given, settings
from hypothesis import strategies as st
from js_library import LIBRARY

import edgernn
from edgernn.conformance import check_answers, read_corpus
from edgernn.engine import installed
from edgernn.runtime import SHIPPED_MODEL
from exporters.rules import find_format
from exporters.sample_texts import SAMPLE_TEXTS

ROWS = "delimited.test.js"
SAME = 1e-6
# On a few texts ONNX Runtime is 2.9e-6 from each of the C engine's levels, which round differently
# and are nearer to each other: two halves whose logits nearly cancel are added.
SAME_AS_ONNXRUNTIME = 5e-6
ENCODERS = read_encoders()
PIECES = [
    *("_", "\\&undsc", " ", "  ", "\t", "\r\n", "\0", "\x85", "\u00a0", "\u2028", "e\u0301", "é"),
    *("İ", "ß", "ΑΣ", "ΑΣ-Α", "\ufffd", "\ud800", "\udc00", "\ud83d\ude00", "👍🏽", "🏳️\u200d🌈"),
    *("🇩🇪🇫", "电影", "很好", "ฟิล์ม", "が", "か\u3099", "#BestFilm2020", "#a_b", "&#", "&amp;"),
    *("&#x27;", "&#150;", "&eacute;", "<br />", "<BR/>", "<br", "’", "“", "«", "the ", "film"),
    *("Good", "don't", "e.g.", "'", ".", "!", "a", "1", "१२", "²", "aaaaaaaaaaaaaaaaa", "❤\ufe0f"),
]  # fmt: skip
# Of Unicode 14, which Python 3.11 has: newer characters are others in a newer browser.
UNICODE = st.text(st.characters(exclude_categories=["Cn"], max_codepoint=0x1F8FF), max_size=12)
TEXTS = st.lists(st.sampled_from(PIECES) | UNICODE, max_size=25).map("".join)


def test_its_own_tests(node_program: str, tmp_path: Path) -> None:
    """Corpus, decisions, the contract's page, hostile files, engine, rows of the page; in Node.

    `edgernn verify --conformance` then finds each answer right.
    """
    files = [*sorted((LIBRARY / "test").glob("*.test.js")), Path(__file__).with_name(ROWS)]
    answers = tmp_path / "answers.jsonl"
    done = subprocess.run(
        [node_program, "--test", "--test-reporter=tap", *map(str, files)],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"EDGERNN_ANSWERS": str(answers)},
        timeout=300,
    )
    assert done.returncode == 0, "\n".join(re.findall(r"not ok.*(?:\n .*){,12}", done.stdout))
    assert int(re.findall(r"^# pass (\d+)$", done.stdout, re.MULTILINE)[0]) >= 30
    found = check_answers(answers)
    assert not found.wrong
    assert not found.missing
    assert sum(tally.right for tally in found.kinds.values()) == len(read_corpus())


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_text(node: Any, texts: list[str]) -> None:
    """Becomes Python's ids by every contract of the corpus."""
    for name, encoder in ENCODERS.items():
        found = [node.ask("encode", name, text) for text in texts]
        assert found == [list(ids) for ids in encoder.encode_batch(texts)], name


def test_scores_of_python(node: Any) -> None:
    """500 texts with the shipped model, and all golden vectors: the answers of Python's engines."""
    parts = sorted({case.text for case in read_corpus().values() if len(case.text) > 8})
    chance = random.Random(1)
    texts = [" ".join(chance.choices(parts, k=chance.randint(1, 6))) for _ in range(480)]
    texts += SAMPLE_TEXTS[:20]
    assert len(texts) == 500
    path = str(SHIPPED_MODEL)
    node.ask("load", path)
    found = node.ask("score", path, texts)
    for engine, allowed in (("native", SAME), ("onnxruntime", SAME_AS_ONNXRUNTIME)):
        if engine == "native" and installed() is None:
            continue
        with edgernn.load(device="cpu", engine=engine) as classifier:
            expected = classifier.score(texts)
        assert [one["reason"] for one in found] == [one.reason for one in expected]
        assert [one["label"] for one in found] == [one.label for one in expected]
        pairs = [
            (one["probability"], other.probability)
            for one, other in zip(found, expected, strict=True)
            if other.reason is None
        ]
        assert len(pairs) > 450
        assert max(abs(one - other) for one, other in pairs) <= allowed, engine
    verified = node.ask("verify", path)
    assert verified["passed"]
    assert verified["largestDifference"] <= SAME


@pytest.mark.parametrize("format", ["onnx", "tflite"])
@pytest.mark.parametrize("kind", ["tiny_files", "tiny_labels_files"])
def test_both_formats_and_more_labels(
    kind: str, format: str, node: Any, request: pytest.FixtureRequest
) -> None:
    """Files of two and of three labels, float32 and float16: Python's answers."""
    files = request.getfixturevalue(kind)
    for precision in ("float32", "float16")[: 2 if kind == "tiny_files" else 1]:
        path = files[format, precision]
        node.ask("load", str(path))
        with edgernn.load(path, device="cpu") as classifier:
            expected = classifier.score(SAMPLE_TEXTS)
        found = node.ask("score", str(path), SAMPLE_TEXTS)
        rules = find_format(format).precisions[precision]
        allowed = SAME if format == "onnx" else rules.tolerance
        for one, other in zip(found, expected, strict=True):
            assert one["reason"] == other.reason
            if other.probabilities is not None:
                difference = np.abs(np.subtract(one["probabilities"], other.probabilities)).max()
                assert difference <= allowed
        assert node.ask("verify", str(path))["failures"] == []


def test_its_version_is_the_package_s() -> None:
    assert json.loads((LIBRARY / "package.json").read_text("utf-8"))["version"] == (
        edgernn.__version__
    )


def test_it_names_no_package_and_no_address() -> None:
    """It imports files of its own alone, and no address is in it but those of specifications."""
    for path in (LIBRARY / "src").rglob("*.js"):
        text = path.read_text("utf-8")
        for name in re.findall(r"(?:from|import\()\s*\"([^\"]+)\"", text):
            assert name.startswith("."), (path, name)
            assert (path.parent / name).exists(), (path, name)
        addresses = set(re.findall(r"https?://([\w.]+)", text))
        assert addresses <= {"github.com", "protobuf.dev"}, path
    package = json.loads((LIBRARY / "package.json").read_text("utf-8"))
    assert "dependencies" not in package


@pytest.mark.slow
def test_onnxruntime_web(
    node_program: str, tmp_path: Path, tiny_files: dict[tuple[str, str], Path]
) -> None:
    """It scores the shipped file, and one of a precision that the engine refuses, as in Python."""
    (tmp_path / "package.json").write_text('{"type": "module"}')
    quiet = ("--silent", "--no-audit", "--no-fund")
    subprocess.run(["npm", "install", *quiet, "onnxruntime-web"], cwd=tmp_path, check=True)
    (tmp_path / "score.js").write_text(
        f"""import * as ort from "onnxruntime-web";
        import {{ loadWithOnnxRuntime }} from "{(LIBRARY / "src" / "onnxruntime.js").as_uri()}";
        const [path, ...texts] = process.argv.slice(2);
        try {{
          const model = await loadWithOnnxRuntime(path, ort);
          const {{ passed, largestDifference }} = await model.verify();
          const scores = await model.score(texts);
          console.log(JSON.stringify({{ passed, largestDifference, scores }}));
          await model.close();
        }} catch (error) {{
          console.log(JSON.stringify(String(error)));
        }}"""
    )

    def answer(path: Path) -> Any:
        command = [node_program, "score.js", path, *SAMPLE_TEXTS[:9], " "]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    for path in (SHIPPED_MODEL, tiny_files["onnx", "int8-dynamic"]):
        found = answer(path)
        assert found["passed"]
        with edgernn.load(path, device="cpu", engine="onnxruntime") as classifier:
            expected = classifier.score([*SAMPLE_TEXTS[:9], " "])
        assert [one["reason"] for one in found["scores"]] == [one.reason for one in expected]
        for one, other in zip(found["scores"], expected, strict=True):
            assert one["probabilities"] == pytest.approx(other.probabilities, abs=1e-6)
    assert answer(tiny_files["tflite", "float32"]).endswith(
        "float32.tflite: onnxruntime-web runs .onnx files alone"
    )
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(SHIPPED_MODEL.read_bytes()[:-100])
    assert answer(broken).startswith("ModelError: broken.onnx: ")


@pytest.mark.slow
def test_types_and_package(node_program: str, tmp_path: Path) -> None:
    """TypeScript finds no fault, and the package that npm makes loads a model in Node."""
    copy = tmp_path / "js"
    shutil.copytree(LIBRARY, copy, ignore=shutil.ignore_patterns("node_modules", "types"))
    quiet = ("--silent", "--no-audit", "--no-fund")
    for command in (["install", *quiet], ["pack", *quiet, "--pack-destination", tmp_path]):
        done = subprocess.run(["npm", *command], cwd=copy, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, done.stdout + done.stderr
    own = tmp_path / "own"
    own.mkdir()
    (own / "package.json").write_text('{"type": "module"}')
    tarball = next(tmp_path.glob("*.tgz"))
    subprocess.run(["npm", "install", *quiet, tarball], cwd=own, check=True)
    script = (
        'import { load } from "edgernn";'
        f"const model = await load({json.dumps(str(SHIPPED_MODEL))});"
        'console.log(model.verify().passed, model.score(["A wonderful film."])[0].label);'
    )
    (own / "score.js").write_text(script)
    done = subprocess.run(
        [node_program, "score.js"], cwd=own, capture_output=True, encoding="utf-8"
    )
    assert done.stdout == "true positive\n", done.stderr
    assert (own / "node_modules" / "edgernn" / "types" / "index.d.ts").exists()
