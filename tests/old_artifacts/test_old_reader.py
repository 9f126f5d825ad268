"""Commit 7777c62 beside today's version: it refuses version 2, and scores version 1 alike."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest
from many_labels import contract_of, write_file

import edgernn
from exporters.sample_texts import SAMPLE_TEXTS

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "7777c62"
FIRST = ROOT / "benchmarks" / "models" / "flagship-1" / "model.onnx"
"""A file of ours of version 1, whatever the shipped model's is."""
OLD_FILES = sorted(Path(__file__).parent.glob("*.[ot]*"))
REFUSAL = "text contract version 2 is not known here (known: 1): update edgernn"
PYTHON = """
import json, sys, edgernn
texts = json.load(open(sys.argv[1], encoding="utf-8"))
for path in sys.argv[2:]:
    try:
        scores = edgernn.load(path, "cpu", threads=1).score_or_none(texts)
        print(json.dumps([score and [score.label, score.probability] for score in scores]))
    except edgernn.EdgernnError as error:
        print(error)
print(edgernn.__file__)
"""
KOTLIN = """
package org.edgernn

import java.io.File

fun main(paths: Array<String>) {
    for (path in paths) {
        println(
            try {
                val file = ModelFile.read(File(path).readBytes(), path, IcuUnicode)
                file.contract.labels.joinToString(" ")
            } catch (error: ModelException) {
                error.message
            }
        )
    }
}
"""
MODULE = "edgernn-android"
"""What the Kotlin library was called."""


def unpack(folder: Path, *names: str) -> Path:
    """Unpack parts of that commit."""
    command = ["git", "-C", str(ROOT), "archive", COMMIT, *names]
    packed = subprocess.run(command, capture_output=True, timeout=60)
    if packed.returncode:
        pytest.skip(f"no commit {COMMIT} here: a clone with the whole history has it")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def said(*command: object, **environment: str) -> list[str]:
    """Run a command to its end and return the lines that it prints; fail if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.splitlines()


@pytest.fixture
def new_file(tmp_path: Path) -> Path:
    """A file of version 2."""
    return write_file(tmp_path / "many.onnx", contract_of(3))


def old_python(tmp_path: Path, texts: Sequence[str], *files: Path) -> list[str]:
    """Score texts as that commit does; a line for each file."""
    old = unpack(tmp_path / "old", "edgernn")
    given = tmp_path / "texts.json"
    given.write_text(json.dumps(texts), "utf-8")
    command = (sys.executable, "-P", "-c", PYTHON, given, *files)
    *lines, package = said(*command, PYTHONPATH=str(old))
    assert Path(package).is_relative_to(tmp_path)
    return lines


@pytest.mark.slow
def test_python_refuses_version_2(tmp_path: Path, new_file: Path) -> None:
    """In one line, which names the file and says what to do."""
    assert old_python(tmp_path, ["good"], new_file) == [f"{new_file}: {REFUSAL}"]


@pytest.mark.slow
def test_scores_of_old_files_are_the_same_to_the_last_bit(tmp_path: Path) -> None:
    """Of each text alone, in the engines that scored them then; edgernn's own rounds otherwise."""
    texts = [*json.loads(Path(__file__).with_name("texts.json").read_text("utf-8")), *SAMPLE_TEXTS]
    lines = old_python(tmp_path, texts, *OLD_FILES)
    assert len(lines) == len(OLD_FILES) == 4
    for path, line in zip(OLD_FILES, lines, strict=True):
        engine = {".onnx": "onnxruntime", ".tflite": "litert"}[path.suffix]
        with edgernn.load(path, "cpu", threads=1, engine=engine) as classifier:
            scores = classifier.score(texts)
        found = [score.label and [score.label, score.probability] for score in scores]
        assert found == json.loads(line), path.name
        assert {score.label for score in scores} >= {"negative", "positive"}


@pytest.mark.slow
def test_kotlin_refuses_version_2(tmp_path: Path, new_file: Path) -> None:
    """The same line."""
    if shutil.which("mvn") is None:
        pytest.skip("needs Maven and a JDK: apt-get install openjdk-17-jdk-headless maven")
    folders = ("android-classes", MODULE, "pom.xml", "app/pom.xml")
    old = unpack(tmp_path / "old", *(f"android_demo/{name}" for name in folders)) / "android_demo"
    library = old / MODULE
    (library / "src" / "test" / "kotlin" / "org" / "edgernn" / "Said.kt").write_text(
        KOTLIN, "utf-8"
    )
    classpath = library / "target" / "classpath"
    said(
        *("mvn", "-q", "-B", "-Dkotlin.compiler.daemon=false", "-f", old / "pom.xml"),
        *("-pl", MODULE, "-am", "test-compile"),
        *("dependency:build-classpath", f"-Dmdep.outputFile=target/{classpath.name}"),
        MAVEN_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    )
    classes = [library / "target" / name for name in ("classes", "test-classes")]
    path = os.pathsep.join([*map(str, classes), classpath.read_text("utf-8")])
    lines = said("java", "-cp", path, "org.edgernn.SaidKt", new_file, FIRST)
    assert lines == [f"{new_file}: {REFUSAL}", "negative positive"]
