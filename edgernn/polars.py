"""Scoring as an expression of Polars; needs the extra `polars`. See `docs/pipelines.md`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgernn.errors import MissingPackageError
from edgernn.runtime import Classifier, load
from edgernn.runtime.columns import score_columns

if TYPE_CHECKING:
    import polars as pl

__all__ = ["score"]


def score(
    text: str | pl.Expr,
    model: Classifier | str | Path | None = None,
    *,
    threads: int | None = None,
) -> pl.Expr:
    """Return an expression of a text's score: a struct of what `edgernn score` writes.

    Of a model of two labels it has `label`, `confidence` and `probability`. It is null for a text
    that is null, empty, or of which no token is left.

    Args:
        text: the name of a column of strings, or an expression.
        model: a classifier, or what `edgernn.load` takes.
        threads: as `edgernn.load`, where the model is not loaded yet.

    Raises:
        MissingPackageError: Polars is not installed.
        EdgernnError: as `edgernn.load`.
    """
    try:
        import polars as pl
    except ImportError as error:
        raise MissingPackageError("polars", "scoring in Polars", "polars") from error

    classifier = model if isinstance(model, Classifier) else load(model, threads=threads)
    types = {"string": pl.String(), "strings": pl.List(pl.String), "number": pl.Float64()}
    struct = pl.Struct({c.name: types[c.kind] for c in score_columns(classifier.contract)})
    texts = pl.col(text) if isinstance(text, str) else text
    return texts.map_batches(
        partial(_scored, classifier, struct), return_dtype=struct, is_elementwise=True
    )


def _scored(classifier: Classifier, struct: Any, texts: pl.Series) -> pl.Series:
    import polars as pl

    scores = classifier.score(texts.to_list())
    columns = {
        column.name: list(map(column.value, scores))
        for column in score_columns(classifier.contract)
    }
    values = pl.DataFrame(columns, schema=struct).to_struct()
    has_score = pl.Series([score.reason is None for score in scores], dtype=pl.Boolean)
    # Where the condition does not hold the struct itself is null, not its fields.
    return pl.select(pl.when(has_score).then(values)).to_series().rename(texts.name)
