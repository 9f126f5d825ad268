"""Character references of HTML, such as `&#39;` and `&eacute;`, and what they stand for."""

from __future__ import annotations

import re
from html.entities import name2codepoint

__all__ = ["NAMES", "WINDOWS_1252", "decode"]

NAMES: dict[str, int] = {**name2codepoint, "apos": 0x27}
"""Code points by name: the 252 of HTML 4, and `apos`; a closed list, in which case counts."""

WINDOWS_1252: dict[int, int] = {
    code: ord(bytes([code]).decode("cp1252"))
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
"""What HTML reads the numbers of control characters as; five of them stay what they are."""

_REFERENCE = re.compile("&(?:#([0-9]{1,8})|#[xX]([0-9A-Fa-f]{1,8})|([A-Za-z][A-Za-z0-9]{1,7}));")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def decode(text: str) -> str:
    """Return a text with its references decoded, once: `&amp;lt;` becomes `&lt;`."""
    return _REFERENCE.sub(_decoded, text) if "&" in text else text


def _decoded(reference: re.Match[str]) -> str:
    decimal, hexadecimal, name = reference.groups()
    if name is not None:
        return chr(NAMES[name]) if name in NAMES else reference[0]
    code = int(decimal) if decimal is not None else int(hexadecimal, 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return _REPLACEMENT
    return chr(WINDOWS_1252.get(code, code))
