"""On a real cluster of two executors, each a process of its own: equal, and robust."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgernn import load

pytest.importorskip("pyspark", reason="needs pyspark: pip install 'edgernn[spark]'")
pytestmark = [pytest.mark.slow, pytest.mark.jvm, pytest.mark.spawns]

ROWS = 4000
TEXTS = [
    (None, "", "Great movie!", f"Dull, and part {number} of the series was better.")[number % 4]
    for number in range(ROWS)
]
PATIENCE = 120
"""Seconds that a loaded machine may take to write a tenth of a table."""


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a cluster that its driver starts: two executors of one slot each."""
    from pyspark.sql import SparkSession

    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    handler = signal.getsignal(signal.SIGINT)
    builder = SparkSession.builder.master("local-cluster[2,1,768]").config(
        map={
            "spark.ui.enabled": "false",
            "spark.executor.memory": "512m",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "50",
            "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        }
    )
    session = builder.getOrCreate()
    signal.signal(signal.SIGINT, handler)
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def executors(spark: Any) -> list[int]:
    """The processes of this session's executors."""
    wanted = [b"CoarseGrainedExecutorBackend", spark.sparkContext.applicationId.encode()]
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:  # it has ended
                continue
            if all(word in command for word in wanted):
                found.append(int(folder.name))
    return found


def plain() -> dict[int, Any]:
    """What one process says of each row."""
    scores = load(device="cpu", threads=1).score(TEXTS)
    return {
        number: None if score.reason else (score.label, round(score.probability or 0, 5))
        for number, score in enumerate(scores)
    }


def written(spark: Any, folder: Path) -> list[tuple[int, Any]]:
    """What stands in a table of scores."""
    rows = spark.read.parquet(str(folder)).collect()
    return [
        (row.number, row.score and (row.score.label, round(row.score.probability, 5)))
        for row in rows
    ]


def scored(spark: Any, seconds: float) -> Any:
    """A frame of 16 parts with scores; each batch of fifty takes so many seconds more."""
    from pyspark.sql.functions import arrow_udf

    from edgernn.spark import score_udf

    def late(batches: Iterator[Any]) -> Iterator[Any]:
        for texts in batches:
            time.sleep(seconds)
            yield texts

    import pyarrow as pa

    late.__annotations__ = {"batches": Iterator[pa.Array], "return": Iterator[pa.Array]}
    frame = spark.createDataFrame(list(enumerate(TEXTS)), "number int, review string")
    slow = frame.repartition(16, "number").withColumn("review", arrow_udf(late, "string")("review"))
    return slow.withColumn("score", score_udf()("review"))


def test_equal_to_plain_scoring(spark: Any, tmp_path: Path) -> None:
    """Two executors write what one process says, each row once."""
    scored(spark, 0).write.parquet(str(tmp_path / "scored"))
    rows = written(spark, tmp_path / "scored")
    assert len(rows) == ROWS
    assert dict(rows) == plain()
    assert len(executors(spark)) == 2


def test_an_executor_killed_in_mid_write(spark: Any, tmp_path: Path) -> None:
    """Spark does its tasks again elsewhere; no row is lost, none is there twice."""
    target = tmp_path / "scored"
    failed: list[BaseException] = []

    def write() -> None:
        try:
            scored(spark, 0.3).write.parquet(str(target))
        except Exception as error:  # noqa: BLE001 - the main thread tells it
            failed.append(error)

    writer = threading.Thread(target=write)
    before = set(executors(spark))
    writer.start()
    until = time.monotonic() + PATIENCE
    while not list(target.glob("_temporary/0/task_*")):
        assert writer.is_alive(), failed
        assert time.monotonic() < until, "no task was done"
        time.sleep(0.1)
    os.kill(max(before), signal.SIGKILL)
    assert writer.is_alive()
    writer.join()
    assert not failed
    after = set(executors(spark))
    assert max(before) not in after
    rows = written(spark, target)
    assert len(rows) == ROWS
    assert dict(rows) == plain()


def test_a_model_that_executors_refuse(spark: Any) -> None:
    """The job fails, and our one line says why."""
    from edgernn.spark import score_udf

    classifier = load(device="cpu", threads=1)
    model = classifier._open_model()
    model._file = dataclasses.replace(model._file, data=model.data[:-1000])
    frame = spark.createDataFrame([("Great movie!",)], "review string")
    with pytest.raises(Exception, match=r"ModelFileError: \S*model\.onnx: not a usable") as caught:
        frame.select(score_udf(classifier)("review")).collect()
    said = set(re.findall(r"edgernn\.errors\.ModelFileError: .*", str(caught.value)))
    assert len(said) == 1, said
