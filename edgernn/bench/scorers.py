"""What is timed: one review, many reviews, and the parts of many, on a file or a Keras model."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile
from edgernn.runtime import Classifier, LoadedModel
from edgernn.runtime.backends import Backend
from edgernn.text import TextEncoder

if TYPE_CHECKING:
    from edgernn.training.run import Run

__all__ = ["FileScorer", "KerasScorer", "Parts", "Scorer"]

Ids = npt.NDArray[np.int32]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Parts:
    """Seconds that the parts of scoring many reviews take, one after the other."""

    encode: float
    batch: float
    infer: float


class Scorer(Protocol):
    """A loaded model with its text rules."""

    @property
    def device(self) -> str:
        """The device that really runs."""

    @property
    def encoder(self) -> TextEncoder:
        """The text rules."""

    def score_one(self, text: str) -> None:
        """Score one review, from text to probability."""

    def score_all(self, texts: Sequence[str]) -> Probabilities:
        """Return float32 [texts] or [texts, labels], as `Decision` describes scores.

        They are not a number for a text of which no token is left.
        """

    def parts(self, texts: Sequence[str]) -> Parts:
        """Score the same once more and time the parts."""


class FileScorer:
    """A model file, called as its users call it."""

    def __init__(self, file: ModelFile, backend: Backend) -> None:
        """Join a checked file with the engine that runs it."""
        self._clock = _BusyClock()
        model = LoadedModel(file, backend)
        self._encoder = model.encoder
        self._classifier = Classifier(model)
        timed = cast(Backend, _Timed(backend, self._clock))
        self._timed = LoadedModel(file, timed)

    @property
    def device(self) -> str:
        """The device that really runs."""
        return self._classifier.device

    @property
    def encoder(self) -> TextEncoder:
        """The file's text rules."""
        return self._encoder

    def score_one(self, text: str) -> None:
        """Score one review, from text to probability."""
        self._classifier.score([text])

    def score_all(self, texts: Sequence[str]) -> Probabilities:
        """Return scores, as `Scorer` says."""
        scores = self._classifier.score(texts)
        if self.encoder.contract.decides.is_binary:
            one = [np.nan if s.probability is None else s.probability for s in scores]
            return np.array(one, np.float32)
        nothing = (np.nan,) * len(self.encoder.contract.labels)
        each = [nothing if s.probabilities is None else s.probabilities for s in scores]
        return np.array(each, np.float32)

    def parts(self, texts: Sequence[str]) -> Parts:
        """Time encoding, and then scoring of the ids with and without the time in the engine."""
        started = time.perf_counter()
        ids = [one for one in self.encoder.encode_batch(texts) if len(one)]
        encoded = time.perf_counter()
        self._clock.reset()
        self._timed.probabilities(ids)
        scored = time.perf_counter() - encoded
        infer = min(self._clock.seconds, scored)
        return Parts(encoded - started, scored - infer, infer)


class KerasScorer:
    """A run's trained Keras model."""

    def __init__(self, run: Run) -> None:
        """Load the model.

        Raises:
            MissingPackageError: TensorFlow is not installed.
            ModelFileError: Keras cannot read the file.
        """
        self._run = run
        self._clock = _BusyClock()
        self._model = run.load_model()
        # It warns that texts of another length make it begin anew, which warming up is for.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)

    @property
    def device(self) -> str:
        """The device that really runs: TensorFlow takes a GPU where it finds one."""
        return "cuda" if "GPU" in str(self._model.weights[0].value.device) else "cpu"

    @property
    def encoder(self) -> TextEncoder:
        """The run's text rules."""
        return self._run.encoder

    def score_one(self, text: str) -> None:
        """Score one review, from text to probability."""
        self._probabilities(self._model, self.encoder.encode_batch([text]))

    def score_all(self, texts: Sequence[str]) -> Probabilities:
        """Return scores, as `Scorer` says."""
        ids = self.encoder.encode_batch(texts)
        known = [i for i, one in enumerate(ids) if len(one)]
        scores = self._probabilities(self._model, [ids[i] for i in known])
        found = np.full((len(texts), *scores.shape[1:]), np.nan, np.float32)
        found[known] = scores
        return found

    def parts(self, texts: Sequence[str]) -> Parts:
        """Time encoding, and then scoring of the ids with and without the time in Keras."""
        started = time.perf_counter()
        ids = [one for one in self.encoder.encode_batch(texts) if len(one)]
        encoded = time.perf_counter()
        self._clock.reset()
        self._probabilities(_TimedModel(self._model, self._clock), ids)
        scored = time.perf_counter() - encoded
        infer = min(self._clock.seconds, scored)
        return Parts(encoded - started, scored - infer, infer)

    def _probabilities(self, model: Any, ids: Sequence[Ids]) -> Probabilities:
        from edgernn.training.models import probabilities

        return probabilities(model, ids, self.encoder.contract.decides)


class _BusyClock:
    """The time during which at least one of several callers is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.seconds = 0.0
        self._inside = 0
        self._since = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._since = time.perf_counter()
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self.seconds += time.perf_counter() - self._since


class _Timed:
    """A backend whose calls are timed; all else is the backend's own."""

    def __init__(self, backend: Backend, clock: _BusyClock) -> None:
        self._backend = backend
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def run(self, batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> Probabilities:
        with self._clock:
            return self._backend.run(batch, padding_ids)


class _TimedModel:
    """A Keras model whose predictions are timed; all else is the model's own."""

    def __init__(self, model: Any, clock: _BusyClock) -> None:
        self._model = model
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict_on_batch(self, ids: Ids) -> Any:
        with self._clock:
            return self._model.predict_on_batch(ids)
