"""`edgernn choose`: what meets the limits, as a table, a picture and a folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from edgernn.choose.candidate import standard_error
from edgernn.choose.choose import choose
from edgernn.choose.limits import (
    Limits,
    parse_accuracy,
    parse_budget,
    parse_latency,
    parse_size,
)
from edgernn.choose.names import PLOT, STATE
from edgernn.choose.options import ChooseOptions
from edgernn.choose.result import Result, ResultRow
from edgernn.cli.compare import aligned
from edgernn.cli.console import busy, done, quoted, say, write_line
from edgernn.cli.signals import end
from edgernn.evaluation.proposals import propose_test
from edgernn.training.run import CONFIG, read_json

__all__ = ["run_choice"]

_HEADER = (
    *("candidate", "cell", "precision", "front", "limits", "size, bytes", "latency, ms"),
    *("held-out accuracy", "epochs"),
)


def run_choice(
    max_size: str | None,
    max_latency: str | None,
    min_accuracy: str | None,
    budget: str,
    resume: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Search, print the candidates that were trained, and say what was chosen."""
    limits = Limits(
        None if max_size is None else parse_size(max_size),
        None if max_latency is None else parse_latency(max_latency),
        None if min_accuracy is None else parse_accuracy(min_accuracy),
    )
    asked = ChooseOptions(limits=limits, budget=parse_budget(budget), **options)
    output: Path = asked.output
    display = _Display()
    try:
        result = choose(
            asked,
            resume=resume,
            say=display.say,
            busy=display.busy,
            on_batch=display.on_batch,
        )
    except KeyboardInterrupt:
        if (output / STATE).exists():
            end(f"; to resume: the same command with --resume, and --output {quoted(output)}")
        end(" before anything was measured")
    finally:
        display.close()
    if as_json:
        write_line(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        for line in aligned(_table(result.rows, asked.limits), left=5):
            write_line(line)
    sys.stdout.flush()
    _say_the_rest(result)
    _say_chosen(result, output)
    if result.chosen.misses:
        raise SystemExit(1)


def _table(rows: Sequence[ResultRow], limits: Limits) -> list[tuple[str, ...]]:
    cells = [_cells(row, limits) for row in rows]
    if all(row.candidate.macro_f1 is None for row in rows):
        return [_HEADER, *cells]
    figures = (row.candidate.macro_f1 for row in rows)
    shown = ["macro F1", *("-" if f1 is None else f"{f1:.4f}" for f1 in figures)]
    return [(*row, f1) for row, f1 in zip([_HEADER, *cells], shown, strict=True)]


def _cells(row: ResultRow, limits: Limits) -> tuple[str, ...]:
    point = row.candidate.point
    error = standard_error(row.accuracy, row.candidate.held_out)
    return (
        row.candidate.name,
        f"{'bidirectional ' if point.bidirectional else ''}{point.cell} {point.units}",
        row.variant.precision,
        "\u2022" if row.on_front else "",
        f"misses {', '.join(row.broken)}" if row.broken else ("met" if limits != Limits() else "-"),
        f"{row.variant.bytes:,}",
        f"{row.variant.milliseconds:.2f}",
        f"{row.accuracy:.2%} \u00b1 {error:.2%}",
        f"{row.candidate.epochs}",
    )


def _say_the_rest(result: Result) -> None:
    candidates = result.state.candidates
    trained = sum(c.accuracy is not None for c in candidates)
    finished = sum(c.status == "finished" for c in candidates)
    refused = sum(c.status == "refused" for c in candidates)
    say(
        f"{trained} candidates were trained, {finished} of them to the end, in "
        f"{_duration(result.state.spent)} of {_duration(result.budget)}; {refused} were measured "
        "and left out"
    )
    untried, cut = result.untried(), result.cut_short()
    left = result.points - result.state.drawn
    wished = [
        *([f"{cut} to the end"] if cut else []),
        *([f"{untried} that were measured only"] if untried else []),
        *([f"{left:,} points that were not looked at"] if left > 0 else []),
    ]
    if wished:
        say(f"a longer --budget with --resume would train {', '.join(wished)}")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} minutes"


def _say_chosen(result: Result, output: Path) -> None:
    chosen = result.chosen
    error = standard_error(chosen.accuracy, chosen.candidate.held_out)
    measured = (
        f"{chosen.variant.bytes:,} bytes, {chosen.variant.milliseconds:.2f} ms, held-out accuracy "
        f"of the file {chosen.accuracy:.2%} \u00b1 {error:.2%}"
        f"{'' if chosen.macro_f1 is None else f', macro F1 {chosen.macro_f1:.4f}'}"
    )
    say(f"wrote {output / PLOT}")
    if chosen.misses:
        for miss in chosen.misses:
            say(f"not met: {miss}")
        say(f"the nearest: {chosen.file}: {measured}")
        return
    done(f"{chosen.file}: {measured}")
    folder = chosen.file.parent
    words, command = propose_test(read_json(folder, CONFIG), folder, chosen.file)
    say(f"the held-out texts chose it; its accuracy on new ones takes a test: {words}")
    say(f"next: {command}")


class _Display:
    """Shows what is being trained on a terminal, and makes way for lines and other spinners."""

    def __init__(self) -> None:
        self._status: Any = None

    def on_batch(self, line: str) -> None:
        """Show a line that changes."""
        if not sys.stderr.isatty():
            return
        if self._status is None:
            from rich.console import Console
            from rich.status import Status

            self._status = Status(line, console=Console(stderr=True))
            self._status.start()
        self._status.update(line)

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self.close()
        say(line)

    def busy(self, title: str) -> AbstractContextManager[None]:
        """Show that a long step is under way."""
        self.close()
        return busy(title)

    def close(self) -> None:
        """Take the line that changes away."""
        if self._status is not None:
            self._status.stop()
            self._status = None
