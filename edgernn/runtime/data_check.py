"""Comparing every runtime of this machine on labelled texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile
from edgernn.errors import EdgernnError
from edgernn.runtime.answers import Limits, RuntimeAnswers, all_passed, judge, unscored
from edgernn.runtime.engines import find_engines
from edgernn.runtime.loaded_model import LoadedModel

__all__ = ["MAX_BEYOND", "MAX_FLIPS", "DataCheck", "check_on_data"]

MAX_FLIPS = 0.005
"""Largest share of texts whose label may be another than the reference's."""

MAX_BEYOND = 0.01
"""Largest share of texts that may be further off than the tolerance, which is a few hundred's."""

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class DataCheck:
    """What runtimes made of some texts, against a reference."""

    reference: str | None
    """What the others are compared with; None where no runtime ran."""
    reference_accuracy: float | None
    """Share of labels that the reference gets right, in [0, 1]."""
    limits: Limits
    runtimes: tuple[RuntimeAnswers, ...]

    @property
    def passed(self) -> bool:
        """Whether a runtime ran, and none is further from the reference than allowed."""
        return all_passed(self.runtimes)


def check_on_data(
    file: ModelFile,
    texts: Sequence[str],
    labels: npt.NDArray[Any],
    limits: Limits,
    expected: tuple[str, Probabilities] | None = None,
) -> DataCheck:
    """Score texts on every runtime that this machine has.

    Args:
        file: the model file.
        texts: at least one; each has a token.
        labels: the true ones, as `Decision.right` takes them.
        limits: what a runtime may differ by.
        expected: name and probabilities of a reference, float32 [texts] or [texts, labels]; None
            takes the first runtime that runs.
    """
    ids = file.bundle.encoder.encode_batch(texts)
    decision = file.bundle.contract.decides

    def accuracy(probabilities: Probabilities) -> float:
        return float(decision.right(probabilities, labels).mean())

    rows: list[RuntimeAnswers] = []
    for engine in find_engines(file):
        if engine.problem is not None:
            rows.append(unscored(file, engine, None, None))
            continue
        device = None
        try:
            model = LoadedModel(file, engine.open())
            device = model.device
            found = model.probabilities(ids)
        except EdgernnError as error:
            rows.append(unscored(file, engine, device, error))
            continue
        if expected is None:
            expected = engine.name, found
            row = RuntimeAnswers(
                engine.name, engine.version, device, None, "the reference", len(texts)
            )
        else:
            row = judge(engine, device, found[None], expected[1], texts, decision, limits)
        rows.append(dataclasses.replace(row, accuracy=accuracy(found)))
    return DataCheck(
        None if expected is None else expected[0],
        None if expected is None else accuracy(expected[1]),
        limits,
        tuple(rows),
    )
