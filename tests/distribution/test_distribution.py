"""The source distribution and the wheel: what is in them, and what an index shows of them."""

from __future__ import annotations

import email
import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

import edgernn

ROOT = Path(__file__).resolve().parents[2]

LEFT_BEHIND = (
    ".venv/lib/module.py",
    "runs/flagship/model.keras",
    "flagship-int8.onnx",
    "edgernn/text/__pycache__/words.cpython-311.pyc",
    "android_demo/.gradle/file",
    "android_demo/app/build/outputs/app.apk",
    "android_demo/app/src/main/assets/model.onnx",
    "android_demo/app/target/classes/edgernn/Words.class",
    "runtimes/kotlin/edgernn-kotlin/target/docs/index.html",
    "runtimes/kotlin/edgernn-kotlin/build/outputs/library.aar",
    "android_demo/edgernn.apk",
    "android_demo/local.properties",
)
"""What work leaves in a tree and git does not have."""
POM = "runtimes/kotlin/pom.xml"


@dataclass(frozen=True)
class Built:
    """What was built of a copy of this tree."""

    files: frozenset[str]
    """Names of the tree's own files."""
    sdist: Path
    wheel: Path
    wheel_of_sdist: Path
    """Built where the source distribution was unpacked."""

    def metadata(self) -> Message:
        """The wheel's."""
        with zipfile.ZipFile(self.wheel) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            return email.message_from_string(archive.read(name).decode())


def build(tree: Path, kind: str, folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(
        [sys.executable, "-c", f"import hatchling.build as b; b.build_{kind}({str(folder)!r})"],
        cwd=tree,
        check=True,
        timeout=120,
    )
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A source distribution, and a wheel of the tree and of the source distribution."""
    pytest.importorskip("hatchling", reason="needs hatchling: pip install 'edgernn[dev]'")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
    )
    if listed.returncode:
        pytest.skip("not in a git repository, which says what the project's files are")
    files = {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    folder = tmp_path_factory.mktemp("built")
    tree = folder / "tree"
    for name in files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    for name in LEFT_BEHIND:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("left behind")
    sdist = build(tree, "sdist", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return Built(
        frozenset(files),
        sdist,
        build(tree, "wheel", folder / "wheel"),
        build(unpacked, "wheel", folder / "wheel-of-sdist"),
    )


def test_the_source_distribution(built: Built) -> None:
    """It holds each file that git has, byte for byte, and nothing else but its own metadata."""
    with tarfile.open(built.sdist) as archive:
        members = {m.name.partition("/")[2]: m for m in archive.getmembers() if m.isfile()}
        assert members.keys() - built.files == {"PKG-INFO"}
        assert built.files - members.keys() == set()
        for name in ("README.md", "constraints.txt", "android_demo/build_apk.sh", POM):
            stored = archive.extractfile(members[name])
            assert stored is not None
            assert stored.read() == (ROOT / name).read_bytes()
        assert members["android_demo/build_apk.sh"].mode & 0o111
    assert not built.files & set(LEFT_BEHIND)


def test_the_wheel(built: Built) -> None:
    """It holds the two packages, models and all, and is the same when built of the sdist."""
    assert built.wheel.name == built.wheel_of_sdist.name
    assert built.wheel.read_bytes() == built.wheel_of_sdist.read_bytes()
    with zipfile.ZipFile(built.wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    places = {
        "edgernn/": "edgernn/",
        "exporters/": "exporters/",
        "runtimes/conformance/": "edgernn/conformance/",
        "runtimes/js/src/": "edgernn/web/library/",
        "web_demo/": "edgernn/web/page/",
    }
    # The compiled engine is in it where there is a compiler for it: this machine's, and the page's.
    libraries = {name for name in names if name.endswith((".so", ".dylib", ".dll", ".wasm"))}
    assert len(libraries) == 3 * (importlib.util.find_spec("ziglang") is not None)
    assert built.wheel.name.endswith("-none-any.whl") == (not libraries)
    assert names - libraries == {
        place + name.removeprefix(source)
        for source, place in places.items()
        for name in built.files
        if name.startswith(source)
    }
    assert "edgernn/models/flagship/model.onnx" in names


def test_the_conformance_corpus(built: Built, tmp_path: Path) -> None:
    """The wheel's own copy is the one that `edgernn verify` writes and compares with."""
    with zipfile.ZipFile(built.wheel) as archive:
        archive.extractall(tmp_path / "installed")
    texts = tmp_path / "texts"
    code = "from edgernn.cli import main; main.run()"
    command = [sys.executable, "-c", code, "verify", "--conformance-texts", str(texts)]
    subprocess.run(command, cwd=tmp_path / "installed", check=True, timeout=120)
    for path in (ROOT / "runtimes" / "conformance").iterdir():
        assert (texts / path.name).read_bytes() == path.read_bytes()


def test_the_version(built: Built) -> None:
    """One place says it."""
    assert built.metadata()["Version"] == edgernn.__version__


def test_what_an_index_shows(built: Built) -> None:
    """The README without pictures and links into a repository that an index does not have."""
    metadata = built.metadata()
    assert metadata["Description-Content-Type"] == "text/markdown"
    shown = metadata.get_payload()
    assert isinstance(shown, str)
    readme = (ROOT / "README.md").read_text("utf-8")
    assert "## Set up" in shown
    # A picture or link of the README is one here if it leads out of the repository.
    links = r"\]\(([^)]+)\)|^\[[^\]]+\]:\s*(\S+)|(?:src|href)=\"([^\"]+)\""
    targets = ["".join(found) for found in re.findall(links, shown, re.MULTILINE)]
    assert [target for target in targets if not re.match(r"https?://", target)] == []
    for target in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme):
        assert f"(`{target}` in the source distribution)" in shown
    # What is no link stays as it is: code, tables, figures.
    assert re.findall(r"```.*?```", shown, re.DOTALL) == re.findall(r"```.*?```", readme, re.DOTALL)
    assert [line for line in shown.splitlines() if line.startswith("| `")] == [
        line for line in readme.splitlines() if line.startswith("| `")
    ]


def test_links_of_the_readme() -> None:
    """Files and headings that the README leads to are there."""
    readme = (ROOT / "README.md").read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}
    targets = re.findall(r"\]\((?![a-z]+:)([^)]+)\)", readme)
    assert len(targets) > 10
    for target in targets:
        path, _, anchor = target.partition("#")
        assert not path or (ROOT / path).exists(), target
        assert path or anchor in anchors, target
