"""A run folder: what training leaves behind, and what export and evaluate start from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.errors import MissingPackageError, ModelFileError
from edgernn.files import read_bounded
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.text import TextContract, TextEncoder
from edgernn.training.layers import custom_layers

__all__ = [
    "CHECKPOINT",
    "CONFIG",
    "CONTRACT",
    "EVALUATION",
    "FEW_SEEN",
    "HISTORY",
    "HISTORY_PLOT",
    "METRICS",
    "MODEL",
    "NO_START",
    "PRETRAINED",
    "SEEN_TEXTS",
    "SUMMARY",
    "TEACHER",
    "UNFINISHED",
    "Run",
    "evaluation_split",
    "figures_of_test",
    "read_contract",
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
"""What `edgernn evaluate` measured of the run, and of which split."""
SEEN_TEXTS = "seen_texts.bin"
"""Hashes of the texts that the run has met; see `edgernn.training.seen_texts`."""
PRETRAINED, NO_START = "pretrained", "none"
"""What training starts from, in the place of a run folder: the shipped model; nothing."""
UNFINISHED = "unfinished.txt"
"""Stands in a run folder while the results in it are replaced, one after the other."""

FEW_SEEN = 0.01
"""Up to this share of texts that a model has met, as duplicates, a test split is one all the same;
where there are more, the test figure is that of the others alone."""

OWN_SPLITS = frozenset({"archive", "folder", "tensorflow_datasets"})
"""Kinds of data sets whose test split is none of their training split: those of IMDB's reviews."""

_NOT_FIGURES = ("data", "split", "seen", "runtime")
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
                f"training did not finish: edgernn train --resume --output {folder}"
                if (folder / CHECKPOINT).is_dir()
                else "name a folder that edgernn train wrote"
            )
            raise ModelFileError(f"{folder}: has no {MODEL}: {hint}")
        if (folder / UNFINISHED).exists():
            raise ModelFileError(
                f"{folder}: its files are not all of one model: training was interrupted as it "
                f"wrote them: edgernn train --resume --output {folder}"
            )
        return cls(
            folder=folder,
            encoder=TextEncoder(*read_contract(folder)),
            config=read_json(folder, CONFIG),
            metrics=read_json(folder, METRICS),
        )

    @property
    def contract(self) -> TextContract:
        """The text contract that the model was trained with."""
        return self.encoder.contract

    @property
    def is_of_imdb(self) -> bool:
        """Whether it was trained on the reviews of IMDB, as they are published."""
        data = self.config.get("data")
        described = data.get("description") if isinstance(data, dict) else None
        return isinstance(described, dict) and described.get("kind") in OWN_SPLITS

    @property
    def evaluation(self) -> dict[str, Any] | None:
        """What `edgernn evaluate` measured, of whichever split; None where it did not yet.

        Raises:
            ModelFileError: the file is there and broken.
        """
        if not (self.folder / EVALUATION).exists():
            return None
        return read_json(self.folder, EVALUATION)

    @property
    def test_figures(self) -> dict[str, Any] | None:
        """What `edgernn evaluate` measured on texts that are new to the model, or None.

        Raises:
            ModelFileError: the file is there and broken.
        """
        found = self.evaluation
        return None if found is None else figures_of_test(found, self.config)

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


def evaluation_split(evaluation: dict[str, Any], config: dict[str, Any]) -> str:
    """Return which split an `evaluation.json` is of: test, train, validation or not known.

    Earlier versions wrote `test` whatever the data was: where it is the file that the run was
    trained on, nobody knows.

    Args:
        evaluation: the values of the file.
        config: the run's `config.json`.
    """
    split = str(evaluation.get("split", "test"))
    if "seen" in evaluation:
        return split if split in ("test", "train", "validation") else "not known"
    trained_on = config.get("data")
    described = trained_on.get("description") if isinstance(trained_on, dict) else None
    measured = evaluation.get("data")
    if isinstance(described, dict) and isinstance(measured, dict):
        same = {**described, "name": None} == {**measured, "name": None}
        if same and described.get("kind") == "file":
            return "not known"
    return split


def figures_of_test(evaluation: dict[str, Any], config: dict[str, Any]) -> dict[str, Any] | None:
    """Return what an `evaluation.json` says of texts that are new to the model; None if nothing.

    Args:
        evaluation: the values of the file.
        config: the run's `config.json`.
    """
    if evaluation_split(evaluation, config) != "test":
        return None
    seen, examples = evaluation.get("seen"), evaluation.get("examples")
    if not isinstance(seen, dict) or not isinstance(examples, int):
        return evaluation
    new, accuracy = seen.get("new"), seen.get("accuracy_of_new")
    if not isinstance(new, int) or new >= (1 - FEW_SEEN) * examples:
        return evaluation
    of_others = {"accuracy": accuracy, "examples": new}
    return of_others | {name: evaluation[name] for name in evaluation if name in _NOT_FIGURES}


def read_contract(folder: Path) -> tuple[TextContract, bytes]:
    """Read the text contract and the vocabulary of a run folder.

    Raises:
        ModelFileError: one of them is missing, too large, or broken.
    """
    contract = TextContract.from_json(read_file(folder, CONTRACT, _MAX_JSON_BYTES))
    return contract, read_file(folder, contract.vocabulary_file, _MAX_VOCABULARY_BYTES)


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
        raise ModelFileError(f"{path}: is outside the run folder")
    return read_bounded(path, limit, ModelFileError)
