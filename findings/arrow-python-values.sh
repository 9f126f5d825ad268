#!/usr/bin/env bash
# pyarrow between Arrow and Python loses parts of values, or not, by the type and by what else is
# installed:
# - to_pylist of a timestamp[ns] or time64[ns] that has nanoseconds raises ValueError, unless pandas
#   is installed, which nothing here imports: then a timestamp is a pandas.Timestamp, and of a time
#   the nanoseconds are cut off without a word.
# - array(values, int64()) cuts the fraction off a float without a word, though it refuses a bool,
#   and array(values, float64()) refuses an int that a double cannot hold. A struct drops the keys
#   that its type lacks.
# A program that takes rows through Python has to compare afterwards, or copy columns as they are.
#
# Needs Python 3.11; downloads 60 MB. Exit code 0: it is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/look.py" <<'END'
import importlib.util

import pyarrow as pa

print("pyarrow", pa.__version__, "pandas:", importlib.util.find_spec("pandas") is not None)
nanoseconds = 1_700_000_000_123_456_789
has_pandas = importlib.util.find_spec("pandas") is not None
expected = {
    "timestamp[ns]": "Timestamp('2023-11-14 22:13:20.123456789')",
    "time64[ns]": "datetime.time(22, 13, 20, 123456)",
}
for kind, value in (
    (pa.timestamp("ns"), nanoseconds),
    (pa.time64("ns"), nanoseconds % 86_400_000_000_000),
):
    array = pa.array([value], kind)
    try:
        found = repr(array.to_pylist()[0])
    except ValueError as error:
        found = f"ValueError: {str(error)[:60]}"
    print(f"{kind} {array.cast(pa.string())[0]} -> {found}")
    right = found == expected[str(kind)] if has_pandas else found.startswith("ValueError")
    assert right, "it has changed"

print("[1, 2.75] as int64  ->", pa.array([1, 2.75], pa.int64()).to_pylist())
assert pa.array([1, 2.75], pa.int64()).to_pylist() == [1, 2], "it has changed"
for values, kind in (([True], pa.int64()), ([2**60 + 1], pa.float64())):
    try:
        pa.array(values, kind)
    except (pa.ArrowException, TypeError) as error:
        print(f"{values} as {kind} -> {type(error).__name__}: {error}")
    else:
        raise SystemExit("it has changed")
struct = pa.struct({"a": pa.int64()})
print("[{'a': 1, 'b': 2}] as struct<a> ->", pa.array([{"a": 1, "b": 2}], struct).to_pylist())
assert pa.array([{"a": 1, "b": 2}], struct).to_pylist() == [{"a": 1}], "it has changed"
END
for packages in "pyarrow==26.0.1" "pyarrow==26.0.1 pandas==3.1.1"; do
  python3.11 -m venv --clear "$folder/venv"
  # shellcheck disable=SC2086 # several packages
  "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-cache-dir $packages
  "$folder/venv/bin/python" "$folder/look.py"
done
