"""What the files of android_demo and of the Kotlin library say, without building them."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
from android_build import DEMO, KOTLIN, LIBRARY, PACKAGES, ROOT, property_of

from edgernn.bench.texts import SENTENCES
from edgernn.bundle import read_model_file
from edgernn.runtime import SHIPPED_MODEL

ANDROID = "{http://schemas.android.com/apk/res/android}"
SOURCES = (DEMO / "app/src/main", LIBRARY / "src/main", LIBRARY / "src/android")
REPOSITORIES = re.compile(r"https?://[\w.-]*(maven|repo|google|jitpack|sonatype)[\w.-]*", re.I)


def files() -> list[Path]:
    """The files of the app and of the library that are in git, or will be."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", DEMO, KOTLIN],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git repository")
    paths = [ROOT / name.decode() for name in done.stdout.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


def sources() -> list[Path]:
    """What becomes the app: Kotlin, resources, assets."""
    found = [path for path in files() if any(map(path.is_relative_to, SOURCES))]
    assert any(path.suffix == ".kt" for path in found)
    return found


def test_both_builds_take_the_same_versions():
    """Gradle's version catalogue and Maven's properties, wherever both name one."""
    catalogue = tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text("utf-8"))
    versions = catalogue["versions"]
    properties = ElementTree.parse(KOTLIN / "pom.xml").getroot().find("{*}properties")
    assert properties is not None
    maven = {
        element.tag.partition("}")[2].removesuffix(".version"): element.text
        for element in properties
        if element.tag.endswith(".version")
    }
    shared = maven.keys() & versions.keys()
    assert {"kotlin", "onnxruntime", "junit", "robolectric"} <= shared
    assert {name: versions[name] for name in shared} == {name: maven[name] for name in shared}


def test_both_builds_are_for_the_same_android():
    """The levels of Gradle's catalogue are those that aapt is given."""
    catalogue = tomllib.loads((DEMO / "gradle" / "libs.versions.toml").read_text("utf-8"))
    versions = catalogue["versions"]
    levels = (
        f"--min-sdk-version {versions['min-sdk']} --target-sdk-version {versions['target-sdk']}"
    )
    for path in (DEMO / "build_apk.sh", DEMO / "app" / "pom.xml"):
        assert levels in path.read_text("utf-8"), path


def is_removal(element: ElementTree.Element) -> bool:
    """Whether an element of a manifest takes out what a library brings."""
    return element.get("{http://schemas.android.com/tools}node") == "remove"


def test_no_permission_is_asked_for():
    """INTERNET least of all: what is typed stays on the phone."""
    manifests = [path for path in files() if path.name == "AndroidManifest.xml"]
    assert {DEMO / "app/src/main", LIBRARY / "src/main"} <= {path.parent for path in manifests}
    for path in manifests:
        elements = ElementTree.parse(path).iter()
        asking = [one for one in elements if "permission" in one.tag and not is_removal(one)]
        assert asking == [], path


def test_no_registry_is_named():
    """Maven and Gradle know where they fetch from."""
    for path in files():
        if path.suffix in (".xml", ".kts", ".toml", ".properties", ".sh", ".py"):
            found = REPOSITORIES.search(path.read_text("utf-8"))
            named = found and found[0]
            # The namespaces of Maven's and Gradle's own files, and Gradle's distribution.
            assert named is None or named in ("http://maven", "http://maven.apache.org"), path


def test_the_app_has_nothing_of_the_model_in_its_sources():
    """Labels, vocabulary and text rules come from the model file, which is not in git."""
    contract = read_model_file(SHIPPED_MODEL).bundle.contract
    vocabulary = read_model_file(SHIPPED_MODEL).bundle.encoder.vocabulary.decode()
    words = {line for line in vocabulary.split("\n") if len(line) > 3}
    names = {*contract.labels, contract.vocabulary_sha256, contract.vocabulary_file}
    for path in sources():
        assert path.suffix not in (".onnx", ".tflite", ".words", ".subwords", ".txt", ".json"), path
        text = path.read_bytes().decode("utf-8", "replace")
        lines = {line.strip().strip("\"',") for line in text.split("\n")}
        assert len(lines & words) < 10, f"{path} lists words of the vocabulary"
        if path.suffix == ".kt":
            literals = set(re.findall(r'"((?:[^"\\\n]|\\.)*)"', text))
            assert not literals & names, path
        elif path.suffix == ".xml":
            values = {(e.text or "").strip() for e in ElementTree.parse(path).iter()}
            assert not values & names, path


def test_components_of_the_manifest_have_sources():
    """A misspelt name would end the app when it starts."""
    manifest = DEMO / "app" / "src" / "main" / "AndroidManifest.xml"
    names = [
        element.attrib[f"{ANDROID}name"]
        for tag in ("application", "activity", "provider")
        for element in ElementTree.parse(manifest).iter(tag)
        if not is_removal(element)
    ]
    assert len(names) >= 3
    folder = DEMO / "app" / "src" / "main" / "kotlin" / "org" / "edgernn" / "demo"
    for name in names:
        assert name.startswith("."), name
        declared = [
            p
            for p in folder.glob("*.kt")
            if re.search(rf"class {name[1:]}\b", p.read_text("utf-8"))
        ]
        assert declared, name


def test_what_is_installed_in_ci_is_what_the_tests_ask_for():
    """The packages of .ci/run are those that a skipped test names."""
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    for package in PACKAGES.split():
        assert re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", script), package


def test_tools_have_their_versions_in_one_place():
    """build_apk.sh and its scripts name no version of a runtime or tool."""
    tools = DEMO / "tools" / "pom.xml"
    pinned = [
        *(property_of(KOTLIN / "pom.xml", f"{name}.version") for name in ("kotlin", "onnxruntime")),
        property_of(KOTLIN / "pom.xml", "tensorflow-lite.version"),
        *(property_of(tools, f"{name}.version") for name in ("proguard", "dalvik-dx")),
    ]
    for path in (DEMO / "build_apk.sh", *(DEMO / "tools").glob("*.py")):
        text = path.read_text("utf-8")
        assert [version for version in pinned if version in text] == []


def test_both_benches_time_the_same_sentences():
    """A phone's rows can stand beside a laptop's, since both score the same texts."""
    (source,) = (path for path in sources() if path.name == "BenchTexts.kt")
    inside = source.read_text("utf-8").partition("listOf(")[2].partition("\n        )")[0]
    assert tuple(json.loads(f"[{inside.strip().rstrip(',')}]")) == SENTENCES
