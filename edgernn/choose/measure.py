"""Size and latency of a candidate before it is trained.

Neither depends on what the weights are: the model is built with random ones, exported without the
checks of a finished file, and timed as its user would run it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.bundle import Bundle, Golden, with_bundle
from edgernn.bundle.model_file import learnt_sha256
from edgernn.choose.space import Point, recipe_of
from edgernn.choose.vocabularies import Vocabularies
from edgernn.errors import ExportError, MissingPackageError
from edgernn.native_logs import held_back
from edgernn.recipes.recipe import FitSettings
from edgernn.runtime import Classifier, LoadedModel, load
from edgernn.training.models import build, labels_of
from edgernn.training.run import Run
from exporters import model_card
from exporters.export import TrainedModel, convert_graph, in_form
from exporters.golden_texts import golden_vectors
from exporters.keras_model import network_of
from exporters.min_runtime import oldest_supported
from exporters.rules import FormatRules, check_cells

__all__ = ["SPOKEN_WORDS", "Untrained", "Variant", "latency_texts", "median_latencies"]

SPOKEN_WORDS = 200
"""Length of the reviews that are timed, in words."""
_TIMED_TEXTS = 16
_ROUNDS = 48
_WARM_UP = 4
_CARD_BYTES = 2_400
"""Room for what a trained model's card says beside an untrained one's: checks and figures."""


@dataclass(frozen=True)
class Variant:
    """A candidate in one precision."""

    precision: str
    bytes: int
    """Of the file, with vocabulary, contract, card and golden vectors."""
    milliseconds: float
    """Median time of one review on one thread, encoding included."""


@dataclass(frozen=True)
class Untrained:
    """Measures points of the search space in all precisions of a format."""

    vocabularies: Vocabularies
    rules: FormatRules
    fit: FitSettings
    texts: Sequence[str]
    """Reviews to time, see `latency_texts`."""
    data: dict[str, Any]
    """Description of the training data, which a file's card tells."""

    def measure(self, points: Sequence[Point]) -> list[tuple[Variant, ...] | str]:
        """Return what files of each point have, the smallest first, or why there can be none.

        Raises:
            MissingPackageError: a package of the `export` extra is missing.
        """
        results: list[tuple[Variant, ...] | str] = []
        with tempfile.TemporaryDirectory() as name, held_back():
            written: list[dict[str, Path] | str] = []
            for number, point in enumerate(points):
                try:
                    written.append(self._write(point, Path(name), number))
                except ExportError as error:
                    written.append(str(error))
            paths = [
                path for files in written if not isinstance(files, str) for path in files.values()
            ]
            opened = [load(path, "cpu", threads=1) for path in paths]
            times = dict(zip(paths, median_latencies(opened, self.texts), strict=True))
            for files in written:
                if isinstance(files, str):
                    results.append(files)
                    continue
                variants = [
                    Variant(precision, path.stat().st_size + _CARD_BYTES, times[path])
                    for precision, path in files.items()
                ]
                results.append(tuple(sorted(variants, key=lambda v: (v.bytes, v.milliseconds))))
        return results

    def _write(self, point: Point, folder: Path, number: int) -> dict[str, Path]:
        """Write a file in each precision that the point can have."""
        recipe = recipe_of(point, self.fit)
        encoder = self.vocabularies.encoder(point)
        run = Run(
            folder=folder,
            encoder=encoder,
            config={"recipe": recipe.name, "seed": 0, "data": {"description": self.data}},
            metrics={},
        )
        labels = labels_of(encoder.contract)
        network = network_of(
            build(recipe, encoder.contract.vocabulary_size, labels), encoder.contract
        )
        shape = (len(self.texts), *(() if labels is None else (labels,)))
        trained = TrainedModel(run, network, self.texts, np.zeros(shape, np.float32))
        written: dict[str, Path] = {}
        golden: Golden | None = None
        refusal: ExportError | None = None
        for precision in self._precisions():
            try:
                check_cells(self.rules, precision, [point.cell])
                formed = replace(trained, network=in_form(network, self.rules, precision))
                card = model_card.describe(run, network, self.rules.name, precision)
                graph = convert_graph(
                    formed, self.rules, precision, card, oldest_supported(self.rules.name)
                )
            except ExportError as error:
                refusal = error
                continue
            except ImportError as error:
                package = error.name or "tensorflow"
                raise MissingPackageError(package, "exporting", "export") from error
            path = folder / f"{number}-{precision}{self.rules.suffix}"
            if golden is None:
                path.write_bytes(with_bundle(graph, self.rules.name, Bundle(encoder, card)))
                # An untrained model is undecided of all texts, which a tolerance would leave out.
                probabilities = LoadedModel.open(path, "cpu").probabilities
                batched = self.rules.batches[0] == "many"
                golden = golden_vectors(encoder, probabilities, 1e-12, batched=batched)
            card |= {"oldest_runtime": "", "checks": {"lines": []}}
            page = model_card.page(card, encoder.contract, {})
            weights = learnt_sha256(graph, self.rules.name)
            bundle = Bundle(encoder, card, page, golden, weights)
            path.write_bytes(with_bundle(graph, self.rules.name, bundle))
            written[precision] = path
        if not written and refusal is not None:
            raise refusal
        return written

    def _precisions(self) -> list[str]:
        return [name for name, rules in self.rules.precisions.items() if rules.searched]


def latency_texts(texts: Sequence[str], words: int = SPOKEN_WORDS) -> list[str]:
    """Choose the texts whose number of words is closest to `words`; shorter ones are repeated.

    All candidates are timed on the same texts: a vocabulary that cuts them into more tokens pays
    for it.
    """
    counts = np.array([len(text.split()) for text in texts])
    nearest = np.argsort(np.abs(counts - words), kind="stable")[:_TIMED_TEXTS]
    chosen = []
    for place in nearest.tolist():
        found = texts[place].split()
        if found:
            chosen.append(" ".join((found * -(-words // len(found)))[:words]))
    return chosen


def median_latencies(files: Sequence[Classifier], texts: Sequence[str]) -> list[float]:
    """Time files on one text a call, in turn, so that what else the machine does meets all alike.

    Returns:
        The median for each file, in milliseconds.
    """
    times: list[list[float]] = [[] for _ in files]
    for turn in range(_WARM_UP + _ROUNDS):
        text = texts[turn % len(texts)]
        for file, found in zip(files, times, strict=True):
            started = time.perf_counter()
            file.score([text])
            if turn >= _WARM_UP:
                found.append(1e3 * (time.perf_counter() - started))
    return [float(np.median(found)) for found in times]
