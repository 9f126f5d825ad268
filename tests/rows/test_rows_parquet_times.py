"""Times of Parquet files that Python has no type for."""

import subprocess
import sys

import pyarrow
from pyarrow import parquet


def test_parquet_values_that_python_lacks(tmp_path):
    """Nanoseconds and far years are text, also without pandas, which would have a type for some."""

    def of(kind, value):
        return pyarrow.array([value], kind)

    nano = 1_700_000_000_123_456_789
    nanoseconds = pyarrow.timestamp("ns")
    table = pyarrow.table(
        {
            "text": ["good"],
            "when": of(nanoseconds, nano),
            "zone": of(pyarrow.timestamp("ns", "UTC"), nano),
            "even": of(nanoseconds, 10**18),
            "took": of(pyarrow.duration("ns"), 1_234_567_891),
            "time": of(pyarrow.time64("ns"), 1_234_567_891),
            "far": of(pyarrow.timestamp("us"), 2**61),
            "list": of(
                pyarrow.list_(pyarrow.struct({"at": pyarrow.timestamp("ns")})), [{"at": nano}]
            ),
        }
    )
    parquet.write_table(table, tmp_path / "times.parquet")
    code = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'pandas':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
        "from edgernn.rows import open_rows\n"
        "(row,) = open_rows(sys.argv[1])\n"
        "print({name: str(value) for name, value in row.fields.items()}, row.error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "times.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {
        "text": "good",
        "when": "2023-11-14T22:13:20.123456789",
        "zone": "2023-11-14T22:13:20.123456789Z",
        "even": "2001-09-09 01:46:40",
        "took": "1234567891 ns",
        "time": "00:00:01.234567891",
        "far": f"{2**61} us",
        "list": "[{'at': '2023-11-14T22:13:20.123456789'}]",
    }
    assert done.stdout == f"{expected} None\n"
