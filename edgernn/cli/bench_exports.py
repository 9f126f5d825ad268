"""The files that `edgernn bench` makes of a run before it measures them."""

from __future__ import annotations

import warnings
from pathlib import Path

from edgernn.bundle.messages import one_line
from edgernn.cli.console import busy, done, say
from edgernn.errors import ExportError, UsageError
from edgernn.runtime.loaded_model import open_reference
from edgernn.training.run import Run
from exporters.export import TrainedModel, default_name, export, open_trained
from exporters.rules import FORMATS, FormatRules
from exporters.sample_texts import SAMPLE_TEXTS

__all__ = ["export_all"]


def export_all(folder: Path, into: Path, precisions: str | None) -> list[Path]:
    """Export a run to every format, in every precision that it can have, and say what it cannot.

    Args:
        folder: the run.
        into: where the files go.
        precisions: names with commas between them; None is all.

    Raises:
        ModelFileError: the folder is no run.
        MissingPackageError: a package of the `export` extra is missing.
        UsageError: a precision that no format has.
    """
    wanted = _wanted(precisions)
    run = Run.open(folder)
    say(
        f"exporting {run.folder} to {len(wanted)} files and checking each on a sample of our own "
        "texts: tens of seconds a file"
    )
    with busy("loading the trained model"):
        trained = open_trained(run, SAMPLE_TEXTS)
    written = []
    for rules, precision in wanted:
        path = into / default_name(run, rules, precision)
        try:
            with busy(f"{path.name}: converting and checking"):
                _export(trained, rules, precision, path)
        except ExportError as error:
            reason = one_line(str(error).removeprefix(f"{path} was not written: "))
            say(f"left out: {path.name}: {reason}")
            continue
        done(f"{path.name}: {path.stat().st_size:,} bytes")
        written.append(path)
    return written


def _wanted(precisions: str | None) -> list[tuple[FormatRules, str]]:
    every = [(rules, name) for rules in FORMATS.values() for name in rules.precisions]
    if precisions is None:
        return every
    names = [name.strip() for name in precisions.split(",")]
    known = list(dict.fromkeys(name for _, name in every))
    for name in names:
        if name not in known:
            raise UsageError(f"--precision {name}: choose one of {', '.join(known)}")
    return [(rules, name) for rules, name in every if name in names]


def _export(trained: TrainedModel, rules: FormatRules, precision: str, path: Path) -> None:
    with warnings.catch_warnings():
        # Accuracy is measured here, if at all, on the data of the benchmark.
        warnings.filterwarnings("ignore", message="accuracy not measured")
        export(trained, rules, precision, path, open_reference)
