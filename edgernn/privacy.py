"""What other packages would write or send by themselves, switched off before they are imported.

ONNX Runtime since 1.29 keeps a device id and a database of events in the home folder, and uploads
them; it reads `ORT_DISABLE_TELEMETRY` once, when it is imported. Keras writes its settings into the
home folder, and imports matplotlib, which writes a list of fonts. docs/privacy.md has the rest.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

__all__ = ["TELEMETRY", "import_quietly", "switch_telemetry_off", "without_compiled_files"]

TELEMETRY = "ORT_DISABLE_TELEMETRY"
"""ONNX Runtime sends nothing where this is 1; who wants it to send sets 0."""

_FIRST_WITH_TELEMETRY = (1, 29)

# Settled where both are seen first: by then another part of the program may have imported it.
_too_late = False


def switch_telemetry_off() -> None:
    """Set the variable for this process and those that it starts; what is set already stays."""
    global _too_late
    if TELEMETRY not in os.environ:
        _too_late = "onnxruntime" in sys.modules
        os.environ[TELEMETRY] = "1"


def import_quietly(name: str) -> Any:
    """Import a package, or a module of it, that would write or send something by itself.

    Args:
        name: such as `onnxruntime` or `matplotlib.figure`.

    Returns:
        The module: `matplotlib.figure`, not `matplotlib`.

    Raises:
        ImportError: it is not installed.
    """
    if name.partition(".")[0] == "onnxruntime":
        return _import_onnxruntime(name)
    if name in sys.modules:
        # None there forbids the import: that error is importlib's to raise.
        return importlib.import_module(name)
    with _settings_elsewhere():
        if name == "tensorflow_datasets":
            # It imports TensorFlow when that is first needed, and TensorFlow imports Keras.
            importlib.import_module("tensorflow")
        return importlib.import_module(name)


def _import_onnxruntime(name: str) -> Any:
    global _too_late
    switch_telemetry_off()
    module = importlib.import_module(name)
    onnxruntime = sys.modules["onnxruntime"]
    if sys.platform == "win32" and os.environ[TELEMETRY] == "1":
        # There it writes events for the system's own collector, whatever the variable says.
        onnxruntime.disable_telemetry_events()
    if _too_late:
        _too_late = False
        if _sends(onnxruntime):
            warnings.warn(
                "this program imported onnxruntime before edgernn, so onnxruntime may write to "
                "the home folder and send telemetry; import edgernn first, or set "
                f"{TELEMETRY}=1 before the program starts",
                RuntimeWarning,
                stacklevel=3,
            )
    return module


def _sends(onnxruntime: Any) -> bool:
    """Say whether a release has telemetry outside Windows; one that is not understood may have."""
    import re

    version = re.match(r"(\d+)\.(\d+)", str(getattr(onnxruntime, "__version__", "")))
    if version is None:
        return True
    return (int(version[1]), int(version[2])) >= _FIRST_WITH_TELEMETRY


@contextmanager
def without_compiled_files() -> Iterator[None]:
    """Let Python keep no compiled form of what is imported meanwhile.

    TensorFlow's autograph imports files that it writes among the temporary ones, and removes them;
    their compiled form would stay.
    """
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


@contextmanager
def _settings_elsewhere() -> Iterator[None]:
    """Give Keras and matplotlib a folder that is gone afterwards for what they write at import.

    Where a person has settings of Keras, or named a folder for either, that is left alone.
    """
    import tempfile

    with tempfile.TemporaryDirectory(prefix="edgernn-") as folder:
        own = {}
        if "MPLCONFIGDIR" not in os.environ:
            own["MPLCONFIGDIR"] = str(_fonts_known_already(Path(folder) / "matplotlib"))
        if "KERAS_HOME" not in os.environ and not _has_keras_settings():
            own["KERAS_HOME"] = str(Path(folder) / "keras")
        os.environ.update(own)
        try:
            yield
        finally:
            for variable in own:
                os.environ.pop(variable, None)


def _has_keras_settings() -> bool:
    return os.path.exists(os.path.expanduser("~/.keras/keras.json"))


def _fonts_known_already(folder: Path) -> Path:
    """Copy the font list that a person's matplotlib made, which saves seconds of looking again."""
    import shutil

    folder.mkdir()
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    for place in (f"{cache}/matplotlib", "~/.matplotlib"):
        for path in Path(os.path.expanduser(place)).glob("fontlist-*.json"):
            # What cannot be read is made anew.
            with suppress(OSError):
                shutil.copy(path, folder)
    return folder
