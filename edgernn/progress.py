"""What a long job calls to be heard by people."""

from collections.abc import Callable
from contextlib import AbstractContextManager

__all__ = ["Busy", "Progress", "Say"]

Say = Callable[[str], None]
"""Gets a line of what was reached, or a warning."""

Busy = Callable[[str], AbstractContextManager[object]]
"""Called with a title, gives a context to show that a long step is under way."""

Progress = Callable[[str, int], AbstractContextManager[Callable[[int], object]]]
"""Called with a title and how much there is to do, gives a context with what takes how much more
is done."""
