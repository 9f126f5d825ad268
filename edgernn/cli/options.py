"""Options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["DataOption", "Debug", "DeviceOption", "Json", "LabelColumn", "TextColumn", "debugging"]

_debug = False


def debugging() -> bool:
    """Tell whether the command was given `--debug`."""
    return _debug


def _set_debug(value: bool) -> None:
    global _debug
    _debug = _debug or value


Debug = Annotated[
    bool, typer.Option("--debug", callback=_set_debug, help="Show a traceback on errors.")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
DataOption = Annotated[
    str | None,
    typer.Option(
        envvar="EDGERNN_DATA",
        help="aclImdb_v1.tar.gz, its folder, or a CSV, TSV, JSONL or Parquet file. "
        "Default: imdb_reviews of tensorflow_datasets.",
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="Column that holds the text.")]
LabelColumn = Annotated[str | None, typer.Option(help="Column that holds the label.")]
