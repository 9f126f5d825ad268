"""A run folder: what training leaves behind, and what export and evaluate start from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.errors import MissingPackageError, ModelFileError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.text import TextContract, TextEncoder
from edgernn.training.layers import custom_layers

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "CONTRACT",
    "EVALUATION",
    "HISTORY",
    "HISTORY_PLOT",
    "METRICS",
    "MODEL",
    "SUMMARY",
    "TEACHER",
    "UNFINISHED",
    "Run",
    "read_bounded",
    "read_file",
    "read_json",
]

MODEL = "model.keras"
CONTRACT = "contract.json"
CONFIG = "config.json"
HISTORY = "history.csv"
HISTORY_PLOT = "history.png"
METRICS = "metrics.json"
SUMMARY = "summary.txt"
CHECKPOINT = "checkpoint"
TEACHER = "teacher"
"""What a teacher said, kept for the next training in the same folder."""
EVALUATION = "evaluation.json"
"""How the run did on the whole test split."""
UNFINISHED = "unfinished.txt"
"""Stands in a run folder while the results in it are replaced, one after the other."""

_MAX_JSON_BYTES = 1 << 20
_MAX_VOCABULARY_BYTES = 16 << 20


@dataclass(frozen=True)
class Run:
    """A finished run folder, its small files read and checked; the model loads when asked for."""

    folder: Path
    encoder: TextEncoder
    config: dict[str, Any]
    metrics: dict[str, Any]

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Read a run folder.

        Raises:
            ModelFileError: not a run folder, an unfinished one, or a file of it is broken.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise ModelFileError(f"{folder}: no such run folder")
        if not (folder / MODEL).is_file():
            hint = (
                f"training did not end: edgernn train --resume --output {folder}"
                if (folder / CHECKPOINT).is_dir()
                else "name a folder that edgernn train wrote"
            )
            raise ModelFileError(f"{folder}: has no {MODEL}: {hint}")
        if (folder / UNFINISHED).exists():
            raise ModelFileError(
                f"{folder}: its files are not all of one model: training was cut off as it wrote "
                f"them: edgernn train --resume --output {folder}"
            )
        contract = TextContract.from_json(read_file(folder, CONTRACT, _MAX_JSON_BYTES))
        vocabulary = read_file(folder, contract.vocabulary_file, _MAX_VOCABULARY_BYTES)
        return cls(
            folder=folder,
            encoder=TextEncoder(contract, vocabulary),
            config=read_json(folder, CONFIG),
            metrics=read_json(folder, METRICS),
        )

    @property
    def contract(self) -> TextContract:
        """The text contract that the model was trained with."""
        return self.encoder.contract

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """What `edgernn evaluate` measured on the test split, or None where it did not yet.

        Raises:
            ModelFileError: the file is there and broken.
        """
        if not (self.folder / EVALUATION).exists():
            return None
        return read_json(self.folder, EVALUATION)

    def load_model(self) -> Any:
        """Load the Keras model; code inside the file is never run (Keras safe mode).

        Raises:
            MissingPackageError: TensorFlow is not installed.
            ModelFileError: Keras cannot read the file.
        """
        try:
            with held_back():
                keras = import_quietly("keras")
                import_quietly("tensorflow")  # It writes its log when first imported.
        except ImportError as error:
            raise MissingPackageError("tensorflow", "loading a trained model", "export") from error
        path = self.folder / MODEL
        custom_layers()
        try:
            return keras.saving.load_model(path, compile=False, safe_mode=True)
        except (ValueError, TypeError, KeyError, OSError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelFileError(f"{path}: Keras cannot read it: {reason}") from error


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """Read a JSON object from a file of a run folder.

    Raises:
        ModelFileError: missing, too large, or not a JSON object.
    """
    path = folder / name
    try:
        values = json.loads(read_file(folder, name, _MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: not JSON: {error}") from error
    if not isinstance(values, dict):
        raise ModelFileError(f"{path}: not a JSON object")
    return values


def read_file(folder: Path, name: str, limit: int) -> bytes:
    """Read a file of a run folder.

    Raises:
        ModelFileError: missing, outside the folder, or larger than `limit` bytes.
    """
    path = folder / name
    try:
        # A ValueError is a NUL in the name, a RuntimeError a link that leads to itself.
        inside = path.resolve().parent == folder.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelFileError(f"{folder}: {name!r} is not a file") from error
    if not inside:
        raise ModelFileError(f"{path}: lies outside the run folder")
    return read_bounded(path, limit)


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes.

    Raises:
        ModelFileError: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > limit:
        raise ModelFileError(f"{path}: larger than {limit >> 20} MiB")
    return data
