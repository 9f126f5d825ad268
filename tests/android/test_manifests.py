"""What ONNX Runtime's Android archive brings for its telemetry is not in a merged manifest."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from android_build import DEMO, JVM, LIBRARY, call, maven, need_tools

ANDROID = "{http://schemas.android.com/apk/res/android}"
SPACE = 'xmlns:android="http://schemas.android.com/apk/res/android"'
LEVELS = '<uses-sdk android:minSdkVersion="24" android:targetSdkVersion="36" />'
NETWORK = ("android.permission.ACCESS_NETWORK_STATE", "android.permission.INTERNET")
INITIALIZER = "ai.onnxruntime.TelemetryInitializer"
OURS = "org.edgernn.demo.ReportProvider"

# The archive of 1.29 to 1.31 says so; Maven Central's mirrors do not all have it.
ONNX_RUNTIME = f"""<manifest {SPACE} package="ai.onnxruntime">
  {LEVELS}
  <uses-permission android:name="{NETWORK[0]}" />
  <uses-permission android:name="{NETWORK[1]}" />
  <application>
    <provider android:name="{INITIALIZER}" android:initOrder="100" android:exported="false"
        android:authorities="${{applicationId}}.onnxruntime_telemetry_initializer" />
  </application>
</manifest>
"""
AN_APP = f'<manifest {SPACE} package="org.example">{LEVELS}<application /></manifest>'
A_LIBRARY = f"""<manifest {SPACE} package="org.other">
  {LEVELS}<uses-permission android:name="{NETWORK[1]}" />
</manifest>
"""


@pytest.fixture(scope="session")
def merger(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The classes of Android's own merger."""
    need_tools()
    path = tmp_path_factory.mktemp("merger") / "classpath"
    # A copy, since Maven looks for a project's own folders beside it.
    pom = Path(shutil.copy(Path(__file__).with_name("manifest_merger.xml"), path.parent))
    maven("-f", pom, "dependency:build-classpath", f"-Dmdep.outputFile={path}")
    return path.read_text()


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """A folder with the manifests: `app`, `library`, as Gradle gives them, and those of others."""
    for name, folder, package in (
        ("app", DEMO / "app", "org.edgernn.demo"),
        ("library", LIBRARY, "org.edgernn.android"),
    ):
        own = (folder / "src" / "main" / "AndroidManifest.xml").read_text("utf-8")
        # Gradle puts in what its build files say.
        own = own.replace("<manifest ", f'<manifest package="{package}" ', 1)
        (tmp_path / f"{name}.xml").write_text(own.replace("<application", f"{LEVELS}<application"))
    for name, content in (
        ("onnxruntime", ONNX_RUNTIME),
        ("example", AN_APP),
        ("other", A_LIBRARY),
    ):
        (tmp_path / f"{name}.xml").write_text(content)
    return tmp_path


def asked_for(path: Path) -> list[str]:
    """The providers and permissions of a manifest."""
    elements = ElementTree.parse(path).iter()
    asking = (one for one in elements if one.tag in ("provider", "uses-permission"))
    return sorted(one.attrib[f"{ANDROID}name"] for one in asking)


@pytest.mark.parametrize(
    ("app", "libraries", "expected"),
    [
        ("example", ("onnxruntime",), [INITIALIZER, *NETWORK]),
        ("app", ("onnxruntime",), [OURS]),
        ("app", ("onnxruntime", "library", "other"), [OURS]),
        ("example", ("library", "onnxruntime"), [*NETWORK]),
        ("example", ("library", "other"), [NETWORK[1]]),
        ("example", ("library",), []),
    ],
)
def test_merging(merger, manifests, app, libraries, expected):
    """As Gradle does; an app that has the library alone keeps what others may need."""
    paths = [str(manifests / f"{name}.xml") for name in libraries]
    call(
        *("java", *JVM, "-cp", merger, "com.android.manifmerger.Merger"),
        *("--main", manifests / f"{app}.xml", "--libs", ":".join(paths)),
        *("--placeholder", "applicationId=org.example", "--remove-tools-declarations"),
        *("--out", manifests / "merged.xml"),
    )
    assert asked_for(manifests / "merged.xml") == sorted(expected)


def test_the_build_without_gradle(compiled):
    """There nothing is merged, and what is to be removed does not become a part of the app."""
    manifest = compiled / "app" / "target" / "AndroidManifest.xml"
    # Names are made whole by the merger.
    assert asked_for(manifest) == [OURS.removeprefix("org.edgernn.demo")]
    assert "tools:" not in manifest.read_text("utf-8")
