"""The classifier that users call: texts of any holder in, scores out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from edgernn.errors import TextError, UsageError
from edgernn.runtime.carried import Carried, generation
from edgernn.runtime.cores import MOST_THREADS
from edgernn.runtime.loaded_model import LoadedModel
from edgernn.runtime.scores import Score, problem_of, texts_of, without_label
from edgernn.text import TextContract

__all__ = ["Classifier", "load"]


class Classifier:
    """A model file ready to score texts; make one with `edgernn.load`.

    It scores until it is closed, by `close` or by leaving a `with` block, or no longer used. Many
    threads may call one classifier at once. It can be pickled: the file's bytes and the options
    travel, and another process checks and loads them once, however many classifiers of them reach
    it. A copy shares the engine, and a process that was forked loads its own.

    Examples:
        >>> import edgernn
        >>> with edgernn.load() as classifier:
        ...     scores = classifier.score(["Great movie!", "A waste of time."])
        >>> [score.label for score in scores]
        ['positive', 'negative']
    """

    def __init__(self, model: LoadedModel) -> None:
        """Take what `edgernn.load` has loaded."""
        self._model: LoadedModel | None = model
        self._generation = generation()
        self._path = model.path
        self._device = model.device
        self._engine = model.engine
        self._engine_reason = model.engine_reason
        self._contract = model.contract
        self._card = model.card

    @property
    def path(self) -> Path:
        """The model file."""
        return self._path

    @property
    def device(self) -> str:
        """The device that really runs: `cpu` or `cuda`."""
        return self._device

    @property
    def engine(self) -> str:
        """The engine that runs the file: `native`, `onnxruntime` or `litert`."""
        return self._engine

    @property
    def engine_reason(self) -> str:
        """Why it is this engine, in one line: such as what of the file `native` does not run."""
        return self._engine_reason

    @property
    def contract(self) -> TextContract:
        """The text contract that the file carries."""
        return self._contract

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in the model's order: the contract's."""
        return self._contract.labels

    @property
    def card(self) -> Mapping[str, Any]:
        """What the file says of itself: recipe, precision, training figures, versions."""
        return self._card

    def encode(self, text: str) -> list[int]:
        """Return the ids that the model sees of a text: at least none, at most `max_length`.

        Raises:
            UsageError: the classifier is closed.
        """
        return self._open_model().encoder.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text that ids stand for.

        Raises:
            UsageError: the classifier is closed.
            ValueError: an id is outside the vocabulary.
        """
        return self._open_model().encoder.decode(ids)

    def score(
        self, texts: Iterable[Any], *, errors: Literal["coerce", "raise"] = "coerce"
    ) -> list[Score]:
        """Score texts, in the order given; a text's score depends on no other text.

        Args:
            texts: strings in a list, a tuple, a generator, a numpy array, a pandas Series of any
                index, an Arrow array or whatever else yields them.
            errors: what becomes of a text that is missing (None, NaN, `pandas.NA`), no string,
                empty or white space alone, or of which the contract leaves no token. `coerce`: a
                `Score` with the reason and no label. `raise`: an error.

        Raises:
            TextError: with `errors="raise"`: a text is empty, or no token is left of it; the
                message says which.
            TypeError: `texts` is one string or a table; with `errors="raise"`: an item is not a
                string.
            UsageError: the classifier is closed.
        """
        model = self._open_model()
        if errors not in ("coerce", "raise"):
            raise ValueError(f'errors is "coerce" or "raise", not {errors!r}')
        texts = texts_of(texts)
        problems = {
            place: problem_of(text)
            for place, text in enumerate(texts)
            # Spelled out: a call for each of many texts would take longer.
            if not isinstance(text, str) or not text or text.isspace()
        }
        if not problems:
            scores = model.score(texts)
        elif errors == "raise":
            place, problem = next(iter(problems.items()))
            error = TextError if isinstance(texts[place], str) else TypeError
            raise error(f"text {place + 1}{str(problem).removeprefix('the text')}")
        else:
            good = [text for place, text in enumerate(texts) if place not in problems]
            rest = iter(model.score(good))
            labels = self.labels
            scores = [
                without_label(labels, str(problems[place])) if place in problems else next(rest)
                for place in range(len(texts))
            ]
        if errors == "raise":
            for number, score in enumerate(scores, start=1):
                if score.reason is not None:
                    raise TextError(f"text {number}: {score.reason}")
        return scores

    def score_or_none(self, texts: Iterable[Any]) -> list[Score | None]:
        """Score texts as `score` does, with None for a text that cannot be scored."""
        return [None if score.reason is not None else score for score in self.score(texts)]

    def score_frame(self, frame: Any, column: str) -> Any:
        """Return a pandas frame with the scores of a column of texts beside its columns.

        Args:
            frame: a `pandas.DataFrame`; it stays as it is.
            column: the name of the column.

        Returns:
            A `pandas.DataFrame` of the same index, with the columns `label`, `confidence` and
            `probability` of two labels, `label` and `confidence` of more, `labels` where a text
            may have several. One that the frame has already is `label_edgernn`, then
            `label_edgernn_2`. Where a text cannot be scored they hold None or NaN.

        Raises:
            UsageError: the frame has no such column, or several; or the classifier is closed.
        """
        import pandas as pd

        from edgernn.runtime.columns import free_names, score_columns

        names = list(frame.columns)
        if names.count(column) != 1:
            raise UsageError(
                f"the frame has {'no' if column not in names else 'more than one'} column "
                f"{column!r}; it has {', '.join(map(str, names))}"
            )
        scores = self.score(frame[column])
        columns = score_columns(self._contract)
        # The same whatever the rows: a part of a larger frame may have none that can be scored.
        types = {"string": pd.Series(["text"]).dtype, "strings": object, "number": float}
        added = {
            name: pd.Series(
                [None if score.reason is not None else one.value(score) for score in scores],
                frame.index,
                types[one.kind],
            )
            for name, one in zip(free_names([c.name for c in columns], names), columns, strict=True)
        }
        return frame.assign(**added)

    def close(self) -> None:
        """Release the engine's session and the vocabulary; calls under way still end.

        What the file says, such as `labels` and `card`, stays. Closing again does nothing.
        """
        self._model = None

    def __enter__(self) -> Self:
        self._open_model()
        return self

    def __exit__(self, *left_by: object) -> None:
        self.close()

    def __copy__(self) -> Self:
        return type(self)(self._open_model())

    def __deepcopy__(self, memo: object) -> Self:
        return type(self)(self._open_model())

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (Carried.of(self._open_model()),)

    def _open_model(self) -> LoadedModel:
        model = self._model
        if model is None:
            raise UsageError(f"{self._path}: this classifier is closed; load the file again")
        if self._generation != generation():
            # No engine says that it runs on after a fork.
            model = self._model = Carried(model.data, model.path, model.options).open()
            self._generation = generation()
        return model


def _arrived(carried: Carried) -> Classifier:
    """Make a classifier of what a pickle holds."""
    return Classifier(carried.open())


def load(
    path: str | Path | None = None,
    device: str = "auto",
    *,
    threads: int | None = None,
    engine: str = "auto",
) -> Classifier:
    """Load a model file for scoring.

    Examples:
        >>> import edgernn
        >>> classifier = edgernn.load()
        >>> classifier.labels
        ('negative', 'positive')

    Args:
        path: an .onnx or .tflite file that `edgernn export` wrote; None is the shipped model.
        device: `cpu`, `cuda`, or `auto` for CUDA where it loads and the CPU elsewhere;
            `Classifier.device` tells which it became.
        threads: how many threads score, in all, at most 1,024. None is what `EDGERNN_THREADS`
            says, or else one in LiteRT, and in other engines as many as this process has cores,
            by its affinity and its container's quota, but no more than `OMP_NUM_THREADS`.
        engine: `native` is the package's own, for a CPU; `onnxruntime` runs .onnx files, `litert`
            .tflite files. `auto` is ONNX Runtime on CUDA, and on a CPU `native`, or one of the
            others where that does not run the graph or is not installed; `Classifier.engine` tells
            which it became, `Classifier.engine_reason` why.

    Raises:
        ModelFileError: the file is missing, broken, or not one of ours.
        DeviceError: CUDA was asked for and cannot run; the message says why.
        MissingPackageError: the file, or CUDA, takes an engine whose extra is not installed: `cpu`,
            `gpu` or `tflite`.
        UsageError: no such device, engine or number of threads, or the engine does not fit.
    """
    # `type`, since True is an int.
    if threads is not None and (type(threads) is not int or not 1 <= threads <= MOST_THREADS):
        raise UsageError(f"threads {threads!r} is no whole number from 1 to {MOST_THREADS:,}")
    return Classifier(LoadedModel.open(path, device, threads=threads, engine=engine))
