"""The attachment `SHA256SUMS`: whether a model file still is what `edgernn export` wrote.

Neither format notices a flipped bit in the weights, and an engine in native code may crash on a
damaged graph. So the file carries the SHA-256 of its graph and of every other attachment, in the
lines that `sha256sum` writes, and a reader compares them before an engine sees the graph:

    4bb1f1…  (graph)
    09c2a7…  card.json

`(graph)` stands for all bytes of the file that are not attachments: of an .onnx file those outside
the attachments' metadata entries, of a .tflite file those before the archive. Checksums find
damage; who alters a file on purpose can write them anew, so they vouch for nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final

from edgernn.errors import ModelFileError

__all__ = ["LEARNT", "SUMS", "check_sums", "is_rewritten", "with_sums"]

SUMS: Final = "SHA256SUMS"
LEARNT: Final = "weights.sha256"
"""The attachment with the digest of the weights, which outlives a tool that rewrites the graph."""

_GRAPH: Final = "(graph)"
"""No attachment can have this name."""

_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S+)")
_MAX_BYTES: Final = 16 << 10


def with_sums(attachments: Mapping[str, bytes], graph_sha256: str) -> dict[str, bytes]:
    """Return attachments together with the checksums of them and of the graph.

    Args:
        attachments: content by name; checksums among them are replaced.
        graph_sha256: SHA-256 of the graph's bytes in lower-case hexadecimal.
    """
    lines = [f"{digest}  {name}\n" for name, digest in _digests(attachments, graph_sha256).items()]
    return {**attachments, SUMS: "".join(lines).encode()}


def check_sums(attachments: Mapping[str, bytes], graph_sha256: str) -> None:
    """Compare a file's checksums with its content.

    Args:
        attachments: content by name, the checksums among them.
        graph_sha256: as in `with_sums`.

    Raises:
        ModelFileError: there are no checksums, or something is changed, missing or more than when
            they were made; the message names it.
    """
    if SUMS not in attachments:
        raise ModelFileError(f"the file carries no {SUMS}: export it again with this edgernn")
    expected = _parse(attachments[SUMS])
    found = _digests(attachments, graph_sha256)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            what = "the graph" if name == _GRAPH else name
            raise ModelFileError(
                f"{what} is not what was exported (SHA-256 {_short(found.get(name))}, "
                f"{SUMS} says {_short(expected.get(name))}): the file is damaged or was altered; "
                "export it again or get a fresh copy"
            )


def is_rewritten(
    attachments: Mapping[str, bytes], graph_sha256: str, learnt: Callable[[], str | None]
) -> bool:
    """Tell whether all that differs is how the graph is written, and its weights are the same.

    Args:
        attachments: as in `check_sums`.
        graph_sha256: likewise.
        learnt: gives the digest of the weights that the graph has now, None where there is none.
    """
    if SUMS not in attachments or LEARNT not in attachments:
        return False
    expected = _parse(attachments[SUMS])
    found = _digests(attachments, graph_sha256)
    differing = {n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n)}
    # Looking at all weights takes longer than the rest of reading a file.
    return differing == {_GRAPH} and attachments[LEARNT].decode("latin-1").strip() == learnt()


def _digests(attachments: Mapping[str, bytes], graph_sha256: str) -> dict[str, str]:
    return {_GRAPH: graph_sha256} | {
        name: hashlib.sha256(content).hexdigest()
        for name, content in sorted(attachments.items())
        if name != SUMS
    }


def _parse(content: bytes) -> dict[str, str]:
    sums: dict[str, str] = {}
    # Latin-1 reads any bytes; what is no checksum fails the pattern.
    for line in content[:_MAX_BYTES].decode("latin-1").removesuffix("\n").split("\n"):
        found = _LINE.fullmatch(line)
        if found is None or found[2] in sums:
            raise ModelFileError(f"{SUMS} is damaged: export the file again or get a fresh copy")
        sums[found[2]] = found[1]
    return sums


def _short(digest: str | None) -> str:
    return "none" if digest is None else f"{digest[:12]}…"
