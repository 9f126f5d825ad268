"""The Android project, compiled and packaged once for all tests of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from android_build import (
    ANSWERS,
    CLASSPATH,
    DEMO,
    JVM,
    KOTLIN,
    MAVEN,
    MODULES,
    build_apk,
    call,
    maven,
    need_tools,
    property_of,
    stand_in,
)

from edgernn.runtime import SHIPPED_MODEL


@pytest.fixture(scope="session")
def compiled(tflite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `mvn verify`, whose tests read a TFLite file and compare with Python.

    Whether they passed is in Surefire's reports.
    """
    for module in MODULES:
        for report in module.glob("target/surefire-reports/TEST-*.xml"):
            report.unlink()
    for made in (DEMO / "app" / "target" / "bench.json", ANSWERS):
        made.unlink(missing_ok=True)
    expected = tmp_path_factory.mktemp("expected") / "expected_scores.json"
    call(sys.executable, KOTLIN / "tools" / "expected_scores.py", expected)
    # Tests that fail are one test's business here; the others look at what was compiled.
    options = ("-f", DEMO / "pom.xml", "-Dmaven.test.failure.ignore=true")
    goals = ("verify", "dependency:build-classpath", f"-Dmdep.outputFile=target/{CLASSPATH.name}")
    given = {"EDGERNN_EXPECTED": str(expected), "EDGERNN_TFLITE": str(tflite_model)}
    maven(*options, *goals, **given)
    return DEMO


@pytest.fixture(scope="session")
def tflite_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pretrained model as `edgernn export` writes it for TFLite."""
    need_tools()
    pytest.importorskip("tf_keras", reason="needs TensorFlow: pip install 'edgernn[export]'")
    from edgernn.cli.export import run_export

    path = tmp_path_factory.mktemp("tflite") / "model.tflite"
    run_export(None, format="tflite", output=path)
    return path


@pytest.fixture(scope="session")
def tflite_apk(
    compiled: Path, tflite_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The app with TensorFlow Lite."""
    output = tmp_path_factory.mktemp("apk") / "tflite.apk"
    return build_apk(output, "--runtime", "tflite", "--model", tflite_model)


@pytest.fixture(scope="session")
def both_apk(
    onnx_archive: tuple[Path, bool], tflite_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The app with both runtimes, each with the pretrained model; beside it, its classes."""
    output = tmp_path_factory.mktemp("apk") / "both.apk"
    models = ("--model", SHIPPED_MODEL, "--model", tflite_model)
    build_apk(output, "--runtime", "both", "--aar", onnx_archive[0], *models)
    # For a JVM.
    shutil.copy(DEMO / "target" / "apk" / "classes.jar", output.with_suffix(".jar"))
    return output


@pytest.fixture(scope="session")
def onnx_jar(compiled: Path) -> Path:
    """ONNX Runtime for the JVM."""
    version = property_of(KOTLIN / "pom.xml", "onnxruntime.version")
    paths = map(Path, CLASSPATH.read_text("utf-8").strip().split(os.pathsep))
    (jar,) = (path for path in paths if path.name == f"onnxruntime-{version}.jar")
    return jar


@pytest.fixture(scope="session")
def onnx_archive(onnx_jar: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """ONNX Runtime for Android, and whether it is the real one."""
    folder = tmp_path_factory.mktemp("archive")
    pom = DEMO / "tools" / "pom.xml"
    done = subprocess.run(
        ["mvn", *MAVEN, "-f", pom, "dependency:copy@onnx", f"-DoutputDirectory={folder}"],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "MAVEN_OPTS": " ".join(JVM)},
        check=False,
        timeout=600,
    )
    if done.returncode == 0:
        (real,) = folder.glob("*.aar")
        return real, True
    # A repository without it says so; whatever else goes wrong is an error.
    assert re.search("ould not find artifact|was not found in", done.stdout), done.stdout
    return stand_in(onnx_jar, folder / "onnxruntime-stand-in.aar"), False


@pytest.fixture(scope="session")
def onnx_apk(onnx_archive: tuple[Path, bool], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app as it is built without options: with ONNX Runtime and the pretrained model."""
    output = tmp_path_factory.mktemp("apk") / "onnx.apk"
    return build_apk(output, "--aar", onnx_archive[0], "--page-size", 16384)
