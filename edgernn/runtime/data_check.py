"""Comparing every runtime of this machine on labelled texts."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile
from edgernn.errors import EdgernnError
from edgernn.runtime.answers import Limits, RuntimeAnswers, all_passed, judge, unscored
from edgernn.runtime.engines import Engine, find_engines, find_others
from edgernn.runtime.loaded_model import LoadedModel
from edgernn.runtime.other_runtimes import ChildRuntime, Refused

__all__ = ["MAX_BEYOND", "MAX_FLIPS", "OTHERS_SECONDS", "DataCheck", "check_on_data"]

MAX_FLIPS = 0.005
"""Largest share of texts whose label may be another than the reference's."""

MAX_BEYOND = 0.01
"""Largest share of texts that may be further off than the tolerance, which is a few hundred's."""

OTHERS_SECONDS = 20.0
"""How long a runtime that nothing here scores with is given texts; it takes them one by one."""

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

    Those that nothing here scores with get them one by one, and no more than they score in
    `OTHERS_SECONDS`: some take a second for what others do in a millisecond.

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
        return float(decision.right(probabilities, labels[: len(probabilities)]).mean())

    rows: list[RuntimeAnswers] = []
    for engine in (*find_engines(file), *find_others(file)):
        if engine.problem is not None:
            rows.append(unscored(file, engine, None, None))
            continue
        try:
            device, found = _scores(file, engine, ids)
        except Refused as error:
            row = unscored(file, engine, None, error)
            rows.append(dataclasses.replace(row, passed=None, refused=True))
            continue
        except EdgernnError as error:
            rows.append(unscored(file, engine, None, error))
            continue
        if expected is None:
            said = "nothing to compare with" if engine.is_other else "the reference"
            row = RuntimeAnswers(engine.name, engine.version, device, None, said, len(found))
            if not engine.is_other:
                expected = engine.name, found
        else:
            count = len(found)
            right = expected[1][:count]
            row = judge(engine, device, found[None], right, texts[:count], decision, limits)
        rows.append(dataclasses.replace(row, accuracy=accuracy(found)))
    return DataCheck(
        None if expected is None else expected[0],
        None if expected is None else accuracy(expected[1]),
        limits,
        tuple(rows),
    )


def _scores(
    file: ModelFile, engine: Engine, ids: Sequence[npt.NDArray[np.int32]]
) -> tuple[str, Probabilities]:
    """Return the device that ran, and the probabilities of the texts that were scored."""
    backend = engine.open()
    if not isinstance(backend, ChildRuntime):
        model = LoadedModel(file, backend)
        return model.device, model.probabilities(ids)
    found = []
    with backend:
        ends = time.monotonic() + OTHERS_SECONDS
        for one in ids:
            found.append(backend.run([one]))
            if time.monotonic() > ends:
                break
    return backend.device, np.concatenate(found)
