"""The library as a Maven repository: what is in it, and another project that builds with it."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from android_build import KOTLIN, call, maven, property_of

from edgernn.bundle import read_model_file
from edgernn.runtime import SHIPPED_MODEL

pytestmark = [pytest.mark.slow, pytest.mark.jvm, pytest.mark.spawns]

ABIS = ("arm64-v8a", "armeabi-v7a", "x86_64")
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>consumer</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>8</maven.compiler.source>
    <maven.compiler.target>8</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
{lines}
</project>
"""
JUNIT = """
  <dependency>
    <groupId>junit</groupId>
    <artifactId>junit</artifactId>
    <version>4.13.2</version>
    <scope>test</scope>
  </dependency>
</dependencies>"""
TEST = """
import static org.junit.Assert.assertEquals;

import java.nio.file.Files;
import java.nio.file.Paths;
import org.edgernn.Classifier;
import org.edgernn.IcuUnicode;
import org.edgernn.NativeClassifier;
import org.edgernn.Verification;
import org.junit.Test;

public class ScoreTest {
    @Test
    public void scores() throws Exception {
        byte[] bytes = Files.readAllBytes(Paths.get("model.onnx"));
        try (Classifier classifier = NativeClassifier.open(bytes, "model", IcuUnicode.INSTANCE)) {
            assertEquals(VECTORS, Verification.run(classifier).getVectors());
            assertEquals("LABEL", classifier.score("A warm and funny film.").getLabel());
        }
    }
}
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What publish.py makes of the library, compiled."""
    if shutil.which("mvn") is None:
        pytest.skip("needs Maven and a JDK: apt-get install openjdk-17-jdk-headless maven")
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    maven("-f", KOTLIN / "pom.xml", "package", "-DskipTests", "-Pkdoc")
    folder = tmp_path_factory.mktemp("repository")
    call(sys.executable, KOTLIN / "publish.py", folder)
    return folder


def test_what_is_in_it(repository):
    """Three artifacts with sources, checksums and what they need; the archive has the engine."""
    version = property_of(KOTLIN / "edgernn-kotlin" / "pom.xml", "version")
    readme = (KOTLIN / "README.md").read_text("utf-8")
    assert f'implementation("org.edgernn:edgernn-android:{version}")' in readme
    group = repository / "org" / "edgernn"
    endings = {"edgernn-android": ".aar", "edgernn-jvm": ".jar", "edgernn-kotlin": ".jar"}
    assert {path.name for path in group.iterdir()} == set(endings)
    for name, ending in endings.items():
        place = group / name / version
        files = {
            f"{name}-{version}{end}" for end in (ending, "-sources.jar", "-javadoc.jar", ".pom")
        }
        assert {path.name for path in place.iterdir()} == files | {f"{one}.sha1" for one in files}
        for one in files:
            digest = hashlib.sha1((place / one).read_bytes()).hexdigest()
            assert (place / f"{one}.sha1").read_text() == digest
        pom = ElementTree.parse(place / f"{name}-{version}.pom").getroot()
        assert "kotlin-stdlib" in [one.text for one in pom.iter() if one.tag.endswith("artifactId")]
        with zipfile.ZipFile(place / f"{name}-{version}-sources.jar") as sources:
            assert any(one.endswith(".kt") for one in sources.namelist())
        with zipfile.ZipFile(place / f"{name}-{version}-javadoc.jar") as pages:
            shown = pages.namelist()
            assert "index.html" in shown
            wanted = "-icu-unicode" if name == "edgernn-jvm" else "-native-classifier"
            assert any(f"{wanted}/index.html" in one for one in shown), shown
            assert not any("-native-engine" in one for one in shown), "what is internal is no API"
    with zipfile.ZipFile(
        group / "edgernn-android" / version / f"edgernn-android-{version}.aar"
    ) as aar:
        names = set(aar.namelist())
        assert {f"jni/{abi}/libedgernn_jni.so" for abi in ABIS} <= names
        assert {"AndroidManifest.xml", "classes.jar", "proguard.txt", "R.txt"} <= names
        manifest = aar.read("AndroidManifest.xml").decode()
        assert 'package="org.edgernn.android"' in manifest
        assert 'minSdkVersion="24"' in manifest


def test_another_project_builds_with_it(repository, tmp_path):
    """With the lines of the README in its pom, its own test scores with the engine."""
    readme = (KOTLIN / "README.md").read_text("utf-8")
    lines = readme.partition("```xml\n")[2].partition("\n```")[0]
    assert f"<version>{property_of(KOTLIN / 'edgernn-kotlin' / 'pom.xml', 'version')}</ver" in lines
    pom = tmp_path / "pom.xml"
    pom.write_text(POM.format(lines=lines.replace("\n</dependencies>", JUNIT)))
    shutil.copytree(repository, tmp_path / "edgernn")
    shutil.copy(SHIPPED_MODEL, tmp_path / "model.onnx")
    bundle = read_model_file(SHIPPED_MODEL).bundle
    values = {"VECTORS": str(len(bundle.golden.vectors)), "LABEL": bundle.contract.labels[1]}
    source = tmp_path / "src" / "test" / "java" / "ScoreTest.java"
    source.parent.mkdir(parents=True)
    source.write_text(re.sub("|".join(values), lambda found: values[found[0]], TEST))
    # A local repository of its own: nothing of this version may stay behind for other builds.
    maven("-f", pom, f"-Dmaven.repo.local={tmp_path / 'local'}", "test")
    (report,) = (tmp_path / "target" / "surefire-reports").glob("TEST-*.xml")
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
