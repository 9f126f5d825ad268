"""`edgernn verify`: a file's golden vectors, and real texts, on every runtime of this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.bundle import Golden, ModelFile, read_model_file
from edgernn.bundle.messages import one_line
from edgernn.cli.compare import aligned
from edgernn.cli.console import busy, say, write_line
from edgernn.data.options import DEFAULTS, DataOptions, option_of
from edgernn.errors import EdgernnError, ModelFileError, UsageError
from edgernn.native_logs import held_back
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.answers import Limits, RuntimeAnswers
from edgernn.runtime.data_check import MAX_BEYOND, MAX_FLIPS, DataCheck, check_on_data
from edgernn.runtime.replay import Replay, replay

if TYPE_CHECKING:
    from edgernn.data import Examples
    from edgernn.training.run import Run

__all__ = ["RealTexts", "run_on_corpus", "run_verification"]

_LIMIT = 1000
"""Texts compared where --limit does not say."""
_KERAS_TOLERANCE = 2e-2
"""Largest difference from the Keras model where neither option nor card gives one."""
_TEXT_SHOWN = 60
_MARKS = {True: "\u2713", False: "\u2717", None: "-"}


@dataclass(frozen=True)
class RealTexts:
    """What is compared on real texts, and how far off a runtime may be."""

    data: str | None = None
    reading: DataOptions = DEFAULTS
    limit: int | None = None
    run: Path | None = None
    tolerance: float | None = None

    def given(self) -> list[str]:
        """Return the options that were given, without their dashes."""
        own = [f.name for f in fields(self) if getattr(self, f.name) not in (None, DEFAULTS)]
        return [*self.reading.given(), *(name for name in own if name != "reading")]


def run_verification(path: Path | None, options: RealTexts, as_json: bool) -> None:
    """Replay a file's golden vectors, compare on data where asked to, and print both."""
    _refuse_without_data(options)
    file = read_model_file(SHIPPED_MODEL if path is None else path)
    golden = file.bundle.golden
    if golden is None:
        raise ModelFileError(f"{file.path}: carries no golden vectors: export it again")
    run = None if options.run is None else _open_run(options.run, file)
    # Before a runtime is loaded: a wrong file or column is told at once.
    examples = None if options.data is None else _examples(file, options)
    with busy("replaying golden vectors"), _quiet(file):
        replayed = replay(file, golden)
    checked = None
    if examples is not None:
        checked = _check_on_data(file, golden, run, examples, options)
    if as_json:
        write_line(json.dumps(_as_json(file, replayed, checked), ensure_ascii=False))
    else:
        for line in _replay_table(file, replayed):
            write_line(line)
        for line in [] if checked is None else ["", *_data_table(checked)]:
            write_line(line)
    sys.stdout.flush()
    _require(file, replayed, checked)


def run_on_corpus(
    answers: Path | None, folder: Path | None, path: Path | None, options: RealTexts, as_json: bool
) -> None:
    """Compare answers with the conformance corpus, or write the corpus into a folder.

    Raises:
        UsageError: something is given that is about a model file, or both are asked for.
    """
    from edgernn.cli.conformance import run_conformance, write_corpus

    name = "--conformance-texts" if answers is None else "--conformance"
    if given := [option_of(one) for one in options.given()] or ([str(path)] if path else []):
        raise UsageError(f"{name} is not about a model file: leave out {given[0]}")
    if answers is not None and folder is not None:
        raise UsageError("--conformance-texts writes the corpus alone: leave out --conformance")
    if folder is not None and as_json:
        raise UsageError("--conformance-texts writes the corpus alone: leave out --json")
    if folder is not None:
        write_corpus(folder)
    if answers is not None:
        run_conformance(answers, as_json)


def _refuse_without_data(options: RealTexts) -> None:
    if options.data is None and (given := options.given()):
        name = option_of(given[0])
        raise UsageError(f"{name} is about real texts: name them with --data")


def _quiet(file: ModelFile) -> AbstractContextManager[None]:
    """Hold back what TFLite's runtimes log; ONNX Runtime says there why CUDA does not run."""
    return held_back() if file.format == "tflite" else nullcontext()


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
    file: ModelFile, golden: Golden, run: Run | None, examples: Examples, options: RealTexts
) -> DataCheck:
    expected = None
    tolerance = golden.tolerance
    if run is not None:
        from edgernn.training.models import probabilities

        tolerance = _keras_tolerance(file)
        with busy("scoring with Keras"):
            ids = run.encoder.encode_batch(examples.texts)
            expected = f"Keras, {run.folder}", probabilities(run.load_model(), ids)
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


def _examples(file: ModelFile, options: RealTexts) -> Examples:
    from edgernn.data import load_split
    from edgernn.data.left_out import rows_with_tokens

    limit = _LIMIT if options.limit is None else options.limit
    with busy("reading the test split"):
        examples = load_split(options.data, "test", options.reading, limit=limit, say=say)
        tokens = file.bundle.encoder.token_counts(examples.texts)
    kept = rows_with_tokens(
        examples, tokens, str(options.data), say=say, strict=options.reading.strict
    )
    return examples.at(kept)


def _keras_tolerance(file: ModelFile) -> float:
    """Return how far the file may be off the Keras model, by its card: what export allowed."""
    checks = file.bundle.card.get("checks")
    value = checks.get("tolerance") if isinstance(checks, dict) else None
    if type(value) is float and 0 < value < 1:
        return value
    say(f"{file.path}: its card gives no tolerance, allowing {_KERAS_TOLERANCE:g}")
    return _KERAS_TOLERANCE


def _replay_table(file: ModelFile, found: Replay) -> list[str]:
    ids = found.ids
    wrong = "" if ids.first is None else f", {ids.mismatches} do not: {_shown(ids.first)}"
    header = ("runtime", "version", "device", "vectors", "largest difference", "label flips", "")
    return [
        f"{file.path}: {ids.texts} golden vectors, tolerance {found.tolerance:g}",
        f"{_MARKS[ids.passed]} texts become the ids that they became at export{wrong}",
        *_table(header, found.runtimes, _cells),
    ]


def _data_table(found: DataCheck) -> list[str]:
    header = (
        *("runtime", "version", "device", "texts", "largest difference", "label flips"),
        *("accuracy", ""),
    )
    accuracy = "" if found.reference_accuracy is None else f" ({found.reference_accuracy:.4f})"
    limits = f"allowed {found.limits.difference:g} and {found.limits.flips:.1%} flips"
    return [
        f"against {found.reference or 'nothing'}{accuracy}, {limits}",
        *_table(header, found.runtimes, _data_cells),
    ]


def _table(header: tuple[str, ...], rows: Sequence[RuntimeAnswers], cells: Any) -> list[str]:
    lines = aligned([header, *map(cells, rows)], left=3)
    return [lines[0], *(_noted(line, row) for line, row in zip(lines[1:], rows, strict=True))]


def _noted(line: str, row: RuntimeAnswers) -> str:
    """Put behind a line why its runtime did not run or pass, and on which text."""
    if row.reason is None:
        return line
    text = f": text {row.row}, {_shown(row.text)}" if row.text is not None else ""
    return f"{line}  {row.reason}{text}"


def _cells(row: RuntimeAnswers) -> tuple[str, ...]:
    return (
        row.runtime,
        row.version or "-",
        row.device or "-",
        f"{row.texts:,}" if row.texts else "-",
        "-" if row.largest_difference is None else f"{row.largest_difference:.1e}",
        "-" if row.label_flips is None else str(row.label_flips),
        _MARKS[row.passed],
    )


def _data_cells(row: RuntimeAnswers) -> tuple[str, ...]:
    *cells, mark = _cells(row)
    if row.label_flips is not None:
        cells[-1] = f"{row.label_flips} ({row.label_flips / row.texts:.2%})"
    return (*cells, "-" if row.accuracy is None else f"{row.accuracy:.4f}", mark)


def _shown(text: str) -> str:
    line = one_line(text)
    return repr(line if len(line) <= _TEXT_SHOWN else f"{line[:_TEXT_SHOWN]}\u2026")


def _as_json(file: ModelFile, replayed: Replay, checked: DataCheck | None) -> dict[str, Any]:
    return {
        "file": str(file.path),
        "format": file.format,
        "golden": {**asdict(replayed), "passed": replayed.passed},
        "data": None if checked is None else {**asdict(checked), "passed": checked.passed},
        "passed": replayed.passed and (checked is None or checked.passed),
    }


def _require(file: ModelFile, replayed: Replay, checked: DataCheck | None) -> None:
    """End the command with an error if a runtime, or the text rules, failed.

    Raises:
        EdgernnError: in one line, what did.
    """
    rows = [replayed.runtimes, *([] if checked is None else [checked.runtimes])]
    if not any(row.texts or row.passed is False for row in rows[0]):
        extra = ": pip install 'edgernn[tflite]'" if file.format == "tflite" else ""
        raise EdgernnError(f"{file.path}: no runtime of this machine runs it{extra}")
    problems = []
    if not replayed.ids.passed:
        problems.append(f"{replayed.ids.mismatches} of {replayed.ids.texts} texts get other ids")
    for where, runtimes in zip(("", " on the data"), rows, strict=False):
        failed = [row.runtime for row in runtimes if row.passed is False]
        if failed:
            ran = len(failed) + sum(row.texts > 0 and row.passed is not False for row in runtimes)
            problems.append(
                f"{len(failed)} of {ran} runtimes fail{'s' * (len(failed) == 1)}{where} "
                f"({'; '.join(failed)})"
            )
    if problems:
        raise EdgernnError(f"{file.path}: {', '.join(problems)}")
