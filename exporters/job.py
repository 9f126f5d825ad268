"""The export job: from a run folder to checked model files, one a format."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgernn.errors import DataError, MissingPackageError, UsageError
from edgernn.progress import Busy, Say
from edgernn.same_file import check_not_read, is_same_file
from edgernn.training.run import CONFIG, CONTRACT, METRICS, MODEL, Run
from exporters import gate
from exporters.export import default_name, export, open_trained
from exporters.gate import Check, OpenFile
from exporters.min_runtime import find_min_runtime
from exporters.rules import (
    FORMATS,
    find_batch,
    find_format,
    find_precision,
    find_recurrent_form,
)
from exporters.sample_texts import SAMPLE_TEXTS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ExportOptions", "ExportedFile", "export_run"]


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What is exported, where to, and what it is checked on."""

    run: Path
    format: str
    """onnx, tflite or all."""
    precision: str = "int8"
    output: Path | None = None
    """A file, or a folder, which files of several formats need; None: `default_name` here."""
    is_folder: bool = False
    """Whether the output is a folder even where there is none yet: a person wrote `out/`."""
    data: str | None = None
    """The run's data; None for where it was in training, if it is still there."""
    max_accuracy_drop: float = gate.MAX_ACCURACY_DROP
    """Points of accuracy that a quantized file may lose on the run's validation texts."""
    min_runtime: str | None = None
    """Such as `ai-edge-litert==1.0.1`; None for the oldest supported."""
    recurrent: str | None = None
    """`loop` or `fused`: what .tflite files have for LSTM and SimpleRNN layers; None: a loop where
    it is not slower."""
    batch: str | None = None
    """`many` or `one`: how many texts a call the graphs take; None: each format's default."""
    card: Path | None = None
    """Where to write the model card that is in the file, too."""


@dataclass(frozen=True)
class ExportedFile:
    """A model file that passed its checks."""

    path: Path
    format: str
    precision: str
    bytes: int
    checks: tuple[Check, ...]
    """What was checked, with figures; what could not be measured has `passed` None."""


def export_run(
    options: ExportOptions,
    open_file: OpenFile,
    *,
    say: Say = lambda line: None,
    passed: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
) -> Iterator[ExportedFile]:
    """Export a run to one format or all; yields each file when it is written.

    Args:
        options: what, where to.
        open_file: loads a file for scoring, as `edgernn.load` does.
        say: gets a line for each step.
        passed: gets a line for each check that holds.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError: `options.data` is not the run's data, or cannot be read.
        ExportError: a check failed; that file was not written.
        MissingPackageError: a package of the `export` extra is missing.
        ModelFileError: the run folder cannot be read.
        UsageError: no such format, precision or runtime, or an output is one of the inputs.
    """
    output, card, precision = options.output, options.card, options.precision
    wants_all = options.format == "all"
    formats = list(FORMATS.values()) if wants_all else [find_format(options.format)]
    for rules in formats:
        find_precision(rules, precision)
    recurrent = find_recurrent_form(options.recurrent, formats)
    batches = find_batch(formats, options.batch)
    run = Run.open(options.run)
    wants_folder = len(formats) > 1 or options.is_folder
    into = output if output is not None and (wants_folder or output.is_dir()) else None
    if into is not None and into.is_file():
        asks = "--format all" if len(formats) > 1 else "a name that ends in a slash"
        raise UsageError(f"--output {into}: is a file; {asks} needs a folder")
    if card is not None and len(formats) > 1:
        raise UsageError(f"--card {card}: is one file's; --format all writes several")
    paths = {
        rules.name: output
        if output is not None and into is None
        else (into or Path()) / default_name(run, rules, precision)
        for rules in formats
    }
    if card is not None:
        _check_card(card, paths.values())
    own = (MODEL, CONTRACT, CONFIG, METRICS, run.encoder.contract.vocabulary_file)
    read = [options.data, *(run.folder / name for name in own)]
    check_not_read("--card", card, read)
    if into is None:
        check_not_read("--output", output, read)
    wanted = {rules.name: find_min_runtime(rules.name, options.min_runtime) for rules in formats}
    if "onnx" in paths and importlib.util.find_spec("onnxruntime") is None:
        # Before minutes of work that it would check in the end.
        raise MissingPackageError("onnxruntime", "checking an .onnx file", "cpu")
    texts, labels = _texts(run, options.data, say)
    with busy("loading the trained model, scoring the texts to check on"):
        trained = open_trained(run, texts, labels)
    for rules in formats:
        path = paths[rules.name]
        say(f"{path}: {rules.name}, {precision}")
        with busy("converting and checking"):
            checks = export(
                trained,
                rules,
                precision,
                path,
                open_file,
                say=passed,
                max_accuracy_drop=options.max_accuracy_drop,
                min_runtime=wanted[rules.name],
                recurrent=recurrent,
                batch=batches[rules.name],
                card_file=card,
            )
        yield ExportedFile(path, rules.name, precision, path.stat().st_size, checks)


def _check_card(card: Path, models: Iterable[Path]) -> None:
    """Refuse a card that cannot be written, or that would replace the model file.

    Raises:
        UsageError: it is so.
    """
    if card.is_dir():
        raise UsageError(f"--card {card}: is a folder; name a file")
    for path in models:
        if is_same_file(card, path) or card.resolve() == path.resolve():
            raise UsageError(f"--card {card}: is the model file; name another file")


def _texts(
    run: Run, data: str | None, say: Say
) -> tuple[tuple[str, ...], npt.NDArray[np.int8] | None]:
    """Find the run's validation texts and labels; where they are not at hand, our own sample."""
    if run.config["data"] is None:
        unused = "" if data is None else " (--data is not used)"
        say(f"checking on a sample of our own texts: an imported run has no data{unused}")
        return SAMPLE_TEXTS, None
    if data is None and not _is_at_hand(run.config["data"]["source"]):
        say("checking on a sample of our own texts; --data checks on the run's validation texts")
        return SAMPLE_TEXTS, None
    from edgernn.training.run_data import validation_examples

    try:
        examples = validation_examples(run.config, data, run.encoder)
    except (DataError, MissingPackageError) as error:
        if data is not None:
            raise
        say(f"warning: checking on a sample of our own texts, not validation texts: {error}")
        return SAMPLE_TEXTS, None
    say(f"checking on the run's {len(examples):,} validation texts and their beginnings")
    return examples.texts, examples.labels


def _is_at_hand(source: str | None) -> bool:
    """Tell whether the data is a file here; tensorflow_datasets might start a download."""
    return source is not None and Path(source).exists()
