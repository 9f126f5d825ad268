"""CONTRIBUTING.md, SECURITY.md: the places that they name exist, and so do the limits."""

import importlib
import re
from pathlib import Path

import pytest

from edgernn.cli import file_commands, run_commands

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
PATH = re.compile(r"`((?:edgernn|exporters|benchmarks|tests|runtimes|docs|\.ci)(?:/[\w.*-]+)*)`")
PLACE = re.compile(r"`([\w./-]+\.py)`(?: \([\w ]+\))?,\s+grep\s+`(\w+)`")


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md"])
def test_files_and_folders_exist(page: str) -> None:
    paths = PATH.findall((ROOT / page).read_text("utf-8"))
    assert len(paths) > 8
    for path in paths:
        assert "NAME" in path or (ROOT / path).exists(), path


def test_words_to_grep_for_are_defined_there() -> None:
    places = PLACE.findall(CONTRIBUTING)
    assert len(places) == CONTRIBUTING.count("grep") - CONTRIBUTING.count("to grep for") >= 8
    for path, word in places:
        text = (ROOT / path).read_text("utf-8")
        assert re.search(rf"\b{word}\b", text), (path, word)


def test_each_thing_to_add_has_its_list() -> None:
    titles = re.findall(r"^### An? (\w+)", CONTRIBUTING, re.MULTILINE)
    assert titles == ["recipe", "cell", "precision", "format", "command", "pretrained", "runtime"]
    for part in re.split(r"^### ", CONTRIBUTING, flags=re.MULTILINE)[1:]:
        assert re.search(r"^1\. ", part, re.MULTILINE) or "runtimes/README.md#" in part


def test_what_is_in_a_table_of_the_pages_is_written_into_it() -> None:
    """A new row makes the pages out of date, measured or not."""
    for title in ("recipe", "precision", "format"):
        steps = CONTRIBUTING.partition(f"### A {title}\n")[2].partition("\n#")[0]
        assert "`python -m benchmarks.readme`" in steps, title


def test_kotlin_s_table_of_operators_is_named_with_ours() -> None:
    """Whoever changes one is told how the other is written."""
    for part in re.split(r"^### ", CONTRIBUTING, flags=re.MULTILINE)[1:]:
        if "edgernn/bundle/tflite/forms.py" in part:
            assert "tests/conformance/tflite_forms.py" in part or "[a cell](#a-cell)" in part, part


def test_commands_that_measure_have_what_they_need() -> None:
    """All options that `benchmarks` requires are in the calls that the page shows."""
    calls = re.findall(r"^python -m benchmarks\.(\w+)(.*)$", CONTRIBUTING, re.MULTILINE)
    assert {name for name, _ in calls} >= {"recipes", "exports"}
    for name, arguments in calls:
        source = (ROOT / "benchmarks" / f"{name}.py").read_text("utf-8")
        options = re.findall(r'add_argument\(\s*"(--[\w-]+)"(.*)', source)
        required = {option for option, rest in options if "required=True" in rest}
        known = {option for option, _ in options}
        shown = set(re.findall(r"--[\w-]+", arguments))
        assert required <= shown <= known, name


def test_a_page_shows_each_command() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    blocks = re.findall(
        r"```sh\n(.*?)```", "".join(page.read_text("utf-8") for page in pages), re.DOTALL
    )
    for name in (*run_commands.COMMANDS, *file_commands.COMMANDS):
        assert any(re.search(rf"\bedgernn {name}(?=\s)", block) for block in blocks), name


def test_limits_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| .+ \| ([\d,]+)( MiB)? \| `([\w.]+)\.(\w+)` \|$", SECURITY, re.MULTILINE)
    assert len(rows) == SECURITY.partition("| set in |")[2].partition("\n\n")[0].count("\n") - 1
    assert len(rows) > 8
    for number, mebibytes, module, name in rows:
        value = getattr(importlib.import_module(module), name)
        assert value == int(number.replace(",", "")) * (1 << 20 if mebibytes else 1), name
