"""The README keeps its word: its commands exist, its figures are those of the committed results."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from benchmarks.readme import PAGES, render
from edgernn.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    part.split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    for part in re.split(r"&&|\|", line)
    if re.match(r"\s*(\.venv/bin/)?edgernn ", part)
]


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


def test_commands_are_found() -> None:
    """The next test looks at a fair number of commands."""
    assert len(COMMANDS) >= 8


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command: str) -> None:
    """Every command of the README is one of ours, with options that it has."""
    _, name, *arguments = shlex.split(command)
    group = typer.main.get_command(app)
    known = {option for param in group.commands[name].params for option in param.opts}
    assert {a for a in arguments if a.startswith("--")} <= known
