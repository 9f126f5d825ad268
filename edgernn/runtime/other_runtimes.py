"""Other people's runtimes beside the engines that score here, to see what they make of a file.

Each runs in a process of its own, see `edgernn.runtime.adapters`: one that ends it, hangs or cannot
be imported is a row in a table, and none leaves a trace in the home folder. What it logs is read
where it fails: the native part of some says why there alone.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from edgernn.bundle import ModelFile
from edgernn.bundle.messages import one_line
from edgernn.errors import ModelFileError
from edgernn.privacy import TELEMETRY
from edgernn.runtime import adapters
from edgernn.runtime.adapters import Adapter
from edgernn.text.padding import pad

if TYPE_CHECKING:
    from edgernn.runtime.backends import Probabilities
    from edgernn.runtime.batches import Ids

__all__ = [
    "ChildRuntime",
    "Refused",
    "failure_in",
    "known_for",
    "runtime_version",
    "takes_batches",
]

SECONDS = 120.0
"""How long a runtime may take to load a file, or to score a batch."""

_LOG_BYTES = 1 << 20
"""Of a log that are looked at."""
_FAILURE = re.compile(r"error\b|\bfail|not[ _]supported|unsupported|didn't find", re.IGNORECASE)
_HARMLESS = re.compile(r"(INFO|WARNING|[IW]\d{4})\b")
_WHERE = re.compile(r"(ERROR|FATAL)?[: ]*(\[[^\]]*\] *)?(:\d+: *)?")
"""What stands before a log's message: its level, and a time or a place in the sources."""


class Refused(ModelFileError):
    """A runtime does not take a file, and says so."""


def known_for(format: str) -> dict[str, Adapter]:
    """Return the runtimes that are known for a format, by name, installed or not."""
    return {name: one for name, one in adapters.ADAPTERS.items() if format in one.formats}


def runtime_version(adapter: Adapter) -> str | None:
    """Return the version of a runtime, `unknown` where it has none; None: it is not installed."""
    try:
        found = importlib.util.find_spec(adapter.module)
    except ValueError:
        # What stands in sys.modules in the place of a module.
        found = None
    return None if found is None else adapters.version_of(adapter) or "unknown"


def takes_batches(file: ModelFile) -> bool:
    """Tell whether a graph takes several texts, each with its length."""
    if "lengths" not in file.content.inputs:
        return False
    shapes = {tensor.name: tensor.shape for tensor in file.content.model.inputs}  # type: ignore[attr-defined]
    return (shapes["ids"] or (None,))[0] != 1


class ChildRuntime:
    """A file in a runtime, in a process of its own; a `Backend`."""

    device = "cpu"
    batch_tokens = 1 << 18
    workers = 1

    def __init__(
        self,
        name: str,
        file: ModelFile,
        *,
        python: str = sys.executable,
        script: Path = Path(adapters.__file__),
        seconds: float = SECONDS,
    ) -> None:
        """Start the process and load the file.

        Args:
            name: of `ADAPTERS`, or of what `script` has.
            file: the model file.
            python: the interpreter of the environment that the runtime is in.
            script: what is run there.
            seconds: how long the runtime may take for one thing.

        Raises:
            Refused: the runtime does not take the file.
            ModelFileError: it ended or hung.
        """
        self.batched = takes_batches(file)
        self.seconds = 0.0
        """How long the last call took, without the way to the process and back."""
        self.name = name
        self._seconds = seconds
        self._path = file.path
        self._inputs = tuple(file.content.inputs)
        self._outputs = file.bundle.contract.outputs
        self._folder = tempfile.TemporaryDirectory(prefix="edgernn-")
        copy = Path(self._folder.name) / f"model{file.container.suffix}"
        copy.write_bytes(file.data)
        self._log = (Path(self._folder.name) / "log").open("w+b", buffering=0)
        self._process = subprocess.Popen(
            [python, "-P", "-W", "ignore", str(script), name, str(copy)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(self._folder.name),
            cwd=self._folder.name,
        )
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()

    def close(self) -> None:
        """End the process and remove what it left."""
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()
        self._process.wait()
        self._folder.cleanup()

    def run(self, batch: Sequence[Ids], padding_ids: Sequence[int] = ()) -> Probabilities:
        """Score one batch, see `Backend.run`.

        Raises:
            Refused: the runtime cannot run it, and says so.
            ModelFileError: it ended, hung, or gave something else than the contract says.
        """
        if not self.batched and len(batch) > 1:
            return np.concatenate([self.run([text], padding_ids) for text in batch])
        ids, lengths = pad(batch, padding_ids)
        given = {"ids": ids, "lengths": lengths}
        # The process writes where this one does.
        self._log.seek(0)
        self._log.truncate()
        assert self._process.stdin is not None
        try:
            adapters.send(self._process.stdin, **{name: given[name] for name in self._inputs})
        except BrokenPipeError:
            raise self._ended() from None
        scores = self._answer()
        wanted = (len(batch), self._outputs)[: 1 if self._outputs == 1 else 2]
        if scores.size != np.prod(wanted):
            raise ModelFileError(
                f"{self._path}: {self.name} gives {list(scores.shape)} probabilities for "
                f"{len(batch)} texts"
            )
        return scores.reshape(wanted).astype(np.float32)

    def _answer(self) -> npt.NDArray[Any]:
        """Return the scores of the next answer."""
        assert self._process.stdout is not None
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            found = adapters.receive(self._process.stdout)
        finally:
            timer.cancel()
        if late.is_set():
            raise ModelFileError(
                f"{self._path}: {self.name} takes longer than {self._seconds:g} seconds"
            )
        if found is None:
            raise self._ended()
        if "error" in found:
            raise Refused(f"{self._path}: {one_line(self._with_log(str(found['error'])))}")
        self.seconds = float(found["seconds"])
        return found["scores"]

    def _ended(self) -> ModelFileError:
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        ended = self._with_log(f"{self.name} ends its process {how}")
        return ModelFileError(f"{self._path}: {one_line(ended)}")

    def _with_log(self, reason: str) -> str:
        """Put behind a reason what the runtime has logged of it."""
        self._log.seek(0)
        logged = failure_in(self._log.read(_LOG_BYTES).decode("utf-8", "replace"))
        return reason if logged is None or logged in reason else f"{reason}: {logged}"


def failure_in(log: str) -> str | None:
    """Return the first line of a log that tells of a failure, without where it comes from.

    Of a Python traceback, which tells of it last, that is the last line.
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    if "Traceback (most recent call last):" in lines:
        return lines[-1]
    found = (line for line in lines if _FAILURE.search(line) and not _HARMLESS.match(line))
    failure = next(found, None)
    return None if failure is None else _WHERE.sub("", failure, count=1) or failure


def _environment(home: str) -> Mapping[str, str]:
    """Return variables for a process that may write into `home` and should tell nobody anything."""
    homes = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR")
    return {
        **os.environ,
        **dict.fromkeys(homes, home),
        TELEMETRY: "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
