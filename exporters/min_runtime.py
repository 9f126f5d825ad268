"""The oldest runtime that an exported file must run on.

Phones carry runtimes that are years old. So a file runs on those of 2023, tflite-runtime 2.14 and
onnxruntime 1.16, unless a newer one is named on purpose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgernn.audit import OldestRuntime
from edgernn.bundle import CONTAINERS
from edgernn.errors import UsageError

__all__ = ["MinRuntime", "find_min_runtime", "oldest_supported"]

_WANTED = re.compile(r"([a-z-]+)==(\d{1,4}(?:\.\d{1,4}){0,2})")


@dataclass(frozen=True)
class MinRuntime:
    """A runtime, by its package's name and version."""

    name: str
    version: str

    def __str__(self) -> str:
        """Return it as pip names it."""
        return f"{self.name}=={self.version}"

    def runs(self, oldest: OldestRuntime) -> bool:
        """Tell whether this runtime is new enough for a file that needs `oldest`."""
        if oldest.version is None:
            return False
        return _place(oldest.name, oldest.version) <= _place(self.name, self.version)

    def is_lifted(self) -> bool:
        """Tell whether it is newer than files have to run on by default."""
        # By place, not by spelling: 2.14.0 is 2.14.
        place = _place(self.name, self.version)
        same = [oldest for oldest in map(oldest_supported, CONTAINERS) if oldest.name == self.name]
        return all(place != _place(oldest.name, oldest.version) for oldest in same)


def oldest_supported(format: str) -> MinRuntime:
    """Return what files of a format run on, where no newer runtime is asked for."""
    container = CONTAINERS[format]
    return MinRuntime(container.runtimes[0], container.oldest_runtime)


def find_min_runtime(format: str, wanted: str | None) -> MinRuntime:
    """Return the runtime that a file must run on.

    Args:
        format: the file's format.
        wanted: such as `ai-edge-litert==1.0.1`, or None for the oldest supported.

    Raises:
        UsageError: not a runtime of the format, or older than the oldest supported.
    """
    oldest = oldest_supported(format)
    if wanted is None:
        return oldest
    found = _WANTED.fullmatch(wanted)
    names = CONTAINERS[format].runtimes
    if found is None or found[1] not in names:
        known = " or ".join(f"{name}==VERSION" for name in names)
        raise UsageError(f"--min-runtime {wanted}: for {format} name {known}")
    runtime = MinRuntime(found[1], found[2])
    if _place(runtime.name, runtime.version) < _place(oldest.name, oldest.version):
        raise UsageError(f"--min-runtime {wanted}: the oldest supported is {oldest}")
    return runtime


def _place(name: str, version: str) -> tuple[int, ...]:
    """Return where a runtime stands among those of its format."""
    numbers = [int(number) for number in version.split(".")]
    names = next(c.runtimes for c in CONTAINERS.values() if name in c.runtimes)
    return (names.index(name), *numbers, *[0] * (3 - len(numbers)))
