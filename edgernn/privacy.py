"""What other packages would write or send by themselves, switched off before they are imported.

ONNX Runtime since 1.29 keeps a device id and a database of events in the home folder, and uploads
them; it reads `ORT_DISABLE_TELEMETRY` once, when it is imported. docs/privacy.md has the rest.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from typing import Any

__all__ = ["TELEMETRY", "import_quietly", "switch_telemetry_off"]

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
        name: such as `onnxruntime` or `onnxruntime.quantization`.

    Raises:
        ImportError: it is not installed.
    """
    global _too_late
    switch_telemetry_off()
    module = importlib.import_module(name)
    if name.partition(".")[0] == "onnxruntime":
        onnxruntime = sys.modules["onnxruntime"]
        if os.environ[TELEMETRY] == "1" and sys.platform == "win32":
            # There it writes events for the system's own collector, whatever the variable says.
            onnxruntime.disable_telemetry_events()
        if _too_late:
            _too_late = False
            if _sends(onnxruntime):
                warnings.warn(
                    "this program imported onnxruntime before edgernn, so onnxruntime may write "
                    "to the home folder and send telemetry; import edgernn first, or set "
                    f"{TELEMETRY}=1 before the program starts",
                    RuntimeWarning,
                    stacklevel=2,
                )
    return module


def _sends(onnxruntime: Any) -> bool:
    """Say whether a release has telemetry outside Windows; one that is not understood may have."""
    version = re.match(r"(\d+)\.(\d+)", str(getattr(onnxruntime, "__version__", "")))
    if version is None:
        return True
    return (int(version[1]), int(version[2])) >= _FIRST_WITH_TELEMETRY
