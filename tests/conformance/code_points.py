"""Write the code points of the text contract's rules for other languages, from edgernn's.

python tests/conformance/code_points.py            # writes the three files
python tests/conformance/code_points.py --check    # exit 1 when one is not up to date
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import unicodedata
from pathlib import Path

from edgernn.text.code_points import SETS, UNICODE_VERSION, ranges_of
from edgernn.text.entities import NAMES, WINDOWS_1252

__all__ = ["files", "letters", "main"]

ROOT = Path(__file__).resolve().parents[2]
JSON = ROOT / "runtimes" / "conformance" / "code_points.json"
KOTLIN = ROOT.joinpath(
    *("runtimes", "kotlin", "edgernn-kotlin", "src", "main", "kotlin"),
    *("org", "edgernn", "text", "CodePoints.kt"),
)

JAVASCRIPT = ROOT / "runtimes" / "js" / "src" / "text" / "tables.js"

_LETTERS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Nl", "No"}
_VARIATION_SELECTORS = {*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10)} | {
    *range(0xE0100, 0xE01F0)
}
_LONGEST_GAP = 127

_KOTLIN = """package org.edgernn.text

// Written by tests/conformance/code_points.py from edgernn/text; change it there.

/** The closed sets of code points that the text contract speaks of. */
internal object CodePoints {
@SETS@

    /** Code points by the names of character references; case counts. */
    val NAMES: Map<String, Int> by lazy {
        NAME_LINES.split(" ").associate {
            it.substringBefore("=") to it.substringAfter("=").toInt(16)
        }
    }

    /** What the numbers of control characters stand for in character references. */
    val WINDOWS_1252: Map<Int, Int> by lazy {
        WINDOWS_LINES.split(" ").associate {
            it.substringBefore("=").toInt(16) to it.substringAfter("=").toInt(16)
        }
    }

@STRINGS@
}
"""

_JAVASCRIPT = """// Written by tests/conformance/code_points.py from edgernn/text; change it there.

/** The closed sets of code points that the contract speaks of: first and last of ranges. */
export const RANGES = {
@SETS@
};

/** Code points by the names of character references; case counts. */
export const NAMES =
@NAMES@;

/** What the numbers of control characters stand for in character references. */
export const WINDOWS_1252 =
@WINDOWS@;
"""


def main(arguments: list[str] | None = None) -> int:
    """Write the files, or compare them with what would be written; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    stale = []
    for path, content in files().items():
        if check:
            if not path.is_file() or path.read_text("utf-8") != content:
                stale.append(path.name)
        else:
            path.write_text(content, "utf-8")
    if stale:
        print(f"not up to date: {', '.join(stale)}; run {Path(__file__).name}", file=sys.stderr)
    return int(bool(stale))


def files() -> dict[Path, str]:
    """Return the content of each file."""
    return {JSON: _as_json(), KOTLIN: _as_kotlin(), JAVASCRIPT: _as_javascript()}


def letters() -> str:
    """Return the set `letters` as this Python's Unicode data has it."""
    ranges: list[list[int]] = []
    gap = _LONGEST_GAP + 1
    for code in range(0x110000):
        category = unicodedata.category(chr(code))
        if category == "Cn":
            gap += 1
        elif category in _LETTERS and code not in _VARIATION_SELECTORS:
            if gap <= _LONGEST_GAP:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
            gap = 0
        else:
            gap = _LONGEST_GAP + 1
    return " ".join(
        f"{first:04X}-{last:04X}" if last > first else f"{first:04X}" for first, last in ranges
    )


def _as_json() -> str:
    values = {
        "format": "edgernn code points",
        "version": 1,
        "letters_from_unicode": UNICODE_VERSION,
        "sets": {name: ranges_of(name) for name in SETS},
        "names": dict(sorted(NAMES.items())),
        "windows_1252": {str(code): meant for code, meant in WINDOWS_1252.items()},
    }
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _as_kotlin() -> str:
    sets = [
        f"    val {name.upper()}: CodePointSet by lazy {{ CodePointSet({name.upper()}_RANGES) }}"
        for name in SETS
    ]
    names, windows = _pairs()
    strings = [
        *(_string(f"{name.upper()}_RANGES", ranges) for name, ranges in SETS.items()),
        _string("NAME_LINES", names),
        _string("WINDOWS_LINES", windows),
    ]
    return _KOTLIN.replace("@SETS@", "\n".join(sets)).replace("@STRINGS@", "\n\n".join(strings))


def _string(name: str, value: str) -> str:
    return f"    private const val {name} =\n{_wrapped(value, 12)}"


def _as_javascript() -> str:
    names, windows = _pairs()
    sets = [f"  {name}:\n{_wrapped(ranges, 4)}," for name, ranges in SETS.items()]
    return (
        _JAVASCRIPT.replace("@SETS@", "\n".join(sets))
        .replace("@NAMES@", _wrapped(names, 2))
        .replace("@WINDOWS@", _wrapped(windows, 2))
    )


def _pairs() -> tuple[str, str]:
    names = " ".join(f"{name}={code:X}" for name, code in sorted(NAMES.items()))
    return names, " ".join(f"{code:X}={meant:X}" for code, meant in WINDOWS_1252.items())


def _wrapped(value: str, indent: int) -> str:
    lines = textwrap.wrap(value, 96, break_on_hyphens=False)
    return ' " +\n'.join(f'{" " * indent}"{line}' for line in lines) + '"'


if __name__ == "__main__":
    sys.exit(main())
