"""What an error quotes of a file is one short line that a terminal shows as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.bundle.messages import one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("größer als 1 MiB", "größer als 1 MiB"),
        ("a\nb\r\tc\0", r"a\nb\r\tc\x00"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\ud800", r"\ud800"),
        ("\u202eleft", r"\u202eleft"),
        ("a" * 200 + "b" * 10**6 + "c" * 200, "a" * 200 + " … " + "c" * 200),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    """Line breaks, escape sequences and lone surrogates are spelled out; the middle is cut."""
    assert one_line(text) == shown


@given(st.text(st.characters(), max_size=2000))
def test_any_text(text: str) -> None:
    """The line is printable, can be encoded, and has a bound."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line.encode()) < 5000
