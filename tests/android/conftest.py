"""The Android project, compiled and packaged once for all tests of it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
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

NPM_PACKAGE = "com.github.asus4.onnxruntime@0.4.9"
"""Holds Microsoft's Android archive of ONNX Runtime 1.29, which Maven's mirrors do not all have."""
NPM_SHA512 = (
    "064cf176e499f4891e0cfe90f25cf64c553689eee1492bd2ed921fccca28131a"
    "2ad02373267bae19a509ec8b288c182a3b8a2e0f58d76a1f0e63225b08ddbd16"
)


@pytest.fixture(scope="session")
def compiled(tflite_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after `mvn verify`, whose tests read a TFLite file and compare with Python.

    Whether they passed is in Surefire's reports.
    """
    for module in MODULES:
        for report in module.glob("target/surefire-reports/TEST-*.xml"):
            report.unlink()
        # Maven leaves the classes of sources that have gone, as after a change of branch.
        shutil.rmtree(module / "target" / "classes", ignore_errors=True)
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
    run_export(None, format="tflite", output=str(path))
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
    onnx_archive: Path, tflite_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The app with both runtimes, each with the pretrained model; beside it, its classes."""
    output = tmp_path_factory.mktemp("apk") / "both.apk"
    models = ("--model", SHIPPED_MODEL, "--model", tflite_model)
    build_apk(output, "--runtime", "both", "--aar", onnx_archive, *models)
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
def onnx_archive(onnx_jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ONNX Runtime for Android, or where Maven does not have it what stands in for it."""
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
        return real
    # A repository without it says so; whatever else goes wrong is an error.
    assert re.search("ould not find artifact|was not found in", done.stdout), done.stdout
    return stand_in(onnx_jar, folder / "onnxruntime-stand-in.aar")


@pytest.fixture(scope="session")
def real_onnx_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ONNX Runtime for Android itself, out of a package of npm: 150 MB, for slow tests."""
    if shutil.which("npm") is None:
        pytest.skip("not here: npm, which has ONNX Runtime's Android archive")
    folder = tmp_path_factory.mktemp("npm")
    call("npm", "pack", NPM_PACKAGE, "--pack-destination", folder)
    (packed,) = folder.glob("*.tgz")
    with packed.open("rb") as file:
        digest = hashlib.file_digest(file, "sha512").hexdigest()
    assert digest == NPM_SHA512, f"{NPM_PACKAGE} is another file than the tests were written with"
    archive = folder / "onnxruntime.aar"
    with tarfile.open(packed) as package:
        content = package.extractfile("package/Plugins/Android/onnxruntime.aar")
        assert content is not None
        archive.write_bytes(content.read())
    packed.unlink()
    return archive


@pytest.fixture(scope="session")
def onnx_apk(
    compiled: Path, real_onnx_archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The app with ONNX Runtime and the pretrained model."""
    output = tmp_path_factory.mktemp("apk") / "onnx.apk"
    options = ("--runtime", "onnx", "--aar", real_onnx_archive, "--page-size", 16384)
    return build_apk(output, *options)


@pytest.fixture(scope="session")
def engine_apk(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app as it is built without options: with edgernn's engine; beside it, its classes."""
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    output = build_apk(tmp_path_factory.mktemp("apk") / "engine.apk", "--page-size", 16384)
    shutil.copy(DEMO / "target" / "apk" / "classes.jar", output.with_suffix(".jar"))
    return output
