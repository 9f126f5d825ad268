"""The import job: a person's model and vocabulary, checked against each other, as a run folder."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.errors import UsageError
from edgernn.files import write_bytes, write_text
from edgernn.progress import Busy, Say
from edgernn.training import run as names
from edgernn.training.imported.build import build
from edgernn.training.imported.contracts import (
    ImportOptions,
    about_padding,
    check_labels,
    contract_of,
    rule_of,
)
from edgernn.training.imported.described import described
from edgernn.training.imported.expected import read_expected
from edgernn.training.imported.files import Imported, read_model
from edgernn.training.imported.judge import Agreement, Reading
from edgernn.training.imported.padding import check_padding, padded_length
from edgernn.training.imported.replay import (
    MIXED_TOLERANCES,
    TOLERANCE,
    as_options,
    replay,
)
from edgernn.training.imported.settings import plain
from edgernn.training.imported.text_vectorization import find_text_vectorization
from edgernn.training.imported.tokenizers import Subwords, read_file, resolve
from edgernn.training.imported.word_files import WordFile
from edgernn.training.models import logits, summary
from edgernn.training.run import Run

__all__ = ["ImportOptions", "default_name", "import_run", "vocabulary_file"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def default_name(model: Path) -> str:
    """Return a run's name for a model file: its own, without suffixes."""
    name = model.absolute().name.partition(".")[0] or "imported"
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name).lstrip("-_")[:64] or "imported"


def import_run(
    options: ImportOptions,
    *,
    say: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
) -> Run:
    """Make a run folder of a person's model and vocabulary; it appears whole or not at all.

    Args:
        options: what to import.
        say: gets a line for each thing that was found.
        busy: called with a title, gives a context to show that a long step is under way.

    Raises:
        DataError, MissingPackageError, ModelFileError, UsageError: as their messages say.
    """
    folder = options.output
    if not _NAME.fullmatch(options.name):
        raise UsageError(
            f"--name {plain(options.name)}: letters, digits, '.', '_' and '-' only, up to 64"
        )
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"--output {folder}: already exists; choose another")
    imported = read_model(options.model, options.weights)
    architecture = imported.architecture
    rule = rule_of(options, architecture)
    check_labels(options, architecture)
    file = vocabulary_file(options)
    built: dict[int | None, Any] = {}

    def model(padded: int | None) -> Any:
        if padded not in built:
            with busy("building the model"):
                built[padded] = build(imported, padded, rule)
        return built[padded]

    def read(options: ImportOptions) -> Reading:
        vocabulary = resolve(file, options.words, architecture.embedding.rows)
        contract = contract_of(options, vocabulary, architecture)
        masked = architecture.embedding.mask_zero and vocabulary.padding_id == 0
        side = options.padding or vocabulary.padding or "pre"
        check_padding(architecture, side, contract.max_length, options.model)
        padded = padded_length(architecture, side, contract.max_length) if masked else None
        return Reading(options, vocabulary, contract, masked, padded)

    def predict(
        ids: Sequence[npt.NDArray[np.int32]], padded: int | None
    ) -> npt.NDArray[np.float32]:
        return logits(model(padded), ids)

    agreement = None
    if options.expect is None:
        reading = read(options)
    else:
        expected = read_expected(
            options.expect,
            None if rule == "threshold" else architecture.units,
            softmax=rule != "each",
        )
        tolerance = TOLERANCE
        if architecture.mixed is not None:
            tolerance = MIXED_TOLERANCES[architecture.mixed]
            say(f"scores are compared to {tolerance:g}: Keras rounds those of {architecture.mixed}")
        reading, agreement = replay(
            read,
            options,
            expected,
            predict,
            rule=rule,
            sigmoid=architecture.sigmoid,
            tolerance=tolerance,
        )
    vocabulary, contract = reading.vocabulary, reading.contract
    say(f"{options.model}: {described(architecture, rule)}")
    say(
        f"{file.path}: {vocabulary.kind}, {vocabulary.size:,} ids; the embedding has "
        f"{architecture.embedding.rows:,} rows"
    )
    for note in vocabulary.notes:
        say(note)
    say(about_padding(reading.options, contract, architecture))
    for note in architecture.notes:
        say(f"warning: {note}")
    for line in _about_agreement(options, reading, agreement):
        say(line)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        _write(temporary, reading, imported, model(reading.padded_length), agreement)
        Run.open(temporary)
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Run.open(folder)


def vocabulary_file(options: ImportOptions) -> WordFile | Subwords:
    """Read the vocabulary: a file of its own, or a layer of the model.

    Raises:
        DataError, ModelFileError: it cannot be read or carried over.
        UsageError: there is none, or there are two.
    """
    inside = find_text_vectorization(options.model)
    if options.tokenizer is None:
        if inside is None:
            raise UsageError(
                f"--tokenizer: is missing, and {options.model} holds no vocabulary (a "
                "TextVectorization layer in a .keras file)"
            )
        return inside
    if inside is not None:
        raise UsageError(
            f"--tokenizer {options.tokenizer}: {options.model} has a TextVectorization layer, "
            "whose vocabulary is used: leave the option out"
        )
    beside = find_text_vectorization(options.tokenizer)
    if beside is not None and beside.max_length is None:
        # Its program pads what the layer gives.
        return dataclasses.replace(beside, padding=None, truncating=None)
    return beside or read_file(options.tokenizer)


def _about_agreement(
    asked: ImportOptions, reading: Reading, agreement: Agreement | None
) -> list[str]:
    """Say what was compared with a person's own program, and what was not."""
    if agreement is None:
        return []
    lines = []
    if reading.options != asked:
        lines.append(f"{asked.expect} settles: {as_options(asked, reading.options)}")
    compared = [f"ids of {agreement.ids:,}"] if agreement.ids else []
    if agreement.scores:
        compared.append(
            f"scores of {agreement.scores:,}, largest difference {agreement.largest:.1e}"
        )
    skipped = f"; {agreement.skipped:,} without a token are not scored" if agreement.skipped else ""
    lines.append(f"{asked.expect}: {agreement.texts:,} texts agree: {', '.join(compared)}{skipped}")
    if agreement.open:
        lines.append(f"not compared, for lack of such texts: {', '.join(agreement.open)}")
    return lines


def _compared(agreement: Agreement) -> dict[str, Any]:
    """Return figures alone: no text and no score of a person's data."""
    return {
        "texts": agreement.texts,
        "ids": agreement.ids,
        "scores": agreement.scores,
        "largest_difference": agreement.largest,
    }


def _write(
    folder: Path,
    reading: Reading,
    imported: Imported,
    model: Any,
    agreement: Agreement | None,
) -> None:
    """Write the files of a run folder."""
    options, vocabulary, contract = reading.options, reading.vocabulary, reading.contract
    config = {
        "recipe": options.name,
        "seed": None,
        "limit": None,
        "validation_fraction": None,
        "data": None,
        "imported": {
            "file": options.model.name,
            "kind": imported.kind,
            "files": imported.files,
            "tokenizer": {
                "file": (options.tokenizer or options.model).name,
                "kind": vocabulary.kind,
                "sha256": vocabulary.sha256,
            },
            "padding": options.padding or vocabulary.padding or "pre",
            "truncating": options.truncating or vocabulary.truncating or "pre",
            "input_length": imported.architecture.input_length,
            "mask_zero": imported.architecture.embedding.mask_zero,
            "sigmoid": imported.architecture.sigmoid,
            "compared": None if agreement is None else _compared(agreement),
        },
        "versions": {
            "python": platform.python_version(),
            **{
                name: metadata.version(name) for name in ("edgernn", "keras", "numpy", "tensorflow")
            },
        },
    }
    write_bytes(folder / contract.vocabulary_file, vocabulary.content)
    write_text(folder / names.CONTRACT, contract.to_json())
    write_text(folder / names.CONFIG, _json(config))
    write_text(folder / names.METRICS, _json({"parameters": model.count_params()}))
    write_text(folder / names.SUMMARY, summary(model))
    model.save(folder / names.MODEL)


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
