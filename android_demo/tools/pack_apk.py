#!/usr/bin/env python3
"""Put an APK together: resources, dex, models, native libraries at offsets that Android maps.

Debian's zipalign knows pages of 4 KB alone; there are phones with 16 KB. Each entry that is stored
gets the extra field by which apksigner keeps its alignment.
"""

from __future__ import annotations

import argparse
import struct
import sys
import zipfile
from pathlib import Path

ALIGNMENT_FIELD = 0xD935
"""Extra field of Android: the alignment (2 bytes), then padding."""
PAGE = 16384
WORD = 4
TIME = (1981, 1, 1, 1, 1, 2)
"""Of each entry, as Gradle's plugin has it: the same input gives the same APK."""


class PackError(Exception):
    """Something that does not fit into an APK; one line for people."""


def add(
    apk: zipfile.ZipFile, name: str, data: bytes, *, stored: bool, alignment: int = WORD
) -> None:
    """Write an entry; a stored one begins at a multiple of `alignment`."""
    info = zipfile.ZipInfo(name, TIME)
    info.external_attr = 0o644 << 16
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    if stored:
        assert apk.fp is not None
        fixed = apk.fp.tell() + 30 + len(name.encode()) + 6
        padding = -fixed % alignment
        info.extra = struct.pack("<HHH", ALIGNMENT_FIELD, 2 + padding, alignment) + bytes(padding)
    apk.writestr(info, data, compresslevel=9)
    # The central directory needs no copy of it.
    info.extra = b""


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


def pack(
    resources: Path, dex: Path, models: list[Path], archives: list[Path], abis: list[str], out: Path
) -> None:
    """Write the APK that is to be signed."""
    libraries: dict[str, bytes] = {}
    for archive in archives:
        libraries.update(native_libraries(archive, abis))
    contents = [(path, path.read_bytes()) for path in models]
    with zipfile.ZipFile(resources) as compiled, zipfile.ZipFile(out, "w") as apk:
        for item in compiled.infolist():
            # Android 11 and later ask for a stored, aligned resources.arsc.
            stored = item.compress_type == zipfile.ZIP_STORED or item.filename == "resources.arsc"
            add(apk, item.filename, compiled.read(item), stored=stored)
        add(apk, "classes.dex", dex.read_bytes(), stored=False)
        for path, data in contents:
            name = f"assets/{model_name(data, path)}"
            if name in apk.namelist():
                raise PackError(f"{path}: there is another {name} already")
            add(apk, name, data, stored=False)
        for name, data in sorted(libraries.items()):
            add(apk, name, data, stored=True, alignment=PAGE)


def main() -> None:
    """Read the options and pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resources", type=Path, required=True, help="what aapt packaged")
    parser.add_argument("--dex", type=Path, required=True)
    parser.add_argument("--model", type=Path, action="append", default=[])
    parser.add_argument("--aar", type=Path, action="append", default=[])
    parser.add_argument("--abi", required=True, help="such as arm64-v8a,x86_64")
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    try:
        abis = given.abi.split(",")
        pack(given.resources, given.dex, given.model, given.aar, abis, given.output)
    except (PackError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"pack_apk.py: {error}")


if __name__ == "__main__":
    main()
