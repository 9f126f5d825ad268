"""Golden vectors for a file: corners of the text rules, and texts close to another answer."""

# ruff: noqa: RUF001 (some texts are there for their characters)

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import permutations

import numpy as np
import numpy.typing as npt

from edgernn.bundle import Golden, GoldenVector
from edgernn.bundle.golden import FEWEST
from edgernn.errors import ExportError
from edgernn.text import TextEncoder
from exporters.sample_texts import SAMPLE_TEXTS, touching

__all__ = ["CORNERS", "golden_vectors"]

_CLOSE_TEXTS = 6
_PAIRED = 30
_DIGITS = 7
_TOGETHER = 8
"""Texts that are scored in one call."""

CORNERS: tuple[str, ...] = (
    "Great movie!",
    "Awful.",
    "I loved it. Then I saw it again, and I didn't.",
    "GOOD Good good gOOD!!!",
    "3/10 in 1984, 9½ now; ² and Ⅷ are numbers too",
    "film !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ film",
    "Tom &amp; Jerry<br /><br>good<BR/>bad<br  />fine</br>",
    "Café naïve déjà vu",
    "Cafe\u0301 nai\u0308ve de\u0301ja\u0300 vu",
    "\u0130STANBUL I\u015eIK \u0131slak I i",
    "STRASSE Stra\u00dfe \u1e9e",
    "ΟΔΥΣΣΕΥΣ ΑΣ-Α ΣΑΣ. good",
    "本当に面白かった。很好看的电影",
    "فيلم رائع جدا",
    "बहुत अच्छी फ़िल्म",
    "so good \U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f600\ufe0f",
    "good \ud800 film \udc00\udbff",
    "bad\x00film\x07one\ttwo\r\nthree\x7ffour\x85five",
    "  two  spaces   three\u00a0no-break\u3000wide ",
    "under_scores __init__ _ \\&undsc x_ #tag e-mail@example.org",
    "l" + "o" * 200 + "ng",
    "the",
    "...",
)
"""Texts for the corners of the text rules: letters, marks, spaces, breaks, words never seen."""


def golden_vectors(
    encoder: TextEncoder,
    probabilities: Callable[[Sequence[npt.NDArray[np.int32]]], npt.NDArray[np.float32]],
    tolerance: float,
    *,
    batched: bool = False,
) -> Golden:
    """Choose texts and say what a file gives for them.

    The corners, a text that is exactly as long as the longest input and one that is longer, and
    the texts closest to another answer, none so close that a runtime within the tolerance may give
    it. At the end two texts of equally many ids follow each other, and the second follows itself:
    a runtime that keeps state from one call to the next, or drops it only where the length
    changes, gives other scores for them.

    Args:
        encoder: the file's contract with its vocabulary.
        probabilities: the file's scores of int32 ids, float32 [texts] or [texts, labels].
        tolerance: how far a runtime may be off.
        batched: whether the graph takes several texts a call: some of different lengths are to be
            scored in one.

    Returns:
        16 to 40 vectors; fewer, with a warning, where too many scores lie close to another answer.

    Raises:
        ExportError: all do, so that no vector could prove a runtime right.
    """
    samples = touching(SAMPLE_TEXTS, encoder)
    pool = _scored(_pool(samples), encoder, probabilities)
    texts = [*CORNERS, *_of_the_longest_input(encoder, samples)]
    texts += _close(pool, encoder, tolerance)
    vectors = _vectors(texts, encoder, probabilities)
    sure = [v for v in vectors if not _may_flip(v, encoder, tolerance)]
    scored = [v for v in sure if v.scores is not None]
    if len(scored) < FEWEST:
        known = {v.text for v in vectors}
        more = [v for v in pool if v.text not in known and not _may_flip(v, encoder, tolerance)]
        # The surest first: they stay on their side in any runtime.
        more.sort(key=lambda v: -_margin(v, encoder))
        sure += more[: FEWEST - len(scored)]
        scored = [v for v in sure if v.scores is not None]
    if len(scored) < FEWEST:
        decision = encoder.contract.decides
        what = "another answer"
        if decision.is_binary and decision.none_below is None:
            what = f"the threshold {decision.threshold:g}"
        few = f"{2 * tolerance:g} or more from {what}"
        tried = len({v.text for v in (*vectors, *pool)})
        if not scored:
            raise ExportError(
                f"no score of {tried:,} texts lies {few}: the model decides nothing yet; train it "
                "longer"
            )
        warnings.warn(
            f"{len(scored)} golden vectors instead of {FEWEST}: of {tried:,} texts no more have a "
            f"score that lies {few}; a model that is trained longer has them",
            RuntimeWarning,
            stacklevel=2,
        )
    sure += _in_a_row(scored)
    return Golden(tolerance, tuple(sure), _together(sure) if batched else ())


def _in_a_row(vectors: Sequence[GoldenVector]) -> list[GoldenVector]:
    """Return two vectors of equally many ids and the furthest scores, the second once more."""
    by_length: dict[int, list[GoldenVector]] = {}
    for vector in vectors:
        by_length.setdefault(len(vector.ids), []).append(vector)
    pairs = [
        (one, other)
        for same in by_length.values()
        for one, other in permutations(same, 2)
        if one.ids != other.ids
    ]
    if not pairs:
        return [vectors[-1], vectors[-1]]

    def apart(pair: tuple[GoldenVector, GoldenVector]) -> float:
        one, other = (np.array(vector.scores) for vector in pair)
        return float(np.abs(one - other).max())

    one, other = max(pairs, key=apart)
    return [one, other, other]


def _together(vectors: Sequence[GoldenVector]) -> tuple[int, ...]:
    """Return places of vectors of various lengths, the shortest first; none if all are alike."""
    places: dict[int, int] = {}
    for place, vector in enumerate(vectors):
        if vector.ids:
            places.setdefault(len(vector.ids), place)
    lengths = sorted(places)
    if len(lengths) < 2:
        return ()
    steps = np.linspace(0, len(lengths) - 1, min(_TOGETHER, len(lengths)))
    return tuple(places[lengths[round(float(step))]] for step in steps)


def _vectors(
    texts: Sequence[str],
    encoder: TextEncoder,
    probabilities: Callable[[Sequence[npt.NDArray[np.int32]]], npt.NDArray[np.float32]],
) -> list[GoldenVector]:
    """Return texts with what the file gives for them."""
    ids = encoder.encode_batch(texts)
    found = iter(probabilities([tokens for tokens in ids if len(tokens)]).tolist())
    return [
        _vector(text, tokens, next(found) if len(tokens) else None)
        for text, tokens in zip(texts, ids, strict=True)
    ]


def _scored(
    texts: Sequence[str],
    encoder: TextEncoder,
    probabilities: Callable[[Sequence[npt.NDArray[np.int32]]], npt.NDArray[np.float32]],
) -> list[GoldenVector]:
    """Return those texts that have a score, with it."""
    return [v for v in _vectors(texts, encoder, probabilities) if v.scores is not None]


def _vector(
    text: str, ids: npt.NDArray[np.int32], found: float | list[float] | None
) -> GoldenVector:
    if isinstance(found, list):
        several = tuple(round(one, _DIGITS) for one in found)
        return GoldenVector(text, tuple(ids.tolist()), probabilities=several)
    return GoldenVector(text, tuple(ids.tolist()), None if found is None else round(found, _DIGITS))


def _may_flip(vector: GoldenVector, encoder: TextEncoder, tolerance: float) -> bool:
    """Tell whether a runtime within the tolerance may give another answer."""
    if vector.scores is None:
        return False
    # Twice the tolerance: what is within one of another answer here may be beyond it there.
    return _margin(vector, encoder) < 2 * tolerance


def _margin(vector: GoldenVector, encoder: TextEncoder) -> float:
    return float(encoder.contract.decides.margin(np.array([vector.scores]))[0])


def _of_the_longest_input(encoder: TextEncoder, samples: Sequence[str]) -> list[str]:
    """Return a text that just fills the longest input, as near as words allow, and a longer one."""
    longest = encoder.contract.max_length
    words = " ".join(samples).split()
    words *= 1 + longest // len(words)
    low, high = 1, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if encoder.token_counts([" ".join(words[:middle])])[0] <= longest:
            low = middle
        else:
            high = middle - 1
    # What is cut off must matter: begin with other words than the fitting text.
    end = "the end, at last and good" if samples is SAMPLE_TEXTS else " ".join(words[:3])
    return [" ".join(words[:low]), " ".join([*words[3 : low + 3], end])]


def _pool(samples: Sequence[str]) -> list[str]:
    """Return texts, and pairs of the short ones among them."""
    short = [text for text in samples if len(text) < 100][:_PAIRED]
    return [*samples, *(f"{one} {two}" for one, two in permutations(short, 2))]


def _close(pool: Sequence[GoldenVector], encoder: TextEncoder, tolerance: float) -> list[str]:
    """Return the texts closest to another answer, of various answers."""
    scores = np.array([vector.scores for vector in pool])
    decision = encoder.contract.decides
    margins, answers = decision.margin(scores), decision.answers(scores).tolist()
    by_answer: dict[str, list[int]] = {}
    for i in np.argsort(margins, kind="stable").tolist():
        if margins[i] >= 2 * tolerance:
            by_answer.setdefault(str(answers[i]), []).append(i)
    some = [i for places in by_answer.values() for i in places[: _CLOSE_TEXTS // 2]]
    closest = sorted(some, key=lambda i: margins[i])[:_CLOSE_TEXTS]
    # The second label's first, as it has always been.
    order = sorted(closest, key=lambda i: (answers[i], -margins[i]), reverse=True)
    return [pool[i].text for i in order]
