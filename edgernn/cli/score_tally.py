"""What `edgernn score` counts and says while rows go by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from edgernn.cli.console import say
from edgernn.cli.score_pipeline import Item
from edgernn.runtime import SHIPPED_MODEL, LoadedModel, Score

if TYPE_CHECKING:
    from edgernn.cli.score_lines import Result

__all__ = ["Tally"]

_ERRORS_SHOWN = 20
_MOST = 0.5
"""Where a smaller share of the tokens is known, the model is made for other texts."""
_ENOUGH = 1000
"""So many texts tell what the others are like; one has not to wait for the last."""


class Tally:
    """Counts rows, and turns scores into results."""

    def __init__(self, name: str, model: LoadedModel, where: Callable[[Any], str]) -> None:
        """Begin with no row.

        Args:
            name: of the input, for messages.
            model: what scores them.
            where: says where a row stands.
        """
        self.rows = 0
        """Rows that are written."""
        self.failed = 0
        """Those among them that have an error."""
        self._name = name
        self._model = model
        self._where = where
        self._scored = 0
        self._without_label = 0
        self._known = 0.0
        self._foreign = 0
        self._has_looked = False

    def result(self, item: Item, scores: Iterator[Score]) -> Result:
        """Return the result of a row; the next of `scores` is its own if it has no problem."""
        _, problem, row = item
        if problem is None:
            score = next(scores)
            problem = score.reason
            if problem is None:
                self._scored += 1
                self._without_label += score.label is None
                self._known += score.known
                self._foreign += score.known < _MOST
                return score, None
        problem = f"{self._where(row)}: {problem}"
        self.failed += 1
        if self.failed <= _ERRORS_SHOWN:
            say(f"error: {problem}")
        return None, problem if row.raw is None else f"{problem}: {row.raw}"

    def add(self, rows: int) -> None:
        """Count rows that are written."""
        self.rows += rows
        if not self._has_looked and self._scored >= _ENOUGH:
            self._look_at_known()

    def summarize(self) -> None:
        """Say what the rows were like."""
        if not self._has_looked and self._scored:
            self._look_at_known()
        if self._without_label:
            contract = self._model.contract
            why = "no label reaches its threshold"
            if contract.none_below is not None:
                why = f"the likeliest is less probable than {contract.none_below:g}"
            say(f"{self._without_label:,} of {self._scored:,} texts have no label: {why}")
        if self.failed:
            say(f"{self.failed:,} of {self.rows:,} rows could not be scored")

    def _look_at_known(self) -> None:
        self._has_looked = True
        share = self._known / self._scored
        if share >= _MOST:
            return
        is_shipped = self._model.path == SHIPPED_MODEL
        say(
            f"warning: {self._name}: the model knows {share:.0%} of a text's words on average, "
            f"and less than half in {self._foreign:,} of {self._scored:,} texts; its scores say "
            f"little there: {'it is' if is_shipped else 'was it'} trained on "
            f"{'English reviews' if is_shipped else 'texts of this kind and language?'}"
        )
