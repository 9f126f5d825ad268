"""The closed sets of code points that rules of contract version 2 speak of.

A Unicode library knows the characters of its own version; these ranges stay what they are, so that
every runtime reads every text alike. `runtimes/conformance/code_points.json` and the Kotlin
library's table are written from here by `tests/conformance/code_points.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

__all__ = ["SETS", "UNICODE_VERSION", "Ranges", "as_class", "ranges_of", "without"]

Ranges = tuple[tuple[int, int], ...]
"""First and last code point of each range, in order, none touching another."""

UNICODE_VERSION = "14.0.0"
"""The version that `letters` was taken from."""

SETS: dict[str, str] = {
    # Quotation marks.
    "apostrophes": "00B4 02BC 2018-201B 2032 FF07",
    "quotes": "00AB 00BB 201C-201F 2033 301D-301F FF02",
    # Letters whose case tells the words of a hashtag apart: Latin, Greek and Cyrillic.
    "upper": "0041-005A 00C0-00D6 00D8-00DE 0391-03A1 03A3-03AB 0400-042F",
    "lower": "0061-007A 00DF-00F6 00F8-00FF 03AC-03CE 0430-045F",
    # Emoji, stars, hearts, arrows, pieces of games: what stands for a word.
    "symbols": (
        "203C 2049 2190-21FF 231A-231B 2328 23CF 23E9-23F3 23F8-23FA 25A0-2767 2794-27BF "
        "2B00-2BFF 3030 303D 3297 3299 1F000-1F0FF 1F10D-1F265 1F300-1FAFF"
    ),
    "regional": "1F1E6-1F1FF",
    "modifiers": "1F3FB-1F3FF E0020-E007F",
    # Scripts that are written without spaces between words; their digits are not among them.
    "unspaced": (
        "0E01-0E3A 0E40-0E4E 0E81-0EBD 0EC0-0ECE 0EDC-0EDF 1000-103F 1050-108F 109A-109D "
        "1780-17D3 17D7 17DC-17DD 3005-3007 3021-3029 3031-3035 3038-303C 3041-3096 3099-309A "
        "309D-309F 30A1-30FA 30FC-30FF 31F0-31FF 3400-4DBF 4E00-9FFF A9E0-A9EF A9FA-A9FE AA60-AA7F "
        "F900-FAFF FF66-FF9F 1AFF0-1B16F 20000-3FFFD"
    ),
    "unspaced_marks": (
        "0E31 0E34-0E3A 0E47-0E4E 0EB1 0EB4-0EBC 0EC8-0ECE 102B-103E 1056-1059 105E-1060 1062-1064 "
        "1067-106D 1071-1074 1082-108D 108F 109A-109D 17B4-17D3 17DD 3099-309A A9E5 AA7B-AA7D "
        "FF9E-FF9F"
    ),
    # Letters, marks and numbers of all scripts.
    "letters": (
        "0030-0039 0041-005A 0061-007A 00AA 00B2-00B3 00B5 00B9-00BA 00BC-00BE 00C0-00D6 "
        "00D8-00F6 00F8-02C1 02C6-02D1 02E0-02E4 02EC 02EE 0300-0374 0376-037D 037F 0386 "
        "0388-03F5 03F7-0481 0483-0487 048A-0559 0560-0588 0591-05BD 05BF 05C1-05C2 05C4-05C5 "
        "05C7-05F2 0610-061A 0620-0669 066E-06D3 06D5-06DC 06DF-06E8 06EA-06FC 06FF 0710-07F5 "
        "07FA-07FD 0800-082D 0840-085B 0860-0887 0889-088E 0898-08E1 08E3-0963 0966-096F "
        "0971-09F1 09F4-09F9 09FC 09FE-0A75 0A81-0AEF 0AF9-0B6F 0B71-0BF2 0C00-0C6F 0C78-0C7E "
        "0C80-0C83 0C85-0D4E 0D54-0D78 0D7A-0DF3 0E01-0E3A 0E40-0E4E 0E50-0E59 0E81-0F00 "
        "0F18-0F19 0F20-0F33 0F35 0F37 0F39 0F3E-0F84 0F86-0FBC 0FC6 1000-1049 1050-109D "
        "10A0-10FA 10FC-135F 1369-138F 13A0-13FD 1401-166C 166F-167F 1681-169A 16A0-16EA "
        "16EE-1734 1740-17D3 17D7 17DC-17F9 1810-193B 1946-19DA 1A00-1A1B 1A20-1A99 1AA7 "
        "1AB0-1ABD 1ABF-1B59 1B6B-1B73 1B80-1BF3 1C00-1C37 1C40-1C7D 1C80-1CBF 1CD0-1CD2 "
        "1CD4-1FBC 1FBE 1FC2-1FCC 1FD0-1FDB 1FE0-1FEC 1FF2-1FFC 2070-2079 207F-2089 2090-209C "
        "20D0-20DC 20E1 20E5-20F0 2102 2107 210A-2113 2115 2119-211D 2124 2126 2128 212A-212D "
        "212F-2139 213C-213F 2145-2149 214E 2150-2189 2460-249B 24EA-24FF 2776-2793 2C00-2CE4 "
        "2CEB-2CF3 2CFD 2D00-2D6F 2D7F-2DFF 2E2F 3005-3007 3021-302F 3031-3035 3038-303C "
        "3041-309A 309D-309F 30A1-30FA 30FC-318E 3192-3195 31A0-31BF 31F0-31FF 3220-3229 "
        "3248-324F 3251-325F 3280-3289 32B1-32BF 3400-4DBF 4E00-A48C A4D0-A4FD A500-A60C "
        "A610-A66F A674-A67D A67F-A6F1 A717-A71F A722-A788 A78B-A827 A82C-A835 A840-A873 "
        "A880-A8C5 A8D0-A8F7 A8FB A8FD-A92D A930-A953 A960-A9C0 A9CF-A9D9 A9E0-AA59 AA60-AA76 "
        "AA7A-AADD AAE0-AAEF AAF2-AB5A AB5C-AB69 AB70-ABEA ABEC-D7FB F900-FB28 FB2A-FBB1 "
        "FBD3-FD3D FD50-FDC7 FDF0-FDFB FE20-FE2F FE70-FEFC FF10-FF19 FF21-FF3A FF41-FF5A "
        "FF66-FFDC 10000-100FA 10107-10133 10140-10178 1018A-1018B 101FD 10280-1039D 103A0-103CF "
        "103D1-10563 10570-10855 10858-10876 10879-1091B 10920-10939 10980-10A48 10A60-10A7E "
        "10A80-10AC7 10AC9-10AEF 10B00-10B35 10B40-10B91 10BA9-10D39 10E60-10EAC 10EB0-10F54 "
        "10F70-10F85 10FB0-11046 11052-110BA 110C2 110D0-1113F 11144-11173 11176-111C4 "
        "111C9-111CC 111CE-111DA 111DC 111E1-11237 1123E-112A8 112B0-11374 11400-1144A "
        "11450-11459 1145E-114C5 114C7-114D9 11580-115C0 115D8-11640 11644-11659 11680-116B8 "
        "116C0-1173B 11740-11746 11800-1183A 118A0-11943 11950-119E1 119E3-11A3E 11A47-11A99 "
        "11A9D 11AB0-11AF8 11C00-11C40 11C50-11C6C 11C72-11DA9 11EE0-11EF6 11FB0-11FD4 "
        "12000-1246E 12480-12543 12F90-12FF0 13000-1342E 14400-14646 16800-16A69 16A70-16AF4 "
        "16B00-16B36 16B40-16B43 16B50-16B8F 16E40-16E96 16F00-16FE1 16FE3-18D08 1AFF0-1B2FB "
        "1BC00-1BC99 1BC9D-1BC9E 1CF00-1CF46 1D165-1D169 1D16D-1D172 1D17B-1D182 1D185-1D18B "
        "1D1AA-1D1AD 1D242-1D244 1D2E0-1D2F3 1D360-1D378 1D400-1D6C0 1D6C2-1D6DA 1D6DC-1D6FA "
        "1D6FC-1D714 1D716-1D734 1D736-1D74E 1D750-1D76E 1D770-1D788 1D78A-1D7A8 1D7AA-1D7C2 "
        "1D7C4-1D7FF 1DA00-1DA36 1DA3B-1DA6C 1DA75 1DA84 1DA9B-1DAAF 1DF00-1DF1E 1E000-1E02A "
        "1E100-1E14E 1E290-1E2F9 1E7E0-1E959 1EC71-1ECAB 1ECAD-1ECAF 1ECB1-1ED2D 1ED2F-1ED3D "
        "1EE00-1EEBB 1F100-1F10C 1FBF0-1FBF9 20000-2EBE0 2F800-2FA1D 30000-3134A"
    ),
}
"""Each set as ranges in hexadecimal with spaces between.

`letters` are the general categories L*, Mn, Mc and N* of `UNICODE_VERSION` but for the variation
selectors, and what was not assigned in between, up to 127 code points in a row."""


@cache
def ranges_of(name: str) -> Ranges:
    """Return the ranges of a set of `SETS`."""
    found = []
    for part in SETS[name].split():
        first, _, last = part.partition("-")
        found.append((int(first, 16), int(last or first, 16)))
    return tuple(found)


def without(ranges: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> Ranges:
    """Return ranges, in order and joined where they touch, without the code points of others."""
    taken = sorted(others)
    left: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        for start, end in taken:
            if start > last:
                break
            if end >= first:
                _add(left, first, start - 1)
                first = max(first, end + 1)
        _add(left, first, last)
    return tuple(left)


def as_class(ranges: Iterable[tuple[int, int]]) -> str:
    """Return ranges as they stand between the brackets of a regular expression."""
    return "".join(
        re.escape(chr(first)) + (f"-{re.escape(chr(last))}" if last > first else "")
        for first, last in ranges
    )


def _add(ranges: list[tuple[int, int]], first: int, last: int) -> None:
    if first > last:
        return
    if ranges and first <= ranges[-1][1] + 1:
        ranges[-1] = (ranges[-1][0], max(last, ranges[-1][1]))
    else:
        ranges.append((first, last))
