#!/usr/bin/env python3
"""Check an APK's native libraries and size, and print both.

Exit code 1: a library that Android cannot map, or more bytes than --limit beside libraries and
models. A library that was linked for pages of 4 KB is named and let pass unless --page-size asks
for more: it runs on every phone but those with pages of 16 KB; only its maker can link it again.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = 16384
PT_LOAD = 1
LOCAL_HEADER = 30


@dataclass(frozen=True)
class Library:
    """One native library in an APK."""

    name: str
    bytes: int
    stored: bool
    offset: int
    """Of its first byte in the APK."""
    page_size: int
    """Largest page size that its LOAD segments are linked for."""


@dataclass(frozen=True)
class Report:
    """What is in an APK, in bytes as they lie in the file."""

    total: int
    native: int
    models: dict[str, int]
    libraries: list[Library]

    @property
    def rest(self) -> int:
        """Everything but the native libraries; what separates them is counted here."""
        return self.total - self.native

    @property
    def own(self) -> int:
        """Everything but native libraries and models: code, resources, signature, alignment."""
        return self.rest - sum(self.models.values())


def read_apk(path: Path) -> Report:
    """Read an APK's directory and its libraries' program headers."""
    libraries, models = [], {}
    with zipfile.ZipFile(path) as apk, path.open("rb") as raw:
        for item in apk.infolist():
            if item.filename.startswith("lib/"):
                raw.seek(item.header_offset)
                header = raw.read(LOCAL_HEADER)
                name_length, extra_length = struct.unpack("<HH", header[26:30])
                libraries.append(
                    Library(
                        item.filename,
                        item.compress_size,
                        item.compress_type == zipfile.ZIP_STORED,
                        item.header_offset + LOCAL_HEADER + name_length + extra_length,
                        page_size(apk.read(item)),
                    )
                )
            elif item.filename.startswith("assets/model."):
                models[item.filename] = item.compress_size
    native = sum(library.bytes for library in libraries)
    return Report(path.stat().st_size, native, models, libraries)


def page_size(elf: bytes) -> int:
    """Return the smallest p_align of a 64- or 32-bit little-endian ELF file's LOAD segments."""
    if elf[:4] != b"\x7fELF" or elf[5] != 1:
        raise ValueError("not a little-endian ELF file")
    if elf[4] == 2:
        (start,) = struct.unpack_from("<Q", elf, 32)
        size, count = struct.unpack_from("<HH", elf, 54)
        form, where = "<Q", 48
    else:
        (start,) = struct.unpack_from("<I", elf, 28)
        size, count = struct.unpack_from("<HH", elf, 42)
        form, where = "<I", 28
    found = []
    for index in range(count):
        at = start + index * size
        if struct.unpack_from("<I", elf, at)[0] == PT_LOAD:
            found.append(struct.unpack_from(form, elf, at + where)[0])
    if not found:
        raise ValueError("an ELF file without LOAD segments")
    return int(min(found))


def problems(report: Report, limit: int | None, least_page: int) -> list[str]:
    """Return what is wrong, a line each."""
    found = []
    for library in report.libraries:
        if not library.stored:
            found.append(f"{library.name} is compressed: Android cannot map it")
        elif library.offset % PAGE:
            found.append(f"{library.name} begins at {library.offset}, no multiple of {PAGE}")
        if library.page_size < least_page:
            found.append(
                f"{library.name} is linked for pages of {library.page_size} bytes, asked for "
                f"{least_page}"
            )
    if limit is not None and report.own > limit:
        found.append(f"{report.own:,} bytes beside native libraries and models, allowed {limit:,}")
    return found


def shown(report: Report) -> list[str]:
    """Return the report for people."""
    models = ", ".join(f"{name} {size:,}" for name, size in report.models.items())
    lines = [
        f"{report.total:,} bytes in all",
        f"{report.native:,} bytes of native libraries",
        f"{report.rest:,} bytes of the rest: {models or 'no model'}, else {report.own:,}",
    ]
    lines += [
        f"  {library.name}: {library.bytes:,} bytes, for pages of {library.page_size:,}"
        for library in report.libraries
    ]
    old = sorted({Path(x.name).name for x in report.libraries if x.page_size < PAGE})
    if old:
        lines.append(
            f"warning: linked for pages of 4 KB, so not for phones with pages of 16 KB: "
            f"{', '.join(old)}"
        )
    return lines


def main() -> None:
    """Read the options, print, end with what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("apk", type=Path)
    parser.add_argument("--limit", type=int, help="bytes beside libraries and models")
    parser.add_argument("--page-size", type=int, default=0, help="that each library must allow")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    try:
        report = read_apk(given.apk)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.exit(f"check_apk.py: {given.apk}: {error}")
    if given.json:
        print(json.dumps({**asdict(report), "rest": report.rest, "own": report.own}))
    else:
        print("\n".join(shown(report)))
    wrong = problems(report, given.limit, given.page_size)
    if wrong:
        sys.exit("\n".join(f"{given.apk}: {line}" for line in wrong))


if __name__ == "__main__":
    main()
