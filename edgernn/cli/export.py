"""`edgernn export`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgernn.cli.console import busy, done, say
from edgernn.cli.same_file import check_not_read
from edgernn.errors import DataError, MissingPackageError, UsageError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.loaded_model import open_quietly
from edgernn.training.run import CONFIG, CONTRACT, METRICS, MODEL, Run
from exporters.export import default_name, export, open_trained
from exporters.min_runtime import find_min_runtime
from exporters.rules import FORMATS, find_format, find_precision
from exporters.sample_texts import SAMPLE_TEXTS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["ExportLimits", "run_export"]


@dataclass(frozen=True)
class ExportLimits:
    """What files are measured on, and against."""

    data: str | None
    """The run's data; None for where it was in training, if it is still there."""
    max_accuracy_drop: float
    """In points."""
    min_runtime: str | None
    """Such as `ai-edge-litert==1.0.1`; None for the oldest supported."""


def run_export(
    format: str,
    precision: str,
    folder: Path | None,
    output: Path | None,
    limits: ExportLimits,
    card: Path | None,
) -> None:
    """Export a run to one format or all."""
    formats = list(FORMATS.values()) if format == "all" else [find_format(format)]
    for rules in formats:
        find_precision(rules, precision)
    run = Run.open(SHIPPED_MODEL.parent if folder is None else folder)
    into = output if output is not None and (output.is_dir() or len(formats) > 1) else None
    if into is not None and into.is_file():
        raise UsageError(f"--output {into}: is a file; --format all needs a folder")
    if card is not None and len(formats) > 1:
        raise UsageError(f"--card {card}: is one file's; --format all writes several")
    own = (MODEL, CONTRACT, CONFIG, METRICS, run.encoder.contract.vocabulary_file)
    read = [limits.data, *(run.folder / name for name in own)]
    check_not_read("--card", card, read)
    if into is None:
        check_not_read("--output", output, read)
    wanted = {rules.name: find_min_runtime(rules.name, limits.min_runtime) for rules in formats}
    texts, labels = _texts(run, limits.data)
    with busy("loading the trained model, scoring the texts to check on"):
        trained = open_trained(run, texts, labels)
    for rules in formats:
        if output is None or into is not None:
            path = (into or Path()) / default_name(run, rules, precision)
        else:
            path = output
        say(f"{path}: {rules.name}, {precision}")
        with busy("converting and checking"):
            export(
                trained,
                rules,
                precision,
                path,
                partial(open_quietly, device="cpu"),
                say=done,
                max_accuracy_drop=limits.max_accuracy_drop,
                min_runtime=wanted[rules.name],
                card_file=card,
            )
        done(f"{path.stat().st_size:,} bytes")
        say(f"next: edgernn score --model {path} 'Great movie!'")


def _texts(run: Run, data: str | None) -> tuple[tuple[str, ...], npt.NDArray[np.int8] | None]:
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
