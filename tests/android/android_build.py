"""Building android_demo as a person does, and reading what came out."""

from __future__ import annotations

import io
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "android_demo"
KOTLIN = ROOT / "runtimes" / "kotlin"
LIBRARY = KOTLIN / "edgernn-kotlin"
MODULES = (LIBRARY, KOTLIN / "edgernn-jvm", DEMO / "app")
"""Those of Maven that have tests."""
ANSWERS = LIBRARY / "target" / "answers.jsonl"
"""What the library's tests write of the conformance corpus."""
CLASSPATH = DEMO / "app" / "target" / "classpath"
"""What Maven compiled the app with."""
ABIS = ("arm64-v8a", "x86_64")
PACKAGES = (
    "openjdk-17-jdk-headless maven aapt android-framework-res zipalign apksigner dexdump unzip "
    "gcc libc6-dev"
)
"""Of Debian; .ci/run installs the same."""

PAGE = 16384
"""Of the memory of phones with large pages."""

JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Programs that run for less than a minute gain nothing from the JVM's second compiler."""

MAVEN = (
    *("-q", "-B", "-Dstyle.color=never", "-Dkotlin.compiler.daemon=true"),
    "-Dkotlin.compiler.daemon.shutdownDelayMs=60000",
    f"-Dkotlin.compiler.daemon.jvmArgs=Xmx1g,{','.join(flag.strip('-') for flag in JVM)}",
)
"""Its options. One warm Kotlin compiler serves all modules, which saves a third of the processor
time; it ends a minute after the last."""

_TOOLS = ("javac", "mvn", "aapt", "zipalign", "apksigner", "dexdump", "unzip", "cc")
_FRAMEWORK = Path("/usr/share/android-framework-res/framework-res.apk")
_MACHINES = {"arm64-v8a": 183, "x86_64": 62}
"""ELF's numbers of the processors, EM_AARCH64 and EM_X86_64."""


def need_tools() -> None:
    """Skip where Android's tools are not installed; in CI they are, or the tests fail."""
    missing = [name for name in _TOOLS if shutil.which(name) is None]
    missing += [] if _FRAMEWORK.exists() else [str(_FRAMEWORK)]
    if missing:
        line = f"not here: {', '.join(missing)}; on Debian: apt-get install {PACKAGES}"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)


def call(*command: object, timeout: int = 1800, **environment: str) -> str:
    """Run a command to its end and return what it wrote to both streams; fail if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, **environment},
        timeout=timeout,
    )
    shown = " ".join(map(str, command))
    assert done.returncode == 0, f"{shown}: exit code {done.returncode}\n{done.stdout[-6000:]}"
    return done.stdout


def maven(*arguments: object, **environment: str) -> str:
    """Run Maven quietly; what it wrote is returned."""
    return call("mvn", *MAVEN, *arguments, MAVEN_OPTS=" ".join(JVM), **environment)


def build_apk(output: Path, *options: object) -> Path:
    """Package the classes that Maven compiled into `output`; what the script prints is shown."""
    # `edgernn export` is that of the Python that runs the tests.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    script = DEMO / "build_apk.sh"
    print(call(script, "--no-compile", "--output", output, *options, PATH=path))
    return output


def surefire(folders: Iterable[Path]) -> list[ElementTree.Element]:
    """Return the <testcase> of all reports under the modules' folders."""
    reports = [
        path for folder in folders for path in folder.glob("target/surefire-reports/TEST-*.xml")
    ]
    return [case for path in reports for case in ElementTree.parse(path).iter("testcase")]


def property_of(pom: Path, name: str) -> str:
    """Return a property that a Maven file sets."""
    found = re.search(rf"<{re.escape(name)}>([^<]+)</", pom.read_text("utf-8"))
    assert found, f"{pom} sets no {name}"
    return found[1]


def empty_library(abi: str, page: int = PAGE) -> bytes:
    """Return an ELF library for a processor, with nothing in it, linked for pages of a size."""
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 3, _MACHINES[abi], 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    return identity + header + struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, 120, 120, page)


def stand_in(jar: Path, output: Path) -> Path:
    """Write an Android archive with the classes of ONNX Runtime's JVM artifact.

    Its libraries have no code: it shows that the classes become dex and everything is packaged, not
    that a phone scores. Each ends in the middle of a page, as one of unknown size does on average,
    so that what an APK loses between libraries is about what it loses with the real ones.
    """
    classes = io.BytesIO()
    with zipfile.ZipFile(jar) as source, zipfile.ZipFile(classes, "w") as target:
        for name in source.namelist():
            if name.startswith("ai/onnxruntime/") and name.endswith(".class"):
                target.writestr(name, source.read(name))
    with zipfile.ZipFile(output, "w") as archive:
        archive.writestr("classes.jar", classes.getvalue())
        for abi in ABIS:
            for name in ("libonnxruntime.so", "libonnxruntime4j_jni.so"):
                archive.writestr(f"jni/{abi}/{name}", empty_library(abi).ljust(PAGE // 2, b"\0"))
    return output


def classes_in(apk: Path) -> set[str]:
    """Return the classes that dexdump finds, such as `org/edgernn/ModelFile`."""
    found = call("dexdump", apk)
    return set(re.findall(r"Class descriptor *: 'L([^;]+);'", found))


def classes_called_by(library: bytes, package: str) -> set[str]:
    """Return the Java classes of a package that a native library names: it finds them by name."""
    names = re.findall(rb"(?<![\w/(\[;L])" + package.encode() + rb"/[\w/$]+(?=\0)", library)
    return {name.decode() for name in names}
