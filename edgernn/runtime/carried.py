"""Models that travel to other processes: a file's bytes and options, loaded once in each.

A session of an engine cannot be pickled, and what one does after a fork no engine promises: its
threads stay behind, and CUDA refuses. So what travels is the file as it was read and checked, and
the process that it reaches checks and loads it again; the second classifier of the same bytes and
options that reaches it shares the first one's engine.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from edgernn.bundle import parse_model_file
from edgernn.runtime.loaded_model import LoadedModel, Options

__all__ = ["Carried", "generation"]

_MOST_MODELS: Final = 8
"""Models that a process keeps of those that reached it: workers of a cluster get the same one with
each task, and nobody closes it between two."""


@dataclass(frozen=True)
class Carried:
    """A model file and how it is to be loaded; this is what is pickled."""

    data: bytes = field(repr=False)
    path: Path
    options: Options

    @classmethod
    def of(cls, model: LoadedModel) -> Carried:
        """Return what is carried of a model."""
        carried = cls(model.data, model.path, model.options)
        _models.sent(carried, model)
        return carried

    def open(self) -> LoadedModel:
        """Return the model, loaded by this process.

        Raises:
            DeviceError, MissingPackageError, ModelFileError: as `edgernn.load`; here, too, the
                bytes are checked before an engine sees them.
        """
        return _models.open(self)


class _Models:
    """The last few models of a process that reached it; many threads may ask at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, Options], LoadedModel] = OrderedDict()
        self._sent: WeakValueDictionary[tuple[str, Options], LoadedModel] = WeakValueDictionary()

    def open(self, carried: Carried) -> LoadedModel:
        """Return a model that is held, or load it: one thread, while the others wait for it."""
        with self._lock:
            key = _key(carried)
            model = self._held.get(key) or self._sent.get(key)
            if model is None:
                file = parse_model_file(carried.data, carried.path, rewritten=True)
                model = LoadedModel.of_file(file, carried.options)
            self._held[key] = model
            self._held.move_to_end(key)
            if len(self._held) > _MOST_MODELS:
                self._held.popitem(last=False)
            return model

    def sent(self, carried: Carried, model: LoadedModel) -> None:
        """Remember, as long as it is used, a model that is loaded here and sent away."""
        with self._lock:
            self._sent.setdefault(_key(carried), model)


def _key(carried: Carried) -> tuple[str, Options]:
    return hashlib.sha256(carried.data).hexdigest(), carried.options


_models = _Models()
_generation = 0


def generation() -> int:
    """Return a number that is another one in a process after a fork."""
    return _generation


def _after_fork() -> None:
    # A lock that another thread held at the fork would never be given back.
    global _models, _generation
    _models = _Models()
    _generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
