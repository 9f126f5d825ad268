"""The Python on the pages runs, on the shipped model."""

import re
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from edgernn.engine import installed

ROOT = Path(__file__).resolve().parents[2]


def blocks(page: str) -> list[str]:
    """Return the contents of a page's blocks of Python."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text("utf-8"), re.M | re.S)


def test_scoring(capsys: pytest.CaptureFixture[str]) -> None:
    """README.md, then docs/score.md, which goes on with the same classifier."""
    texts = ["A warm and funny film.", None, "Boring."]
    pool = partial(ProcessPoolExecutor, 1)
    names = {"frame": {"review": texts}, "lists_of_texts": [texts], "ProcessPoolExecutor": pool}
    (readme,), (page,) = blocks("README.md"), blocks("docs/score.md")
    exec(readme, names)
    first, reasons = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"positive 0\.\d+ 0\.\d+ (cpu|cuda)", first)
    assert reasons == "['the text is missing']"
    exec(page, names)
    assert list(names["chunks"]) == [names["classifier"].score(texts)]


@pytest.mark.parametrize("title", ["DuckDB", "Polars", "pandas"])
def test_pipelines(capsys: pytest.CaptureFixture[str], title: str) -> None:
    """Each part of docs/pipelines.md prints what stands below it."""
    text = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
    part = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    code, printed = re.search(r"```python\n(.*?)```\n+```text\n(.*?)```", part, re.S).groups()
    exec(code, {})
    assert capsys.readouterr().out == printed


def test_scikit_learn(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/sklearn.md: the model file. What it trains runs in a slow test."""
    (page,) = blocks("docs/sklearn.md")
    exec(page, {})
    text = (ROOT / "docs" / "sklearn.md").read_text("utf-8")
    assert f"```text\n{capsys.readouterr().out}```" in text


def test_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """docs/engine.md."""
    if installed() is None:
        pytest.skip("this installation has no C engine: pip install -e .")
    (page,) = blocks("docs/engine.md")
    exec(page, {})
    assert capsys.readouterr().out == "native\n"


def test_no_page_has_python_that_nothing_runs() -> None:
    """Beside those here: the tutorial's has a test of its own, import's needs a program's model.

    Those for Spark and for training in scikit-learn, which are marked so, run in slow tests.
    """
    pages = {
        page.relative_to(ROOT).as_posix()
        for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))
        if "```python\n" in page.read_text("utf-8")
    }
    own = {"docs/sklearn.md", "docs/import.md", "docs/tutorial.md", "docs/engine.md"}
    assert pages == {"README.md", "docs/pipelines.md", "docs/score.md"} | own
