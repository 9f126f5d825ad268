"""Apache Spark gives what `Classifier.score` gives."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgernn import ModelFileError, load

pytest.importorskip("pyspark", reason="needs pyspark: pip install 'edgernn[spark]'")
pytestmark = [pytest.mark.slow, pytest.mark.jvm, pytest.mark.spawns]

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ["Great movie!", "Boring.", None, "", "An unforgettable film, funny and sad."] * 200


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session with two slots."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    # It takes Ctrl-C for itself.
    handler = signal.getsignal(signal.SIGINT)
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    signal.signal(signal.SIGINT, handler)
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def test_equal_to_plain_scoring(spark: Any) -> None:
    """A struct a text, null where there is no score; the same from SQL."""
    from edgernn.spark import score_udf

    classifier = load(device="cpu", threads=1)
    expected = {
        number: None
        if score.reason is not None
        else (score.label, round(score.probability or 0, 5))
        for number, score in enumerate(classifier.score(TEXTS))
    }
    frame = spark.createDataFrame(list(enumerate(TEXTS)), "number int, review string")
    score = score_udf()
    rows = frame.repartition(4).withColumn("score", score("review")).collect()
    found = {
        row.number: row.score and (row.score.label, round(row.score.probability, 5)) for row in rows
    }
    assert found == expected
    assert {row.score for row in rows if row.score}.pop().__fields__ == [
        "label",
        "confidence",
        "probability",
    ]
    spark.udf.register("score", score)
    frame.createOrReplaceTempView("reviews")
    query = "SELECT score(review).label AS label, count(*) AS texts FROM reviews GROUP BY ALL"
    assert {row.label: row.texts for row in spark.sql(query).collect()} == {
        "positive": 400,
        "negative": 200,
        None: 400,
    }


def test_a_refused_model(tmp_path: Path) -> None:
    """It is told where the function is made, in our one line."""
    from edgernn.spark import score_udf

    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(ModelFileError, match=r"broken\.onnx: "):
        score_udf(tmp_path / "broken.onnx")


def test_the_page_and_the_example(spark: Any, tmp_path: Path) -> None:
    """The Python of docs/pipelines.md and examples/spark_score.py run as they are."""
    text = (ROOT / "docs" / "pipelines.md").read_text("utf-8")
    (code,) = re.findall(r"^```python spark\n(.*?)^```$", text, re.M | re.S)
    exec(code, {})
    source, target = tmp_path / "reviews.parquet", tmp_path / "scored.parquet"
    frame = spark.createDataFrame([(text,) for text in TEXTS], "review string")
    frame.write.parquet(str(source))
    options = ["--input", source, "--output", target, "--text-column", "review"]
    command = [sys.executable, ROOT / "examples" / "spark_score.py", *map(str, options)]
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    subprocess.run(command, check=True, cwd=tmp_path, env=environment, capture_output=True)
    assert spark.read.parquet(str(target)).where("score.label = 'positive'").count() == 400
