"""The benchmark of several seeds: halves taken apart, what is measured, the tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import edgernn
from benchmarks.behaviour.texts import CONTROL, Text
from benchmarks.flagship import __main__ as flagship
from benchmarks.flagship.table import flagship_table
from edgernn.bundle import read_model_file
from edgernn.data import Examples
from edgernn.errors import ModelFileError

EARLIER = Path("benchmarks/models/flagship-1")
BLEND = {"layers": 0.5, "ngrams": 2.0, "constant": 0.25}
SITE = Examples(("A good film.", "A bad film."), np.array([1, 0], np.int8))
TEXTS = flagship.Measured(
    {"amazon": SITE, "yelp": SITE},
    [
        Text(CONTROL, True, "1", "A good film."),
        Text("negated good", False, "1", "Not a good film."),
        Text("wish", True, "", "I wish all films were so."),
    ],
)


def answer(logits):
    """Halves that say the same of any texts."""
    return lambda texts: {
        half: np.resize(np.array(values, np.float64), len(texts)) for half, values in logits.items()
    }


def column(seed: int, accuracy: float) -> dict:
    """What a run measures, with round numbers."""
    site = {"examples": 10, "accuracy": accuracy, "called_positive": 0.5}
    behaviour = {
        "texts": 20,
        "accuracy": accuracy - 0.1,
        "share_positive": 0.5,
        "pairs": 0.9,
        "kinds": {CONTROL: 0.8, "wish": accuracy},
    }
    found = {"amazon": site, "yelp": site, "behaviour": behaviour}
    return {
        "seed": seed,
        "bytes": 1000 + seed,
        "held_out": dict.fromkeys(("layers", "ngrams", "both"), accuracy),
        "held_out_texts": 2500,
        "test": {
            "examples": 25000,
            "accuracy": accuracy,
            "accuracy_without_near_duplicates": accuracy,
            "expected_calibration_error": 0.01,
            "called_positive": 0.5,
        },
        "checks": ["parity: fine"],
        **found,
        "halves": dict.fromkeys(("layers", "ngrams", "both"), found),
    }


def test_the_earlier_model_loads_and_answers_its_golden_vectors() -> None:
    """What was shipped before can be had, with the hash and the text rules of then."""
    golden = read_model_file(EARLIER / "model.onnx").bundle.golden
    assert len(golden.vectors) >= 16
    with edgernn.load(EARLIER / "model.onnx", "cpu") as model:
        assert model.card["training"]["parameters"] == 598_911
        assert model.contract.version == 1
        for vector in golden.vectors:
            assert model.encode(vector.text) == list(vector.ids)
            (score,) = model.score([vector.text])
            if vector.probability is None:
                assert score.label is None
            else:
                assert score.probability == pytest.approx(vector.probability, abs=golden.tolerance)


def test_halves_of_a_model(tiny_wide_run: Path, tmp_path: Path) -> None:
    """They add up, by the three numbers of the metrics, to what the model itself gives."""
    from benchmarks.flagship.halves import open_halves
    from edgernn.training.models import logits
    from edgernn.training.run import Run

    folder = tmp_path / "run"
    shutil.copytree(tiny_wide_run, folder)
    with pytest.raises(ModelFileError, match="its metrics have no blend of two halves"):
        open_halves(Run.open(folder))
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | {"blend": BLEND}))
    run = Run.open(folder)
    texts = ("A good film.", "It was bad, and far too long.")
    found = open_halves(run)(texts)
    whole = logits(run.load_model(), run.encoder.encode_batch(texts))
    np.testing.assert_allclose(found["both"], whole, atol=1e-4)
    parts = found["layers"] * BLEND["layers"] + found["ngrams"] * BLEND["ngrams"]
    np.testing.assert_allclose(parts + BLEND["constant"], whole, atol=1e-4)
    assert np.ptp(found["layers"]) > 1e-3
    assert np.ptp(found["ngrams"]) > 1e-3


def test_measures_of_halves() -> None:
    """Each half by its own sign: right of both sentences, of one, of none."""
    logits = {"layers": [2.0, -2.0], "ngrams": [1.0], "both": [-1.0, 1.0]}
    found = flagship.measure_halves(answer(logits), TEXTS)
    assert [found[half]["yelp"]["accuracy"] for half in logits] == [1.0, 0.5, 0.0]
    assert found["ngrams"]["amazon"]["called_positive"] == 1.0
    assert [found[half]["behaviour"]["pairs"] for half in logits] == [1.0, 0.0, 0.0]
    assert found["layers"]["behaviour"]["accuracy"] == 1.0
    assert found["both"]["behaviour"]["accuracy"] == 0.0


def test_tests_may_stay_unread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without them nothing asks for the split, and the file's column has no such figures."""
    monkeypatch.setattr(flagship, "load_split", None)
    for name in flagship.SITES:
        (tmp_path / f"{name}.txt").write_text("Great, loved it.\t1\nAwful waste.\t0\n", "utf-8")
    texts = flagship._read("no such data", tmp_path, with_tests=False)
    found = flagship.measure_file(EARLIER / "model.onnx", texts)
    assert "test" not in found
    assert found["amazon"] == {"examples": 2, "accuracy": 1.0, "called_positive": 0.5}
    assert found["behaviour"]["texts"] >= 400
    with pytest.raises(TypeError):
        flagship._read("no such data", tmp_path, with_tests=True)


def test_the_tables() -> None:
    """Seeds, their mean, and another model; halves with the lowest and the highest seed."""
    runs = [column(1, 0.75), column(2, 0.85)]
    mean = flagship.mean_of(runs)
    assert "seed" not in mean
    assert "checks" not in mean
    result = {
        "machine": {"processor": "P", "cores": 2, "python": "3.11", "versions": {"a": "1"}},
        "runs": runs,
        "mean": mean,
        "compared": {"name": "flagship-1", **column(0, 0.7)},
        "speed": {"own_tokens": {"ratio": 1.25}},
    }
    lines = flagship_table(result).splitlines()
    assert lines[0] == "| int8 ONNX file | seed 1 | seed 2 | mean | `flagship-1` |"
    assert "| **IMDB, test split** | 75.00% | 85.00% | 80.00% | 70.00% |" in lines
    assert "| - wish | 75.0% | 85.0% | 80.0% | 70.0% |" in lines
    assert "| int8 file, bytes | 1,001 | 1,002 | 1,002 | 1,000 |" in lines
    assert any(line.startswith("One review of 200 tokens takes 1.25 times") for line in lines)
    seeds = " | ".join(["80.00% (75.00% to 85.00%)"] * 3 + ["70.00%"] * 3)
    assert f"| held-out films, 2,500 reviews | {seeds} |" in lines
    assert any(line.startswith("| **behaviour** | 70.0% (65.0% to 75.0%) |") for line in lines)
    alone = {name: result[name] for name in ("machine", "mean")} | {"runs": runs[:1]}
    assert flagship_table(alone).startswith("| int8 ONNX file | seed 1 |\n")
