"""`edgernn export`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from edgernn.cli.console import busy, done, load_model, say
from edgernn.errors import DataError, MissingPackageError, UsageError
from edgernn.runtime import SHIPPED_MODEL
from edgernn.training.run import Run
from exporters.export import TrainedModel, default_name, export, open_trained
from exporters.formats import FORMATS, find_format, find_precision
from exporters.sample_texts import SAMPLE_TEXTS

__all__ = ["run_export"]


def run_export(
    format: str, precision: str, folder: Path | None, output: Path | None, data: str | None
) -> None:
    """Export a run to one format or all."""
    formats = list(FORMATS.values()) if format == "all" else [find_format(format)]
    find_precision(precision)
    run = Run.open(SHIPPED_MODEL.parent if folder is None else folder)
    into = output if output is not None and (output.is_dir() or len(formats) > 1) else None
    if into is not None and into.is_file():
        raise UsageError(f"--output {into}: is a file; --format all needs a folder")
    texts = _texts(run, data)
    with busy("loading the trained model"):
        trained: TrainedModel = open_trained(run, texts)
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
                partial(load_model, device="cpu"),
                say=done,
            )
        done(f"{path.stat().st_size:,} bytes")
        say(f"next: edgernn score --model {path} 'Great movie!'")


def _texts(run: Run, data: str | None) -> tuple[str, ...]:
    """Find the run's validation texts; where they are not at hand, our own sample."""
    if run.config["data"] is None:
        unused = "" if data is None else " (--data is not used)"
        say(f"checking on a sample of our own texts: an imported run has no data{unused}")
        return SAMPLE_TEXTS
    if data is None and not _is_at_hand(run.config["data"]["source"]):
        say("checking on a sample of our own texts; --data checks on the run's validation texts")
        return SAMPLE_TEXTS
    from edgernn.training.train import validation_examples

    try:
        texts = validation_examples(run.config, data).texts
    except (DataError, MissingPackageError) as error:
        if data is not None:
            raise
        say(f"warning: checking on a sample of our own texts, not validation texts: {error}")
        return SAMPLE_TEXTS
    say(f"checking on the run's {len(texts):,} validation texts and their beginnings")
    return texts


def _is_at_hand(source: str | None) -> bool:
    """Tell whether the data is a file here; tensorflow_datasets might start a download."""
    return source is not None and Path(source).exists()
