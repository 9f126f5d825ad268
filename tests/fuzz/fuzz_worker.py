"""A child process that loads model files and scores texts, and tells what became of each.

    python fuzz_worker.py SOUND_FILE...

The sound files are scored first, by each engine that may run them, so that all modules are loaded:
a changed graph may be another engine's. The answer is a line `{}`. Then
it reads paths, a line each, and answers each with a line of JSON, the fields of `Outcome` in
`fuzz_pool.py`. What native code prints goes to /dev/null.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

TEXTS = (
    "The film was good, one of the best.",
    "bad " * 60,
    "It is boring!<br />Not a great movie; I loved nothing in it.",
    "\u00dcber \U0001f600 caf\u00e9",
    "a",
)
_ROOM = 2 << 30
"""Bytes of address space for one file: a bound for the machine's sake, above the one tested."""

_WATCHED = ("open", "os.", "socket.", "subprocess.", "shutil.", "ctypes.dlopen")
_READING = ("open", "os.listdir", "os.scandir")
_WRITING_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_INSTALLED = tuple(
    str(folder)
    for folder in (sys.prefix, sys.base_prefix, Path(__file__).resolve().parents[2] / "edgernn")
)
"""Folders of Python and the package, from which modules are read."""


class _Hook:
    """Notes what Python opens, lists, removes, starts or connects to, but for the file itself."""

    def __init__(self) -> None:
        self.path: str | None = None
        """The file that is loaded; None while nothing is to be noted."""
        self.seen: list[str] = []

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.path is None or not event.startswith(_WATCHED):
            return
        if event in _READING and (event != "open" or not args[2] & _WRITING_FLAGS):
            place = str(args[0])
            if place == self.path or place.startswith(_INSTALLED):
                return
        self.seen.append(f"{event} {args!r}")


def _memory(field: str) -> int:
    """Bytes of a line of /proc/self/status, such as VmHWM."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) << 10
    raise RuntimeError(f"no {field} in /proc/self/status")


def _score(path: str, engine: str = "auto") -> list[float]:
    import edgernn

    scorer = edgernn.load(path, "cpu", threads=1, engine=engine)
    return [score.probability for score in scorer.score(TEXTS)]


def _answer(path: str, hook: _Hook) -> dict[str, Any]:
    from edgernn.errors import EdgernnError

    # Sets the highest memory seen back to what is in use now.
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    before = _memory("VmRSS")
    answer: dict[str, Any] = {}
    hook.seen.clear()
    started = time.process_time()
    hook.path = path
    try:
        answer = {"status": "loaded", "probabilities": _score(path)}
    except EdgernnError as error:
        answer = {"status": "refused", "kind": type(error).__name__, "message": str(error)}
    except BaseException as error:  # noqa: BLE001 - whatever else comes out is the finding.
        answer = {"status": "error", "kind": type(error).__name__, "message": str(error)}
    hook.path = None
    answer["seconds"] = time.process_time() - started
    answer["memory"] = _memory("VmHWM") - before
    answer["touched"] = list(hook.seen)
    return answer


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    for path in sys.argv[1:]:
        _score(path)
        _score(path, "litert" if path.endswith(".tflite") else "onnxruntime")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_memory("VmSize") + _ROOM,) * 2)
    hook = _Hook()
    sys.addaudithook(hook)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(line.rstrip("\n"), hook)), file=answers, flush=True)


if __name__ == "__main__":
    main()
