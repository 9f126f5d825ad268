"""Reading a benchmark's file: strict about what it knows, blind to what it does not.

Such a file comes from another machine, so nothing in it is taken for granted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from edgernn.bench.fields import Fields
from edgernn.bench.results import (
    DEVICES,
    FORMAT,
    FORMATS,
    MAX_BYTES,
    MAX_ROWS,
    RUNTIMES,
    VERSION,
    Accuracy,
    BenchRow,
    Latency,
    Machine,
    Model,
    Report,
    Settings,
    Source,
    Throughput,
)
from edgernn.errors import DataError
from edgernn.files import read_bounded

__all__ = ["parse_report", "read_report"]

_MOST_LENGTHS = 64
_MOST_NAMES = 256
_MOST_MERGED = 64


def read_report(path: Path) -> Report:
    """Read a benchmark's file.

    Raises:
        DataError: it cannot be read, or a field is missing or wrong; the message names file, row
            and field.
    """
    return parse_report(read_bounded(path, MAX_BYTES, DataError), str(path))


def parse_report(data: bytes, name: str) -> Report:
    """Read the bytes of a benchmark's file that is called `name`.

    Raises:
        DataError: see `read_report`.
    """
    if len(data) > MAX_BYTES:
        raise DataError(f"{name}: larger than {MAX_BYTES >> 20} MiB")

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not a JSON number")

    try:
        value = json.loads(data.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name}: not JSON: {error}") from error
    return _report(value, name)


def _report(value: Any, name: str) -> Report:
    fields = Fields(value, name)
    if not fields.has("format") or value["format"] != FORMAT:
        raise DataError(f"{name}: is not a file of edgernn bench: its format is not {FORMAT!r}")
    if fields.count("version") != VERSION:
        raise fields.error("version", f"{fields.count('version')} is not known, only {VERSION}")
    merged: tuple[Source, ...] = ()
    if fields.has("merged"):
        merged = tuple(_source(one) for one in fields.objects("merged", "merged", _MOST_MERGED))
    rows = tuple(_row(one) for one in fields.objects("rows", "row", MAX_ROWS))
    known = {source.machine.name for source in merged}
    for number, row in enumerate(rows, 1):
        if row.machine is not None and row.machine not in known:
            raise DataError(f"{name}: row {number}: machine: {row.machine!r} is not in merged")
    return Report(
        fields.text("created"),
        _machine(fields.object("machine")),
        _settings(fields.object("settings")),
        rows,
        merged,
    )


def _source(fields: Fields) -> Source:
    return Source(
        _machine(fields.object("machine")),
        fields.text("created"),
        _settings(fields.object("settings")),
    )


def _machine(fields: Fields) -> Machine:
    return Machine(
        name=fields.text("name"),
        system=fields.text("system"),
        cores=fields.count("cores", 1),
        memory_bytes=fields.optional(fields.count, "memory_bytes"),
        flags=fields.texts("flags", _MOST_NAMES),
        governor=fields.optional(fields.text, "governor"),
        versions=fields.named_texts("versions", _MOST_NAMES),
    )


def _settings(fields: Fields) -> Settings:
    return Settings(
        tokens=fields.counts("tokens", 1, _MOST_LENGTHS),
        precision_percent=fields.number("precision_percent"),
        seconds_per_row=fields.number("seconds_per_row"),
        reviews=fields.optional(fields.count, "reviews"),
        data=fields.optional(fields.text, "data"),
    )


def _row(fields: Fields) -> BenchRow:
    row = BenchRow(
        runtime=fields.choice("runtime", RUNTIMES),
        runtime_version=fields.optional(fields.text, "runtime_version"),
        options=fields.text("options"),
        requested_device=fields.choice("requested_device", DEVICES),
        device=fields.optional(fields.text, "device"),
        threads=fields.count("threads", 1),
        model=_model(fields.object("model")),
        problem=fields.optional(fields.text, "problem"),
        latency=tuple(_latency(one) for one in fields.objects("latency", "latency", _MOST_LENGTHS)),
        throughput=fields.optional(lambda name: _throughput(fields.object(name)), "throughput"),
        cold_start_ms=fields.optional(fields.positive, "cold_start_ms"),
        peak_memory_bytes=fields.optional(fields.count, "peak_memory_bytes"),
        accuracy=fields.optional(lambda name: _accuracy(fields.object(name)), "accuracy"),
        machine=fields.optional(fields.text, "machine") if fields.has("machine") else None,
    )
    lengths = [latency.tokens for latency in row.latency]
    if len(set(lengths)) < len(lengths):
        raise fields.error("latency", "a number of tokens appears twice")
    measured = (row.throughput, row.cold_start_ms, row.peak_memory_bytes, row.accuracy)
    if row.problem is not None and (row.latency or measured != (None,) * len(measured)):
        raise fields.error("problem", "the row has a problem, and measurements")
    return row


def _model(fields: Fields) -> Model:
    return Model(
        name=fields.text("name"),
        sha256=fields.digest("sha256"),
        bytes=fields.count("bytes", 1),
        recipe=fields.optional(fields.text, "recipe"),
        format=fields.choice("format", FORMATS),
        precision=fields.text("precision"),
    )


def _latency(fields: Fields) -> Latency:
    return Latency(
        tokens=fields.count("tokens", 1),
        p50_ms=fields.positive("p50_ms"),
        p95_ms=fields.positive("p95_ms"),
        p99_ms=fields.positive("p99_ms"),
        calls=fields.count("calls", 1),
        interval_percent=fields.number("interval_percent"),
    )


def _throughput(fields: Fields) -> Throughput:
    return Throughput(
        reviews=fields.count("reviews", 1),
        reviews_per_second=fields.positive("reviews_per_second"),
        encode_seconds=fields.number("encode_seconds"),
        batch_seconds=fields.number("batch_seconds"),
        infer_seconds=fields.number("infer_seconds"),
    )


def _accuracy(fields: Fields) -> Accuracy:
    return Accuracy(fields.count("reviews", 1), fields.number("accuracy", 1.0))
