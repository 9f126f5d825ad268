"""The commands that make, use and check model files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from edgernn.cli.app_commands import android, web
from edgernn.cli.data_options import LabelledData, data_options
from edgernn.cli.options import (
    Debug,
    DelimiterOption,
    DeviceOption,
    EncodingOption,
    EngineOption,
    FormatOption,
    Json,
    NoHeader,
    QuotingOption,
    SheetOption,
    TextColumn,
    count_after_dashes,
)

__all__ = ["COMMANDS"]


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
        str | None,
        typer.Option(
            metavar="PATH",
            help="File to write, or a folder, which ends in a slash where it is not there yet. "
            "Default: RECIPE-PRECISION here.",
        ),
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
    recurrent: Annotated[
        str | None,
        typer.Option(
            metavar="FORM",
            help="LSTM and SimpleRNN layers of a .tflite file: loop, which keeps no state between "
            "calls, or fused. Default: loop where it is no slower.",
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            metavar="TEXTS",
            help="Texts a call of an .onnx file: many, padded, or one, which needs no lengths and "
            "is right in more runtimes. Default: many.",
        ),
    ] = None,
    card: Annotated[
        Path | None, typer.Option(metavar="FILE.md", help="Also write the model card to this file.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Export a run to self-contained model files, checked against the trained model."""
    from edgernn.cli.export import run_export

    run_export(
        run,
        format=format,
        precision=precision,
        output=output,
        data=data,
        max_accuracy_drop=max_accuracy_drop,
        min_runtime=min_runtime,
        recurrent=recurrent,
        batch=batch,
        card=card,
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
    texts: Annotated[
        list[str] | None,
        typer.Argument(help="Texts to score; after -- they may be names of files or options."),
    ] = None,
    input: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="File to score row by row, a folder of such files, or - for standard input; "
            "may be given several times.",
        ),
    ] = None,
    text_column: TextColumn = None,
    format: FormatOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    quoting: QuotingOption = None,
    no_header: NoHeader = False,
    sheet: SheetOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write to a .csv, .tsv, .jsonl (also with .gz) or .parquet file instead of "
            "standard output."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an output file that already exists.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the output of an interrupted run."),
    ] = False,
    only_scores: Annotated[
        bool,
        typer.Option("--only-scores", help="Leave out the columns of the input, but for the text."),
    ] = False,
    top: Annotated[
        int | None,
        typer.Option(min=1, help="Also the likeliest so many labels, with their probabilities."),
    ] = None,
    all_labels: Annotated[
        bool, typer.Option("--all", help="Also the probability of each label.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(help=".onnx or .tflite file. Default: the pretrained model, for English."),
    ] = None,
    device: DeviceOption = "auto",
    engine: EngineOption = "auto",
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Score texts, or every row of files.

    A result is a label, its confidence (the probability of that label), and a
    probability: that of the second of the model's two labels, such as positive,
    whichever label is given. The columns of a file stay, and label, confidence,
    probability and error come after them. The exit code is 0 if each row has its
    result, with a label or an error.
    """
    from edgernn.cli.score import ScoreOptions, run_score

    given = {
        "text_column": text_column,
        "format": format,
        "encoding": encoding,
        "delimiter": delimiter,
        "quoting": quoting,
        "header": False if no_header else None,
        "sheet": sheet,
    }
    run_score(
        ScoreOptions(
            texts=texts or [],
            literal=count_after_dashes(),
            inputs=input or [],
            read={name: value for name, value in given.items() if value is not None},
            output=output,
            overwrite=overwrite,
            resume=resume,
            only_scores=only_scores,
            model=model,
            device=device,
            engine=engine,
            as_json=json,
            top=top,
            all_labels=all_labels,
        )
    )


def verify(
    *,
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
    reading: LabelledData,
    limit: Annotated[
        int | None,
        typer.Option(
            min=2, help="Use at most this many test examples, from the first on. Default: 1000."
        ),
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
    conformance: Annotated[
        Path | None,
        typer.Option(
            metavar="ANSWERS.jsonl",
            help="Instead of a model file: compare the ids that another implementation of the "
            "text contract wrote with the conformance corpus.",
        ),
    ] = None,
    conformance_texts: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write that corpus there, to be answered."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Replay a file's golden vectors on every runtime of this machine.

    Among them are runtimes that edgernn itself does not score with, such as OpenVINO. With --data
    those take texts one by one, for 20 seconds each at most.

    With --conformance, compare another implementation's ids with the conformance corpus.
    """
    from edgernn.cli.verify import run_verify
    from edgernn.evaluation.verification import RealTexts

    texts = RealTexts(data, data_options(**reading), limit, run, tolerance)
    run_verify(path, texts, conformance, conformance_texts, json)


def bench(
    *,
    models: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...", help="Model files. Default: the pretrained model and its run."
        ),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Run folder: measure its Keras model and a fresh export of each kind."),
    ] = None,
    export: Annotated[
        bool,
        typer.Option("--export", help="Do the same for the pretrained model's run. Takes minutes."),
    ] = False,
    precision: Annotated[
        str | None, typer.Option(help="Export these only, such as float32,int8. Default: all.")
    ] = None,
    keras: Annotated[
        bool | None,
        typer.Option("--keras/--no-keras", help="Default: not with files and without --run."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Reviews to score: txt, CSV, TSV, JSONL or Parquet, with labels or not, "
            "aclImdb_v1.tar.gz or its folder. Default: generated texts."
        ),
    ] = None,
    reading: LabelledData,
    reviews: Annotated[
        int, typer.Option(min=0, max=10_000_000, help="How many of them; 0 leaves reviews/s out.")
    ] = 2000,
    tokens: Annotated[
        str, typer.Option(help="Lengths of single reviews, in tokens.")
    ] = "10,50,200,400",
    threads: Annotated[
        str, typer.Option(help="Threads of the engine; a row for each number of a list.")
    ] = "1",
    time: Annotated[
        float,
        typer.Option(min=0.01, max=86400, help="Most seconds per row, for each measurement."),
    ] = 10.0,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda or auto. Default: a row for cpu and one for cuda.")
    ] = None,
    xnnpack: Annotated[str, typer.Option(help="on, off or both: LiteRT's delegate.")] = "both",
    engine: Annotated[
        str,
        typer.Option(help="all, auto, native, onnxruntime, litert; several as native,litert."),
    ] = "all",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write what --json prints.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with plots.")
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="Compare with an older one; exit code 1 if figures got worse."
        ),
    ] = None,
    max_regression: Annotated[
        str | None,
        typer.Option(metavar="PERCENT", help="How much worse they may be. Default: 10%."),
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE.json", help="Add another machine's rows, such as a phone's."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure latency, reviews/s, start-up and memory on every runtime, side by side."""
    from edgernn.cli.bench import BenchOptions, run_bench

    options = BenchOptions(
        models=models or [],
        run=run,
        export=export,
        precision=precision,
        keras=keras,
        data=data,
        reading=data_options(**reading),
        reviews=reviews,
        tokens=tokens,
        threads=threads,
        time=time,
        device=device,
        xnnpack=xnnpack,
        engine=engine,
        output=output,
        html=html,
        baseline=baseline,
        max_regression=max_regression,
        merge=merge or [],
    )
    run_bench(options, json)


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


COMMANDS: dict[str, Callable[..., None]] = {
    "export": export,
    "formats": formats,
    "score": score,
    "verify": verify,
    "bench": bench,
    "audit": audit,
    "info": info,
    "android": android,
    "web": web,
}
"""By their names, in the order of the help."""
