#!/usr/bin/env bash
# The package zstandard reads a .zst file that is cut short as if it ended there: no exception, and
# nothing that tells. gzip, bz2, lzma and Python's own zstd (backports.zstd) raise EOFError.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q zstandard==0.25.0 backports.zstd==1.8.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys

import zstandard
from backports import zstd

rows = b"".join(b'{"text": "review %d"}\n' % i for i in range(100_000))
whole = zstd.compress(rows)
cut = whole[: len(whole) // 2]
print("zstandard", zstandard.__version__, "on half of a file of", len(rows), "bytes")

with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(cut)) as reader:
    read = reader.read()
print(f"stream_reader: {len(read)} bytes, {read.count(10)} of 100000 lines, no exception")

with zstandard.open(io.BytesIO(cut), "rb") as reader:
    lines = sum(1 for _ in io.TextIOWrapper(reader))
print(f"open: {lines} lines, no exception")

try:
    zstd.ZstdFile(io.BytesIO(cut)).read()
except EOFError as error:
    print("backports.zstd: EOFError:", error)
else:
    sys.exit("backports.zstd raises nothing any more")
if not 0 < len(read) < len(rows):
    sys.exit("zstandard behaves in another way now")
PYTHON
