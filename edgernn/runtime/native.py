"""The C engine as a backend: ids in, probabilities out, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from edgernn.bundle import ModelFile
from edgernn.engine import LEVELS, EngineError, Library, installed
from edgernn.errors import DeviceError, ModelFileError, UsageError
from edgernn.runtime.backends import Probabilities, checked
from edgernn.runtime.batches import Ids
from edgernn.runtime.cores import threads_by_default

__all__ = ["LEVEL_VARIABLE", "NOT_INSTALLED", "Native"]

LEVEL_VARIABLE: Final = "EDGERNN_CPU"
"""Environment variable that names one of `edgernn.engine.LEVELS`."""

NOT_INSTALLED: Final = "not in this installation, which was built without a C compiler"

_BATCH_IDS = 1 << 14
"""Ids of a call: some milliseconds, so that threads share the work to the end."""


class Native:
    """A graph in the C engine: no padding, no sorting; a score depends on no other text."""

    device = "cpu"
    batched = True
    batch_tokens = _BATCH_IDS
    name = "native"

    def __init__(self, file: ModelFile, device: str, threads: int | None) -> None:
        """Load the graph; `threads` None is as many as there are cores.

        Raises:
            DeviceError: another device than `auto` or `cpu`.
            ModelFileError: the engine does not run the graph.
            UsageError: the engine is not installed, or `EDGERNN_CPU` names no level, or one that
                the processor does not have.
        """
        if device == "cuda":
            raise DeviceError(
                f"{file.path}: CUDA was asked for; engine native runs on the CPU only"
            )
        self.library = library = _library()
        level = os.environ.get(LEVEL_VARIABLE, "auto")
        if level not in LEVELS:
            raise UsageError(f"{LEVEL_VARIABLE}={level}: choose one of {', '.join(LEVELS)}")
        try:
            self.model: Final = library.open(file.data, level)
        except EngineError as error:
            if "processor" in str(error):
                raise UsageError(f"{LEVEL_VARIABLE}={level}: {error}") from error
            raise ModelFileError(
                f"{file.path}: engine native does not run it: {error}; leave --engine out"
            ) from error
        self.workers = threads or threads_by_default()
        self.path: Final = file.path
        self._contract = contract = file.bundle.contract
        self._shape: tuple[int, ...] = () if contract.outputs == 1 else (contract.outputs,)

    @property
    def level(self) -> str:
        """The instructions that it runs with, one of `edgernn.engine.LEVELS`."""
        return self.model.level

    def run(self, batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> Probabilities:
        """Score texts; no padding reaches the engine."""
        try:
            found = self.model.score(batch)
        except EngineError as error:
            raise ModelFileError(f"{self.path}: engine native: {error}") from error
        return checked(
            found.reshape(len(batch), *self._shape), len(batch), self.path, self._contract
        )


def _library() -> Library:
    try:
        library = installed()
    except OSError as error:
        raise UsageError(f"engine native cannot be loaded: {error}") from error
    if library is None:
        raise UsageError(f"engine native is {NOT_INSTALLED}")
    return library
