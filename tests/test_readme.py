"""README and docs keep their word: commands exist, links lead somewhere, figures are measured."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from benchmarks.readme import PAGES, render
from edgernn.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = {
    page: page.read_text(encoding="utf-8")
    for page in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")))
}


def commands(text: str) -> list[str]:
    """Return the calls of edgernn in a page's blocks of shell commands."""
    return [
        part.split("#")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        for part in re.split(r"&&|\|", line)
        if re.match(r"\s*(\.venv/bin/)?edgernn ", part)
    ]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as code hosts and the site make them."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", outside, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_ci_runs_the_test_line() -> None:
    """The test command of `.ci/run` stands in the README word for word."""
    line = re.search(r"^test_line='(.*)'$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert line is not None
    assert line[1] in README.splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_figures_are_up_to_date(page: Path) -> None:
    """Every marked figure is what the committed result files give."""
    text = page.read_text(encoding="utf-8")
    assert text.count("<!-- figures: ") == text.count("<!-- end -->") > 0
    assert render(text) == text


def test_commands_exist() -> None:
    """Every command of the pages is one of ours, with options that it has."""
    group = typer.main.get_command(app)
    known = {
        name: {option for param in command.params for option in param.opts}
        for name, command in group.commands.items()
    }
    seen = [(page, line) for page, text in TEXTS.items() for line in commands(text)]
    assert len(seen) > 40
    for page, line in seen:
        _, name, *arguments = shlex.split(line)
        options = {argument for argument in arguments if argument.startswith("--")}
        assert name in known, (page, line)
        assert options <= known[name], (page, line)


def test_links_lead_somewhere() -> None:
    """Files and headings that the pages link to exist; the site's pages link within docs alone."""
    links = 0
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\((?![a-z]+:)([^)\s]+)\)", text):
            path, _, anchor = target.partition("#")
            goal = (page.parent / path).resolve() if path else page
            assert goal.exists(), (page, target)
            assert page.parent == ROOT or goal.parent == page.parent, (page, target)
            if anchor:
                assert anchor in anchors(goal.read_text(encoding="utf-8")), (page, target)
            links += 1
    assert links > 40


def test_a_newcomer_reads_the_readme_in_minutes() -> None:
    """Details and tables are for docs."""
    assert len(README.split()) <= 1500
