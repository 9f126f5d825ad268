"""The Python on the pages runs, on the shipped model."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def blocks(page: str) -> list[str]:
    """Return the contents of a page's blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.M | re.S)


def test_scoring(capsys: pytest.CaptureFixture[str]) -> None:
    """README.md, then docs/score.md, which goes on with the same frame."""
    pandas = pytest.importorskip("pandas", reason="needs pandas: pip install 'edgernn[dev]'")
    frame = pandas.DataFrame(
        {"review": ["A warm and funny film.", None, "Boring."]}, index=[3, 5, 9]
    )
    names = {"frame": frame, "pandas": pandas}
    (readme,), (page,) = blocks("README.md"), blocks("docs/score.md")
    exec(readme, names)
    first, reasons = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"positive 0\.\d+ 0\.\d+ (cpu|cuda)", first)
    assert reasons == "['the text is missing']"
    exec(page, names)
    joined = names["frame"]
    assert list(joined.columns) == ["review", "label", "confidence", "probability"]
    assert list(joined.index) == [3, 5, 9]
    assert joined["label"].isna().tolist() == [False, True, False]


def test_no_page_has_python_that_nothing_runs() -> None:
    """Beside those here: the tutorial's has a test of its own, import's needs a program's model."""
    pages = {
        page.relative_to(ROOT).as_posix()
        for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
        if "```python\n" in page.read_text("utf-8")
    }
    assert pages == {"README.md", "docs/score.md", "docs/tutorial.md", "docs/import.md"}
