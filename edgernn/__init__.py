"""edgernn: recurrent text classifiers from training to the edge.

Examples:
    >>> import edgernn
    >>> classifier = edgernn.load()
    >>> classifier.score(["Great movie!"])[0].label
    'positive'

Every error that is raised on purpose is an `EdgernnError`:

* EdgernnError
  - UsageError
  - DataError
  - TextError
  - ModelFileError
  - DeviceError
  - MissingPackageError
  - TrainingError
  - ExportError

`edgernn.errors` says what each is for. What is named here is loaded when it is first used.
"""

from typing import TYPE_CHECKING

import edgernn.privacy
from edgernn.errors import (
    DataError,
    DeviceError,
    EdgernnError,
    ExportError,
    MissingPackageError,
    ModelFileError,
    TextError,
    TrainingError,
    UsageError,
)

if TYPE_CHECKING:
    from edgernn.api import audit_model, evaluate_model, export_model, train_model, verify_model
    from edgernn.runtime import Classifier, Score, load
    from edgernn.text import TextContract
else:
    _LAZY = {
        "edgernn.api": (
            *("audit_model", "evaluate_model", "export_model", "train_model", "verify_model"),
        ),
        "edgernn.runtime": ("Classifier", "Score", "load"),
        "edgernn.text": ("TextContract",),
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        for module, names in _LAZY.items():
            if name in names:
                globals()[name] = found = getattr(import_module(module), name)
                return found
        raise AttributeError(f"module 'edgernn' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__all__ = [
    "Classifier",
    "DataError",
    "DeviceError",
    "EdgernnError",
    "ExportError",
    "MissingPackageError",
    "ModelFileError",
    "Score",
    "TextContract",
    "TextError",
    "TrainingError",
    "UsageError",
    "__version__",
    "audit_model",
    "evaluate_model",
    "export_model",
    "load",
    "train_model",
    "verify_model",
]

edgernn.privacy.switch_telemetry_off()

__version__ = "0.1.0"
