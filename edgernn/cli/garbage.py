"""How often Python looks for garbage that refers to itself.

What is imported stays until the process ends: looking through it again and again, and once more at
the end, took a sixth of the time to a first score.
"""

from __future__ import annotations

import atexit
import gc
from typing import Final

__all__ = ["look_as_usual", "look_seldom"]

_USUAL: Final = gc.get_threshold()
_SELDOM: Final = (50_000, 10, 10)
"""Objects that are new before the youngest are looked through, and how often then the older."""


def look_seldom() -> None:
    """For imports, and for commands that leave no garbage; at the end nothing is looked through."""
    gc.set_threshold(*_SELDOM)
    atexit.register(gc.freeze)


def look_as_usual() -> None:
    """For commands that run long and leave some."""
    gc.set_threshold(*_USUAL)
