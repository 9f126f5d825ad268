"""`edgernn export`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from edgernn.cli.console import busy, done, say
from edgernn.data.arguments import names_folder
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.loaded_model import open_reference
from edgernn.training.run import Run
from exporters.job import ExportOptions, export_run

__all__ = ["run_export"]


def run_export(run: Path | None, *, output: str | None = None, **given: Any) -> None:
    """Export a run, or the shipped model's.

    Args:
        run: its folder.
        output: a file or a folder as a person wrote it: with a slash at its end it is a folder.
        given: other fields of `ExportOptions`.
    """
    options = ExportOptions(
        run=SHIPPED_MODEL.parent if run is None else run,
        output=None if output is None else Path(output),
        is_folder=output is not None and names_folder(output),
        **given,
    )
    for file in export_run(options, open_reference, say=say, passed=done, busy=busy):
        done(f"{file.bytes:,} bytes")
        # A text of the run's own data is not shown unasked: terminals are recorded and copied.
        text = "Great movie!" if Run.open(options.run).is_of_imdb else "your text"
        command = ["edgernn", "score", "--model", str(file.path), text]
        say(f"next: {shlex.join(command)}")
