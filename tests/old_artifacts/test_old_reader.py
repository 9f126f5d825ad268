"""What commit 7777c62, which reads version 1 alone, says of a file of version 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from many_labels import contract_of, write_file

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "7777c62"
OLD_FILE = Path(__file__).with_name("flagship.onnx")
REFUSAL = "text contract version 2 is not known here (known: 1): update edgernn"
PYTHON = """
import sys, edgernn
for path in sys.argv[1:]:
    try:
        print(*edgernn.load(path, "cpu").encoder.contract.labels)
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


@pytest.mark.slow
def test_python_refuses_version_2(tmp_path: Path, new_file: Path) -> None:
    """In one line, which names the file and says what to do; its own file it reads."""
    old = unpack(tmp_path / "old", "edgernn")
    lines = said(sys.executable, "-c", PYTHON, new_file, OLD_FILE, PYTHONPATH=str(old))
    assert Path(lines.pop()).is_relative_to(tmp_path)
    assert lines == [f"{new_file}: {REFUSAL}", "negative positive"]


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
    lines = said("java", "-cp", path, "org.edgernn.SaidKt", new_file, OLD_FILE)
    assert lines == [f"{new_file}: {REFUSAL}", "negative positive"]
