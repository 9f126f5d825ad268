"""Options that people often leave out, or have the wrong way round, one and two at a time."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from edgernn.training.imported.contracts import ImportOptions
from edgernn.training.imported.expected import Expected

__all__ = ["variants"]

Change = dict[str, Any]

_OF_WORDS = {
    *("start_id", "unknown_id", "padding_id", "first_id", "index_from", "num_words"),
    *("lower", "split"),
}


def variants(options: ImportOptions, expected: Expected) -> Iterator[ImportOptions]:
    """Yield likely other options, one change first, then two."""
    groups = _groups(expected)
    for group in groups:
        for change in group:
            yield _changed(options, change)
    for one, two in combinations(groups, 2):
        for first in one:
            for second in two:
                yield _changed(options, first | second)


def _groups(expected: Expected) -> list[list[Change]]:
    """Return changes; those of one group exclude each other."""
    lengths = {len(text.ids) for text in expected.texts if text.ids is not None}
    first = Counter(next((i for i in text.ids if i), 1) for text in expected.texts if text.ids)
    starts = dict.fromkeys([i for i, _ in first.most_common(2)] + [1, 2, 3])
    groups: list[list[Change]] = [
        [{"padding": side} for side in ("pre", "post", "none")],
        [{"truncating": side} for side in ("pre", "post")],
        [{"start_id": i} for i in (*starts, "none")],
        [{"unknown_id": i} for i in ("none", 0, 1, 2)],
        [{"first_id": i} for i in (0, 1, 2, 3, 4)] + [{"index_from": i} for i in (0, 1, 2, 3)],
        [{"index_from": 3, "start_id": 1, "unknown_id": 2}],
        [{"lower": False}, {"lower": True}],
        [{"split": "tokenizer"}, {"split": "whitespace"}],
    ]
    if len(lengths) == 1:
        groups.append([{"max_length": lengths.pop()}])
    highest = max((i for text in expected.texts for i in text.ids or ()), default=0)
    if highest:  # scores alone leave too many numbers to try
        groups.append([{"num_words": highest + 1}])
    return groups


def _changed(options: ImportOptions, change: Change) -> ImportOptions:
    of_words = {name: value for name, value in change.items() if name in _OF_WORDS}
    others = {name: value for name, value in change.items() if name not in _OF_WORDS}
    if of_words.keys() & {"first_id", "index_from"}:
        of_words = {"first_id": None, "index_from": None} | of_words
    return dataclasses.replace(options, words=options.words.changed(**of_words), **others)
