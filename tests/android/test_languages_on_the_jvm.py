"""Seven languages, from a CSV file to scores on the JVM, by the commands that people type."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from android_build import KOTLIN, ROOT, call, maven
from click.testing import Result
from languages import LANGUAGES, reviews, write_reviews
from typer.testing import CliRunner

import edgernn
from edgernn.cli.main import app

pytestmark = pytest.mark.slow

JAR = re.compile(r"runtimes/kotlin/edgernn-jvm/target/edgernn-jvm-[\d.]+\.jar")
EACH = {
    "Chinese": "each character",
    "Japanese": "each character",
    "Thai": "each pair of characters",
}
"""What is said to be a word in scripts without spaces."""


@pytest.fixture(scope="module")
def jar() -> Path:
    """The program that scores lines, built, and named as the pages name it."""
    if shutil.which("mvn") is None:
        pytest.skip("needs Maven and a JDK: apt-get install openjdk-17-jdk-headless maven")
    paths = (ROOT / "README.md", ROOT / "docs" / "tutorial.md", KOTLIN / "README.md")
    pages = [path.read_text("utf-8") for path in paths]
    assert all(map(JAR.search, pages))
    (name,) = {found for page in pages for found in JAR.findall(page)}
    maven("-f", KOTLIN / "pom.xml", "package", "-DskipTests")
    return ROOT / name


def run(*arguments: object) -> Result:
    """Run a command of edgernn, which must succeed."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.keras
@pytest.mark.filterwarnings("ignore:accuracy not measured")
@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_table_to_the_jvm(language: str, jar: Path, tmp_path: Path) -> None:
    """Trained without options, exported to both formats, verified, and scored alike by both."""
    pytest.importorskip("tf_keras", reason="needs TensorFlow: pip install 'edgernn[export]'")
    data, folder, files = tmp_path / "data.csv", tmp_path / "run", tmp_path / "files"
    write_reviews(data, language)
    said = run("train", "--data", data, "--test-fraction", 0.2, "--output", folder).stderr
    assert said.count("text rules: words are letters of any script (") == 1
    each = [EACH[name] for name in (language,) if name in EACH]
    assert re.findall(r"each (?:pair of characters|character)", said) == each

    measured = json.loads(run("evaluate", "--model", folder, "--data", data, "--json").stdout)
    assert measured["examples"] == 60
    assert measured["accuracy"] >= 0.95

    run("export", "--run", folder, "--format", "all", "--precision", "int8", "--output", files)
    paths = {path.suffix: path for path in files.iterdir()}
    assert paths.keys() == {".onnx", ".tflite"}
    texts = [text for text, _ in reviews(language)]
    found = {}
    for suffix, path in paths.items():
        run("verify", path)
        with edgernn.load(path, "cpu", threads=1) as classifier:
            found[suffix] = classifier.score(texts)
        assert min(score.known or 0 for score in found[suffix]) > 0.8
    labels = [score.label for score in found[".onnx"]]
    assert labels == [score.label for score in found[".tflite"]]

    lines = tmp_path / "texts.txt"
    lines.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    header, *rows = call(
        *("java", "-jar", jar, "--all", paths[".onnx"], lines), ORT_DISABLE_TELEMETRY="1"
    ).splitlines()
    columns = ["label", "confidence", "probability_negative", "probability_positive", "text"]
    assert header.split("\t") == columns
    for row, text, score in zip(rows, texts, found[".onnx"], strict=True):
        label, confidence, *probabilities, scored = row.split("\t")
        assert (label, scored) == (score.label, text)
        assert float(confidence) == pytest.approx(score.confidence, abs=1e-5)
        assert list(map(float, probabilities)) == pytest.approx(score.probabilities, abs=1e-5)
