"""The checkpoint of a run: the state between epochs, from which training is resumed."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from edgernn.errors import TrainingError
from edgernn.files import leftover_of, new_file, write_text
from edgernn.privacy import import_quietly
from edgernn.recipes.recipe import Keep
from edgernn.training.beside_loss import beside_functions
from edgernn.training.distillation_loss import distillation_functions
from edgernn.training.history import Epoch, History
from edgernn.training.keras_metrics import counting_functions

__all__ = ["Checkpoint", "holds_epoch", "is_first_attempt", "remove_checkpoint"]

_STATE = "state.json"
_CHECKPOINT_FILE = re.compile(r"epoch-\d+\.keras|kept-\d+\.npz|state\.json")


def holds_epoch(checkpoint: Path) -> bool:
    """Tell whether training can go on from a checkpoint folder."""
    return (checkpoint / _STATE).exists()


def is_first_attempt(checkpoint: Path) -> bool:
    """Tell whether a checkpoint folder holds what was cut off before the first epoch was saved."""
    return checkpoint.is_dir() and all(
        path.name != _STATE and _CHECKPOINT_FILE.fullmatch(leftover_of(path.name) or path.name)
        for path in checkpoint.iterdir()
    )


def remove_checkpoint(checkpoint: Path) -> None:
    """Remove the checkpoint of a run that is complete."""
    # First: without it the run is complete, whatever else is still there if this is cut off.
    (checkpoint / _STATE).unlink(missing_ok=True)
    shutil.rmtree(checkpoint)


class Checkpoint:
    """The state between epochs: `state.json` names the files that belong together."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / _STATE

    def save(self, model: Any, averaged: list[npt.NDArray[np.float32]], history: History) -> None:
        """Write the state after an epoch, and remove that of the epoch before.

        Args:
            model: the model as the epoch left it, with its optimizer.
            averaged: float32 arrays, as `model.get_weights()` has them: the weights measured.
            history: the epochs so far, the one that ended included.
        """
        number = len(history.epochs)
        self._folder.mkdir(parents=True, exist_ok=True)
        with new_file(self._folder / f"epoch-{number}.keras") as temporary:
            model.save(temporary)
        kept = self._kept_file(history)
        # A file of that name may be left from an epoch that was cut off here.
        if history.selected.epoch == number:
            with new_file(kept) as temporary, temporary.open("wb") as out:
                np.savez(out, *averaged)
        epochs = [asdict(epoch) for epoch in history.epochs]
        state = {"keep": history.keep, "balanced": history.balanced, "epochs": epochs}
        write_text(self._state, json.dumps(state, indent=2) + "\n")
        for old in self._folder.iterdir():
            if old.name not in (f"epoch-{number}.keras", kept.name, self._state.name):
                old.unlink()

    def history(self) -> History:
        """Read the epochs that were saved.

        Raises:
            TrainingError: no epoch was saved, or the file is broken.
        """
        try:
            state = json.loads(self._state.read_text())
            if state["keep"] not in get_args(Keep):
                raise ValueError(f"keep is {state['keep']!r}")
            epochs = [Epoch(**epoch) for epoch in state["epochs"]]
            # Checkpoints of earlier versions do not say.
            balanced = state.get("balanced", False) is True
            history = History(epochs, keep=state["keep"], balanced=balanced)
            self._kept_file(history)
        except FileNotFoundError as error:
            raise TrainingError(
                f"{self._folder}: nothing to resume: no epoch was finished; train without --resume"
            ) from error
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise self._broken(self._state.name) from error
        return history

    def load(self) -> tuple[Any, History]:
        """Load the model as the last epoch left it, and the history.

        Raises:
            TrainingError: no epoch was saved, or a file is missing or broken.
        """
        keras = import_quietly("keras")

        history = self.history()
        beside_functions()
        counting_functions()
        distillation_functions()
        name = f"epoch-{len(history.epochs)}.keras"
        try:
            return keras.saving.load_model(self._folder / name), history
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
            raise self._broken(name) from error

    def kept_weights(self) -> list[npt.NDArray[np.float32]]:
        """Load the averaged weights of the epoch that is kept.

        Raises:
            TrainingError: no epoch was saved, or a file is missing or broken.
        """
        kept = self._kept_file(self.history())
        try:
            with np.load(kept, allow_pickle=False) as arrays:
                return [arrays[name] for name in arrays.files]
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise self._broken(kept.name) from error

    def _kept_file(self, history: History) -> Path:
        return self._folder / f"kept-{history.selected.epoch}.npz"

    def _broken(self, name: str) -> TrainingError:
        return TrainingError(
            f"{self._folder}: cannot be resumed: {name} is missing or broken; start over"
        )
