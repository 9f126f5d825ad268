"""The JavaScript library in Node, and the engine that it loads."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from js_library import LIBRARY, WASM


class Node:
    """A process of Node that answers questions with the JavaScript library."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen(
            [program, LIBRARY / "tools" / "ask.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, name: str, *given: Any) -> Any:
        """Call a function of runtimes/js/tools/ask.js."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        # ASCII: lone surrogates are escapes.
        process.stdin.write(json.dumps([name, *given]) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def close(self) -> None:
        """End it; it ends where its questions do."""
        self._process.communicate(timeout=30)


@pytest.fixture(scope="session")
def node_program() -> str:
    """Node, and beside the library the engine that installing compiles."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no Node: https://nodejs.org")
    for name in WASM:
        if not (LIBRARY / "src" / name).exists():
            pytest.skip(f"no {name}: python engine/build.py --target wasm, or pip install -e .")
    return found


@pytest.fixture(scope="session")
def node(node_program: str) -> Iterator[Node]:
    running = Node(node_program)
    yield running
    running.close()
