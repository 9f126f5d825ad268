"""DuckDB, Polars and pandas give what `Classifier.score` gives, and null where there is nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from many_labels import contract_of, write_file

from edgernn import Classifier, MissingPackageError, ModelFileError, UsageError, load
from edgernn.duckdb import register
from edgernn.polars import score as score_column

duckdb = pytest.importorskip("duckdb", reason="needs DuckDB: pip install 'edgernn[duckdb]'")
pl = pytest.importorskip("polars", reason="needs Polars: pip install 'edgernn[polars]'")

Files = dict[tuple[str, str], Path]
TEXTS = ["the film was good", None, "boring, bad", "", "  ", "never funny"] * 500
SCORABLE = [0, 2, 5]


@pytest.fixture(scope="module")
def two(tiny_files: Files) -> Classifier:
    return load(tiny_files["onnx", "int8"], "cpu", threads=1)


@pytest.fixture(scope="module", params=["largest", "each"])
def more(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    fields = {"decision": "each", "thresholds": (0.5, 0.2, 0.9, 0.5)}
    contract = contract_of(4, **(fields if request.param == "each" else {}))
    path = tmp_path_factory.mktemp("many") / "many.onnx"
    return load(write_file(path, contract), "cpu", threads=1)


def rounded(values: list[dict[str, Any] | None]) -> list[dict[str, Any] | None]:
    """An engine's batches are others, which may change a last digit."""

    def each(value: Any) -> Any:
        return round(value, 5) if isinstance(value, float) else value

    return [value and {name: each(part) for name, part in value.items()} for value in values]


def expected(classifier: Classifier) -> list[dict[str, Any] | None]:
    """What `Classifier.score` says of `TEXTS`."""
    decision = classifier.contract.decision
    found: list[dict[str, Any] | None] = []
    for score in classifier.score(TEXTS):
        if score.reason is not None:
            found.append(None)
            continue
        values: dict[str, Any] = {"label": score.label, "confidence": score.confidence}
        if decision == "threshold":
            values["probability"] = score.probability
        if decision == "each":
            del values["label"]
            values = {"labels": list(score.given), **values}
        found.append(values)
    return found


def by_duckdb(classifier: Classifier) -> list[dict[str, Any] | None]:
    with duckdb.connect() as connection:
        register(connection, classifier)
        frame = pl.DataFrame({"text": TEXTS})
        rows = connection.execute("SELECT score(text) FROM frame").fetchall()
        assert len(frame) == len(rows)
        return [row[0] for row in rows]


def by_polars(classifier: Classifier) -> list[dict[str, Any] | None]:
    frame = pl.DataFrame({"text": TEXTS}).select(score_column("text", classifier))
    found: list[dict[str, Any] | None] = frame["text"].to_list()
    return found


@pytest.mark.parametrize("engine", [by_duckdb, by_polars])
def test_two_labels(two: Classifier, engine: Any) -> None:
    """A struct a text, and null itself where there is no score."""
    found = engine(two)
    assert rounded(found) == rounded(expected(two))
    assert [place for place, value in enumerate(found[:6]) if value is not None] == SCORABLE


@pytest.mark.parametrize("engine", [by_duckdb, by_polars])
def test_more_labels(more: Classifier, engine: Any) -> None:
    """No probability of a second label; a list where a text may have several."""
    assert rounded(engine(more)) == rounded(expected(more))


def test_duckdb_names(two: Classifier, tiny_files: Files) -> None:
    """Several models stand side by side; one of a name replaces the one before."""
    with duckdb.connect() as connection:
        register(connection, two, name="mine")
        other = register(connection, tiny_files["tflite", "int8"], name="mine")
        assert other.path == tiny_files["tflite", "int8"]
        register(connection, two)
        query = "SELECT mine('good').confidence, score('good').confidence"
        (row,) = connection.execute(query).fetchall()
        assert row == tuple(one.score(["good"])[0].confidence for one in (other, two))


def test_duckdb_tells_what_went_wrong(tiny_files: Files) -> None:
    """Our line is in the error of the query."""
    with duckdb.connect() as connection:
        with pytest.raises(ModelFileError, match="no-such"):
            register(connection, "no-such.onnx")
        classifier = register(connection, tiny_files["onnx", "int8"])
        classifier.close()
        with pytest.raises(duckdb.Error, match="this classifier is closed"):
            connection.execute("SELECT score('good')").fetchall()


def test_polars_streams(two: Classifier) -> None:
    """A lazy frame in pieces gives the same."""
    frame = pl.LazyFrame({"text": TEXTS}).with_columns(
        score_column(pl.col("text"), two).alias("score")
    )
    found = frame.collect(engine="streaming")
    assert rounded(found["score"].to_list()) == rounded(expected(two))
    assert found.columns == ["text", "score"]


def test_frame(two: Classifier) -> None:
    """Columns beside those of the frame, under names that are free, on the frame's own index."""
    frame = pd.DataFrame({"text": TEXTS[:6], "label": 1}, index=[9, 3, 5, 7, 1, 0])
    found = two.score_frame(frame, "text")
    assert list(found.columns) == ["text", "label", "label_edgernn", "confidence", "probability"]
    assert list(found.index) == list(frame.index)
    assert list(frame.columns) == ["text", "label"]
    for row, value in zip(found.itertuples(), expected(two)[:6], strict=True):
        if value is None:
            assert pd.isna([row.label_edgernn, row.confidence, row.probability]).all()
        else:
            assert (row.label_edgernn, row.confidence) == (value["label"], value["confidence"])


def test_frame_of_nothing_to_score(two: Classifier) -> None:
    """The columns have the types that they have with scores, so that parts can be joined."""
    scored = two.score_frame(pd.DataFrame({"text": ["good", None]}), "text")
    for rows in (scored.iloc[:0], scored.iloc[1:]):
        assert two.score_frame(rows[["text"]], "text").dtypes.equals(scored.dtypes)


def test_frame_without_the_column(two: Classifier) -> None:
    """The columns that there are stand in the error; a name twice is no name."""
    frame = pd.DataFrame([["a", "b"]], columns=["text", "text"])
    with pytest.raises(UsageError, match="the frame has no column 'review'; it has text, text"):
        two.score_frame(frame, "review")
    with pytest.raises(UsageError, match="the frame has more than one column 'text'"):
        two.score_frame(frame, "text")


@pytest.mark.parametrize(
    ("module", "call", "package"),
    [
        ("duckdb", "register(None)", "duckdb"),
        ("polars", "score('text')", "polars"),
        ("spark", "score_udf()", "pyspark"),
    ],
)
def test_without_the_package(module: str, call: str, package: str) -> None:
    """Importing ours loads nothing; using it names the extra."""
    code = (
        f"import sys\nsys.modules[{package!r}] = None\nimport edgernn.{module} as ours\n"
        "assert not {'pyarrow', 'onnxruntime', 'pandas'} & sys.modules.keys()\n"
        f"try:\n    ours.{call}\nexcept Exception as error:\n    print(type(error).__name__, error)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.startswith(MissingPackageError.__name__), found.stderr
    assert found.stdout.endswith(f"pip install 'edgernn[{module}]'\n")
