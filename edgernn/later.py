"""Packages that are imported when something of them is first used.

A first score of few texts in the C engine takes nothing of NumPy, whose import would be half of the
time to it.
"""

from __future__ import annotations

from importlib import import_module

__all__ = ["Later"]


class Later:
    """Stands for a module, and imports it when an attribute is first asked for.

    An attribute that was asked for is one of this object's own: it is found as fast as a module's.
    For type checkers the module is imported in its place:

        if TYPE_CHECKING:
            import numpy as np
        else:
            np = Later("numpy")
    """

    def __init__(self, name: str) -> None:
        """Take the module's name."""
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found
