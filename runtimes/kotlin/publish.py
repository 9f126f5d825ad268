#!/usr/bin/env python3
"""Lays the Kotlin library out as a Maven repository, for builds of other projects.

    mvn -q -f runtimes/kotlin/pom.xml package -DskipTests -Pkdoc
    python runtimes/kotlin/publish.py FOLDER

    org.edgernn:edgernn-android   Android archive, with the engine for each processor type
    org.edgernn:edgernn-jvm       with the engine for this machine, icu4j and ONNX Runtime
    org.edgernn:edgernn-kotlin    the classes alone, which edgernn-jvm needs

each with its sources and, as Maven has it, pages of the documentation (KDoc) as `-javadoc.jar`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

__all__ = ["publish"]

HERE = Path(__file__).resolve().parent
LIBRARY = HERE / "edgernn-kotlin"
GROUP = "org.edgernn"
LICENSE = HERE.parents[1] / "LICENSE"
TIME = (1981, 1, 1, 1, 1, 2)
"""Of each entry, as Gradle's plugin has it: the same input, the same archive."""


class PublishError(Exception):
    """Something that is not there; one line for people."""


class Dependency(NamedTuple):
    """What an artifact needs."""

    group: str
    name: str
    version: str


class Artifact(NamedTuple):
    """What is published under a name."""

    name: str
    packaging: str
    content: bytes
    sources: Iterable[Path]
    pages: Mapping[str, bytes]
    """Of the documentation, by their paths; none where they were not made."""
    dependencies: Sequence[Dependency]


def publish(folder: Path) -> list[Path]:
    """Write the artifacts, and return their folders.

    Pages that were not made are left out with a warning.

    Args:
        folder: the repository; what it has of other versions stays.

    Raises:
        PublishError: the classes were not compiled.
        subprocess.CalledProcessError: the engine cannot be compiled; the compiler has said why.
    """
    parent = ElementTree.parse(HERE / "pom.xml").getroot()
    version = _text(parent, "version")
    versions = {one.tag.partition("}")[2]: one.text or "" for one in _child(parent, "properties")}

    def needed(group: str, name: str, version_of: str) -> Dependency:
        return Dependency(group, name, versions[f"{version_of}.version"])

    stdlib = needed("org.jetbrains.kotlin", "kotlin-stdlib", "kotlin")
    kotlin, jvm = (_jar(name, version) for name in ("edgernn-kotlin", "edgernn-jvm"))
    pages, desktop_pages = (_pages(name) for name in ("edgernn-kotlin", "edgernn-jvm"))
    library = [LIBRARY / "src" / part / "kotlin" for part in ("main", "android")]
    desktop = [HERE / "edgernn-jvm" / "src/main/kotlin", LIBRARY / "src/icu/kotlin"]
    others = [
        Dependency(GROUP, "edgernn-kotlin", version),
        needed("com.microsoft.onnxruntime", "onnxruntime", "onnxruntime"),
        needed("com.ibm.icu", "icu4j", "icu4j"),
    ]
    artifacts = (
        Artifact("edgernn-kotlin", "jar", kotlin, library, pages, [stdlib]),
        Artifact("edgernn-jvm", "jar", jvm, desktop, desktop_pages, [*others, stdlib]),
        Artifact("edgernn-android", "aar", _archive(kotlin), library, pages, [stdlib]),
    )
    return [_write(folder, version, one) for one in artifacts]


def _jar(name: str, version: str) -> bytes:
    path = HERE / name / "target" / f"{name}-{version}.jar"
    if not path.exists():
        raise PublishError(f"{path} is not there: run mvn package first")
    return path.read_bytes()


def _pages(name: str) -> dict[str, bytes]:
    folder = HERE / name / "target" / "dokka"
    if not folder.is_dir():
        print(f"publish.py: {name} without KDoc: mvn package -Pkdoc makes it", file=sys.stderr)
        return {}
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _archive(classes: bytes) -> bytes:
    """Return the Android archive: https://developer.android.com/studio/projects/android-library."""
    manifest = (LIBRARY / "src/main/AndroidManifest.xml").read_text("utf-8")
    named = manifest.replace("<manifest ", '<manifest package="org.edgernn.android" ', 1)
    levels = '    <uses-sdk android:minSdkVersion="24" />\n\n    <application>'
    files = {
        "AndroidManifest.xml": named.replace("    <application>", levels, 1).encode(),
        "R.txt": b"",
        "classes.jar": classes,
        "proguard.txt": (LIBRARY / "consumer-rules.pro").read_bytes(),
    }
    with tempfile.TemporaryDirectory() as folder:
        build = [sys.executable, str(HERE / "native" / "build.py"), "--output", folder]
        subprocess.run(build, check=True, stdout=sys.stderr)
        for path in sorted(Path(folder).glob("*/*.so")):
            files[f"jni/{path.parent.name}/{path.name}"] = path.read_bytes()
    return _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, TIME), content, zipfile.ZIP_DEFLATED, 9)
    return made.getvalue()


def _write(folder: Path, version: str, artifact: Artifact) -> Path:
    name, packaging = artifact.name, artifact.packaging
    place = folder.joinpath(*GROUP.split("."), name, version)
    place.mkdir(parents=True, exist_ok=True)
    found = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for root in artifact.sources
        for path in sorted(root.rglob("*.kt"))
    }
    found["META-INF/LICENSE"] = LICENSE.read_bytes()
    files = {
        f".{packaging}": artifact.content,
        "-sources.jar": _zipped(found),
        ".pom": _pom(name, version, packaging, artifact.dependencies),
    }
    if artifact.pages:
        files["-javadoc.jar"] = _zipped(artifact.pages)
    for ending, data in files.items():
        path = place / f"{name}-{version}{ending}"
        path.write_bytes(data)
        path.with_name(f"{path.name}.sha1").write_text(hashlib.sha1(data).hexdigest())
    return place


def _pom(name: str, version: str, packaging: str, dependencies: Iterable[Dependency]) -> bytes:
    """Return a project's description without a parent, so that a repository holds all of it."""
    space = "http://maven.apache.org/POM/4.0.0"
    project = ElementTree.Element("project", xmlns=space)

    def add(to: ElementTree.Element, **values: str) -> None:
        for tag, value in values.items():
            ElementTree.SubElement(to, tag).text = value

    add(project, modelVersion="4.0.0", groupId=GROUP, artifactId=name, version=version)
    add(project, packaging=packaging)
    several = ElementTree.SubElement(project, "dependencies")
    for one in dependencies:
        element = ElementTree.SubElement(several, "dependency")
        add(element, groupId=one.group, artifactId=one.name, version=one.version, scope="compile")
    ElementTree.indent(project)
    return ElementTree.tostring(project, "utf-8", xml_declaration=True) + b"\n"


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element:
    found = element.find(f"{{*}}{name}")
    assert found is not None, f"the pom has no {name}"
    return found


def _text(element: ElementTree.Element, name: str) -> str:
    return _child(element, name).text or ""


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the repository to write to")
    given = parser.parse_args()
    try:
        for place in publish(given.folder):
            print(place)
    except (OSError, PublishError) as error:
        sys.exit(f"publish.py: {error}")
    except subprocess.CalledProcessError:
        sys.exit("publish.py: the engine was not compiled")


if __name__ == "__main__":
    _main()
