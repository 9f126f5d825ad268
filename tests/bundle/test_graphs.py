"""The TFLite graphs of `runtimes/graphs`: verdicts are edgernn's, Kotlin's table is edgernn's."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from edgernn.bundle.tflite.forms import FORMS
from edgernn.bundle.tflite.model import parse_model

ROOT = Path(__file__).resolve().parents[2]
GRAPHS = sorted((ROOT / "runtimes" / "graphs").glob("*.tflite"))


def module(name: str) -> ModuleType:
    """A script of tests/conformance."""
    spec = importlib.util.spec_from_file_location(
        name, ROOT / "tests" / "conformance" / f"{name}.py"
    )
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.mark.unmeasured
@pytest.mark.parametrize("share", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_verdicts_are_ours(share: int) -> None:
    """Sound graphs are taken, also with changes that matter to nobody; the others are refused.

    Kotlin's library reads all cases each time; here each fourth is enough. Where this fails because
    a check has changed: `python tests/conformance/tflite_graphs.py`.
    """
    tools = module("tflite_graphs")
    header, *cases = map(json.loads, (tools.FOLDER / "graphs.jsonl").read_text().splitlines())
    assert header == {"format": "edgernn graphs", "version": 1}
    graphs = {path.stem: path.read_bytes() for path in GRAPHS}
    reasons: Counter[str | None] = Counter()
    for number, case in enumerate(cases):
        reasons[case["why"]] += 1
        if case["patch"] and number % share:
            continue
        data = tools.changed(graphs[case["graph"]], case["patch"])
        why = tools.verdict(data, case["vocabulary_size"])
        # Not which words: those of the file are the check's when it was written.
        assert (why is None) == case["accepted"] == (case["why"] is None), (case["id"], why)
    assert {case["graph"] for case in cases if case["accepted"] and not case["patch"]} == {*graphs}
    assert reasons[None] >= 100
    assert len(reasons) >= 100
    assert reasons.total() - reasons[None] >= 500


def test_graphs_hold_most_operators() -> None:
    """Of those that an export may have; a form that no graph here has is tried by Python alone."""
    held = {name for path in GRAPHS for name in parse_model(path.read_bytes()).operators}
    assert FORMS.keys() - held <= {"NEG"}


def test_kotlin_has_our_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the library lets through is written from the table here; a stale file is named."""
    tools = module("tflite_forms")
    assert tools.main(["--check"]) == 0, capsys.readouterr().err
    stale = tmp_path / "TfliteForms.kt"
    stale.write_text(tools.content().replace("119 WHILE", "119 CALL"), "utf-8")
    assert tools.main(["--check"], stale) == 1
    assert "not up to date: TfliteForms.kt" in capsys.readouterr().err
    assert tools.main([], stale) == tools.main(["--check"], stale) == 0
