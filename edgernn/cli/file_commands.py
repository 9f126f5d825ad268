"""The commands that make, use and check model files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgernn.cli.options import Debug, DeviceOption, Json, LabelColumn, TextColumn

__all__ = ["add_commands"]


def export(
    format: Annotated[str, typer.Option(help="onnx, tflite or all.")],
    precision: Annotated[
        str, typer.Option(help="Such as int8; `edgernn formats` lists what each format has.")
    ] = "int8",
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder. Default: the pretrained model of the package."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="File or folder to write to. Default: RECIPE-PRECISION here."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            envvar="EDGERNN_DATA",
            help="The run's data: check the file on its validation reviews.",
        ),
    ] = None,
    max_accuracy_drop: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=100.0,
            help="Points of validation accuracy that a quantized file may lose.",
        ),
    ] = 0.5,
    min_runtime: Annotated[
        str | None,
        typer.Option(
            metavar="NAME==VERSION",
            help="Oldest runtime to run on, such as ai-edge-litert==1.0.1. Default: "
            "onnxruntime==1.16, tflite-runtime==2.14.",
        ),
    ] = None,
    card: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Write the model card there, too.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Export a run to self-contained model files, checked against the trained model."""
    from edgernn.cli.export import ExportLimits, run_export

    run_export(
        format,
        precision,
        run,
        output,
        ExportLimits(data, max_accuracy_drop, min_runtime),
        card,
    )


def formats(
    recipe: Annotated[str | None, typer.Option(help="One recipe only. Default: all.")] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List formats and precisions: the size of each recipe's file, or why there is none."""
    from edgernn.cli.formats import run_formats

    run_formats(recipe, json)


def score(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts to score.")] = None,
    input: Annotated[
        str | None,
        typer.Option(help="txt, CSV, TSV, JSONL or Parquet, also gzipped; - is standard input."),
    ] = None,
    text_column: TextColumn = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write to a .jsonl or .csv file instead of standard output."),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help=".onnx or .tflite file. Default: the pretrained model."),
    ] = None,
    device: DeviceOption = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Score texts, or every row of a file."""
    from edgernn.cli.score import run_score

    run_score(texts or [], input, text_column, output, model, device, json)


def verify(
    path: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Model file. Default: the pretrained model."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Compare on real texts, too: aclImdb_v1.tar.gz, its folder, or a CSV, TSV, JSONL "
            "or Parquet file."
        ),
    ] = None,
    text_column: TextColumn = None,
    label_column: LabelColumn = None,
    limit: Annotated[
        int | None,
        typer.Option(min=2, help="Use the first so many test examples. Default: 1000."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Run folder of the file: compare with its Keras model. Default: runtimes are "
            "compared with each other."
        ),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Largest difference on real texts. Default: as the file says.",
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Replay a file's golden vectors on every runtime of this machine."""
    from edgernn.cli.verify import DataOptions, run_verification

    run_verification(
        path, DataOptions(data, text_column, label_column, limit, run, tolerance), json
    )


def audit(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help=".onnx or .tflite file, of edgernn or not. Default: the pretrained model.",
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Look for loops, missing operators and states in a model file; exit code 1 on problems.

    Names each loop, Flex, custom or cuDNN operator, why it arose and what to change; lists which
    weights are quantized, the bytes of each part, and the oldest runtime that the file needs. The
    exit code is 0 where there are notes only.
    """
    from edgernn.cli.audit import run_audit

    if run_audit(path, json):
        raise typer.Exit(1)


def info(
    path: Annotated[
        Path | None,
        typer.Argument(help="Model file. Default: the pretrained model."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what is in a model file, and which runtimes and devices this machine has."""
    from edgernn.cli.info import run_info

    run_info(path, json)


def add_commands(app: typer.Typer) -> None:
    """Put the commands into the console script, in the order of its help."""
    app.command()(export)
    app.command()(formats)
    app.command()(score)
    app.command()(verify)
    app.command()(audit)
    app.command()(info)
