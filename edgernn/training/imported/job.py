"""The import job: a person's model and vocabulary, checked against each other, as a run folder."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from edgernn.errors import UsageError
from edgernn.files import write_bytes, write_text
from edgernn.text import TextContract
from edgernn.text.contract import Padding, Tokenizer
from edgernn.training import run as names
from edgernn.training.callbacks import Busy, Say
from edgernn.training.imported.build import build
from edgernn.training.imported.files import Imported, read_model, sha256_of
from edgernn.training.imported.layers import Architecture, Dense, Recurrent
from edgernn.training.imported.settings import plain
from edgernn.training.imported.tokenizers import Vocabulary, WordOptions, read_vocabulary
from edgernn.training.models import summary
from edgernn.training.run import Run
from edgernn.training.vocabulary import VOCABULARY_FILES

__all__ = ["ImportOptions", "KerasSide", "default_name", "import_run"]

KerasSide = Literal["pre", "post"]
"""A side of a text as `keras.utils.pad_sequences` calls it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What is imported, and what no file says about it."""

    model: Path
    tokenizer: Path
    max_length: int
    """Longest input in tokens: `maxlen` of `pad_sequences`."""
    output: Path
    name: str
    weights: Path | None = None
    """The weights, if `model` is a JSON of the layers."""
    padding: KerasSide | Literal["none"] = "pre"
    """Where zeros stood in training; plays no part if the model masks them."""
    truncating: KerasSide = "pre"
    """Which end of a text was cut off in training."""
    words: WordOptions = field(default_factory=WordOptions)
    labels: tuple[str, str] = ("negative", "positive")
    threshold: float = 0.5


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
        raise UsageError(f"--output {folder}: is there already; choose another")
    vocabulary = read_vocabulary(options.tokenizer, options.words)
    imported = read_model(options.model, options.weights)
    architecture = imported.architecture
    contract = _contract(options, vocabulary, architecture)
    say(f"{options.model}: {_described(architecture)}")
    say(
        f"{options.tokenizer}: {vocabulary.kind}, {vocabulary.size:,} ids; the embedding has "
        f"{architecture.embedding.rows:,} rows"
    )
    if vocabulary.unreachable:
        say(
            f"warning: {vocabulary.unreachable:,} words stand in no text as it is split "
            f"({_about_case(vocabulary)})"
        )
    say(_about_padding(options, contract, architecture))
    with busy("building the model"):
        model = build(imported)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    try:
        _write(temporary, options, contract, vocabulary, imported, model)
        Run.open(temporary)
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return Run.open(folder)


def _contract(
    options: ImportOptions, vocabulary: Vocabulary, architecture: Architecture
) -> TextContract:
    """Join vocabulary and options to a text contract that fits the model."""
    embedding, size = architecture.embedding, vocabulary.size
    if size > embedding.rows:
        reason = (
            "they belong to different models"
            if vocabulary.kind == "SubwordTextEncoder" or options.words.num_words is not None
            else f"if only the first words were used in training, --num-words {embedding.rows}"
        )
        raise UsageError(
            f"{options.tokenizer}: has ids up to {size - 1:,}, the model's embedding has "
            f"{embedding.rows:,} rows: {reason}"
        )
    fixed = architecture.input_length
    if fixed is not None and fixed != options.max_length:
        raise UsageError(
            f"--max-length {options.max_length}: {options.model} takes {fixed} ids at a time: "
            f"--max-length {fixed}"
        )
    if fixed is not None and options.padding == "none" and not embedding.mask_zero:
        raise UsageError(
            f"--padding none: {options.model} takes exactly {fixed} ids, so its texts were padded"
        )
    for name, given in (("start", vocabulary.start_id), ("unknown", vocabulary.unknown_id)):
        if given == 0 and embedding.mask_zero:
            raise UsageError(f"--{name}-id 0: is padding, which this model does not read")
    padding: Padding = "none"
    if not embedding.mask_zero and options.padding != "none":
        padding = "start" if options.padding == "pre" else "end"
    tokenizer: Tokenizer = "subwords" if vocabulary.kind == "SubwordTextEncoder" else "words"
    return TextContract(
        vocabulary_sha256=sha256_of(vocabulary.content),
        vocabulary_size=size,
        max_length=options.max_length,
        cut="start" if options.truncating == "pre" else "end",
        case=vocabulary.case,
        tokenizer=tokenizer,
        separators=vocabulary.separators,
        first_word_id=vocabulary.first_word_id,
        unknown_id=vocabulary.unknown_id,
        start_id=vocabulary.start_id,
        vocabulary_file=VOCABULARY_FILES[tokenizer],
        padding=padding,
        labels=options.labels,
        threshold=options.threshold,
    )


def _described(architecture: Architecture) -> str:
    """Return the layers in one line."""
    parts = [f"embedding of {architecture.embedding.units}"]
    for layer in architecture.layers[1:]:
        if isinstance(layer, Recurrent):
            before = "bidirectional " if layer.bidirectional else ""
            parts.append(f"{before}{layer.cell} of {layer.units}")
        elif isinstance(layer, Dense) and layer is not architecture.layers[-1]:
            parts.append(f"dense of {layer.units}")
    end = "a sigmoid" if architecture.sigmoid else "one linear unit, read as a logit"
    return f"{', '.join(parts)}; at the end {end}"


def _about_padding(
    options: ImportOptions, contract: TextContract, architecture: Architecture
) -> str:
    cut = f"longer texts lose their {contract.cut}"
    if architecture.embedding.mask_zero:
        return f"the model masks padding: texts are scored at their own length; {cut}"
    if contract.padding == "none":
        return f"no mask and no padding: texts are scored at their own length; {cut}"
    return (
        f"no mask: texts are padded to {contract.max_length} ids at their {contract.padding}, as "
        f"pad_sequences(padding='{options.padding}') does; {cut}"
    )


def _about_case(vocabulary: Vocabulary) -> str:
    if vocabulary.case == "lower" and vocabulary.kind != "Keras Tokenizer":
        return "texts are lower-cased, unless --keep-case"
    return "they hold characters that end words"


def _write(
    folder: Path,
    options: ImportOptions,
    contract: TextContract,
    vocabulary: Vocabulary,
    imported: Imported,
    model: Any,
) -> None:
    """Write the files of a run folder."""
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
                "file": options.tokenizer.name,
                "kind": vocabulary.kind,
                "sha256": vocabulary.sha256,
            },
            "padding": options.padding,
            "truncating": options.truncating,
            "input_length": imported.architecture.input_length,
            "mask_zero": imported.architecture.embedding.mask_zero,
            "sigmoid": imported.architecture.sigmoid,
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
