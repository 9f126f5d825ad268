"""`edgernn import`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from edgernn.cli.console import busy, say
from edgernn.errors import UsageError
from edgernn.training.imported.job import ImportOptions, KerasSide, default_name, import_run
from edgernn.training.imported.tokenizers import WordOptions

__all__ = ["run_import"]


def run_import(
    *,
    model: Path,
    tokenizer: Path,
    max_length: int,
    weights: Path | None,
    output: Path | None,
    name: str | None,
    padding: str,
    truncating: str,
    words: WordOptions,
    labels: str,
    threshold: float,
) -> None:
    """Import a model, and say where the run is and what to do with it."""
    for option, value, known in (
        ("padding", padding, ("pre", "post", "none")),
        ("truncating", truncating, ("pre", "post")),
    ):
        if value not in known:
            raise UsageError(f"--{option} {value}: must be one of {', '.join(known)}")
    both = tuple(label.strip() for label in labels.split(","))
    if len(both) != 2 or not all(both) or both[0] == both[1] or not labels.isprintable():
        raise UsageError(f"--labels {labels}: must be two names, such as negative,positive")
    if not 0.0 < threshold < 1.0:
        raise UsageError(f"--threshold {threshold}: must lie between 0 and 1")
    name = name if name is not None else default_name(model)
    folder = import_run(
        ImportOptions(
            model=model,
            tokenizer=tokenizer,
            max_length=max_length,
            weights=weights,
            output=output if output is not None else Path("runs") / name,
            name=name,
            padding=cast(KerasSide | Literal["none"], padding),
            truncating=cast(KerasSide, truncating),
            words=words,
            labels=(both[0], both[1]),
            threshold=threshold,
        ),
        say=say,
        busy=busy,
    ).folder
    say(f"wrote {folder}")
    say(f"next: edgernn export --format all --run {folder}")
