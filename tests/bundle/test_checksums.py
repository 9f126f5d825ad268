"""The checksums of a model file: the lines as `sha256sum` writes them, and every mismatch."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from edgernn.bundle.checksums import SUMS, check_sums, with_sums
from edgernn.errors import ModelFileError

GRAPH = hashlib.sha256(b"graph").hexdigest()
FILES = {"card.json": b"{}", "a.txt": b"a"}
SEALED = with_sums(FILES, GRAPH)


def test_golden_lines() -> None:
    """The graph first, then the attachments by name; two spaces, as `sha256sum` has them."""
    lines = [
        f"{GRAPH}  (graph)",
        f"{hashlib.sha256(b'a').hexdigest()}  a.txt",
        f"{hashlib.sha256(b'{}').hexdigest()}  card.json",
    ]
    content = "".join(f"{line}\n" for line in lines).encode()
    assert with_sums(FILES, GRAPH) == {**FILES, SUMS: content}


def test_sha256sum_reads_them(tmp_path: Path) -> None:
    """Unpacked attachments can be checked by hand."""
    tool = shutil.which("sha256sum")
    if tool is None:
        pytest.skip("no sha256sum on this machine")
    for name, content in {**SEALED, "(graph)": b"graph"}.items():
        (tmp_path / name).write_bytes(content)
    subprocess.run([tool, "--check", "--strict", SUMS], cwd=tmp_path, check=True)


def test_they_fit() -> None:
    """What was sealed passes; sealing again changes nothing."""
    check_sums(SEALED, GRAPH)
    assert with_sums(SEALED, GRAPH) == SEALED
    check_sums(with_sums({}, GRAPH), GRAPH)


OTHER = "0" * 64


@pytest.mark.parametrize(
    ("attachments", "graph", "reason"),
    [
        (FILES, GRAPH, "carries no SHA256SUMS"),
        (SEALED, OTHER, "^the graph is not what was exported .SHA-256 000000000000…, SHA256SUMS"),
        ({**SEALED, "a.txt": b"b"}, GRAPH, "^a.txt is not what was exported"),
        ({**SEALED, "b.txt": b""}, GRAPH, "^b.txt is not .*SHA256SUMS says none"),
        ({"card.json": b"{}", SUMS: SEALED[SUMS]}, GRAPH, "^a.txt is not .*SHA-256 none"),
    ],
)
def test_a_difference_is_named(attachments: dict[str, bytes], graph: str, reason: str) -> None:
    """Changed, added and missing parts are told by name, in one line."""
    with pytest.raises(ModelFileError, match=reason) as caught:
        check_sums(attachments, graph)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\xff\xfe\0",
        SEALED[SUMS] * 2,
        SEALED[SUMS].upper(),
        SEALED[SUMS][:-20],
        SEALED[SUMS].replace(b"  ", b" "),
        SEALED[SUMS].replace(b"\n", b"\r\n"),
        SEALED[SUMS] + b"\n" * (1 << 20),
    ],
)
def test_broken_checksums(content: bytes) -> None:
    """What is not such lines is never read as some of them."""
    with pytest.raises(ModelFileError):
        check_sums({**FILES, SUMS: content}, GRAPH)
