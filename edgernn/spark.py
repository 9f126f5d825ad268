"""Scoring inside Apache Spark; needs the extra `spark`. See `docs/pipelines.md`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edgernn.errors import MissingPackageError
from edgernn.runtime import Classifier, load
from edgernn.runtime.columns import arrow_scores, score_columns

__all__ = ["score_udf"]


def score_udf(model: Classifier | str | Path | None = None, threads: int = 1) -> Any:
    """Return a function of a column, as in `frame.withColumn("score", score("review"))`.

    Its value is a struct of what `edgernn score` writes; of a model of two labels `label`,
    `confidence` and `probability`. It is null for a text that is null, empty, or of which no token
    is left. For SQL: `spark.udf.register("score", score_udf())`.

    The model is read and checked here, on the driver, and its bytes are shipped: executors need
    edgernn, and no file. Batches come and go as Arrow arrays.

    Args:
        model: a classifier, or the path of a model file on the driver; None is the shipped model.
        threads: of each task that scores; Spark runs as many tasks as there are slots.

    Raises:
        MissingPackageError: pyspark 4.1 or later, or pyarrow, is not installed.
        EdgernnError: as `edgernn.load`.
    """
    try:
        import pyarrow as pa
        from pyspark.sql import types
        from pyspark.sql.functions import arrow_udf
    except ImportError as error:
        package = "pyarrow" if error.name == "pyarrow" else "pyspark"
        raise MissingPackageError(package, "scoring in Spark", "spark") from error

    # Executors have other devices than the driver.
    classifier = model if isinstance(model, Classifier) else load(model, "cpu", threads=threads)
    text = types.StringType()
    kinds = {"string": text, "strings": types.ArrayType(text), "number": types.DoubleType()}
    # Not in words: those are read by a session, which there may be none of yet.
    struct = types.StructType()
    for column in score_columns(classifier.contract):
        struct = struct.add(column.name, kinds[column.kind])

    def score(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for texts in batches:
            yield arrow_scores(classifier.contract, classifier.score(texts))

    # Spark reads from the annotations that batches come one after the other.
    score.__annotations__ = {"batches": Iterator[pa.Array], "return": Iterator[pa.Array]}
    return arrow_udf(score, struct)
