"""The commands that make, measure and compare run folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from edgernn.cli.data_options import SearchData, TestData, TrainingData, data_options, data_values
from edgernn.cli.options import (
    DataOption,
    Debug,
    DeviceOption,
    HardShare,
    Json,
    MinDf,
    Seed,
    SoftKey,
    SoftLabels,
    TeacherLogits,
    Temperature,
    TestFraction,
    TrainingLimit,
)

__all__ = ["COMMANDS"]


def train(
    *,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="What to train; `edgernn recipes` lists them. Default: what the data takes, by "
            "its labels, rows and length; a line says what and why.",
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RUN",
            help="Start from the words and layers of a run folder, or of the pretrained model "
            "(pretrained). Default: from the pretrained model where it helps; none: from nothing.",
        ),
    ] = None,
    published: Annotated[
        bool,
        typer.Option("--published", help="Do what the recipe's tutorial did, to the letter."),
    ] = False,
    data: DataOption = None,
    reading: TrainingData,
    soft_labels: SoftLabels = None,
    soft_key: SoftKey = None,
    temperature: Temperature = None,
    hard_share: HardShare = None,
    teacher_logits: TeacherLogits = None,
    test_fraction: TestFraction = None,
    vocab: Annotated[
        str | None,
        typer.Option(help="Vocabulary file. Default: built from the training texts."),
    ] = None,
    min_df: MinDf = None,
    epochs: Annotated[int | None, typer.Option(min=1)] = None,
    batch_size: Annotated[int | None, typer.Option(min=1)] = None,
    learning_rate: Annotated[float | None, typer.Option(min=1e-9)] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(help="balanced: weight rarer labels up, so that all labels count alike."),
    ] = None,
    target_precision: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Give an answer only where it is likely enough that P of the answers to held-out "
            "texts are right, such as 0.95.",
        ),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65536,
            help="Longest input, in tokens; the rest of a longer text is cut off. Default: by "
            "recipe and texts.",
        ),
    ] = None,
    seed: Seed = 1,
    limit: TrainingLimit = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Run folder to write. Default: runs/RECIPE."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted run in the run folder.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Train a recipe and write a run folder."""
    from edgernn.cli.train import run_training

    run_training(
        resume,
        recipe=recipe,
        published=published,
        data=data,
        start=start,
        **data_values(**reading),
        soft_labels=soft_labels,
        soft_key=soft_key,
        temperature=temperature,
        hard_share=hard_share,
        teacher_logits=teacher_logits,
        test_fraction=test_fraction,
        vocabulary=vocab,
        min_df=min_df,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        class_weight=class_weight,
        target_precision=target_precision,
        max_length=max_length,
        seed=seed,
        limit=limit,
        output=output,
    )


def recipes(json: Json = False, debug: Debug = False) -> None:
    """List what can be trained: source, size, and the accuracy measured here."""
    from edgernn.cli.recipes import run_recipes

    run_recipes(json)


def import_model(
    model: Annotated[
        Path,
        typer.Argument(
            help=".keras or .h5 file, SavedModel folder, or the JSON of model.to_json()."
        ),
    ],
    tokenizer: Annotated[
        Path | None,
        typer.Option(
            help="Keras Tokenizer, word index, list of words or Hugging Face tokenizer (JSON), one "
            "word a line with or without its id, or SubwordTextEncoder file. Default: the model's "
            "TextVectorization layer."
        ),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65536,
            help="Longest input: maxlen of pad_sequences. Default: as the model has it.",
        ),
    ] = None,
    expect: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Rows with a text, and ids or score as your own program gives them: compare, and "
            "write nothing where they differ.",
        ),
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="Weights, if MODEL is a JSON.")] = None,
    output: Annotated[
        Path | None, typer.Option(help="Run folder to write. Default: runs/NAME.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Default: the file's own.")] = None,
    padding: Annotated[
        str | None,
        typer.Option(
            help="Where the padding zeros were in training: pre, post or none. Default: pre."
        ),
    ] = None,
    truncating: Annotated[
        str | None,
        typer.Option(
            help="Which end of long texts was cut off in training: pre or post. Default: pre."
        ),
    ] = None,
    start_id: Annotated[
        str | None,
        typer.Option(metavar="ID|none", help="Id in front of every text (start_char)."),
    ] = None,
    unknown_id: Annotated[
        str | None,
        typer.Option(
            metavar="ID|none",
            help="Id of unknown words (oov_char); none: left out. Default: as the vocabulary "
            "names it.",
        ),
    ] = None,
    padding_id: Annotated[
        int | None, typer.Option(min=0, help="Id of padding (value of pad_sequences). Default: 0.")
    ] = None,
    first_id: Annotated[
        int | None,
        typer.Option(min=0, help="Id of the first word of a list. Default: by the model's rows."),
    ] = None,
    index_from: Annotated[
        int | None, typer.Option(min=0, help="Added to each index of a word index or line number.")
    ] = None,
    num_words: Annotated[
        int | None, typer.Option(min=1, help="Use ids below this one only.")
    ] = None,
    lower: Annotated[
        bool | None,
        typer.Option(
            "--lower/--keep-case", help="Default: as the Tokenizer has it; lists are lower-cased."
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Where texts are split for a list or index: tokenizer (Keras's Tokenizer), "
            "whitespace (str.split) or vectorization (TextVectorization's default, which deletes "
            "punctuation). Default: tokenizer."
        ),
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME,...",
            help="Names of the classes, in the order of the model's units. Default: "
            "negative,positive.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Probability from which the second label is given, or each of several. Default: "
            "0.5."
        ),
    ] = None,
    decision: Annotated[
        str | None,
        typer.Option(
            metavar="threshold|largest|each",
            help="each: a text may have several labels, or none. Default: as the model's end says.",
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Make a run folder of your own Keras model and its vocabulary; no code in them is run."""
    from edgernn.cli.import_model import run_import
    from edgernn.training.imported.options import WordOptions

    run_import(
        model=model,
        tokenizer=tokenizer,
        max_length=max_length,
        weights=weights,
        output=output,
        name=name,
        padding=padding,
        truncating=truncating,
        start_id=start_id,
        unknown_id=unknown_id,
        split=split,
        words=WordOptions(
            padding_id=padding_id,
            first_id=first_id,
            index_from=index_from,
            num_words=num_words,
            lower=lower,
        ),
        labels=labels,
        threshold=threshold,
        decision=decision,
        expect=expect,
    )


def evaluate(
    *,
    data: DataOption = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Run folder, .onnx or .tflite file. Default: the pretrained model."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Run folder that a model file was exported from: it tells which texts "
            "the model was trained on."
        ),
    ] = None,
    reading: TestData,
    limit: Annotated[
        int | None,
        typer.Option(min=2, help="Use at most this many test examples, from the first on."),
    ] = None,
    device: DeviceOption = "auto",
    errors: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="List the N most confidently wrong texts."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write metrics, errors, accuracy by length and pictures into a folder.",
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure a model on the test split."""
    from edgernn.cli.evaluate import run_evaluation
    from edgernn.evaluation.job import EvaluationOptions

    options = EvaluationOptions(
        data=data,
        model=model,
        run=run,
        reading=data_options(**reading),
        limit=limit,
        device=device,
        errors=errors,
        report=report,
    )
    run_evaluation(options, json)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    plot: Annotated[Path, typer.Option(help="Picture to draw: .png, .svg or .pdf.")] = Path(
        "compare.png"
    ),
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Put runs side by side: a table, and a picture of how they learnt."""
    from edgernn.cli.compare import run_comparison

    run_comparison(runs, plot, json)


def summary(
    run: Annotated[
        Path | None,
        typer.Argument(help="Run folder. Default: the pretrained model of the package."),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the layers into a .png, .svg or .pdf file.")
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the layers of a run's model, their shapes and parameters, and its text rules."""
    from edgernn.cli.summary import run_summary

    run_summary(run, plot, json)


def choose(
    *,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Largest file, such as 500kB or 1.5MB.")
    ] = None,
    max_latency: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Longest time per review on one thread, such as 2ms."),
    ] = None,
    min_accuracy: Annotated[
        str | None,
        typer.Option(metavar="PERCENT", help="Lowest accuracy on held-out texts, such as 90."),
    ] = None,
    data: DataOption = None,
    reading: SearchData,
    test_fraction: TestFraction = None,
    min_df: MinDf = None,
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="How long to search, such as 30min or 2h.")
    ] = "30min",
    format: Annotated[str, typer.Option(help="Format of the file: onnx or tflite.")] = "onnx",
    seed: Seed = 1,
    limit: TrainingLimit = None,
    output: Annotated[Path, typer.Option(help="Folder to write.")] = Path("choice"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the search in the output folder.")
    ] = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find and train the model that meets limits of size, latency and accuracy."""
    from edgernn.cli.choose import run_choice

    run_choice(
        max_size,
        max_latency,
        min_accuracy,
        budget,
        resume,
        json,
        data=data,
        reading=data_options(**reading),
        test_fraction=test_fraction,
        format=format,
        seed=seed,
        min_df=min_df,
        limit=limit,
        output=output,
    )


COMMANDS: dict[str, Callable[..., None]] = {
    "train": train,
    "choose": choose,
    "recipes": recipes,
    "import": import_model,
    "evaluate": evaluate,
    "compare": compare,
    "summary": summary,
}
"""By their names, in the order of the help."""
