"""The shipped file in bare ONNX Runtime sessions: what is left when our runtime is taken away.

Ids are ready-made and padded, in batches of texts of like length. How large a batch is, and
whether two threads share one session or have one each, is searched for once; the best counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.peers.encoded import Ids, encode
from benchmarks.peers.peer import FILE, Scores, Setup
from edgernn.privacy import import_quietly
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text.padding import pad

__all__ = ["BareSession", "Batch", "Plan", "open_session", "plan_batches"]

_BATCH_TOKENS = (512, 1024, 2048, 4096, 8192, 16384)
_SEARCHED = 3000
"""Reviews that the search scores in each way."""
_TRIES = 7


@dataclass(frozen=True)
class Plan:
    """A way to run many texts."""

    sessions: int
    """Sessions side by side, each in a Python thread of its own."""
    threads: int
    """Threads of each session."""
    batch_tokens: int
    """Most tokens of a batch, padding included."""


@dataclass(frozen=True)
class Batch:
    """Texts that run together."""

    places: npt.NDArray[np.int64]
    """int64 [texts]: where each stands among all."""
    feed: dict[str, npt.NDArray[np.int32]]
    """The session's inputs: `ids` [texts, longest] and `lengths` [texts]."""


class BareSession:
    """`onnxruntime.InferenceSession` and nothing around it."""

    packages = ("numpy",)
    """ONNX Runtime comes in one of two wheels, whose version is added to every result."""

    def __init__(self, setup: Setup) -> None:
        """Open one session with all threads, and where there are several, one a thread, too."""
        self._many = setup.part == FILE
        plans = {(1, setup.threads)} | ({(setup.threads, 1)} if self._many else set())
        self._sessions = {
            (count, threads): [open_session(SHIPPED_MODEL, threads) for _ in range(count)]
            for count, threads in sorted(plans)
        }
        self._one = self._sessions[1, setup.threads][0]
        self._plan = Plan(1, setup.threads, _BATCH_TOKENS[0])
        self._pool = ThreadPoolExecutor(setup.threads)
        self._searched: list[dict[str, Any]] = []

    @property
    def settings(self) -> dict[str, Any]:
        """The plan that was found, and what the search saw."""
        settings: dict[str, Any] = {"session.disable_quant_qdq": "1"}
        if self._many:
            settings |= {"plan": asdict(self._plan), "searched": self._searched}
        return settings

    def ready(self, texts: Sequence[str]) -> list[Batch]:
        """Encode the texts, and put them into the batches that are best for many."""
        ids = encode(texts)
        if self._many and not self._searched:
            self._search(ids[:: max(1, len(ids) // _SEARCHED)])
        return plan_batches(ids, self._plan.batch_tokens)

    def score(self, inputs: list[Batch]) -> Scores:
        """Run the batches."""
        if not self._many:
            # One call and nothing else, not even a change of type from float32.
            found: Scores = self._one.run(["probability"], inputs[0].feed)[0]
            return found
        return self._run(inputs, self._plan)

    def _search(self, ids: Sequence[Ids]) -> None:
        plans = [
            Plan(count, threads, batch_tokens)
            for count, threads in self._sessions
            for batch_tokens in _BATCH_TOKENS
        ]
        batches = {tokens: plan_batches(ids, tokens) for tokens in _BATCH_TOKENS}
        seconds: dict[Plan, list[float]] = {plan: [] for plan in plans}
        for plan in plans * _TRIES:
            start = time.perf_counter()
            self._run(batches[plan.batch_tokens], plan)
            seconds[plan].append(time.perf_counter() - start)
        # What each took beside the others in the same try: the machine's speed varies.
        taken = np.array(list(seconds.values()))
        shares = np.median(taken / taken.mean(axis=0), axis=1)
        self._searched = [
            {
                **asdict(plan),
                "reviews_per_second": round(len(ids) / statistics.median(spent), 1),
                "seconds_of_mean": round(float(share), 4),
            }
            for (plan, spent), share in zip(seconds.items(), shares, strict=True)
        ]
        self._plan = plans[int(shares.argmin())]

    def _run(self, batches: Sequence[Batch], plan: Plan) -> Scores:
        found = np.zeros(1 + max(int(batch.places.max()) for batch in batches), np.float64)
        sessions = self._sessions[plan.sessions, plan.threads]
        if len(sessions) == 1:
            _run_into(found, sessions[0], batches)
            return found
        # Batches are of like size: every second one is half of the work.
        shares = [batches[start :: len(sessions)] for start in range(len(sessions))]
        done = [
            self._pool.submit(_run_into, found, session, share)
            for session, share in zip(sessions, shares, strict=True)
        ]
        for one in done:
            one.result()
        return found


def open_session(path: Path, threads: int, profile: Path | None = None) -> Any:
    """Return an InferenceSession on the CPU.

    Args:
        path: a model file of ours.
        threads: what ONNX Runtime computes with.
        profile: where a profile of it goes; None is none.
    """
    onnxruntime = import_quietly("onnxruntime")

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    # Without it the stored int8 weights become float32 in every call, not once.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def plan_batches(ids: Sequence[Ids], batch_tokens: int) -> list[Batch]:
    """Return texts of like length in batches of at most so many tokens, padding included."""
    lengths = np.fromiter(map(len, ids), np.int64, len(ids))
    order = np.argsort(lengths, kind="stable")
    batches = []
    start = 0
    for stop in range(1, len(order) + 1):
        # Sorted: the next text would be the longest.
        if stop < len(order) and (stop + 1 - start) * lengths[order[stop]] <= batch_tokens:
            continue
        places = order[start:stop]
        padded, counts = pad([ids[i] for i in places])
        batches.append(Batch(places, {"ids": padded, "lengths": counts}))
        start = stop
    return batches


def _run_into(found: Scores, session: Any, batches: Sequence[Batch]) -> None:
    for batch in batches:
        (probability,) = session.run(["probability"], batch.feed)
        found[batch.places] = probability
