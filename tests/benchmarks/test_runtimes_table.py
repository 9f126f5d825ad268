"""The tables of docs/runtimes.md: what is right, off, refused or broken is told apart."""

from __future__ import annotations

from typing import Any

from benchmarks.runtimes.table import recurrent_table, runtimes_table, runtimes_wrong


def row(runtime: str, **found: Any) -> dict[str, Any]:
    return {
        "runtime": runtime,
        "version": "1.2",
        "right": True,
        "refused": False,
        "reason": None,
        "one_by_one": 1e-7,
        "in_a_batch": 1e-7,
        "time_to_onnxruntime": 1.5,
        **found,
    }


RESULT: dict[str, Any] = {
    "machine": {"processor": "CPU", "python": "3.11", "versions": {"onnx": "1"}},
    "tokens": 200,
    "turns": 15,
    "missing": {"rten": "cargo is not installed"},
    "files": [
        {
            "recipe": "bigru",
            "form": "onnx",
            "hash": "float32",
            "runtimes": [
                row("onnxruntime"),
                row("openvino", right=False, one_by_one=0.18, in_a_batch=0.48),
                row("onnx reference", right=False, in_a_batch=0.05),
                row("IREE", right=None, refused=True, reason="no <op> | here", one_by_one=None),
                row("MNN", right=False, reason="it ends", one_by_one=None, in_a_batch=None),
            ],
        }
    ],
    "roads": [
        {
            "recipe": "bigru",
            "road": "tf2onnx",
            "converts": True,
            "runs": True,
            "tokens": None,
            "off": 1e-7,
            "right": True,
            "keeps_state": False,
            "time_to_onnxruntime": 5.6,
        },
        {"recipe": "bigru", "road": "litert", "converts": False, "runs": False, "reason": "Flex"},
    ],
}


def test_cells() -> None:
    """A number where it is off, a note for the reason, the time where it ran."""
    table = runtimes_table(RESULT)
    cells = {
        line.split("<br>")[0].removeprefix("| "): line.split(" | ", 1)[1]
        for line in table.splitlines()
        if line.startswith("| ") and "<br>1.2" in line
    }
    assert cells["onnxruntime"] == "right<br>1.5 x |"
    assert cells["openvino"].startswith(
        "**0.18 off <sup>1</sup><br>0.48 off in a batch <sup>2</sup>"
    )
    assert cells["onnx reference"].startswith("**0.05 off in a batch <sup>2</sup>**")
    assert cells["IREE"] == "refused <sup>3</sup> |"
    assert cells["MNN"] == "**fails** <sup>4</sup> |"
    assert r"<sup>3</sup> no &lt;op> \| here" in table
    assert "Could not be had: rten: cargo is not installed" in table
    assert "| `bigru` | tf2onnx | yes | yes | 1.0e-07 | no | 5.6 x |" in table
    assert "| `bigru` | litert | no <sup>1</sup> | - | - | - | - |" in table


def test_the_line_of_the_readme() -> None:
    """Who is wrong, and how; a runtime that refuses or fails is not."""
    assert runtimes_wrong(RESULT) == (
        "Other runtimes may be wrong without a word: openvino on single texts; "
        "onnx reference in a batch."
    )
    assert runtimes_wrong({"files": []}).endswith(": none is.")


def test_loops_and_fused_operators() -> None:
    """A row for each layer, a column for each length."""
    rows = [
        {
            "cell": "LSTM",
            "units": 32,
            "reader": "pool",
            "precision": "int8",
            "tokens": tokens,
            "loop_to_fused": ratio,
        }
        for tokens, ratio in ((50, 0.9), (200, 1.125))
    ]
    assert recurrent_table({"rows": rows}).splitlines() == [
        "| layer | read by | precision | 50 tokens | 200 tokens |",
        "| --- | --- | --- | ---: | ---: |",
        "| LSTM of 32 | pooling | int8 | 0.90 | 1.12 |",
    ]
