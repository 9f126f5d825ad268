"""The comparison of many callers with one: rates, ratios, and what it refuses."""

import itertools
from collections.abc import Sequence

import pytest

from benchmarks import callers
from edgernn import Score

TEXTS = ["a", "bb", "ccc"]


class Counting:
    """Scores a text by its length; `wrong_at` is the number of a call that goes wrong."""

    def __init__(self, wrong_at: int | None = None) -> None:
        self.numbers = itertools.count(1)
        self._wrong_at = wrong_at

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Score one text."""
        number = next(self.numbers)
        (text,) = texts
        p = 1.0 if number == self._wrong_at else len(text) / 10
        return [Score("pos", p, p, (1 - p, p), ("neg", "pos"), 1.0, False, None, ("pos",))]


def test_rates_and_ratios() -> None:
    """Every number of callers scores each text once a round; one caller is the measure."""
    scorer = Counting()
    rows = callers.measure(scorer, TEXTS, 2)  # type: ignore[arg-type]
    assert [row["callers"] for row in rows] == [1, 2, 4, 16]
    assert rows[0]["times_one_caller"] == 1
    assert all(row["reviews_per_second"] > 0 and row["times_one_caller"] > 0 for row in rows)
    assert next(scorer.numbers) - 1 == len(TEXTS) * (1 + 2 * len(rows))


def test_another_score_is_an_error() -> None:
    """The eleventh call is that of the third text by four callers."""
    with pytest.raises(ValueError, match=r"^4 callers at once got other scores than one alone"):
        callers.measure(Counting(wrong_at=11), TEXTS, 1)  # type: ignore[arg-type]
