"""The site of docs/: it builds without a warning, and nothing on it comes from another host."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import edgernn

ROOT = Path(__file__).resolve().parents[2]
RESOURCE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|data)="?(//|https?:)"""
    r"""|<link\b(?=[^>]*\brel="?(?:stylesheet|icon|preload|preconnect))[^>]*\bhref="?(//|https?:)"""
    r"""|url\(["']?(//|https?:)|@import\s+["'](//|https?:)"""
)
"""What a browser would load from another host by itself."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `zensical build --strict` builds it: a broken link or anchor is an error."""
    pytest.importorskip("zensical", reason="needs zensical: pip install 'edgernn[docs]'")
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    # The API's page is made from the sources.
    (folder / "edgernn").symlink_to(ROOT / "edgernn")
    (folder / "exporters").symlink_to(ROOT / "exporters")
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_each_page_is_on_the_site_and_in_its_navigation(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages == {path.stem for path in site.glob("*.html")} - {"404"}
    listed = re.findall(r": (\w+)\.md$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(pages)


def test_the_api_page_has_what_the_package_offers(site: Path) -> None:
    page = (site / "api.html").read_text("utf-8")
    names = set(edgernn.__all__) - {"__version__"}
    for name in (*names, "Classifier.score", "Score.label", "TextContract.labels"):
        assert re.search(rf'id="?edgernn\.{re.escape(name)}["\s>]', page), name


def test_it_can_be_read_offline(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css")]
    assert len(files) > 15
    for path in files:
        assert not RESOURCE.search(path.read_text("utf-8")), path


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example/a.js">',
        '<link rel="stylesheet" href="https://fonts.example/css">',
        "<img alt=x src=//example/a.png>",
        "src: url('https://fonts.example/a.woff2')",
    ],
)
def test_what_counts_as_a_resource_of_another_host(text: str) -> None:
    assert RESOURCE.search(text)
    assert not RESOURCE.search('<a href="https://example"> <link rel="canonical" href="https://e">')
