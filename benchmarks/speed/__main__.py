"""How fast our scoring is beside the peers, in one run on one machine.

    python -m benchmarks.speed --data aclImdb_v1.tar.gz
    python -m benchmarks.speed --data aclImdb_v1.tar.gz --only vader keras --output vader.json
    python -m benchmarks.speed --data aclImdb_v1.tar.gz --quick --output quick.json

Three parts: `file`, the 25,000 test reviews on all cores; `one`, one review of 200 tokens a call,
on one thread; and `arithmetic`, how near the network is to what the machine can compute. Every
entry has a process of its own and its turn in each round; slow ones score a sample of the reviews.
The peers' packages come with the extra `peers`. What could not be measured stands in the result
with the reason, and the command then ends with exit code 1.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_machine, write_result
from benchmarks.peers.peer import FILE, ONE
from benchmarks.speed.arithmetic import measure_apart
from benchmarks.speed.rounds import measure_part, names_of
from benchmarks.speed.sample import of_length
from benchmarks.speed.worker import ENTRIES
from edgernn.bundle import read_model_file
from edgernn.cli.console import say
from edgernn.data import describe, load_split
from edgernn.errors import UsageError
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["RESULT", "main"]

RESULT = Path("benchmarks/speed/results/speed.json")
_TOKENS = 200
_ONE_REVIEWS = 64
"""Reviews that are scored one by one in turn: one alone would stay in every cache."""
_QUICK = 0.04
"""Share of each entry's reviews for a quick look."""


def main() -> None:
    """Measure and write the result."""
    arguments = _arguments()
    texts = load_split(arguments.data, "test").texts
    cores = os.cpu_count() or 1
    load = os.getloadavg()[0]
    rounds = {FILE: arguments.rounds, ONE: 5 * arguments.rounds}
    share = 1.0
    if arguments.quick:
        rounds, share = {FILE: 1, ONE: 3}, _QUICK
    result: dict[str, Any] = {
        "machine": describe_machine(("edgernn", "numpy", "onnxruntime")),
        "data": dict(describe(arguments.data)),
        "load_average_before": round(load, 2),
    }
    failed: dict[str, str] = {}
    for part, threads in ((FILE, cores), (ONE, 1)):
        names = [name for name in names_of(part) if name in (arguments.only or names_of(part))]
        if not names:
            continue
        own: Sequence[str] = texts
        if part == ONE:
            encoder = read_model_file(SHIPPED_MODEL).bundle.encoder
            own = of_length(texts, _TOKENS, _ONE_REVIEWS, encoder.encode)
        entries, problems = measure_part(
            part, names, own, arguments.data, threads, rounds[part], share
        )
        result[part] = {"threads": threads, "rounds": rounds[part]}
        result[part] |= {"reviews": len(texts)} if part == FILE else {"tokens": _TOKENS}
        result[part] |= {"entries": entries, "not_measured": problems}
        failed |= {f"{name} ({part})": problem for name, problem in problems.items()}
    if not arguments.only:
        say("arithmetic")
        result["arithmetic"] = measure_apart(arguments.data)
    write_result(arguments.output, result)
    say(f"wrote {arguments.output}")
    if failed:
        sys.exit("NOT measured: " + "; ".join(f"{name}: {why}" for name, why in failed.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="and ours")
    parser.add_argument("--quick", action="store_true", help="few reviews, one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    known = [name for name in ENTRIES if name in (*names_of(FILE), *names_of(ONE))]
    unknown = [name for name in arguments.only if name not in known]
    if unknown:
        raise UsageError(f"--only {unknown[0]}: there is no such entry; choose of {known}")
    if arguments.rounds < 1:
        raise UsageError(f"--rounds {arguments.rounds}: at least 1")
    if arguments.output is None:
        if arguments.only or arguments.quick:
            raise UsageError(f"--only and --quick need --output: {RESULT} is of a whole run")
        arguments.output = RESULT
    return arguments


if __name__ == "__main__":
    main()
