"""A network of DistilBERT's shape in int8 on ONNX Runtime: how fast a small transformer can be.

Its weights are random: their values do not change how long a product takes. Its ids are random,
too; a text has as many as a BERT gives it at least: its words and its marks of punctuation, which
word pieces only cut further, and one token at each end.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.distilbert_graph import DISTILBERT, Shape, write_graph
from benchmarks.peers.encoded import Ids
from benchmarks.peers.peer import Scores, Setup
from benchmarks.peers.plain_text import without_breaks
from edgernn.privacy import import_quietly
from edgernn.text.padding import pad

__all__ = ["DistilBert", "count_tokens", "quantize"]

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ENDS = 2
_BATCHES = (1, 4, 16)
_SEARCHED = 16
"""Texts that the search for the best batch scores in each way."""

Feed = tuple[npt.NDArray[np.int64], dict[str, Ids]]
"""int64 [texts], where each stands among all, and the session's inputs."""


class DistilBert:
    """The quantized network, in the batches that are best for it."""

    packages = ("onnx", "numpy")

    def __init__(self, setup: Setup, shape: Shape = DISTILBERT) -> None:
        """Write, quantize and open it."""
        onnxruntime = import_quietly("onnxruntime")

        self._shape = shape
        path = setup.folder / "distilbert-int8.onnx"
        quantize(setup.folder, path, shape)
        self._bytes = path.stat().st_size
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = setup.threads
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._batch = 0
        self._searched: list[dict[str, Any]] = []

    @property
    def settings(self) -> dict[str, Any]:
        """How the graph was made, and what the search saw."""
        return {
            "weights": "random, of deviation 0.02; int8 by quantize_dynamic",
            "operators": "Attention, SkipLayerNormalization and BiasGelu, as onnxruntime."
            "transformers' optimizer fuses them; quantize_dynamic makes QAttention and "
            "MatMulInteger of them",
            "bytes": self._bytes,
            "tokens": "words and marks of punctuation, two ends, at most 512: no more than word "
            "pieces give",
            "batch": self._batch,
            "searched": self._searched,
        }

    def ready(self, texts: Sequence[str]) -> list[Feed]:
        """Draw ids for the texts, and put texts of like length into batches."""
        random = np.random.default_rng(0)
        counts = [min(count_tokens(text), self._shape.places) for text in texts]
        ids = [random.integers(self._shape.vocabulary, size=n).astype(np.int32) for n in counts]
        if not self._searched:
            self._search(ids[:: max(1, len(ids) // _SEARCHED)])
        return _batches(ids, self._batch)

    def score(self, inputs: list[Feed]) -> Scores:
        """Run the batches.

        Raises:
            FloatingPointError: a probability is not a number.
        """
        found = np.zeros(1 + max(int(places.max()) for places, _ in inputs), np.float64)
        for places, feed in inputs:
            (probability,) = self._session.run(["probability"], feed)
            found[places] = probability[:, 0]
        if not np.isfinite(found).all():
            raise FloatingPointError("DistilBERT's shape gave what is not a number")
        return found

    def _search(self, ids: Sequence[Ids]) -> None:
        for size in _BATCHES:
            batches = _batches(ids, size)
            self.score(batches[:1])
            start = time.perf_counter()
            self.score(batches)
            rate = round(len(ids) / (time.perf_counter() - start), 2)
            self._searched.append({"batch": size, "reviews_per_second": rate})
        self._batch = max(self._searched, key=lambda found: found["reviews_per_second"])["batch"]


def count_tokens(text: str) -> int:
    """Return how many tokens a BERT makes of a text at the least, both ends included."""
    return len(_TOKEN.findall(without_breaks(text))) + _ENDS


def quantize(folder: Path, path: Path, shape: Shape) -> None:
    """Write the int8 file of a network of this shape to `path`; the float32 file does not stay."""
    from onnx import TensorProto

    quantization = import_quietly("onnxruntime.quantization")
    wide = folder / "distilbert-float32.onnx"
    write_graph(wide, shape)
    # onnx cannot infer what ONNX Runtime's own operators give.
    types = {"DefaultTensorType": TensorProto.FLOAT}
    quantization.quantize_dynamic(
        str(wide), str(path), weight_type=quantization.QuantType.QInt8, extra_options=types
    )
    wide.unlink()


def _batches(ids: Sequence[Ids], size: int) -> list[Feed]:
    lengths = np.fromiter(map(len, ids), np.int64, len(ids))
    order = np.argsort(lengths, kind="stable")
    batches = []
    for start in range(0, len(order), size):
        places = order[start : start + size]
        padded, counts = pad([ids[i] for i in places])
        batches.append((places, {"ids": padded, "lengths": counts}))
    return batches
