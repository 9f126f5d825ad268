"""Proving a file on this machine: its golden vectors and, where asked for, real texts."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.bundle import CONTAINERS, Golden, ModelFile, read_model_file
from edgernn.data.options import DEFAULTS, DataOptions, option_of
from edgernn.errors import EdgernnError, ModelFileError, UsageError
from edgernn.native_logs import held_back
from edgernn.progress import Busy, Say
from edgernn.runtime.answers import Limits
from edgernn.runtime.data_check import MAX_BEYOND, MAX_FLIPS, DataCheck, check_on_data
from edgernn.runtime.replay import Replay, replay

if TYPE_CHECKING:
    from edgernn.data import Examples
    from edgernn.training.run import Run

__all__ = ["NO_TEXTS", "RealTexts", "Verification", "verify"]

_LIMIT = 1000
"""Texts compared where nobody says."""
_KERAS_TOLERANCE = 2e-2
"""Largest difference from the Keras model where neither option nor card gives one."""


@dataclass(frozen=True)
class RealTexts:
    """What is compared on real texts, and how far off a runtime may be."""

    data: str | None = None
    """None: nothing is; then nothing else is to be said either."""
    reading: DataOptions = DEFAULTS
    limit: int | None = None
    """The first so many texts of the test split; None: 1000."""
    run: Path | None = None
    """The run folder of the file, to compare with its Keras model; None: with each other."""
    tolerance: float | None = None
    """Largest difference of a probability; None: as the file says."""

    def set_fields(self) -> list[str]:
        """Return the names of what is given, as options without their dashes."""
        own = [f.name for f in fields(self) if getattr(self, f.name) not in (None, DEFAULTS)]
        return [*self.reading.set_fields(), *(name for name in own if name != "reading")]


NO_TEXTS = RealTexts()
"""Golden vectors alone."""


@dataclass(frozen=True)
class Verification:
    """What the runtimes of this machine made of a file."""

    file: Path
    format: str
    golden: Replay
    """What became of the file's golden vectors."""
    data: DataCheck | None
    """What was made of real texts; None where there are none."""

    @property
    def passed(self) -> bool:
        """Whether the text rules hold, a runtime ran, and none is further off than allowed."""
        return self.golden.passed and (self.data is None or self.data.passed)

    def to_json(self) -> dict[str, Any]:
        """Return what `edgernn verify --json` prints."""
        data = self.data
        return {
            "file": str(self.file),
            "format": self.format,
            "golden": {**asdict(self.golden), "passed": self.golden.passed},
            "data": None if data is None else {**asdict(data), "passed": data.passed},
            "passed": self.passed,
        }

    def require(self) -> None:
        """Make sure that it passed.

        Raises:
            EdgernnError: in one line, what did not.
        """
        replayed = self.golden
        rows = [replayed.runtimes, *([] if self.data is None else [self.data.runtimes])]
        if not any(row.texts or row.passed is False for row in rows[0]):
            extra = CONTAINERS[self.format].extra
            install = "" if extra is None else f": pip install 'edgernn[{extra}]'"
            raise EdgernnError(f"{self.file}: no runtime of this machine runs it{install}")
        problems = []
        if not replayed.ids.passed:
            problems.append(
                f"{replayed.ids.mismatches} of {replayed.ids.texts} texts get other ids"
            )
        for where, runtimes in zip(("", " on the data"), rows, strict=False):
            failed = [
                row.runtime for row in runtimes if row.passed is False and not row.only_in_a_batch
            ]
            if failed:
                others = sum(row.texts > 0 and row.runtime not in failed for row in runtimes)
                problems.append(
                    f"{len(failed)} of {len(failed) + others} runtimes "
                    f"fail{'s' * (len(failed) == 1)}{where} ({'; '.join(failed)})"
                )
        if problems:
            raise EdgernnError(f"{self.file}: {', '.join(problems)}")


def verify(
    path: str | Path,
    options: RealTexts = NO_TEXTS,
    *,
    say: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
) -> Verification:
    """Replay a file's golden vectors on each runtime of this machine, and compare on real texts.

    Args:
        path: a model file.
        options: the texts, if any.
        say: gets a line for each step.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError: the texts cannot be read.
        MissingPackageError: `options.run` without TensorFlow.
        ModelFileError: the file cannot be read or carries no golden vectors, or the run is not
            the file's.
        UsageError: options are about real texts, of which there are none.
    """
    _refuse_without_data(options)
    file = read_model_file(path, rewritten=True)
    if file.rewritten:
        say(f"{file.path}: the graph was rewritten after it was exported; its weights are the same")
    golden = file.bundle.golden
    if golden is None:
        raise ModelFileError(f"{file.path}: carries no golden vectors: export it again")
    run = None if options.run is None else _open_run(options.run, file)
    # Before a runtime is loaded: a wrong file or column is told at once.
    examples = None if options.data is None else _examples(file, options, say, busy)
    with busy("replaying golden vectors"), _quiet(file):
        replayed = replay(file, golden)
    checked = None
    if examples is not None:
        checked = _check_on_data(file, golden, run, examples, options, say, busy)
    return Verification(file.path, file.format, replayed, checked)


def _refuse_without_data(options: RealTexts) -> None:
    if options.data is None and (given := options.set_fields()):
        name = option_of(given[0])
        raise UsageError(f"{name} is about real texts: name them with --data")


def _quiet(file: ModelFile) -> AbstractContextManager[None]:
    """Hold back what a format's runtimes log by themselves, if nobody needs it."""
    return held_back() if file.container.quiet else nullcontext()


def _open_run(folder: Path, file: ModelFile) -> Run:
    """Open the run that a file was made of; told by its text contract."""
    from edgernn.training.run import Run

    run = Run.open(folder)
    run_rules, file_rules = asdict(run.contract), asdict(file.bundle.contract)
    different = [name for name in run_rules if run_rules[name] != file_rules[name]]
    if different:
        raise ModelFileError(
            f"{folder}: is not the run of {file.path}: their text contracts differ in "
            f"{', '.join(different)}"
        )
    return run


def _check_on_data(
    file: ModelFile,
    golden: Golden,
    run: Run | None,
    examples: Examples,
    options: RealTexts,
    say: Say,
    busy: Busy,
) -> DataCheck:
    expected = None
    tolerance = golden.tolerance
    if run is not None:
        from edgernn.training.models import probabilities

        tolerance = _keras_tolerance(file, say)
        with busy("scoring with Keras"):
            ids = run.encoder.encode_batch(examples.texts)
            scores = probabilities(run.load_model(), ids, run.contract.decides)
            expected = f"Keras, {run.folder}", scores
    if options.tolerance is not None:
        tolerance = options.tolerance
    limit = _LIMIT if options.limit is None else options.limit
    say(f"comparing on {len(examples):,} texts of the test split, --limit {limit}")
    with busy("comparing on data"), _quiet(file):
        checked = check_on_data(
            file,
            examples.texts,
            examples.labels,
            Limits(tolerance, MAX_FLIPS, MAX_BEYOND),
            expected,
        )
    if not any(row.label_flips is not None for row in checked.runtimes):
        say("warning: nothing to compare with; --run FOLDER compares with the Keras model")
    return checked


def _examples(file: ModelFile, options: RealTexts, say: Say, busy: Busy) -> Examples:
    from edgernn.data import load_split
    from edgernn.data.left_out import rows_with_tokens

    limit = _LIMIT if options.limit is None else options.limit
    with busy("reading the test split"):
        examples = load_split(
            options.data,
            "test",
            options.reading,
            contract=file.bundle.encoder.contract,
            limit=limit,
            say=say,
        )
        tokens = file.bundle.encoder.token_counts(examples.texts)
    kept = rows_with_tokens(
        examples, tokens, str(options.data), say=say, strict=options.reading.strict
    )
    return examples.at(kept)


def _keras_tolerance(file: ModelFile, say: Say) -> float:
    """Return how far the file may be off the Keras model, by its card: what export allowed."""
    checks = file.bundle.card.get("checks")
    value = checks.get("tolerance") if isinstance(checks, dict) else None
    if type(value) is float and 0 < value < 1:
        return value
    say(f"{file.path}: its card gives no tolerance, allowing {_KERAS_TOLERANCE:g}")
    return _KERAS_TOLERANCE
