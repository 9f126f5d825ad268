"""What scoring inside DuckDB, Polars and Spark costs beside plain scoring. Linux only.

    python -m benchmarks.pipelines engines
    python -m benchmarks.pipelines table --rows 10000000

`engines` counts the processor time of all processes that take part, in rounds that take turns, each
engine on one thread. What an engine takes itself is that of a function that gives its texts back.
`table` writes Parquet files of short texts, scores them with Spark and with `edgernn score`, and
looks at the memory of their processes every second.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.command import EDGERNN
from benchmarks.environment import describe_machine, write_result

__all__ = ["main", "pipelines_table"]

RESULT = Path("benchmarks/results/pipelines.json")
_PACKAGES = ("edgernn", "numpy", "onnxruntime", "pyarrow", "duckdb", "polars", "pyspark")
_ENGINES = {"duckdb": "DuckDB", "polars": "Polars", "spark": "Spark"}
_TICKS = os.sysconf("SC_CLK_TCK")
_WORDS = (
    "a the this that was is not never one film movie plot actors scene good bad great boring "
    "funny dull moving long short I loved hated it and but with of to in for very really best"
)

Way = Callable[[], object]


def main() -> None:
    """Measure and write the result beside what the file has of the other part."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["engines", "table"])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--files", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beside", default="", help="what else ran on the machine")
    parser.add_argument("--engine", default="auto", help="as edgernn.load has it; of `engines`")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    # Spark's own processes are told apart by being this one's children.
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    if arguments.what == "engines":
        part = _engines(arguments.rows, arguments.rounds, arguments.engine)
    else:
        part = _table(arguments.rows, arguments.files)
    part = {"machine": describe_machine(_PACKAGES), "beside": arguments.beside, **part}
    held = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
    write_result(arguments.output, {**held, arguments.what: part})


def _texts(rows: int, seed: int) -> list[str]:
    """Return texts of 3 to 12 words, the same at every call."""
    rng, words = random.Random(seed), _WORDS.split()
    return [" ".join(rng.choices(words, k=rng.randint(3, 12))) for _ in range(rows)]


def _engines(rows: int, rounds: int, engine: str) -> dict[str, Any]:
    """Measure microseconds of processor time a row."""
    import pyarrow as pa
    import pyarrow.parquet

    from edgernn import load

    texts = _texts(rows, 25)
    table = pa.table({"text": texts})
    classifier = load(device="cpu", threads=1, engine=engine)
    ways: dict[str, Way] = {"plain": lambda: classifier.score(texts)}
    with tempfile.TemporaryDirectory() as folder:
        pyarrow.parquet.write_table(table, f"{folder}/texts.parquet")
        spark = _session("local[1]", folder)
        for made in (
            _duckdb(classifier, table),
            _polars(classifier, table),
            _spark(spark, classifier, f"{folder}/texts.parquet"),
        ):
            ways |= made
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(-2, rounds):
            for name, way in ways.items():
                before = _processor_seconds()
                way()
                # The first rounds start processes and compile.
                if number >= 0:
                    taken[name].append((_processor_seconds() - before) / rows * 1e6)
        spark.stop()
    more = {
        engine: [
            scored - nothing - plain
            for scored, nothing, plain in zip(
                taken[engine], taken[f"{engine}_nothing"], taken["plain"], strict=True
            )
        ]
        for engine in _ENGINES
    }
    return {
        "engine": classifier.engine,
        "rows": rows,
        "rounds": rounds,
        "microseconds": {name: _spread(found) for name, found in taken.items()},
        "more_than_plain": {name: _spread(found) for name, found in more.items()},
    }


def _spread(found: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(found), 2),
        "min": round(min(found), 2),
        "max": round(max(found), 2),
    }


def _duckdb(classifier: Any, table: Any) -> dict[str, Way]:
    import duckdb

    from edgernn.duckdb import register

    connection: Any = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.register("texts", table)
    connection.create_function("nothing", lambda t: t, ["VARCHAR"], "VARCHAR", type="arrow")
    register(connection, classifier)

    def run(function: str) -> object:
        return connection.sql(f"SELECT {function}(text) FROM texts").to_arrow_table()

    return {"duckdb_nothing": lambda: run("nothing"), "duckdb": lambda: run("score")}


def _polars(classifier: Any, table: Any) -> dict[str, Way]:
    import polars as pl

    from edgernn.polars import score

    frame: Any = pl.from_arrow(table)
    nothing = pl.col("text").map_batches(lambda t: t, return_dtype=pl.String())
    return {
        "polars_nothing": lambda: frame.select(nothing),
        "polars": lambda: frame.select(score("text", classifier)),
    }


def _spark(spark: Any, classifier: Any, path: str) -> dict[str, Way]:
    import pyarrow as pa
    from pyspark.sql.functions import arrow_udf

    from edgernn.spark import score_udf

    def nothing(texts: pa.Array) -> pa.Array:
        return texts

    nothing.__annotations__ = {"texts": pa.Array, "return": pa.Array}
    frame = spark.read.parquet(path)

    def run(function: Any) -> Way:
        scored = frame.select(function("text").alias("found"))
        # Reads every row, and writes none.
        return lambda: scored.write.format("noop").mode("overwrite").save()

    return {"spark_nothing": run(arrow_udf(nothing, "string")), "spark": run(score_udf(classifier))}


def _session(master: str, folder: str) -> Any:
    """Return a Spark session whose processes are this one's."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.local.dir": folder,
        "spark.log.level": "ERROR",
    }
    return SparkSession.builder.master(master).config(map=settings).getOrCreate()


def _table(rows: int, files: int) -> dict[str, Any]:
    """Score a table with Spark and with the command, on as many cores."""
    import pyarrow as pa
    import pyarrow.parquet

    from edgernn import load
    from edgernn.runtime.cores import cores

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "texts")
        source.mkdir()
        # Drawn from fewer, which takes less time than as many of their own.
        pool, rng = pa.array(_texts(min(rows, 500_000), 25)), np.random.default_rng(25)
        for number in range(files):
            some = rows // files + (number < rows % files)
            table = pa.table({"text": pool.take(pa.array(rng.integers(len(pool), size=some)))})
            pyarrow.parquet.write_table(table, source / f"{number:03}.parquet")
        options = ["--input", str(source), "--text-column", "text", "--output"]
        job = [sys.executable, "examples/spark_score.py", *options, f"{folder}/by-spark"]
        command = [EDGERNN, "score", *options, f"{folder}/by-command.parquet"]
        with_spark = os.environ | {"PYSPARK_SUBMIT_ARGS": _submit_options(cores(), folder)}
        found = {
            "spark": _watched(job, with_spark),
            "edgernn_score": _watched(command, dict(os.environ)),
        }
        counts = {
            pyarrow.parquet.ParquetDataset(Path(folder, name)).read(["text"]).num_rows
            for name in ("by-spark", "by-command.parquet")
        }
    if counts != {rows}:
        raise RuntimeError(f"{counts} of {rows} rows were written")
    for part in found.values():
        part["rows_per_second"] = round(rows / part["seconds"])
    engine = load(device="cpu").engine
    return {"engine": engine, "rows": rows, "files": files, "cores": cores(), **found}


def _submit_options(slots: int, folder: str) -> str:
    settings = f"--conf spark.ui.enabled=false --conf spark.local.dir={folder}"
    return f"--master local[{slots}] {settings} pyspark-shell"


def _watched(command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Run a command; return its seconds, and the megabytes of its processes over time."""
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    samples = []
    while process.poll() is None:
        samples.append(sum(map(_resident, _descendants(process.pid))) / 1e6)
        time.sleep(1)
    seconds = time.monotonic() - started
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    quarter = len(samples) // 4
    return {
        "seconds": round(seconds, 1),
        "mb_in_the_second_quarter": round(statistics.mean(samples[quarter : 2 * quarter])),
        "mb_in_the_last_quarter": round(statistics.mean(samples[-quarter:])),
        "peak_mb": round(max(samples)),
    }


def _processor_seconds() -> float:
    """Return what this process and all that it started have taken, those that ended included."""
    return sum(map(_ticks, _descendants(os.getpid()))) / _TICKS


def _descendants(root: int) -> list[int]:
    """Return a process and those that it started, and so on."""
    found = [root]
    for process in found:
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
        except OSError:  # it has ended
            continue
    return found


def _ticks(process: int) -> int:
    """Return the time of a process and of its children that ended. Source: proc(5)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))


def _resident(process: int) -> int:
    """Return a process's own share of memory in bytes: what it shares counts once among all."""
    try:
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def pipelines_table(result: dict[str, Any]) -> str:
    """Return the tables of `docs/pipelines.md`."""
    parts = []
    if "engines" in result:
        parts += _engines_table(result["engines"])
    if "table" in result:
        parts += _rows_table(result["table"])
    return "\n".join(parts)


def _engines_table(part: dict[str, Any]) -> list[str]:
    plain = part["microseconds"]["plain"]["median"]
    lines = [
        "| engine | its own function that does nothing | with our function | more than plain "
        "scoring, beyond its own |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, title in _ENGINES.items():
        more = part["more_than_plain"][name]
        nothing, scored = (part["microseconds"][key]["median"] for key in (f"{name}_nothing", name))
        lines.append(
            f"| {title} | {nothing:.1f} | {scored:.1f} | {more['median']:.1f} "
            f"({more['min']:.1f} to {more['max']:.1f}) |"
        )
    return [
        *lines,
        "",
        f"Microseconds of processor time a row, of all processes, median of {part['rounds']} "
        f"rounds of {part['rows']:,} texts of 3 to 12 words; `Classifier.score` alone takes "
        f"{plain:.1f}. {_where(part)} Engine: {part['engine']}, one thread.",
        "",
    ]


def _rows_table(part: dict[str, Any]) -> list[str]:
    lines = [
        "| | rows a second | seconds | MB, second quarter | MB, last quarter | MB, most |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, title in (
        ("spark", "`examples/spark_score.py`"),
        ("edgernn_score", "`edgernn score`"),
    ):
        found = part[name]
        lines.append(
            f"| {title} | {found['rows_per_second']:,} | {found['seconds']:,} "
            f"| {found['mb_in_the_second_quarter']:,} | {found['mb_in_the_last_quarter']:,} "
            f"| {found['peak_mb']:,} |"
        )
    return [
        *lines,
        "",
        f"{part['rows']:,} such texts in {part['files']} Parquet files, on {part['cores']} cores, "
        f"start included; the memory is that of all processes, the mean over a quarter of the "
        f"time. {_where(part)} Engine: {part['engine']}.",
        "",
    ]


def _where(part: dict[str, Any]) -> str:
    machine = part["machine"]
    versions = ", ".join(
        f"{name} {machine['versions'][name]}"
        for name in ("duckdb", "polars", "pyspark", "pyarrow", "numpy")
    )
    beside = f", beside {part['beside']}" if part["beside"] else ""
    return f"{machine['processor']}{beside}; Python {machine['python']}, {versions}."


if __name__ == "__main__":
    main()
