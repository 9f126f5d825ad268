"""How many threads score where nobody says: as many as this process may really use."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from edgernn.errors import UsageError

__all__ = ["MOST_THREADS", "asked_threads", "cores", "threads_by_default"]

MOST_THREADS: Final = 1024
"""No more threads are started; LiteRT does not survive some numbers."""

THREADS_VARIABLE: Final = "EDGERNN_THREADS"
OPENMP_VARIABLE: Final = "OMP_NUM_THREADS"


class _Hierarchy(NamedTuple):
    """A mounted hierarchy of control groups, and where in it this process is."""

    version: int
    mount: Path
    group: PurePosixPath
    """From the mount on."""


def asked_threads(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return the number of threads that `EDGERNN_THREADS` asks for; None: it is not set.

    Raises:
        UsageError: it is no whole number from 1 to 1,024.
    """
    asked = environment.get(THREADS_VARIABLE, "").strip()
    if not asked:
        return None
    if not _is_count(asked) or int(asked) > MOST_THREADS:
        raise UsageError(f"{THREADS_VARIABLE}={asked!r} is no whole number from 1 to 1,024")
    return int(asked)


def threads_by_default(environment: Mapping[str, str] = os.environ) -> int:
    """Return how many threads score where neither the caller nor `EDGERNN_THREADS` says.

    That is the number of cores that this process may use, and no more than `OMP_NUM_THREADS`, by
    which job schedulers tell a process its share of a machine.
    """
    available = min(cores(), MOST_THREADS)
    asked = environment.get(OPENMP_VARIABLE, "").strip()
    if not asked:
        return available
    # A list has a number for each level of nested loops.
    first = asked.partition(",")[0].strip()
    if not _is_count(first):
        warnings.warn(
            f"{OPENMP_VARIABLE}={asked!r} is no number of threads: it is left aside",
            RuntimeWarning,
            stacklevel=2,
        )
        return available
    return min(available, int(first))


def cores() -> int:
    """Return how many cores this process may use: by its affinity and the quota of its container.

    A quota of one core and a half counts as two, as the JVM and Go have it.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0))
    quota = cgroup_quota(Path("/proc/self"))
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def cgroup_quota(process: Path) -> float | None:
    """Return the smallest quota of a process's control groups, in cores; None: there is none.

    A group may use no more than the groups that it is in, so each of them counts, as far as they
    are mounted here. Source: cgroup-v2.rst, `cpu.max`, and sched-bwc.rst, `cpu.cfs_quota_us`, of
    the Linux kernel's documentation.

    Args:
        process: its folder in /proc.
    """
    quotas = (
        _quota(hierarchy.version, hierarchy.mount / group)
        for hierarchy in _hierarchies(process)
        for group in (hierarchy.group, *hierarchy.group.parents)
    )
    return min((quota for quota in quotas if quota is not None), default=None)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0


def _quota(version: int, folder: Path) -> float | None:
    """Return a group's own quota in cores."""
    if version == 2:
        numbers = _read(folder / "cpu.max").split()
    else:
        numbers = _read(folder / "cpu.cfs_quota_us").split()
        numbers += _read(folder / "cpu.cfs_period_us").split()
    # `max` and -1 stand for none.
    if len(numbers) != 2 or not all(map(_is_count, numbers)):
        return None
    return int(numbers[0]) / int(numbers[1])


def _hierarchies(process: Path) -> Iterator[_Hierarchy]:
    """Yield those that hold the processor's controller. Source: proc(5), cgroups(7)."""
    groups = {}
    for line in _read(process / "cgroup").splitlines():
        _, controllers, path = f"{line}::".split(":", 2)
        groups[controllers] = PurePosixPath(path.rstrip(":") or "/")
    for line in _read(process / "mountinfo").splitlines():
        mounted, _, kind = line.partition(" - ")
        fields, kinds = mounted.split(), kind.split()
        if len(fields) < 5 or len(kinds) < 3 or kinds[0] not in ("cgroup", "cgroup2"):
            continue
        version = 2 if kinds[0] == "cgroup2" else 1
        for controllers, group in groups.items():
            names = controllers.split(",")
            if (version == 2 and not controllers) or (
                version == 1 and "cpu" in names and "cpu" in kinds[-1].split(",")
            ):
                yield _Hierarchy(version, Path(fields[4]), _below(group, fields[3]))


def _below(group: PurePosixPath, root: str) -> PurePosixPath:
    """Return a group's path from what is mounted on, which in a container is the group itself."""
    if group.is_relative_to(root):
        return group.relative_to(root)
    return PurePosixPath()


def _read(path: Path) -> str:
    """Return a small file of the kernel's, nothing where it is not there or not for us."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
