"""The C engine as a backend: ids in, probabilities out, on the CPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgernn.bundle import ModelFile
from edgernn.engine import LEVELS, EngineError, Library, installed
from edgernn.errors import DeviceError, ModelFileError, UsageError
from edgernn.runtime.backends import checked
from edgernn.runtime.cores import threads_by_default

if TYPE_CHECKING:
    from edgernn.runtime.backends import Probabilities
    from edgernn.runtime.batches import Ids

__all__ = ["LEVEL_VARIABLE", "Native", "NotHereError", "RefusedError"]

LEVEL_VARIABLE: Final = "EDGERNN_CPU"
"""Environment variable that names one of `edgernn.engine.LEVELS`."""

_BATCH_IDS = 1 << 14
"""Ids of a call: some milliseconds, so that threads share the work to the end."""


class NotHereError(UsageError):
    """The engine is not in this installation, or the system's loader refuses it."""

    def __init__(self, reason: str, *, is_broken: bool = False) -> None:
        """Take why, and whether it is there and does not load."""
        super().__init__(f"engine native {reason}")
        self.reason = self.predicate = reason
        """What the engine is instead, as it stands behind its name."""
        self.is_broken = is_broken


class RefusedError(ModelFileError):
    """The engine does not run a file's graph, which others may."""

    def __init__(self, path: Path, reason: str) -> None:
        """Take the file and the engine's own line."""
        super().__init__(f"{path}: engine native does not run it: {reason}; leave --engine out")
        self.reason = reason
        self.predicate = f"does not run this file: {reason}"
        """What the engine does instead, as it stands behind its name."""


class Native:
    """A graph in the C engine: no padding, no sorting; a score depends on no other text."""

    device = "cpu"
    batched = True
    batch_tokens = _BATCH_IDS
    name = "native"

    def __init__(self, file: ModelFile, device: str, threads: int | None) -> None:
        """Load the graph; `threads` None is as many as there are cores.

        Raises:
            DeviceError: CUDA.
            NotHereError: the engine is not installed, or cannot be loaded.
            RefusedError: it does not run the graph.
            UsageError: `EDGERNN_CPU` names no level, or one that the processor does not have.
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
            raise RefusedError(file.path, str(error)) from error
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
        raise NotHereError(f"cannot be loaded: {error}", is_broken=True) from error
    if library is None:
        raise NotHereError("is not in this installation, which was built without a C compiler")
    return library
