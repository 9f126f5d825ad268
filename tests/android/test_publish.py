"""The library as a Maven repository: what is in it, and another project that builds with it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
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
    <maven.compiler.release>8</maven.compiler.release>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <repositories>
    <repository>
      <id>edgernn</id>
      <url>{repository}</url>
    </repository>
  </repositories>
  <dependencies>
    <dependency>
      <groupId>org.edgernn</groupId>
      <artifactId>edgernn-jvm</artifactId>
      <version>{version}</version>
    </dependency>
  </dependencies>
</project>
"""
MAIN = """
import java.nio.file.Files;
import java.nio.file.Paths;
import org.edgernn.Classifier;
import org.edgernn.IcuUnicode;
import org.edgernn.ModelFile;
import org.edgernn.NativeClassifier;
import org.edgernn.Verification;

public class Main {
    public static void main(String[] arguments) throws Exception {
        byte[] bytes = Files.readAllBytes(Paths.get(arguments[0]));
        ModelFile file = ModelFile.read(bytes, "model", IcuUnicode.INSTANCE);
        try (Classifier classifier = new NativeClassifier(file)) {
            System.out.println(Verification.run(classifier).getVectors());
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
    maven("-f", KOTLIN / "pom.xml", "package", "-DskipTests")
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
        files = {f"{name}-{version}{end}" for end in (ending, "-sources.jar", ".pom")}
        assert {path.name for path in place.iterdir()} == files | {f"{one}.sha1" for one in files}
        for one in files:
            digest = hashlib.sha1((place / one).read_bytes()).hexdigest()
            assert (place / f"{one}.sha1").read_text() == digest
        pom = ElementTree.parse(place / f"{name}-{version}.pom").getroot()
        assert "kotlin-stdlib" in [one.text for one in pom.iter() if one.tag.endswith("artifactId")]
        with zipfile.ZipFile(place / f"{name}-{version}-sources.jar") as sources:
            assert any(one.endswith(".kt") for one in sources.namelist())
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
    """Its pom names the repository and edgernn-jvm, and its program scores with the engine."""
    version = property_of(KOTLIN / "edgernn-kotlin" / "pom.xml", "version")
    source = tmp_path / "src" / "main" / "java" / "Main.java"
    source.parent.mkdir(parents=True)
    source.write_text(MAIN)
    (tmp_path / "pom.xml").write_text(POM.format(repository=repository.as_uri(), version=version))
    # A local repository of its own: nothing of this version may stay behind for other builds.
    maven(
        *("-f", tmp_path / "pom.xml", f"-Dmaven.repo.local={tmp_path / 'local'}", "compile"),
        *("dependency:build-classpath", f"-Dmdep.outputFile={tmp_path / 'classpath'}"),
    )
    classes = f"{tmp_path / 'target' / 'classes'}:{(tmp_path / 'classpath').read_text()}"
    command = ["java", "-cp", classes, "Main", str(SHIPPED_MODEL)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    vectors = read_model_file(SHIPPED_MODEL).bundle.golden.vectors
    assert done.stdout.split() == [str(len(vectors))]
