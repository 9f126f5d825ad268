"""`edgernn import`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast, get_args

from edgernn.cli.console import busy, quoted, say
from edgernn.errors import UsageError
from edgernn.text.decision import DecisionRule
from edgernn.training.imported.contracts import ImportOptions
from edgernn.training.imported.job import default_name, import_run
from edgernn.training.imported.options import IdOption, Split, WordOptions
from edgernn.training.imported.word_files import Side

__all__ = ["run_import"]


def run_import(
    *,
    model: Path,
    tokenizer: Path | None,
    max_length: int | None,
    weights: Path | None,
    output: Path | None,
    name: str | None,
    padding: str | None,
    truncating: str | None,
    start_id: str | None,
    unknown_id: str | None,
    split: str | None,
    words: WordOptions,
    labels: str | None,
    threshold: float | None,
    decision: str | None,
    expect: Path | None,
) -> None:
    """Import a model, and say where the run is and what to do with it."""
    for option, value, known in (
        ("padding", padding, ("pre", "post", "none")),
        ("truncating", truncating, ("pre", "post")),
        ("split", split, get_args(Split)),
        ("decision", decision, get_args(DecisionRule)),
    ):
        if value is not None and value not in known:
            raise UsageError(f"--{option} {value}: must be one of {', '.join(known)}")
    names = None if labels is None else tuple(label.strip() for label in labels.split(","))
    if names is not None and (len(names) < 2 or not all(names) or len(set(names)) < len(names)):
        raise UsageError(
            f"--labels {labels}: must be two names or more, all different, such as "
            "negative,positive"
        )
    if labels is not None and not labels.isprintable():
        raise UsageError("--labels: a name holds a character that cannot be shown")
    if threshold is not None and not 0.0 < threshold < 1.0:
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
            padding=cast(Side | Literal["none"] | None, padding),
            truncating=cast(Side | None, truncating),
            words=words.changed(
                start_id=_id("start-id", start_id),
                unknown_id=_id("unknown-id", unknown_id),
                split=cast(Split | None, split),
            ),
            labels=names,
            threshold=threshold,
            decision=cast(DecisionRule | None, decision),
            expect=expect,
        ),
        say=say,
        busy=busy,
    ).folder
    say(f"wrote {folder}")
    say(f"next: edgernn export --format all --run {quoted(folder)}")
    if expect is None:
        say(
            "warning: nothing was compared with your own program: --expect FILE.jsonl compares ids "
            "and scores"
        )


def _id(option: str, value: str | None) -> IdOption:
    """Read an id, or `none`."""
    if value is None or value == "none":
        return value  # type: ignore[return-value]
    if value.isdecimal() and value.isascii() and len(value) < 10:
        return int(value)
    raise UsageError(f"--{option} {value}: must be an id, or none")
