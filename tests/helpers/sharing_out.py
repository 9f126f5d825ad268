"""How the two processes that tests run in share the files of tests out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_WEIGHTS = ("jvm", "keras", "spawns")
"""Markers from what takes longest; files with none of them come last and fill the gaps."""


class FilesTogether(LoadScopeScheduling):
    """Gives whole files to a process, and all that compile the Android project to one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/android" if path.startswith("tests/android/") else path

    def remove_node(self, node: WorkerController) -> str | None:
        """Give what a process left over to the others; where it crashed, name the test.

        Other than in `LoadScopeScheduling`, the test is not run again, and finished files are not
        given on. A process that gets one of these is told to run no test, so it never reports one,
        never gets another file and is never ended: the run hangs behind its last test.
        """
        work = self.assigned_work.pop(node)
        left = {scope: tests for scope, tests in work.items() if not all(tests.values())}
        if not left:
            return None
        scope, tests = next(iter(left.items()))
        crashed = next(test for test, is_done in tests.items() if not is_done)
        tests[crashed] = True
        if all(tests.values()):
            del left[scope]
        self.workqueue.update(left)
        for other in self.assigned_work:
            self._reschedule(other)
        return crashed


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Order tests by what their file uses; the files' own order stays."""
    weights: dict[Path, int] = {}
    items = list(items)
    for item in items:
        found = [i for i, name in enumerate(_WEIGHTS) if item.get_closest_marker(name)]
        own = found[0] if found else len(_WEIGHTS)
        weights[item.path] = min(own, weights.get(item.path, own))
    return sorted(items, key=lambda item: weights[item.path])
