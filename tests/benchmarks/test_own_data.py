"""`benchmarks.own_data`: what is learned from is never measured on, and how the table reads."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.own_data.data import TASKS, Task
from benchmarks.own_data.peers import PEERS, share_of_right
from benchmarks.own_data.table import own_data_table

DATA = Path("../shared/data")
SHORT = [task for task in TASKS if not task.name.startswith("IMDB")]


@pytest.mark.parametrize("task", SHORT, ids=lambda task: task.key)
def test_splits(task: Task) -> None:
    """As many rows as are asked for, other ones for each seed, and none of them in the test."""
    if not (DATA / "short").exists():
        pytest.skip("needs the data sets")
    first, again, second = (task.split(DATA, task.rows, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.train != second.train
    if task.rows is not None:
        assert len(first.train) == task.rows
    if task.name == "Amazon + Yelp":
        assert len(first.test) == 500
        everything = task.split(DATA, None, 1)
        assert len(everything.train) == 1500
        other = task.split(DATA, None, 2)
        # Each sentence is on one side, whatever the seed.
        whole = Counter([*everything.train, *everything.test])
        assert whole == Counter([*other.train, *other.test])
        assert whole.total() == 2000
    else:
        assert {label for _, label in first.train} == {label for _, label in first.test}
        assert first.test == second.test


def test_labels_that_count_alike() -> None:
    """The mean of each label's share, however many texts it has."""
    import numpy as np

    labels, given = np.array(["a", "a", "a", "b"]), np.array(["a", "a", "a", "a"])
    assert share_of_right(given, labels, balanced=False) == 0.75
    assert share_of_right(given, labels, balanced=True) == 0.5


def test_the_table() -> None:
    """A row for a task, with mean and spread over the seeds; what is missing is a dash."""
    ours = {"chosen": "flagship from pretrained", "bytes": 700_000, "precision": "int8"}
    tasks = {
        "a 100": {
            "1": {"edgernn train": {"right": 0.8, **ours}, "TF-IDF words, SVM": {"right": 0.7}},
            "2": {"edgernn train": {"right": 0.9, **ours}},
        }
    }
    machine = {"processor": "x", "cores": 2, "python": "3.11", "versions": {"numpy": "2"}}
    lines = own_data_table({"machine": machine, "tasks": tasks}).splitlines()
    header, row = lines[0], lines[2]
    assert row.count("|") == header.count("|") == lines[1].count("|")
    assert "| 85.00 ± 7.1 |" in row
    assert "| 70.00 |" in row
    assert row.count("| - ") == len(PEERS) - 1
    assert row.endswith("| `flagship from pretrained` | 700,000 | 2 |")
