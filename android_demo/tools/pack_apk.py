#!/usr/bin/env python3
"""Put an APK together: resources, dex, models, native libraries at offsets that Android maps.

Debian's zipalign knows pages of 4 KB alone; there are phones with 16 KB. Each entry that is stored
gets the extra field by which apksigner keeps its alignment. Small entries lie in the gaps before
libraries, where there would be zeros.
"""

from __future__ import annotations

import argparse
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ALIGNMENT_FIELD = 0xD935
"""Extra field of Android: the alignment (2 bytes), then padding."""
PAGE = 16384
WORD = 4
TIME, DATE = 0x0821, 0x0221
"""Of each entry, 1981-01-01 01:01:02, as Gradle's plugin has it: the same input, the same APK."""
MANIFEST = "AndroidManifest.xml"


class PackError(Exception):
    """Something that does not fit into an APK; one line for people."""


@dataclass(frozen=True)
class Entry:
    """A file of the APK, with the bytes that are to stand there: compressed ones are so already."""

    name: str
    data: bytes
    method: int
    size: int
    crc: int
    alignment: int
    """Of the first byte of a stored entry; nobody maps a compressed one."""

    @property
    def stored(self) -> bool:
        """Whether its bytes are those of the file."""
        return self.method == zipfile.ZIP_STORED

    def extra(self, offset: int) -> bytes:
        """Return the extra field of an entry whose header stands at an offset."""
        if not self.stored:
            return b""
        padding = -(offset + 30 + len(self.name) + 6) % self.alignment
        return struct.pack("<HHH", ALIGNMENT_FIELD, 2 + padding, self.alignment) + bytes(padding)

    def bytes_at(self, offset: int) -> int:
        """Return how many bytes it takes there, its header and padding included."""
        return 30 + len(self.name) + len(self.extra(offset)) + len(self.data)


class ApkWriter:
    """Writes a ZIP archive of entries that are compressed already, which zipfile does not."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.offset = 0
        self.directory: list[bytes] = []

    def add(self, entry: Entry) -> None:
        """Write an entry."""
        name = entry.name.encode("ascii")
        extra = entry.extra(self.offset)
        fields = struct.pack(
            "<HHHHHLLLH",
            *(20, 0, entry.method, TIME, DATE, entry.crc, len(entry.data), entry.size, len(name)),
        )
        header = b"PK\3\4" + fields + struct.pack("<H", len(extra)) + name + extra
        self.file.write(header + entry.data)
        # The directory needs no copy of the extra field.
        attributes = struct.pack("<HHHHLL", 0, 0, 0, 0, 0o100644 << 16, self.offset)
        made_by = struct.pack("<H", 3 << 8 | 20)
        self.directory.append(b"PK\1\2" + made_by + fields + attributes + name)
        self.offset += len(header) + len(entry.data)

    def close(self) -> None:
        """Write the directory."""
        count, directory = len(self.directory), b"".join(self.directory)
        end = struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), self.offset, 0)
        self.file.write(directory + b"PK\5\6" + end)


def model_name(data: bytes, path: Path) -> str:
    """Return the name that the app looks for: by content, a TFLite file says what it is."""
    if data[4:8] == b"TFL3":
        return "model.tflite"
    if path.suffix == ".onnx":
        return "model.onnx"
    raise PackError(f"{path}: neither a TFLite file nor named .onnx")


def native_libraries(archive: Path, abis: list[str]) -> dict[str, bytes]:
    """Return an AAR's native libraries by their name in an APK.

    Raises:
        PackError: it has some, and none for one of the ABIs.
    """
    found = {}
    with zipfile.ZipFile(archive) as aar:
        names = [n for n in aar.namelist() if n.startswith("jni/") and n.endswith(".so")]
        for abi in abis:
            own = [n for n in names if n.startswith(f"jni/{abi}/")]
            if names and not own:
                there = ", ".join(sorted({n.split("/")[1] for n in names}))
                raise PackError(f"{archive}: no native library for {abi}; it has {there}")
            found.update({f"lib/{abi}/{Path(n).name}": aar.read(n) for n in own})
    return found


def own_libraries(folder: Path, abis: list[str]) -> dict[str, bytes]:
    """Return the native libraries of a folder with one for each ABI, by their name in an APK.

    Raises:
        PackError: it has none for one of the ABIs.
    """
    found = {}
    for abi in abis:
        paths = sorted((folder / abi).glob("*.so"))
        if not paths:
            raise PackError(f"{folder}: no native library for {abi}")
        found.update({f"lib/{abi}/{path.name}": path.read_bytes() for path in paths})
    return found


def contents(resources: Path, dex: Path, models: list[Path]) -> dict[str, tuple[bytes, bool]]:
    """Return what is no native library by its name, and whether it is stored."""
    with zipfile.ZipFile(resources) as compiled:
        # Android 11 and later ask for a stored, aligned resources.arsc.
        found = {
            item.filename: (
                compiled.read(item),
                item.compress_type == zipfile.ZIP_STORED or item.filename == "resources.arsc",
            )
            for item in compiled.infolist()
        }
    found["classes.dex"] = (dex.read_bytes(), False)
    for path in models:
        data = path.read_bytes()
        name = f"assets/{model_name(data, path)}"
        if name in found:
            raise PackError(f"{path}: there is another {name} already")
        found[name] = (data, False)
    return found


def compressed(files: dict[str, tuple[bytes, bool]], zipalign: str | None) -> list[Entry]:
    """Return the files as entries; zipalign, where it is given, compresses them with Zopfli."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "deflated.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for name, (data, stored) in files.items():
                method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                archive.writestr(name, data, method, compresslevel=9)
        if zipalign is not None:
            smaller = path.with_name("zopfli.zip")
            command = [zipalign, "-z", str(WORD), str(path), str(smaller)]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
            if done.returncode:
                raise PackError(f"{zipalign} -z: {(done.stderr or done.stdout).strip()}")
            path = smaller
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            if archive.testzip() is not None:
                raise PackError(f"{zipalign} -z has damaged {archive.testzip()}")
            return [as_it_lies(item, raw) for item in archive.infolist()]


def as_it_lies(item: zipfile.ZipInfo, raw: BinaryIO) -> Entry:
    """Return an entry of an archive without unpacking it."""
    raw.seek(item.header_offset)
    name_length, extra_length = struct.unpack("<HH", raw.read(30)[26:])
    raw.seek(name_length + extra_length, 1)
    data = raw.read(item.compress_size)
    return Entry(item.filename, data, item.compress_type, item.file_size, item.CRC, WORD)


def write(entries: list[Entry], libraries: dict[str, bytes], out: Path) -> None:
    """Write the APK: the manifest and what is large, then libraries with the rest in their gaps."""
    small = [e for e in entries if len(e.data) < PAGE and e.name != MANIFEST]
    small.sort(key=lambda entry: len(entry.data), reverse=True)
    with out.open("wb") as file:
        apk = ApkWriter(file)
        for entry in entries:
            if entry not in small:
                apk.add(entry)
        for name, data in sorted(libraries.items()):
            library = Entry(name, data, zipfile.ZIP_STORED, len(data), zlib.crc32(data), PAGE)
            for entry in list(small):
                # The extra field's own six bytes stay; what lies behind them is the gap.
                if entry.bytes_at(apk.offset) <= len(library.extra(apk.offset)) - 6:
                    apk.add(entry)
                    small.remove(entry)
            apk.add(library)
        for entry in small:
            apk.add(entry)
        apk.close()


def main() -> None:
    """Read the options and pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resources", type=Path, required=True, help="what aapt packaged")
    parser.add_argument("--dex", type=Path, required=True)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--aar", type=Path, action="append", default=[])
    parser.add_argument("--libraries", type=Path, help="folder with native libraries by ABI")
    parser.add_argument("--abi", required=True, help="such as arm64-v8a,x86_64")
    parser.add_argument("--zipalign", help="program that compresses with Zopfli; else zlib does")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    try:
        libraries: dict[str, bytes] = {}
        for archive in given.aar:
            libraries.update(native_libraries(archive, given.abi.split(",")))
        if given.libraries is not None:
            libraries.update(own_libraries(given.libraries, given.abi.split(",")))
        files = contents(given.resources, given.dex, given.model)
        write(compressed(files, given.zipalign), libraries, given.output)
    except (PackError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"pack_apk.py: {error}")


if __name__ == "__main__":
    main()
