"""What a search has reached, in one file: it is written after each step, and resumed from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgernn.choose.candidate import Candidate
from edgernn.choose.names import STATE
from edgernn.errors import ModelFileError, UsageError
from edgernn.files import write_text
from edgernn.training.run import read_json

__all__ = ["State", "read_state", "write_state"]

_VERSION = 2


@dataclass
class State:
    """Where a search stands."""

    asked: dict[str, Any]
    """What it was asked for: limits, data, format, seed. The budget is not part of it."""
    candidates: list[Candidate] = field(default_factory=list)
    """In the order in which they were measured."""
    drawn: int = 0
    """How many points of the search space were drawn."""
    spent: float = 0.0
    """Seconds of the budget that were spent."""
    bracket: int = 0
    rung: int = 0
    """The rung that candidates of the bracket are trained to now."""
    is_limited: bool = False
    """Whether no candidate keeps the limits of size and latency, and the nearest is trained."""
    overhead: list[float] = field(default_factory=list)
    """Seconds that each training took beside its epochs."""
    measuring: float = 0.0
    """Seconds that measuring size and latency took in all."""


def write_state(folder: Path, state: State) -> None:
    """Write a state into the folder of its search."""
    values = {
        "version": _VERSION,
        **vars(state),
        "candidates": [candidate.to_json() for candidate in state.candidates],
    }
    write_text(folder / STATE, json.dumps(values, indent=1) + "\n")


def read_state(folder: Path, asked: dict[str, Any]) -> State:
    """Read the state of a search, and make sure that it was asked for the same.

    Args:
        folder: its `--output`.
        asked: what is asked for now; keys are options without their dashes, and `data` a
            description of the data, of which the name may have changed.

    Raises:
        ModelFileError: there is no search to go on with, or its state is broken.
        UsageError: it was asked for something else.
    """
    path = folder / STATE
    if not path.exists():
        raise UsageError(f"--resume: {folder} holds no search: {STATE} is missing")
    values = read_json(folder, STATE)
    try:
        if values.pop("version") != _VERSION:
            raise ModelFileError(f"{path}: another version of edgernn wrote it; start over")
        candidates = [Candidate.from_json(one) for one in values.pop("candidates")]
        state = State(**values, candidates=candidates)
        differing = [
            name
            for name in {**asked, **state.asked}
            if _known(state.asked.get(name)) != _known(asked.get(name))
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: broken; start over with another --output") from error
    for name in differing:
        if name == "data":
            raise UsageError("--data: not the data that the search was started with")
        raise UsageError(
            f"--{name} {asked.get(name)}: the search was started with {state.asked.get(name)}; "
            "start over with another --output"
        )
    return state


def _known(value: Any) -> Any:
    """Return a value as JSON has it; the name of the same data may have changed."""
    if isinstance(value, dict):
        return {key: part for key, part in value.items() if key != "name"}
    return value
