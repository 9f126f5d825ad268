"""How tests are shared out between processes, when one of them dies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from sharing_out import FilesTogether
from xdist.remote import Producer


class Process:
    """One that runs what it is given, as far as it is asked to; it never runs a last test."""

    shutting_down = False

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.waiting: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        """Take tests."""
        self.waiting += indices

    def shutdown(self) -> None:
        """Know that no more come."""
        self.shutting_down = True

    def next(self) -> int | None:
        """Return the next test, which is not the last one that it knows of."""
        if len(self.waiting) > (0 if self.shutting_down else 1):
            return self.waiting.pop(0)
        return None


def test_a_process_that_crashes() -> None:
    """The test is named and not run again; all others run once, and both processes end."""
    tests = [f"tests/test_{file}.py::test_{n}" for file in "abcdef" for n in range(3)]
    config: Any = SimpleNamespace(
        getvalue=lambda name: ["2*popen"], option=SimpleNamespace(loadscopereorder=False)
    )
    scheduler = FilesTogether(config, Producer("test"))
    first, second = Process("first"), Process("second")
    nodes: list[Any] = [first, second]
    for node in nodes:
        scheduler.add_node(node)
    for node in nodes:
        scheduler.add_node_collection(node, tests)
    scheduler.schedule()
    ran = []
    for _ in range(5):
        number = first.next()
        assert number is not None
        ran.append(number)
        scheduler.mark_test_complete(nodes[0], number)
    crashed = first.waiting[0]
    assert scheduler.remove_node(nodes[0]) == tests[crashed]
    replacement: Any = Process("third")
    scheduler.add_node(replacement)
    scheduler.add_node_collection(replacement, tests)
    scheduler.schedule()
    nodes = [second, replacement]
    is_running = True
    while is_running:
        is_running = False
        for node in nodes:
            number = node.next()
            if number is not None:
                is_running = True
                ran.append(number)
                scheduler.mark_test_complete(node, number)
    assert sorted([*ran, crashed]) == list(range(len(tests)))
    assert all(node.shutting_down for node in nodes)
    assert scheduler.tests_finished
