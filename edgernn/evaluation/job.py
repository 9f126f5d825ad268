"""The evaluation job: a run or a model file measured on labelled texts, and what is doubtful."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from edgernn.data import DataOptions, Description, Examples, describe, load_split
from edgernn.data.left_out import rows_with_tokens
from edgernn.data.options import DEFAULTS
from edgernn.errors import DataError, ModelFileError, UsageError
from edgernn.evaluation.closing import no_better
from edgernn.evaluation.confident_errors import AnyError
from edgernn.evaluation.lengths import token_counts
from edgernn.evaluation.many_metrics import ChoiceMetrics
from edgernn.evaluation.measured import measured, most_confident
from edgernn.evaluation.provenance import Provenance, find_provenance, training_data
from edgernn.evaluation.report import (
    Evaluation,
    check_report_folder,
    write_evaluation,
    write_report,
)
from edgernn.progress import Busy, Progress, Say
from edgernn.runtime import SHIPPED_MODEL, Classifier
from edgernn.runtime.loaded_model import open_quietly
from edgernn.text import TextContract, TextEncoder
from edgernn.training.run import EVALUATION, Run
from edgernn.training.run_data import measured_split, run_splits

__all__ = ["EvaluationOptions", "evaluate"]

_TEXTS_AT_ONCE = 1024
_ERRORS_REPORTED = 20
"""Rows of a report's errors.csv where nobody says."""
_HOLD_OUT = "train with --test-fraction 0.2, or name a file of other texts"


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """What is measured, and on what."""

    data: str | None = None
    """None: what a run was trained on, where one is measured, and IMDB elsewhere."""
    model: Path | None = None
    """A model file or a run folder; None: the shipped model."""
    run: Path | None = None
    """The run folder that a model file was exported from."""
    reading: DataOptions = DEFAULTS
    limit: int | None = None
    """The first so many texts alone."""
    device: str = "auto"
    """What runs a model file, see `edgernn.load`."""
    errors: int | None = None
    """How many of the most confidently wrong texts to give; None: none."""
    report: Path | None = None
    """A folder to write the files of `edgernn.evaluation.report` to."""


def evaluate(
    options: EvaluationOptions,
    *,
    say: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
    progress: Progress = lambda title, total: nullcontext(lambda more: None),
) -> Evaluation:
    """Measure a model on the test split of some data.

    What was measured of a run folder, on all texts, is written into it as `evaluation.json`; the
    folder of the shipped model stays as it is.

    Args:
        options: what is measured, and on what.
        say: gets a line for each step, and warnings of figures that mean less than they seem to.
        busy: called with a title, gives a context to show that a long step is under way.
        progress: likewise, with the number of texts; the context gives what takes how many more
            are done.

    Raises:
        DataError: the data cannot be read.
        DeviceError: the device cannot run the file.
        MissingPackageError: scikit-learn, what reads the data, or TensorFlow for a run folder, is
            not installed; matplotlib for a report.
        ModelFileError: the model cannot be read.
        UsageError: options do not go together.
    """
    if options.report is not None:
        check_report_folder(options.report)
    path = SHIPPED_MODEL if options.model is None else options.model
    own = _run_of(path, options.run)
    data = _data_of(options.data, own, say)
    # A model file may come through a pipe, and says which labels are read.
    opened = None
    if own is None:
        opened = _open_file(path, options.device, None, say, progress)
        contract = opened.encoder.contract
    else:
        contract = own.contract
    # Before TensorFlow is loaded: a wrong file or column is told at once.
    with busy("reading the test split"):
        examples = _test_split(data, options, own, contract, say)
    if opened is None and options.run is not None:
        opened = _open_file(path, options.device, own, say, progress)
    elif opened is None:
        assert own is not None
        opened = _open_run(own, busy)
    with busy("counting tokens"):
        tokens = token_counts(opened.encoder, examples.texts)
    kept = rows_with_tokens(
        examples, tokens, data or "the test split", say=say, strict=options.reading.strict
    )
    without_tokens = len(examples) - len(kept)
    examples, tokens = examples.at(kept), tokens[kept]
    with busy("looking for texts that the model has met"):
        described = describe(data)
        provenance = find_provenance(
            examples,
            described,
            run=None if own is None else own.folder,
            trained_on=opened.trained_on,
            learnt=lambda: _training_split(data, options.reading, own, contract),
        )
    scores = opened.score(examples.texts)
    labels, decision = opened.encoder.contract.labels, opened.encoder.contract.decides

    def surest_errors(count: int) -> tuple[AnyError, ...]:
        return most_confident(examples, scores, tokens, labels, decision, count)

    figures = measured(scores, examples.labels, tokens, decision)
    found = Evaluation(
        model=str(path),
        labels=labels,
        metrics=figures.metrics,
        lengths=figures.lengths,
        calibration=figures.calibration,
        split=provenance.split,
        seen=provenance.to_json(scores, examples.labels, decision),
        without_tokens=without_tokens,
        errors=None if options.errors is None else surest_errors(options.errors),
    )
    if options.report is not None:
        reported = surest_errors(options.errors or _ERRORS_REPORTED)
        write_report(options.report, found, reported, say)
    if options.limit is None and path.is_dir() and not path.samefile(SHIPPED_MODEL.parent):
        assert own is not None
        _note_in_run(own, found, described, say)
    for doubt in _doubts(found, own):
        say(f"warning: {doubt}")
    for line in _provenance_lines(found, provenance):
        say(line)
    return found


class _Opened(NamedTuple):
    """A model ready to score."""

    encoder: TextEncoder
    score: Callable[[Sequence[str]], npt.NDArray[np.float32]]
    """From texts to float32 [texts] or [texts, labels], as `Decision` describes scores."""
    trained_on: dict[str, Any] | None
    """The description of its training data, where that is known."""


def _run_of(path: Path, run: Path | None) -> Run | None:
    """Open the run folder of what is measured, where it is known."""
    if not path.is_dir():
        return None if run is None else Run.open(run)
    if run is not None:
        raise UsageError(f"--run {run}: --model {path} is a run folder itself; leave --run out")
    return Run.open(path)


def _data_of(data: str | None, run: Run | None, say: Say) -> str | None:
    """Return what a run was trained on where no data is named: its rows for a test, if it has."""
    trained_on = None if run is None else run.config.get("data")
    source = trained_on.get("source") if isinstance(trained_on, dict) else None
    if data is not None or not isinstance(source, str):
        return data
    say(f"no --data is named: measuring on the run's own, {source}")
    return source


def _test_split(
    data: str | None,
    options: EvaluationOptions,
    run: Run | None,
    contract: TextContract,
    say: Say,
) -> Examples:
    """Load what is to be measured: the rows that a run kept out of its training, if it did."""
    reading, limit = options.reading, options.limit
    if run is None or data is None:
        return load_split(data, "test", reading, contract=contract, limit=limit, say=say)
    return measured_split(run.config, data, reading, contract=contract, limit=limit, say=say)


def _training_split(
    data: str | None, reading: DataOptions, run: Run | None, contract: TextContract
) -> Examples:
    """Load what a model was trained on out of data that is known to be the same."""
    if run is None:
        return load_split(data, "train", reading, contract=contract)
    return run_splits(run.config, data).train


def _doubts(found: Evaluation, run: Run | None) -> list[str]:
    metrics = found.metrics
    if isinstance(metrics, ChoiceMetrics) and metrics.answered is not None:
        # Texts without an answer are not right, which is no fault.
        return []
    doubt = no_better(metrics, found.labels, "texts", class_weight=_class_weight(run))
    return [] if doubt is None else [doubt]


def _class_weight(run: Run | None) -> str | None:
    """Return how a run weighed its labels, where that is known."""
    settings = None if run is None else run.config.get("fit")
    found = settings.get("class_weight") if isinstance(settings, dict) else None
    return None if found is None else str(found)


def _open_run(run: Run, busy: Busy) -> _Opened:
    from edgernn.training.models import probabilities

    def score(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        ids = run.encoder.encode_batch(texts)
        with busy("scoring with Keras"):
            return probabilities(run.load_model(), ids, run.contract.decides)

    return _Opened(run.encoder, score, training_data(run.config))


def _open_file(path: Path, device: str, run: Run | None, say: Say, progress: Progress) -> _Opened:
    model = open_quietly(path, device)
    classifier = Classifier(model)
    # Of two labels one number says both.
    name = "probability" if model.contract.decides.is_binary else "probabilities"

    def score(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        say(f"{path} on {model.device}")
        found: list[float | tuple[float, ...] | None] = []
        with progress("scoring", len(texts)) as advance:
            for start in range(0, len(texts), _TEXTS_AT_ONCE):
                some = texts[start : start + _TEXTS_AT_ONCE]
                found += map(attrgetter(name), classifier.score(some, errors="raise"))
                advance(len(some))
        if len(found) != len(texts):
            raise DataError(f"{path}: scored {len(found)} of {len(texts)} examples")
        return np.array(found, np.float32)

    training = model.card.get("training")
    if run is not None:
        known = training if isinstance(training, dict) else {}
        same = {name: known.get(name) for name in run.metrics} == run.metrics
        if not same or run.contract != model.contract:
            raise UsageError(f"--run {run.folder}: {path} was exported from another run")
    return _Opened(model.encoder, score, training_data(training))


def _note_in_run(run: Run, found: Evaluation, described: Description, say: Say) -> None:
    folder = run.folder
    before = _test_figures(run)
    try:
        if found.split != "test" and before is not None:
            say(f"{folder / EVALUATION} stays as it is: it has figures of a test split")
            return
        path = write_evaluation(folder, found, described)
    except OSError as error:
        # Nobody asked for this file: what was measured is worth more than that it is written.
        say(f"warning: {folder / EVALUATION}: not written: {error.strerror}")
    else:
        say(f"wrote {path}{_replaced(before, described)}")


def _replaced(before: dict[str, Any] | None, described: Description) -> str:
    """Say which figures of other data are no longer in the folder of a run."""
    data = None if before is None else before.get("data")
    if before is None or not isinstance(data, dict):
        return ""
    if {**data, "name": None} == {**described, "name": None}:
        return ""
    accuracy, examples = before.get("accuracy"), before.get("examples")
    return (
        f"; compare shows these figures now, and no longer those of {data.get('name')} (accuracy "
        f"{accuracy:.4f} of {examples:,} texts), which evaluate with that data measures again"
        if isinstance(accuracy, float) and isinstance(examples, int)
        else f"; it had figures of {data.get('name')}"
    )


def _test_figures(run: Run) -> dict[str, Any] | None:
    try:
        return run.test_figures
    except ModelFileError:
        return None


def _provenance_lines(found: Evaluation, provenance: Provenance) -> list[str]:
    """Return warnings about texts that are not new to the model.

    Args:
        found: what was measured.
        provenance: where the texts come from.
    """
    if provenance.unknown is not None:
        reason = provenance.unknown
        return [f"whether the model was trained on these texts is not known: {reason}"]
    notes = [] if provenance.note is None else [provenance.note]
    seen = found.seen
    if seen is None or not seen["learnt"] + seen["watched"]:
        return notes
    texts = found.metrics.examples
    counts = [
        *([f"{seen['learnt']:,} of {texts:,} texts were trained on"] if seen["learnt"] else []),
        *([f"{seen['watched']:,} chose the epoch"] if seen["watched"] else []),
    ]
    said = f"warning: {', '.join(counts)}"
    if found.split != "test":
        said += f": these are figures of the {found.split} split, not of a test"
    if seen["new"]:
        said += (
            f"; the accuracy of the {seen['new']:,} that are new to the model is "
            f"{seen['accuracy_of_new']:.4f}"
        )
    elif found.split != "test":
        said += f"; for a test {_HOLD_OUT}"
    return [said, *notes]
