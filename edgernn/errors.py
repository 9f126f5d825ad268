"""Exceptions that edgernn raises on purpose; each message is one line meant for a person.

* EdgernnError
  - UsageError: an option or argument that cannot be used, or a closed classifier (exit code 2)
  - DataError: a data set or text file that cannot be read; names file and row
  - TextError: one text that cannot be scored
  - ModelFileError: a model file that is broken, foreign or not supported
  - DeviceError: a device or execution provider that was asked for and cannot run
  - MissingPackageError: an optional package that a command needs
  - TrainingError: a training run that cannot start or go on
  - ExportError: an export that failed a check; no file was written
"""

from __future__ import annotations

__all__ = [
    "DataError",
    "DeviceError",
    "EdgernnError",
    "ExportError",
    "MissingPackageError",
    "ModelFileError",
    "TextError",
    "TrainingError",
    "UsageError",
]


class EdgernnError(Exception):
    """Base of every error that edgernn raises on purpose."""

    exit_code: int = 1
    """Exit code of the command line when this error ends a command."""


class UsageError(EdgernnError):
    """An option or argument that cannot be used, or a classifier that is closed."""

    exit_code = 2


class DataError(EdgernnError):
    """A data set or text file that cannot be read as asked."""


class TextError(EdgernnError):
    """A text that cannot be scored, such as an empty one."""


class ModelFileError(EdgernnError):
    """A model file that is broken, carries no contract, or uses rules not known here."""


class DeviceError(EdgernnError):
    """A device that was asked for and cannot run the model."""


class MissingPackageError(EdgernnError):
    """An optional package that this command needs is not installed."""

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        """Describe the missing `package`, what it is needed for, and the extra that brings it."""
        also = ", or 'edgernn[gpu]' for CUDA" if extra == "cpu" else ""
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed: "
            f"pip install 'edgernn[{extra}]'{also}"
        )
        self.package, self.purpose, self.extra = package, purpose, extra


class TrainingError(EdgernnError):
    """A training run that cannot start or go on."""


class ExportError(EdgernnError):
    """An export that failed a check; no file was written."""
