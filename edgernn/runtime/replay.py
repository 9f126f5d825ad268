"""Replaying a file's golden vectors on every runtime of this machine."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edgernn.bundle import Golden, GoldenVector, ModelFile
from edgernn.errors import EdgernnError, ModelFileError
from edgernn.runtime.answers import Limits, RuntimeAnswers, all_passed, judge, unscored
from edgernn.runtime.backends import Backend
from edgernn.runtime.engines import Engine, find_engines, find_others
from edgernn.runtime.other_runtimes import ChildRuntime, Refused
from edgernn.text import TextEncoder

__all__ = ["IdsCheck", "Replay", "check_ids", "check_rewritten", "replay", "replay_on"]

Ids = npt.NDArray[np.int32]

_MAX_PADDED = 1 << 18
"""Ids of a batch, padding included; vectors that have more are run in several batches."""


@dataclass(frozen=True)
class IdsCheck:
    """Whether texts still become the ids that they became at export."""

    texts: int
    mismatches: int
    """Texts that become other ids."""
    first: str | None
    """The first of them."""

    @property
    def passed(self) -> bool:
        """Whether there are none."""
        return not self.mismatches


@dataclass(frozen=True)
class Replay:
    """What became of a file's golden vectors on this machine."""

    tolerance: float
    ids: IdsCheck
    runtimes: tuple[RuntimeAnswers, ...]

    @property
    def passed(self) -> bool:
        """Whether the ids are right, a runtime ran, and each that ran answers as the file says."""
        return self.ids.passed and all_passed(self.runtimes)


def replay(file: ModelFile, golden: Golden) -> Replay:
    """Encode a file's golden vectors, and score them on every runtime that this machine has.

    Raises:
        ModelFileError: no vector has a probability.
    """
    if all(vector.scores is None for vector in golden.vectors):
        raise ModelFileError(
            f"{file.path}: none of its golden vectors has a probability: export it again"
        )
    return Replay(
        golden.tolerance,
        check_ids(file.bundle.encoder, golden.vectors),
        tuple(
            replay_on(engine, file, golden) for engine in (*find_engines(file), *find_others(file))
        ),
    )


def check_rewritten(file: ModelFile, backend: Backend) -> None:
    """Make sure that a graph which a tool has written anew still scores as it was exported.

    Says so in a warning where it does.

    Raises:
        ModelFileError: it does not, or there is nothing to tell by.
    """
    golden = file.bundle.golden
    vectors = [] if golden is None else [v for v in golden.vectors if v.scores is not None]
    if golden is None or not vectors:
        raise ModelFileError(
            f"{file.path}: the graph was rewritten, and no golden vectors tell how"
        )
    ids = [np.array(vector.ids, np.int32) for vector in vectors]
    expected = np.array([vector.scores for vector in vectors], np.float64)
    found = _score(backend, ids, _group(golden)).astype(np.float64)
    off = float(np.abs(found - expected).max())
    flips = file.bundle.contract.decides.flips(found, np.broadcast_to(expected, found.shape))
    # Not `>`: what is not a number must fail too.
    if not off <= golden.tolerance or flips.any():
        raise ModelFileError(
            f"{file.path}: the graph is not what was exported, and scores {off:.2g} off its golden "
            f"vectors, allowed {golden.tolerance:g}: export it again or get a fresh copy"
        )
    warnings.warn(
        f"{file.path}: the graph was rewritten after it was exported; its weights are the same, "
        f"and {len(vectors)} golden vectors score as before",
        RuntimeWarning,
        stacklevel=3,
    )


def _group(golden: Golden) -> list[int]:
    """Return the places of a file's group among the vectors that have scores."""
    rows = [i for i, vector in enumerate(golden.vectors) if vector.scores is not None]
    return [rows.index(place) for place in golden.batch]


def check_ids(encoder: TextEncoder, vectors: Sequence[GoldenVector]) -> IdsCheck:
    """Compare what texts become, one by one and all together, with the vectors' ids."""
    together = encoder.encode_batch([vector.text for vector in vectors])
    wrong = [
        vector.text
        for vector, ids in zip(vectors, together, strict=True)
        if not list(vector.ids) == ids.tolist() == encoder.encode(vector.text)
    ]
    return IdsCheck(len(vectors), len(wrong), wrong[0] if wrong else None)


def replay_on(engine: Engine, file: ModelFile, golden: Golden) -> RuntimeAnswers:
    """Score a file's golden vectors on one runtime; whatever that does is the answer."""
    if engine.problem is not None:
        return unscored(file, engine, None, None)
    # Counted among all vectors, as they stand in the file.
    rows = [i for i, vector in enumerate(golden.vectors) if vector.scores is not None]
    vectors = [golden.vectors[i] for i in rows]
    expected = np.array([vector.scores for vector in vectors], np.float64)
    device = None
    with ExitStack() as stack:
        try:
            backend = engine.open()
            if isinstance(backend, ChildRuntime):
                stack.enter_context(backend)
            device = backend.device
            ids = [np.array(vector.ids, np.int32) for vector in vectors]
            found = _score(backend, ids, _group(golden))
        except Refused as error:
            answers = unscored(file, engine, device, error)
            return dataclasses.replace(answers, passed=None, refused=True)
        except EdgernnError as error:
            return unscored(file, engine, device, error)
        batched = backend.batched

    def judged(scores: npt.NDArray[np.float32]) -> RuntimeAnswers:
        texts = [vector.text for vector in vectors]
        decision = file.bundle.contract.decides
        return judge(engine, device, scores, expected, texts, decision, Limits(golden.tolerance))

    answers = judged(found)
    assert answers.row is not None  # there is at least one vector
    alone, *batches = (float(np.abs(one - expected).max()) for one in found.astype(np.float64))
    return dataclasses.replace(
        answers,
        row=rows[answers.row - 1] + 1,
        alone_difference=alone if batched else max(alone, *batches),
        batch_difference=max(batches) if batched else None,
        only_in_a_batch=engine.is_other
        and batched
        and answers.passed is False
        and judged(found[:1]).passed is True,
    )


def _score(backend: Backend, ids: Sequence[Ids], group: Sequence[int]) -> npt.NDArray[np.float32]:
    """Score texts one by one in their order, together in reverse order, and a group in one call.

    A runtime in which a score depends on what was scored before or beside it differs in one. One
    that takes a text a call gets them one by one in reverse order, and no group.

    Returns:
        float32 [3, texts] or [3, texts, labels], all in the order of `ids`; last those of the
        group, among the first.
    """
    alone = np.concatenate([backend.run([one]) for one in ids])
    backwards = ids[::-1]
    batches = _batches(backwards) if backend.batched else ([one] for one in backwards)
    together = np.concatenate([backend.run(batch) for batch in batches])[::-1]
    grouped = alone.copy()
    if group and backend.batched:
        batches = _batches([ids[place] for place in group])
        grouped[list(group)] = np.concatenate([backend.run(batch) for batch in batches])
    return np.stack([alone, together, grouped])


def _batches(ids: Sequence[Ids]) -> Iterator[list[Ids]]:
    """Yield texts in order, as many together as memory allows: usually all of them."""
    batch: list[Ids] = []
    longest = 0
    for one in ids:
        longest = max(longest, len(one))
        if batch and (len(batch) + 1) * longest > _MAX_PADDED:
            yield batch
            batch, longest = [], len(one)
        batch.append(one)
    yield batch
