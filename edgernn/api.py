"""The jobs of the command line as functions: train, evaluate, export, verify, audit.

`import edgernn` offers them. They print nothing: what a command says on its way goes to the logger
`edgernn`, and what casts doubt on a result is a warning. Errors name an option as the command line
spells it, such as `--output`.
"""

from __future__ import annotations

import dataclasses
import logging
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from edgernn.errors import UsageError
from edgernn.training.trained_run import TrainedRun

if TYPE_CHECKING:
    from edgernn.audit import Audit
    from edgernn.data import DataOptions
    from edgernn.evaluation.report import Evaluation
    from edgernn.evaluation.verification import Verification
    from exporters.job import ExportedFile

__all__ = [
    "Reading",
    "TrainedRun",
    "audit_model",
    "evaluate_model",
    "export_model",
    "train_model",
    "verify_model",
]

_LOG = logging.getLogger("edgernn")


class Reading(TypedDict, total=False):
    """How a labelled file is read; what is left out, the file's first rows tell."""

    text_column: str
    label_column: str
    group_column: str
    """The column whose equal values are never on two sides of a split."""
    positive: str | float | Iterable[object]
    """The value of the label column, or those, that mean the positive label; so in the next two."""
    negative: str | float | Iterable[object]
    drop: str | float | Iterable[object]
    """Rows with these labels are left out."""
    labels: Iterable[object]
    """All labels, in their order and as their names are to be spelled."""
    label_separator: str
    """Between the labels of a cell, where a text may have several."""
    label_columns: Iterable[str]
    """Columns that hold a label each, 0 or 1, where a text may have several."""
    labels_from: str
    """Of the IMDB reviews: `sentiment` or `stars`."""
    strict: bool
    """Whether the first bad row is an error, instead of being left out."""
    format: str
    """Such as `csv`, whatever the file's name."""
    encoding: str
    delimiter: str
    quoting: str
    """`double`, `backslash` or `none`."""
    header: bool
    """Whether the first row has the names of the columns."""
    sheet: str
    """Of a workbook."""


def train_model(
    data: str | Path | None,
    output: str | Path,
    *,
    recipe: str | None = None,
    start: str | Path | None = None,
    published: bool = False,
    soft_labels: str | Path | None = None,
    soft_key: str | None = None,
    temperature: float | None = None,
    hard_share: float | None = None,
    teacher_logits: str | Path | None = None,
    test_fraction: float | None = None,
    vocabulary: str | Path | None = None,
    min_df: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    class_weight: str | None = None,
    target_precision: float | None = None,
    max_length: int | None = None,
    seed: int = 1,
    limit: int | None = None,
    resume: bool = False,
    **reading: Unpack[Reading],
) -> TrainedRun:
    r"""Train a recipe on labelled texts and write a run folder.

    Examples:
        >>> import edgernn
        >>> from pathlib import Path
        >>> rows = [f"a {('dull', 'great')[n % 2]} film no. {n},{n % 2}" for n in range(80)]
        >>> _ = Path("reviews.csv").write_text("\n".join(["text,label", *rows]))
        >>> run = edgernn.train_model("reviews.csv", "my-run", recipe="simple-rnn", epochs=1)
        >>> run.folder.name, run.epochs
        ('my-run', 1)

    Args:
        data: a file of texts and labels, or the archive or folder of the IMDB reviews; None gets
            those from tensorflow_datasets.
        output: the run folder to write.
        recipe: what to train; `edgernn recipes` lists them. None is what the data takes, by its
            labels, rows and length. In what follows None leaves the recipe's own value.
        start: a run folder whose words and layers training starts from, `pretrained` for the
            shipped model's, or `none`; None is the shipped model's where it helps, and where no
            recipe is named.
        published: do what the recipe's tutorial did, to the letter.
        soft_labels: a file of what a teacher says of each row, `probability_NAME` or `logit_NAME`
            of each label; it may be `data` itself. Rows without a label are then learned from, too.
        soft_key: a column of both files that matches their rows; None: by their order.
        temperature: of the teacher's logits and the model's, where they are compared; None is 1.
        hard_share: how much of a text's loss is that of its own label, in [0, 1]; None is 0.3.
        teacher_logits: with the recipe `flagship` and the IMDB reviews, a file of what a teacher
            that reads says of them and of pieces of them.
        test_fraction: how much of each label of a file is kept out, for `evaluate_model`.
        vocabulary: a vocabulary file; None builds one from the training texts.
        min_df: how many texts must hold a word for it to be in the vocabulary.
        epochs: how many to train at most.
        batch_size: texts of a step.
        learning_rate: at the start.
        class_weight: `balanced` lets a rarer label count for more, so that all count alike.
        target_precision: give an answer only where it is likely enough that this share of the
            answers to held-out texts is right; other texts get no label.
        max_length: longest input, in tokens.
        seed: of all that is random.
        limit: the first so many training texts alone.
        resume: go on with the interrupted run in `output`; its options need not be given again.
        **reading: see `Reading`.

    Raises:
        DataError: the data cannot be read.
        KeyboardInterrupt: Ctrl-C; what was trained until then is in the folder, and `resume` goes
            on.
        MissingPackageError: TensorFlow, or what reads the data, is not installed.
        TrainingError: training cannot start or go on.
        UsageError: an option cannot be used, or the folder holds something else.
    """
    from edgernn.data.arguments import check_number, check_whole, reading_values
    from edgernn.evaluation.closing import held_out_figures, warnings_of
    from edgernn.runtime.asked import ask_shipped
    from edgernn.training.choice import choose_recipe
    from edgernn.training.options import TrainOptions
    from edgernn.training.run import Run
    from edgernn.training.train import check_output, train

    check_whole("epochs", epochs, 1)
    check_whole("batch_size", batch_size, 1)
    check_number("learning_rate", learning_rate, 1e-9)
    check_whole("max_length", max_length, 1, 65536)
    check_whole("min_df", min_df, 1)
    check_whole("seed", seed, 0, 2**32 - 1)
    check_number("test_fraction", test_fraction, 0, 1)
    check_whole("limit", limit, 2)
    check_number("target_precision", target_precision, 0, 1)
    check_number("temperature", temperature, 0.1, 100)
    check_number("hard_share", hard_share, 0, 1)
    options = TrainOptions(
        **reading_values(reading, Reading.__annotations__),
        output=Path(output),
        published=published,
        data=_name(data),
        soft_labels=_name(soft_labels),
        soft_key=soft_key,
        temperature=temperature,
        hard_share=hard_share,
        teacher_logits=_name(teacher_logits),
        start=_name(start),
        vocabulary=_name(vocabulary),
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        class_weight=class_weight,
        target_precision=target_precision,
        max_length=max_length,
        seed=seed,
        limit=limit,
        min_df=min_df,
        test_fraction=test_fraction,
    )
    if recipe is not None:
        options = dataclasses.replace(options, recipe=recipe)
    options.check_vocabulary()
    splits = None
    if resume:
        options = options.resumed()
    elif recipe is None:
        check_output(options.output)
        options, splits = choose_recipe(options, ask_shipped, _say, nullcontext)
    folder, history = train(options, resume=resume, splits=splits, say=_say)
    if history.interrupted:
        raise KeyboardInterrupt
    run = Run.open(folder)
    figures, texts = held_out_figures(run)
    if figures is not None:
        settings = options.resolved_recipe().fit
        for line in warnings_of(figures, history, settings, run.contract.labels, texts):
            warnings.warn(line, RuntimeWarning, stacklevel=2)
    accuracy = run.metrics["validation_accuracy"]
    return TrainedRun(folder, accuracy, figures, len(history.epochs), run.metrics)


def evaluate_model(
    model: str | Path | None = None,
    data: str | Path | None = None,
    *,
    run: str | Path | None = None,
    device: str = "auto",
    limit: int | None = None,
    errors: int | None = None,
    report: str | Path | None = None,
    **reading: Unpack[Reading],
) -> Evaluation:
    r"""Measure a model file, or a run, on labelled texts.

    Examples:
        >>> import edgernn
        >>> from pathlib import Path
        >>> rows = ["A great film,pos", "Boring and too long,neg", "I loved it,pos", "Awful,neg"]
        >>> _ = Path("reviews.csv").write_text("\n".join(["text,label", *rows]))
        >>> evaluation = edgernn.evaluate_model(data="reviews.csv")
        >>> evaluation.metrics.accuracy, evaluation.metrics.confusion
        (1.0, ((2, 0), (0, 2)))

    Args:
        model: an .onnx or .tflite file, or a run folder, which is measured with Keras and gets the
            figures as `evaluation.json`; None is the shipped model.
        data: as in `train_model`; None is what a run was trained on, where one is known, and IMDB
            elsewhere. Of a run's own file the rows are measured that it kept out for a test.
        run: the run folder that a model file was exported from, which tells the texts that it has
            met.
        device: what runs a model file, see `edgernn.load`.
        limit: the first so many texts alone.
        errors: give so many of the most confidently wrong texts.
        report: a folder to write figures and pictures to.
        **reading: see `Reading`.

    Raises:
        DataError: the data cannot be read.
        DeviceError: the device cannot run the file.
        MissingPackageError: scikit-learn, what reads the data, or TensorFlow for a run folder, is
            not installed; matplotlib for a report.
        ModelFileError: the model cannot be read.
        UsageError: options do not go together.
    """
    from edgernn.data.arguments import check_whole
    from edgernn.evaluation.job import EvaluationOptions, evaluate

    check_whole("limit", limit, 2)
    check_whole("errors", errors, 1)
    options = EvaluationOptions(
        data=_name(data),
        model=_path(model),
        run=_path(run),
        reading=_data_options(reading),
        limit=limit,
        device=device,
        errors=errors,
        report=_path(report),
    )
    return evaluate(options, say=_say)


def export_model(
    run: str | Path | None,
    output: str | Path,
    *,
    format: str | None = None,
    precision: str = "int8",
    data: str | Path | None = None,
    max_accuracy_drop: float = 0.5,
    min_runtime: str | None = None,
    recurrent: str | None = None,
    batch: str | None = None,
    card: str | Path | None = None,
) -> ExportedFile:
    """Export a run to one self-contained model file, checked against the trained model.

    Examples:
        >>> import edgernn
        >>> file = edgernn.export_model(None, "reviews.onnx", precision="float32")
        >>> all(check.passed for check in file.checks)
        True
        >>> edgernn.load(file.path).score(["Great movie!"])[0].label
        'positive'

    Args:
        run: a run folder; None is the shipped model's.
        output: the file to write; one that is there is replaced when all checks have passed.
        format: `onnx` or `tflite`; None is what the ending of `output` says.
        precision: such as `int8`; `edgernn formats` lists what each format has.
        data: the run's data, where it has moved: the file is checked on its validation texts. A
            warning says where our own texts take their place.
        max_accuracy_drop: points of validation accuracy that a quantized file may lose.
        min_runtime: the oldest runtime to run on, such as `ai-edge-litert==1.0.1`; None is
            onnxruntime==1.16 or tflite-runtime==2.14.
        recurrent: `loop` or `fused`: what a .tflite file has for LSTM and SimpleRNN layers. A loop
            keeps no state between calls; None is a loop where it is no slower and rounds no more.
        batch: texts a call of an .onnx file: `many`, padded, or `one`, which is right in more
            runtimes; None is many.
        card: where to write the model card that is in the file, too.

    Raises:
        DataError: `data` is not the run's data, or cannot be read.
        ExportError: a check failed; no file was written.
        MissingPackageError: a package of the `export` extra is missing.
        ModelFileError: the run folder cannot be read.
        UsageError: no such format, precision or runtime, or an output is one of the inputs.
    """
    from edgernn.data.arguments import check_number, names_folder
    from edgernn.runtime import SHIPPED_MODEL
    from edgernn.runtime.loaded_model import open_reference
    from exporters.job import ExportOptions, export_run
    from exporters.rules import FORMATS

    check_number("max_accuracy_drop", max_accuracy_drop, 0, 100)
    if names_folder(output) or Path(output).is_dir():
        raise UsageError(f"{output}: is a folder; name the file to write")
    output = Path(output)
    if format is None:
        found = [name for name, rules in FORMATS.items() if rules.suffix == output.suffix]
        if not found:
            endings = ", ".join(rules.suffix for rules in FORMATS.values())
            raise UsageError(f"{output}: ends in none of {endings}; name the format")
        format = found[0]
    elif format == "all":
        raise UsageError("format all: a call exports one format; call once for each")
    options = ExportOptions(
        run=SHIPPED_MODEL.parent if run is None else Path(run),
        format=format,
        precision=precision,
        output=output,
        data=_name(data),
        max_accuracy_drop=max_accuracy_drop,
        min_runtime=min_runtime,
        recurrent=recurrent,
        batch=batch,
        card=_path(card),
    )
    (file,) = export_run(options, open_reference, say=_say, passed=_say)
    return file


def verify_model(
    model: str | Path | None = None,
    data: str | Path | None = None,
    *,
    run: str | Path | None = None,
    limit: int | None = None,
    tolerance: float | None = None,
    **reading: Unpack[Reading],
) -> Verification:
    """Replay a file's golden vectors, and compare on real texts, on each runtime of this machine.

    Examples:
        >>> import edgernn
        >>> verification = edgernn.verify_model()
        >>> verification.passed
        True
        >>> verification.golden.runtimes[0].runtime, verification.golden.runtimes[0].label_flips
        ('onnxruntime', 0)

    Args:
        model: an .onnx or .tflite file; None is the shipped model.
        data: real texts to compare on, too, as in `train_model`; None: golden vectors alone.
        run: the run folder of the file: compare with its Keras model on `data`; None compares the
            runtimes with each other.
        limit: the first so many texts of the test split; None is 1000.
        tolerance: largest difference of a probability on `data`; None is as the file says.
        **reading: see `Reading`.

    Returns:
        What each runtime made of the file. Nothing is raised where one fails: see `passed`, and
        `require`, which raises.

    Raises:
        DataError: the texts cannot be read.
        MissingPackageError: `run` without TensorFlow.
        ModelFileError: the file cannot be read or carries no golden vectors, or the run is not
            the file's.
        UsageError: options are about real texts, of which there are none.
    """
    from edgernn.data.arguments import check_number, check_whole
    from edgernn.evaluation.verification import RealTexts, verify
    from edgernn.runtime import SHIPPED_MODEL

    check_whole("limit", limit, 2)
    check_number("tolerance", tolerance, 0, 1)
    options = RealTexts(_name(data), _data_options(reading), limit, _path(run), tolerance)
    return verify(SHIPPED_MODEL if model is None else model, options, say=_say)


def audit_model(model: str | Path | None = None) -> Audit:
    """Look for loops, missing operators and states in a model file; nothing of it is run.

    Examples:
        >>> import edgernn
        >>> audit = edgernn.audit_model()
        >>> audit.problems, audit.recurrent_operators
        ((), {'LSTM': 1})

    Args:
        model: an .onnx or .tflite file, of edgernn or not; None is the shipped model.

    Raises:
        ModelFileError: it cannot be read, is larger than 128 MiB, or is no such file.
    """
    from edgernn.audit import audit_file
    from edgernn.runtime import SHIPPED_MODEL

    return audit_file(SHIPPED_MODEL if model is None else model)


def _say(line: str) -> None:
    """Log what a command would say; a warning is one in Python, too."""
    if line.startswith("warning: "):
        # Of this line, since nobody can tell how far up the caller is.
        warnings.warn(line.removeprefix("warning: "), RuntimeWarning, stacklevel=1)
    else:
        _LOG.info(line)


def _data_options(reading: Reading) -> DataOptions:
    from edgernn.data import DataOptions
    from edgernn.data.arguments import reading_values

    options = DataOptions(**reading_values(reading, Reading.__annotations__))
    _ = options.label_rule
    return options


def _name(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)
