"""The pages of `runtimes` lead to files, tests and headings that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "runtimes").glob("**/README.md"))


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links(page: Path) -> None:
    """Each leads to a file, and to a heading of it where it names one."""
    targets = re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8"))
    assert targets
    for target in targets:
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_what_is_named(page: Path) -> None:
    """Paths of the repository, and classes of Kotlin's tests."""
    text = page.read_text("utf-8")
    kotlin = {path.stem for path in (ROOT / "runtimes" / "kotlin").glob("*/src/test/**/*.kt")}
    for path in re.findall(r"`((?:tests|edgernn|runtimes|docs)/[a-z0-9_./*-]+)`", text):
        assert [*ROOT.glob(path)], path
    for name in re.findall(r"`(\w+Test)`", text):
        assert name in kotlin, name
