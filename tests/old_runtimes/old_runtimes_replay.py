"""Replay the golden vectors of files, in whatever environment this runs; JSON to standard output.

Not a test by itself: `test_old_runtimes.py` runs it where packages of 2023 are installed, and
nothing but them.
"""

import dataclasses
import json
import sys
from typing import Any

import numpy as np

import edgernn
from edgernn.bundle import read_model_file
from edgernn.runtime.replay import replay


def replayed(path: str) -> dict[str, Any]:
    """Return what each runtime gave, and for an .onnx file what `edgernn.load` gives."""
    file = read_model_file(path)
    golden = file.bundle.golden
    assert golden is not None, f"{path} has no golden vectors"
    found = replay(file, golden)
    scores = None
    if file.format == "onnx":
        known = [v for v in golden.vectors if v.text.strip() and v.probability is not None]
        scored = edgernn.load(path, "cpu").score([vector.text for vector in known])
        scores = [[s.probability, v.probability] for s, v in zip(scored, known, strict=True)]
    return {
        "numpy": np.__version__,
        **dataclasses.asdict(found),
        "passed": found.passed,
        "scores": scores,
    }


if __name__ == "__main__":
    print(json.dumps([replayed(path) for path in sys.argv[1:]]))
