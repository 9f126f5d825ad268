"""A .tflite file, parsed once, as `edgernn.bundle.container` describes it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Final

from edgernn.bundle.tflite.attachments import (
    TfliteAttachments,
    find_attachments,
    not_behind_the_model,
)
from edgernn.bundle.tflite.flatwire import MAX_WORK, FlatError
from edgernn.bundle.tflite.model import Model, broken, parse_model
from edgernn.bundle.tflite.structure import check_structure
from edgernn.errors import ModelFileError

__all__ = ["TfliteContent"]

MAX_WORK_UNROLLED: Final = 16 << 20
"""Bytes of structure read from a file that may be a network unrolled step by step."""


class TfliteContent:
    """What `Content` asks for, and the parsed model."""

    def __init__(self, data: bytes, name: str, unrolled: bool = False) -> None:
        """Parse a file, see `Container.parse`."""
        self._name = name
        self._work = MAX_WORK_UNROLLED if unrolled else MAX_WORK
        self._attachments: TfliteAttachments | ModelFileError
        try:
            self._attachments = find_attachments(data, name)
        except ModelFileError as error:
            # A graph that can be read may still be audited.
            self._attachments = error
        self.model = self._parse(data)
        self._spent = self._work - self.model.table.buffer.work

    @cached_property
    def operators(self) -> Mapping[str, int]:
        """How often each operator occurs in all graphs."""
        return self.model.operators

    @property
    def inputs(self) -> dict[str, tuple[str, int]]:
        """What the main graph takes."""
        return self._signature("ids", self.model.subgraphs[0].inputs)

    @property
    def outputs(self) -> dict[str, tuple[str, int]]:
        """What the main graph gives."""
        main = self.model.subgraphs[0]
        is_one = not main.outputs or len(main.tensors[main.outputs[0]].shape) == 1
        return self._signature("probability" if is_one else "probabilities", main.outputs)

    @property
    def attachments(self) -> TfliteAttachments:
        """What is stored beside the graph."""
        if isinstance(self._attachments, ModelFileError):
            raise self._attachments
        return self._attachments

    def learnt_sha256(self) -> None:
        """Return nothing: no tool is known that rewrites such a graph and keeps the archive."""

    def check_one_file(self) -> None:
        """Make sure that loading the file reads no other one."""
        if self.model.external:
            raise ModelFileError(
                f"{self._name}: the model keeps weights in other files, which are not read; "
                "export it as one file"
            )

    def check_structure(self, vocabulary_size: int, outputs: int = 1) -> None:
        """Check the graph before an engine runs it, see `Content.check_structure`."""
        with self.broken():
            if self._spent > MAX_WORK:
                raise FlatError("more structure than any model of this kind needs")
            check_structure(self.model, vocabulary_size)
            main = self.model.subgraphs[0]
            for number in main.outputs:
                # One probability alone has no dimension of its own.
                found = main.tensors[number].shape[1:] or (1,)
                if found != (outputs,):
                    given = " x ".join(map(str, found))
                    raise FlatError(f"{given} probabilities for a text, the contract has {outputs}")

    def broken(self) -> AbstractContextManager[None]:
        """Turn what is raised while a table of the model is read into the line for a person."""
        return broken(self._name)

    def _parse(self, data: bytes) -> Model:
        """Parse what stands before the archive; all that the model refers to lies within."""
        found = self._attachments
        if isinstance(found, TfliteAttachments) and found.archive is not None:
            try:
                return parse_model(found.view[: found.end], self._work)
            except FlatError:
                with self.broken():
                    model = parse_model(data, self._work)
                self._attachments = not_behind_the_model(self._name)
                return model
        with self.broken():
            return parse_model(data, self._work)

    def _signature(self, name: str, numbers: tuple[int, ...]) -> dict[str, tuple[str, int]]:
        """Describe the only tensor under the contract's name; more are numbered, and refused."""
        names = [name, *map(str, range(2, len(numbers) + 1))]
        tensors = [self.model.subgraphs[0].tensors[number] for number in numbers]
        return {n: (t.type, len(t.shape)) for n, t in zip(names, tensors, strict=False)}
