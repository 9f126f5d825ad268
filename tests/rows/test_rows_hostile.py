"""Whatever a file holds, what comes is rows or one line."""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgernn.errors import EdgernnError
from edgernn.rows import FORMATS, ReadOptions, open_rows


def archive() -> bytes:
    with zipfile.ZipFile(out := io.BytesIO(), "w") as file:
        file.writestr("a.csv", 'id,text,stars\n1,"good, really",5\n2,bad,1\n')
    return out.getvalue()


SEEDS = [
    b'id,text,stars\n1,"good, really",5\n2,"two\nlines",1\n3,a ""b"",4\n',
    b'id\ttext\n1\t"open\n2\tnext 5"\n3\tlast\n',
    b'{"text": "good", "a": {"b": [1, null]}}\n{"text": "bad"}\n',
    b'[{"text": "good"}, {"text": "bad"}]',
    "id;text\n1;caf\u00e9\n".encode("cp1252"),
    "id;text\n1;caf\u00e9\n".encode("utf-16"),
    archive(),
    b"",
]
edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 3),
        st.one_of(st.binary(max_size=4), st.sampled_from([b'"', b"\n", b",", b"\\", b"\r", b"\0"])),
    ),
    max_size=4,
)


@pytest.mark.parametrize("seed", SEEDS, ids=range(len(SEEDS)))
@given(edits=edits, form=st.sampled_from([None, *(form.name for form in FORMATS)]))
def test_what_is_damaged(seed, edits, form):
    """Each error is one of ours, in one line; so is that of each bad row."""
    content = bytearray(seed)
    for place, length, new in edits:
        at = int(place * len(content))
        content[at : at + length] = new
    try:
        with open_rows(io.BytesIO(content), ReadOptions(format=form)) as rows:
            for row in rows:
                with contextlib.suppress(EdgernnError):
                    assert isinstance(rows.text(row), str)
                assert row.error is None or "\n" not in row.error
    except EdgernnError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message
