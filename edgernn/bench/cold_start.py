"""A fresh process that loads a model and scores one text: how long it takes, and its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from edgernn.bundle.messages import one_line
from edgernn.errors import EdgernnError

__all__ = ["FirstScore", "Started", "keras_environment", "start"]

_LIMIT = 300
"""Seconds after which a process has failed."""

_FILE = (
    "import sys, edgernn\n"
    "path, device, threads, text, engine = sys.argv[1:]\n"
    "edgernn.load(path, device, threads=int(threads), engine=engine).score([text])\n"
)
_PLAIN = (
    "import sys\n"
    "from edgernn.bench.subjects import open_plain\n"
    "open_plain(sys.argv[1], int(sys.argv[3])).score_one(sys.argv[4])\n"
)
_KERAS = (
    "import sys\n"
    "from edgernn.training.models import probabilities\n"
    "from edgernn.training.run import Run\n"
    "run = Run.open(sys.argv[1])\n"
    "ids = run.encoder.encode_batch([sys.argv[4]])\n"
    "probabilities(run.load_model(), ids, run.contract.decides)\n"
)
_WAYS = {"edgernn": _FILE, "plain": _PLAIN, "keras": _KERAS}

# The clock is the system's, the same in all processes. `ru_maxrss` of a child begins with what its
# parent had, on Linux; VmHWM is its own.
_REPORT = """
import time
ended = time.monotonic_ns()
peak = ''
try:
    with open('/proc/self/status') as status:
        peak = next((int(x.split()[1]) << 10 for x in status if x.startswith('VmHWM:')), '')
except OSError:
    try:
        import resource
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = peak if sys.platform == 'darwin' else peak << 10
    except ImportError:
        pass
print('\\nedgernn-bench', ended, peak)
"""


@dataclass(frozen=True)
class FirstScore:
    """What a process does from its start to its first score."""

    way: str
    """`edgernn` calls `edgernn.load`, `plain` is LiteRT without a delegate, `keras` a run folder's
    model."""
    path: str
    device: str
    threads: int
    engine: str = "auto"
    """As `edgernn.load` takes it."""


@dataclass(frozen=True)
class Started:
    """What was measured of one process."""

    milliseconds: float
    """From before it was started to its first score."""
    peak_bytes: int | None
    """Largest resident memory; None where the system does not tell."""


def start(what: FirstScore, text: str) -> Started:
    """Start a process, let it score a text, and measure it.

    Raises:
        EdgernnError: the process failed; with the last line that it wrote.
    """
    environment = dict(os.environ)
    if what.way == "keras":
        environment |= keras_environment(what.threads)
    # What lies in the current folder is not imported.
    command = [sys.executable, "-P", "-c", _WAYS[what.way] + _REPORT]
    arguments = [what.path, what.device, str(what.threads), text, what.engine]
    started = time.monotonic_ns()
    try:
        done = subprocess.run(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment,
            timeout=_LIMIT,
        )
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise EdgernnError(f"a fresh process failed: {one_line(str(error))}") from error
    last = done.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2].split()
    if done.returncode or last[:1] != ["edgernn-bench"]:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = one_line(lines[-1]) if lines else f"exit code {done.returncode}"
        raise EdgernnError(f"a fresh process failed: {reason}")
    return Started((int(last[1]) - started) / 1e6, int(last[2]) if len(last) > 2 else None)


def keras_environment(threads: int) -> dict[str, str]:
    """Return what makes TensorFlow run on so many threads, if set before it starts.

    It would take all memory of a graphics card, too.
    """
    return {
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
