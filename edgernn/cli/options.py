"""Options that several commands have."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

__all__ = [
    "DataFormatOption",
    "DataOption",
    "Debug",
    "DelimiterOption",
    "DeviceOption",
    "Drop",
    "EncodingOption",
    "EngineOption",
    "FormatOption",
    "GroupColumn",
    "HardShare",
    "Json",
    "LabelColumn",
    "LabelColumns",
    "LabelSeparator",
    "Labels",
    "LabelsFrom",
    "MinDf",
    "Negative",
    "NoHeader",
    "Positive",
    "QuotingOption",
    "SearchDataFormat",
    "Seed",
    "SheetOption",
    "SoftKey",
    "SoftLabels",
    "Strict",
    "TeacherLogits",
    "Temperature",
    "TestFraction",
    "TextColumn",
    "TrainingLimit",
    "count_after_dashes",
    "debugging",
]

_debug = False


def debugging() -> bool:
    """Tell whether the command was given `--debug`."""
    return _debug


def count_after_dashes() -> int:
    """Return how many arguments stand behind `--`, which the parser does not tell."""
    return len(sys.argv) - sys.argv.index("--") - 1 if "--" in sys.argv else 0


def _set_debug(value: bool) -> None:
    global _debug
    _debug = _debug or value


Debug = Annotated[
    bool, typer.Option("--debug", callback=_set_debug, help="Show a traceback on errors.")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output on standard output.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
EngineOption = Annotated[str, typer.Option(help="auto, native, onnxruntime or litert.")]
DataOption = Annotated[
    str | None,
    typer.Option(
        envvar="EDGERNN_DATA",
        help="aclImdb_v1.tar.gz, its folder, a CSV, TSV, JSONL or Parquet file, fastText's .txt, "
        "or a folder for each label. Default: imdb_reviews of tensorflow_datasets.",
    ),
]
TextColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Column that holds the text: a name, review.text or a number."
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Column that holds the label: a name or a number."),
]
Positive = Annotated[
    list[str] | None,
    typer.Option(metavar="VALUES", help="Labels that mean positive, such as 4,5; * is the rest."),
]
Negative = Annotated[
    list[str] | None,
    typer.Option(metavar="VALUES", help="Labels that mean negative, such as 1,2."),
]
Drop = Annotated[
    list[str] | None,
    typer.Option(metavar="VALUES", help="Labels whose rows are left out, such as 3."),
]
Labels = Annotated[
    list[str] | None,
    typer.Option(metavar="NAMES", help="All labels in their order, such as ham,spam."),
]
LabelSeparator = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTERS",
        help="Between the labels of a cell, such as ; where a text may have several.",
    ),
]
LabelColumns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAMES",
        help="Columns of a label each, 0 or 1, such as toxic,insult: a text may have several.",
    ),
]
SoftLabels = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Learn from a teacher, too: a file with probability_NAME or logit_NAME for each "
        "label, or that of --data itself. Rows without a label are learned from, too.",
    ),
]
SoftKey = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Column that both files have, which tells the rows that belong together; text is "
        "that of texts. Default: rows are in the same order.",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(metavar="T", help="What logits are divided by to learn soft labels. Default: 1."),
]
HardShare = Annotated[
    float | None,
    typer.Option(
        metavar="ALPHA",
        help="Share of a text's own label in the loss, beside soft labels, 0 to 1. Default: 0.3.",
    ),
]
TeacherLogits = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="With --recipe flagship: what a teacher that reads says of the reviews and of pieces "
        "of them, such as benchmarks/teacher/soft_labels.npz.",
    ),
]
LabelsFrom = Annotated[
    str | None,
    typer.Option(
        metavar="WHAT", help="Of the IMDB archive: sentiment or stars, which are eight labels."
    ),
]
GroupColumn = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Column whose equal values stay on one side of each split, such as a product.",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first bad row instead of leaving it out.")
]
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="txt, csv, tsv, jsonl, json, parquet or xlsx. Default: by name, or content of a pipe.",
    ),
]
DataFormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="txt, csv, tsv, jsonl, json, parquet or xlsx. Default: by the name of the file.",
    ),
]
"""Of labelled data, which is never a pipe."""
SearchDataFormat = Annotated[
    str | None,
    typer.Option("--data-format", metavar="NAME", help="Format of the data: txt, csv and so on."),
]
"""Of `choose`, whose `--format` is that of the file it writes."""
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        help="Such as cp1252 or utf-16-le. Default: by the byte order mark, else UTF-8.",
    ),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHARACTER",
        help="Between the fields of a CSV or TSV file; or tab. Default: by the first rows.",
    ),
]
QuotingOption = Annotated[
    str | None,
    typer.Option(
        "--quoting",
        metavar="HOW",
        help="double, backslash or none: quotes in a CSV or TSV file. Default: by the first rows.",
    ),
]
NoHeader = Annotated[
    bool,
    typer.Option("--no-header", help="The first row is data; columns are named 1, 2 and so on."),
]
SheetOption = Annotated[
    str | None,
    typer.Option(
        "--sheet", metavar="NAME", help="Sheet of an .xlsx file, or its number. Default: the first."
    ),
]

Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1)]
MinDf = Annotated[
    int | None,
    typer.Option(
        "--min-df",
        min=1,
        metavar="N",
        help="Leave words in fewer texts than this out of the vocabulary; 1 keeps all. Default: 3, "
        "and 1 for the IMDB reviews.",
    ),
]
"""What fewer texts hold may be private: names, numbers."""

TestFraction = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Hold this share of a labelled file out of all training, such as 0.2, for evaluate.",
    ),
]

TrainingLimit = Annotated[
    int | None,
    typer.Option(min=2, help="Use at most this many training examples, from the first on."),
]
