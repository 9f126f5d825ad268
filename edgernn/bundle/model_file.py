"""A model file as scoring sees it: format, graph and bundle, checked before anything runs."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edgernn.bundle.bundle import Bundle
from edgernn.bundle.checksums import check_sums, with_sums
from edgernn.bundle.messages import one_line
from edgernn.errors import ModelFileError

if TYPE_CHECKING:
    from edgernn.bundle.tflite.summary import TfliteTensor

__all__ = [
    "Format",
    "ModelFile",
    "count_operators",
    "format_of",
    "graph_sha256",
    "read_bytes",
    "read_model_file",
    "with_bundle",
]

Format = Literal["onnx", "tflite"]

MAX_MODEL_BYTES = 128 << 20
"""A recurrent text classifier for a phone is a few MB; more is refused before it is read."""

_TFLITE_IDENTIFIER = b"TFL3"

# The graph's inputs and outputs are part of the contract: name, element type, number of axes.
_Signature = dict[str, tuple[str, int]]
_INPUTS: dict[Format, _Signature] = {
    "onnx": {"ids": ("INT32", 2), "lengths": ("INT32", 1)},
    "tflite": {"ids": ("INT32", 2)},
}
_OUTPUTS: dict[Format, _Signature] = {
    "onnx": {"probability": ("FLOAT", 1)},
    "tflite": {"probability": ("FLOAT32", 1)},
}


@dataclass(frozen=True)
class ModelFile:
    """A model file, read whole and checked; nothing of it has run."""

    path: Path
    format: Format
    data: bytes
    bundle: Bundle
    operators: Mapping[str, int]
    """How often each operator occurs in the graph."""


def read_model_file(path: str | Path) -> ModelFile:
    """Read a model file and check its container, its graph's signature and its bundle.

    Raises:
        ModelFileError: missing, too large, damaged, not written by `edgernn export`, or with
            rules that are not known here; the message names the file.
    """
    path = Path(path)
    data = read_bytes(path)
    try:
        return _checked(path, data)
    except ModelFileError as error:
        # What a hostile file has for a name may be a megabyte, or several lines.
        reason = str(error).removeprefix(f"{path}: ")
        raise ModelFileError(f"{path}: {one_line(reason)}") from error


def _checked(path: Path, data: bytes) -> ModelFile:
    """Check the container, the checksums, the bundle and the graph, in this order."""
    format = format_of(data)
    name = str(path)
    # Each format's reader is imported when a file needs it: scoring must start fast.
    if format == "tflite":
        from edgernn.bundle.tflite import file as tflite_file
        from edgernn.bundle.tflite import structure as tflite_structure

        tflite_file.check_safe(data, name)
        tflite = tflite_file.summarize(data, name)
        attachments = tflite_file.read_attachments(data, name)
        digest = tflite_file.graph_sha256(data, name)
        check_structure = tflite_structure.check_structure
        operators = tflite.operators
        # The main subgraph's tensors have the converter's names; there is one in, one out.
        found = (
            _tflite_signature("ids", tflite.inputs),
            _tflite_signature("probability", tflite.outputs),
        )
    else:
        from edgernn.bundle.onnx import file as onnx_file
        from edgernn.bundle.onnx import structure as onnx_structure
        from edgernn.bundle.onnx import summary as onnx_summary

        onnx = onnx_summary.summarize(data, name)
        if onnx.external_data:
            onnx_summary.check_safe(data, name)
        attachments = onnx_file.read_attachments(data, name)
        digest = onnx_file.graph_sha256(data, name)
        check_structure = onnx_structure.check_structure
        operators = onnx.operators
        found = (
            {t.name: (t.element_type, len(t.shape or ())) for t in onnx.inputs},
            {t.name: (t.element_type, len(t.shape or ())) for t in onnx.outputs},
        )
    Bundle.check_names(attachments)
    check_sums(attachments, digest)
    bundle = Bundle.from_attachments(attachments)
    if found != (_INPUTS[format], _OUTPUTS[format]):
        raise ModelFileError(
            f"the graph takes {_listed(found[0])} and gives {_listed(found[1])}; expected "
            f"{_listed(_INPUTS[format])} and {_listed(_OUTPUTS[format])}"
        )
    check_structure(data, name, bundle.contract.vocabulary_size)
    return ModelFile(path, format, data, bundle, operators)


def with_bundle(model: bytes, format: Format, bundle: Bundle) -> bytes:
    """Return a model's bytes with the bundle and its checksums, in place of those it has."""
    from edgernn.bundle.onnx import file as onnx_file
    from edgernn.bundle.tflite import file as tflite_file

    attachments = with_sums(bundle.to_attachments(), graph_sha256(model, format))
    if format == "tflite":
        return tflite_file.append_attachments(model, attachments)
    return onnx_file.write_attachments(model, attachments)


def graph_sha256(model: bytes, format: Format) -> str:
    """Return the SHA-256 of a model without its attachments, in hexadecimal."""
    from edgernn.bundle.onnx import file as onnx_file
    from edgernn.bundle.tflite import file as tflite_file

    if format == "tflite":
        return tflite_file.graph_sha256(model, "the model")
    return onnx_file.graph_sha256(model, "the model")


def count_operators(model: bytes, format: Format) -> Mapping[str, int]:
    """Return how often each operator occurs in a graph, whichever they are."""
    from edgernn.bundle.onnx import summary as onnx_summary
    from edgernn.bundle.tflite import file as tflite_file

    if format == "tflite":
        return tflite_file.summarize(model, "the model").operators
    return onnx_summary.summarize(model, "the model").operators


def format_of(data: bytes) -> Format:
    """Return the format that a file's first bytes speak of; ONNX has no mark of its own."""
    return "tflite" if data[4:8] == _TFLITE_IDENTIFIER else "onnx"


def read_bytes(path: Path) -> bytes:
    """Read a file of at most `MAX_MODEL_BYTES`.

    Raises:
        ModelFileError: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            # Reading takes memory for as much as is asked for. A pipe has no size.
            size = about.st_size if stat.S_ISREG(about.st_mode) else MAX_MODEL_BYTES
            data = b"" if size > MAX_MODEL_BYTES else file.read(size + 1)
    except IsADirectoryError as error:
        raise ModelFileError(
            f"{path}: is a folder; name a model file, which edgernn export makes of a run folder"
        ) from error
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}") from error
    if max(size, len(data)) > MAX_MODEL_BYTES:
        raise ModelFileError(f"{path}: larger than {MAX_MODEL_BYTES >> 20} MiB")
    return data


def _tflite_signature(name: str, tensors: Sequence[TfliteTensor]) -> _Signature:
    """Describe the only tensor under the contract's name; more are numbered, and refused later."""
    names = [name, *map(str, range(2, len(tensors) + 1))]
    return {n: (t.type, len(t.shape)) for n, t in zip(names, tensors, strict=False)}


def _listed(signature: _Signature) -> str:
    listed = ", ".join(f"{name} {kind}[{axes}]" for name, (kind, axes) in signature.items())
    return one_line(listed) or "nothing"
