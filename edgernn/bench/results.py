"""What a benchmark says: machine, settings, and a row for each model file on each runtime.

`Report.to_json` gives the file's object; docs/bench.md describes it field by field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from edgernn.bundle import CONTAINERS

__all__ = [
    "DEVICES",
    "FORMAT",
    "FORMATS",
    "MAX_BYTES",
    "MAX_ROWS",
    "RUNTIMES",
    "VERSION",
    "Accuracy",
    "BenchRow",
    "Latency",
    "Machine",
    "Model",
    "Report",
    "Settings",
    "Source",
    "Throughput",
]

FORMAT = "edgernn-bench"
VERSION = 1
MAX_ROWS = 1000
MAX_BYTES = 4 << 20

Runtime = Literal["onnxruntime", "litert", "native", "keras", "tflite"]
Device = Literal["cpu", "cuda", "auto"]

RUNTIMES: tuple[str, ...] = get_args(Runtime)
DEVICES: tuple[str, ...] = get_args(Device)
FORMATS: tuple[str, ...] = (*CONTAINERS, "keras")


@dataclass(frozen=True)
class Machine:
    """Where it was measured."""

    name: str
    """The processor's, or the phone's."""
    system: str
    cores: int
    """That the process may use."""
    memory_bytes: int | None
    flags: tuple[str, ...]
    """Instruction sets that matrix products use."""
    governor: str | None
    """How the processor's clock is set, such as `performance`; None where that cannot be read."""
    versions: Mapping[str, str]
    """By package; of a graphics card and its driver, too."""


@dataclass(frozen=True)
class Settings:
    """What was asked for."""

    tokens: tuple[int, ...]
    precision_percent: float
    """What `Latency.interval_percent` should come down to."""
    seconds_per_row: float
    reviews: int | None
    """Texts that reviews/s were measured on; None where they were not."""
    data: str | None
    """Name of the file that they came from; None for generated ones."""


@dataclass(frozen=True)
class Model:
    """A model file."""

    name: str
    sha256: str
    bytes: int
    recipe: str | None
    format: str
    precision: str


@dataclass(frozen=True)
class Latency:
    """The time of one review of one length, text in, probability out."""

    tokens: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    calls: int
    """That were timed."""
    interval_percent: float
    """Half the width of the median's 95 % confidence interval, in percent of the median."""


@dataclass(frozen=True)
class Throughput:
    """Many reviews at once; the parts are timed apart, in a pass of their own."""

    reviews: int
    reviews_per_second: float
    encode_seconds: float
    """From texts to ids."""
    batch_seconds: float
    """Forming batches, and putting results back in order."""
    infer_seconds: float
    """Inside the engine, a batch's padding included."""


@dataclass(frozen=True)
class Accuracy:
    """Labels that are right."""

    reviews: int
    accuracy: float
    """In [0, 1]."""


@dataclass(frozen=True)
class BenchRow:
    """One model file on one runtime with one device, options and number of threads."""

    runtime: str
    runtime_version: str | None
    options: str
    requested_device: str
    device: str | None
    """The one that really ran; None where nothing did."""
    threads: int
    model: Model
    problem: str | None = None
    """Why it cannot run here, in one line; all that follows is then None or empty."""
    latency: tuple[Latency, ...] = ()
    throughput: Throughput | None = None
    cold_start_ms: float | None = None
    peak_memory_bytes: int | None = None
    accuracy: Accuracy | None = None
    machine: str | None = None
    """Of a row that another machine's file brought: that machine's name."""

    @property
    def runtime_title(self) -> str:
        """The runtime and its options, for people."""
        return f"{self.runtime}, {self.options}" if self.options else self.runtime

    @property
    def device_title(self) -> str:
        """What ran, and on request of what, for people."""
        if self.device is None or self.device == self.requested_device:
            return self.requested_device
        return f"{self.device} ({self.requested_device})"

    @property
    def title(self) -> str:
        """What tells the row from others, for people."""
        threads = f"{self.threads} thread{'s' * (self.threads != 1)}"
        where = () if self.machine is None else (self.machine,)
        return ", ".join(
            (self.model.name, self.runtime_title, self.requested_device, threads, *where)
        )


@dataclass(frozen=True)
class Source:
    """Another machine whose rows are here, too."""

    machine: Machine
    created: str
    settings: Settings


@dataclass(frozen=True)
class Report:
    """A benchmark."""

    created: str
    """UTC, as ISO 8601 has it."""
    machine: Machine
    settings: Settings
    rows: tuple[BenchRow, ...]
    merged: tuple[Source, ...] = ()
    """Machines of rows whose `machine` is not None."""

    def to_json(self) -> dict[str, Any]:
        """Return the file's object."""
        rows = [asdict(row) for row in self.rows]
        for row in rows:
            if row["machine"] is None:
                del row["machine"]
        found: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "created": self.created,
            "machine": asdict(self.machine),
            "settings": asdict(self.settings),
            "rows": rows,
        }
        if self.merged:
            found["merged"] = [asdict(source) for source in self.merged]
        return found
