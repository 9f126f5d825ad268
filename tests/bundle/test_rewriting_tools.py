"""onnxslim and onnxsim themselves, in an environment of their own, on files of both batches."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from own_environment import own_environment

from edgernn import load
from edgernn.runtime.loaded_model import open_reference
from exporters.export import TrainedModel, export
from exporters.rules import FORMATS

Files = dict[tuple[str, str], Path]
PACKAGES = ("onnxslim==0.1.98", "onnxsim==0.8.1", "onnx==1.23.2", "onnxruntime==1.31.0")
SCRIPT = """
import sys, onnx, onnxsim, onnxslim
for path, slim, sim in zip(*[iter(sys.argv[1:])] * 3):
    onnx.save(onnxslim.slim(onnx.load(path)), slim)
    onnx.save(onnxsim.simplify(onnx.load(path))[0], sim)
"""
TEXTS = ["Great movie!", "Awful.", "I loved it. Then I saw it again, and I didn't."]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the tools."""
    return own_environment(tmp_path_factory.mktemp("tools") / "venv", *PACKAGES)


@pytest.mark.slow
def test_what_they_make_is_taken(
    python: Path,
    tiny_wide_trained: TrainedModel,
    tiny_wide_files: Files,
    tiny_files: Files,
    tmp_path: Path,
) -> None:
    """With a warning; the scores are the same."""
    one = tmp_path / "one.onnx"
    on_cpu = open_reference
    export(tiny_wide_trained, FORMATS["onnx"], "int8", one, on_cpu, batch="one")
    paths = [
        one,
        *(
            files["onnx", kind]
            for files in (tiny_wide_files, tiny_files)
            for kind in ("int8", "float32")
        ),
    ]
    triples = [
        (path, tmp_path / f"{i}-slim.onnx", tmp_path / f"{i}-sim.onnx")
        for i, path in enumerate(paths)
    ]
    subprocess.run(
        [python, "-c", SCRIPT, *(path for triple in triples for path in triple)],
        check=True,
        timeout=300,
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},
    )
    for path, *copies in triples:
        with load(path, "cpu") as classifier:
            expected = [score.probability for score in classifier.score(TEXTS)]
        for copy in copies:
            assert copy.read_bytes() != path.read_bytes()
            with (
                pytest.warns(RuntimeWarning, match="the graph was rewritten after"),
                load(copy, "cpu") as classifier,
            ):
                found = [score.probability for score in classifier.score(TEXTS)]
            np.testing.assert_allclose(np.array(found), np.array(expected), atol=1e-6)
