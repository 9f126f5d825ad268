"""The file formats that carry a model, as one table; what differs between them is data.

A format that is added here is read, checked, scored, audited, measured and exported as far as the
tables of these modules have a row for it; without one they say in one line what is missing:

- `CONTAINERS` below: how a file is recognized, parsed and written, by `Container`
- `edgernn/runtime/backends.py`, `BACKENDS`: the engine that scores it
- `edgernn/runtime/engines.py`, `ENGINES`: all runtimes that `edgernn verify` compares
- `edgernn/bench/subjects.py`, `SUBJECTS`: the rows of `edgernn bench`
- `edgernn/audit/rules.py`, `RULES`: its graph, findings and oldest runtime; with `LOOPS` in
  `recurrent.py` and `INPUTS` in `weights.py` beside it: what its operators are
- `edgernn/cells.py`, `Cell`: what its operators of recurrent cells are
- `edgernn/cli/android.py`, `ASSETS`: what the Android app knows of it
- `exporters/rules.py`, `FORMATS`: what is exported to it, in which precisions
- `exporters/export.py`, `CONVERTERS`: how
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from edgernn.bundle.attachments import StoredSizes
from edgernn.bundle.onnx.container import OnnxContainer
from edgernn.bundle.tflite.container import TfliteContainer
from edgernn.text.decision import DecisionRule

__all__ = [
    "CONTAINERS",
    "Attachments",
    "Container",
    "Content",
    "Signature",
    "container_of",
    "missing",
]

Signature = Mapping[str, tuple[str, int]]
"""Inputs or outputs of a graph: element type and number of axes by name."""


class Attachments(Protocol):
    """The attachments of a file, where they are stored in it."""

    def read(self) -> dict[str, bytes]:
        """Return content by attachment name.

        Raises:
            ModelFileError: they are broken or too large.
        """

    def graph_sha256(self) -> str:
        """Return the SHA-256 of all bytes that are no attachments, in lower-case hexadecimal."""

    def sizes(self) -> StoredSizes:
        """Return how the file's bytes divide.

        Raises:
            ModelFileError: the attachments are broken.
        """


class Content(Protocol):
    """A file, parsed once; nothing of it has run."""

    @property
    def operators(self) -> Mapping[str, int]:
        """How often each operator occurs in all graphs."""

    @property
    def inputs(self) -> Signature:
        """What the main graph takes."""

    @property
    def outputs(self) -> Signature:
        """What the main graph gives."""

    @property
    def attachments(self) -> Attachments:
        """What is stored beside the graph.

        Raises:
            ModelFileError: it is broken.
        """

    def learnt_sha256(self) -> str | None:
        """Return a digest of the weights that tools do not change, None where there is none."""

    def check_one_file(self) -> None:
        """Make sure that loading the file reads no other one.

        Raises:
            ModelFileError: weights are kept in another file.
        """

    def check_structure(self, vocabulary_size: int, outputs: int = 1) -> None:
        """Check the graph before an engine runs it.

        Args:
            vocabulary_size: number of ids that the graph will be given; every id is below it.
            outputs: how many probabilities it has to give for a text, `TextContract.outputs`.

        Raises:
            ModelFileError: the graph holds operators or data that no export has, looks ids up in
                a table with fewer rows, or gives another number of probabilities.
        """


class Container(Protocol):
    """A file format."""

    @property
    def name(self) -> str:
        """As `--format` and a card have it: `onnx`."""

    @property
    def suffix(self) -> str:
        """Of a file's name: `.onnx`."""

    @property
    def inputs(self) -> Signature:
        """What the main graph of an export takes."""

    @property
    def for_several(self) -> frozenset[str]:
        """Inputs that a graph for one text a call does not have."""

    def outputs(self, decision: DecisionRule) -> Signature:
        """Return what the main graph of an export gives by its contract's decision."""

    @property
    def runtimes(self) -> tuple[str, ...]:
        """Packages that run it, by age: a later one took over from the one before."""

    @property
    def oldest_runtime(self) -> str:
        """The oldest version of the first of `runtimes` that exports are made for."""

    @property
    def extra(self) -> str | None:
        """The extra that brings a runtime of others for it; None where all installations do."""

    @property
    def operator_per_direction(self) -> bool:
        """Whether a bidirectional layer takes one recurrent operator a direction, or one in all."""

    @property
    def quiet(self) -> bool:
        """Whether what its runtimes log by themselves is held back, as nothing a person needs."""

    def recognizes(self, data: bytes) -> bool:
        """Tell whether a file has the mark of this format in its first bytes."""

    def parse(self, data: bytes, name: str, *, unrolled: bool = False) -> Content:
        """Parse a file.

        Args:
            data: the whole file.
            name: what to call the file in an error.
            unrolled: read graphs too that are as large as a network unrolled step by step;
                `Content.check_structure` refuses them.

        Raises:
            ModelFileError: the file is broken, or of no use in this format.
        """

    def with_attachments(self, model: bytes, attachments: Mapping[str, bytes]) -> bytes:
        """Return a file with attachments in place of those that it has.

        Raises:
            ValueError: a name or content is not allowed, or they are too many or too large.
            ModelFileError: `model` is no file of this format.
        """


CONTAINERS: Final[dict[str, Container]] = {
    container.name: container for container in (OnnxContainer(), TfliteContainer())
}
"""By name."""


def container_of(data: bytes) -> Container:
    """Return the format that a file's first bytes speak of; ONNX has no mark of its own."""
    marked = (container for container in CONTAINERS.values() if container.recognizes(data))
    return next(marked, CONTAINERS[OnnxContainer.name])


def missing(format: str, what: str, where: str) -> str:
    """Say in one line what a part of the package lacks for a format."""
    return f"{format} files: there is no {what}; add it to {where}"
