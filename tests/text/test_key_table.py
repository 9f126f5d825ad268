"""The hash table against a dictionary."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn.text import key_table
from edgernn.text.key_table import KeyTable

WORDS = st.sampled_from([0, 1, 2, 255, 1 << 32, (1 << 64) - 1]) | st.integers(0, (1 << 64) - 1)


def arrays(keys):
    return np.array(keys, np.uint64).reshape(-1, 2)


@given(batches=st.lists(st.lists(st.tuples(WORDS, WORDS), max_size=40), max_size=6))
@settings(deadline=None)
def test_it_numbers_keys_like_a_dictionary(batches):
    """Equal keys have one number, new keys have the next ones, and all are found again."""
    table = KeyTable(8)
    numbers = {}
    for keys in batches:
        entries, fresh = table.insert(arrays(keys))
        first = len(numbers)
        for number, index in enumerate(fresh.tolist(), start=first + 1):
            assert keys[index] not in numbers
            numbers[keys[index]] = number
        assert table.count == len(numbers)
        expected = [numbers[key] if key[1] else 0 for key in keys]
        assert entries.tolist() == table.find(arrays(keys)).tolist() == expected
    table.clear()
    assert table.count == 0
    assert not table.find(arrays(list(numbers))).any()


def test_a_full_table_refuses():
    """What does not fit has no number; what is there stays; an emptied table takes it."""
    table = KeyTable(2)
    keys = arrays([(7, i) for i in range(1, 11)])
    entries, fresh = table.insert(keys)
    assert fresh.size == table.count == table.capacity == 4
    assert sorted(entries.tolist()) == [0] * 6 + [1, 2, 3, 4]
    assert table.insert(keys)[0].tolist() == entries.tolist()
    table.clear()
    assert table.insert(arrays([(7, 10)]))[0].tolist() == [1]


def test_probing_ends(monkeypatch):
    """Keys that all want one slot are put in up to the limit of probes and refused after it."""
    for name in ("_LOW_FACTOR", "_HIGH_FACTOR"):
        monkeypatch.setattr(key_table, name, np.uint64(0))
    table = KeyTable(10)
    keys = arrays([(i, 1) for i in range(200)])
    entries, _ = table.insert(keys)
    assert np.count_nonzero(entries) == table.count == key_table._MOST_PROBES
    assert table.find(keys).tolist() == entries.tolist()


@pytest.mark.parametrize("bits", [0, 1, 18])
def test_an_empty_question(bits):
    """No keys, no numbers."""
    table = KeyTable(bits)
    nothing = arrays([])
    assert table.find(nothing).size == 0
    assert table.insert(nothing)[1].size == 0
