"""Scoring inside DuckDB; needs the extra `duckdb`. See `docs/pipelines.md`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from edgernn.errors import MissingPackageError
from edgernn.runtime import Classifier, load
from edgernn.runtime.columns import arrow_scores, score_columns

__all__ = ["register"]

_TYPES = {"string": "VARCHAR", "strings": "VARCHAR[]", "number": "DOUBLE"}


def register(
    connection: Any,
    model: Classifier | str | Path | None = None,
    *,
    name: str = "score",
    threads: int | None = None,
) -> Classifier:
    """Make a model a function of SQL: `score(text)`, a struct of what `edgernn score` writes.

    Of a model of two labels it has `label`, `confidence` and `probability`. It is null for a text
    that is null, empty, or of which no token is left. DuckDB hands over some two thousand rows at
    a time.

    Args:
        connection: a `duckdb.DuckDBPyConnection`, which the function lasts as long as. One of that
            name, such as from an earlier call, is replaced.
        model: a classifier, or what `edgernn.load` takes.
        name: of the function.
        threads: as `edgernn.load`, where the model is not loaded yet.

    Returns:
        The classifier that scores.

    Raises:
        MissingPackageError: DuckDB or pyarrow is not installed.
        EdgernnError: as `edgernn.load`.
    """
    try:
        import duckdb
        import pyarrow  # noqa: F401 - DuckDB hands texts over as its arrays
    except ImportError as error:
        raise MissingPackageError(str(error.name), "scoring in DuckDB", "duckdb") from error

    classifier = model if isinstance(model, Classifier) else load(model, threads=threads)
    fields = (f'"{c.name}" {_TYPES[c.kind]}' for c in score_columns(classifier.contract))
    with contextlib.suppress(duckdb.InvalidInputException):  # there is none of that name
        connection.remove_function(name)
    connection.create_function(
        name,
        lambda texts: arrow_scores(classifier.contract, classifier.score(texts)),
        ["VARCHAR"],
        duckdb.sqltype(f"STRUCT({', '.join(fields)})"),
        type="arrow",
        null_handling="special",
    )
    return classifier
