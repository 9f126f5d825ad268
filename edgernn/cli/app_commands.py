"""The commands that put a model file into an app or a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgernn.cli.options import Debug

__all__ = ["android", "web"]


def android(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MODEL]", help=".onnx or .tflite file. Default: the pretrained model."
        ),
    ] = None,
    project: Annotated[
        Path, typer.Option(help="Folder of the Android project; its app is in the folder app.")
    ] = Path("android_demo"),
    max_size: Annotated[
        str, typer.Option(metavar="SIZE", help="Largest file taken, such as 500kB.")
    ] = "16MiB",
    debug: Debug = False,
) -> None:
    """Check a model file and copy it into an Android project's assets."""
    from edgernn.cli.android import run_android

    run_android(path, project, max_size)


def web(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[MODEL]", help=".onnx or .tflite file. Default: the pretrained model."
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder to write, for any static server.")] = Path(
        "site"
    ),
    debug: Debug = False,
) -> None:
    """Write a page that runs a model file in the browser."""
    from edgernn.cli.web import run_web

    run_web(path, output)
