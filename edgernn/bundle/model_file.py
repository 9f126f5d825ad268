"""A model file as scoring sees it: format, graph and bundle, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgernn.bundle.bundle import Bundle
from edgernn.bundle.checksums import check_sums, is_rewritten, with_sums
from edgernn.bundle.container import CONTAINERS, Container, Content, Signature, container_of
from edgernn.bundle.messages import one_line
from edgernn.errors import ModelFileError
from edgernn.files import read_bounded

__all__ = [
    "ModelFile",
    "check_model",
    "count_operators",
    "graph_sha256",
    "learnt_sha256",
    "named",
    "parse_model_file",
    "read_bytes",
    "read_model_file",
    "with_bundle",
]

MAX_MODEL_BYTES = 128 << 20
"""A recurrent text classifier for a phone is a few MB; more is refused before it is read."""


@dataclass(frozen=True)
class ModelFile:
    """A model file, read whole and checked; nothing of it has run."""

    path: Path
    container: Container
    data: bytes
    content: Content
    bundle: Bundle
    rewritten: bool = False
    """Whether a tool has written the graph anew; only golden vectors can tell that it computes the
    same."""

    @property
    def format(self) -> str:
        """The name of its container: `onnx` or `tflite`."""
        return self.container.name

    @property
    def operators(self) -> Mapping[str, int]:
        """How often each operator occurs in the graph."""
        return self.content.operators


def read_model_file(path: str | Path, *, rewritten: bool = False) -> ModelFile:
    """Read a model file and check its container, its graph's signature and its bundle.

    Args:
        path: the file.
        rewritten: take a graph that a tool has written anew, too: the caller compares its scores
            with the golden vectors.

    Raises:
        ModelFileError: missing, too large, damaged, not written by `edgernn export`, or with
            rules that are not known here; the message names the file.
    """
    path = Path(path)
    return parse_model_file(read_bytes(path), path, rewritten=rewritten)


def parse_model_file(data: bytes, path: Path, *, rewritten: bool = False) -> ModelFile:
    """Check a model file that is read already; `path` is what errors call it.

    Others are as in `read_model_file`.

    Raises:
        ModelFileError: as `read_model_file`.
    """
    container = container_of(data)
    with named(path):
        content = container.parse(data, str(path))
    return check_model(path, data, container, content, rewritten=rewritten)


def check_model(
    path: Path, data: bytes, container: Container, content: Content, *, rewritten: bool = False
) -> ModelFile:
    """Check a file that is read and parsed: its checksums, its bundle and its graph, in this order.

    Raises:
        ModelFileError: as `read_model_file`.
    """
    with named(path):
        content.check_one_file()
        attachments = content.attachments
        attached = attachments.read()
        Bundle.check_names(attached)
        graph = attachments.graph_sha256()
        rewritten = rewritten and is_rewritten(attached, graph, content.learnt_sha256)
        if not rewritten:
            check_sums(attached, graph)
        bundle = Bundle.from_attachments(attached)
        contract = bundle.contract
        outputs = container.outputs(contract.decision)
        takes = [container.inputs]
        if container.for_several:
            alone = container.inputs.keys() - container.for_several
            takes.append({n: kind for n, kind in container.inputs.items() if n in alone})
        if content.inputs not in takes or content.outputs != outputs:
            raise ModelFileError(
                f"the graph takes {_listed(content.inputs)} and gives {_listed(content.outputs)}; "
                f"expected {' or '.join(map(_listed, takes))} and {_listed(outputs)}"
            )
        content.check_structure(contract.vocabulary_size, contract.outputs)
    return ModelFile(path, container, data, content, bundle, rewritten)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Name the file in an error, and make its message one line.

    What a hostile file has for a name may be a megabyte, or several lines.
    """
    try:
        yield
    except ModelFileError as error:
        reason = str(error).removeprefix(f"{path}: ")
        raise ModelFileError(f"{path}: {one_line(reason)}") from error


def with_bundle(model: bytes, format: str, bundle: Bundle) -> bytes:
    """Return a model's bytes with the bundle and its checksums, in place of those it has."""
    attachments = with_sums(bundle.to_attachments(), graph_sha256(model, format))
    return CONTAINERS[format].with_attachments(model, attachments)


def graph_sha256(model: bytes, format: str) -> str:
    """Return the SHA-256 of a model without its attachments, in hexadecimal."""
    return CONTAINERS[format].parse(model, "the model").attachments.graph_sha256()


def learnt_sha256(model: bytes, format: str) -> str:
    """Return a digest of a model's weights that tools do not change; empty where there is none."""
    return CONTAINERS[format].parse(model, "the model").learnt_sha256() or ""


def count_operators(model: bytes, format: str) -> Mapping[str, int]:
    """Return how often each operator occurs in a graph, whichever they are."""
    return CONTAINERS[format].parse(model, "the model").operators


def read_bytes(path: Path) -> bytes:
    """Read a file, or a pipe, of at most `MAX_MODEL_BYTES`.

    Raises:
        ModelFileError: it cannot be read, or is larger.
    """
    if path.is_dir():
        raise ModelFileError(
            f"{path}: is a folder; name a model file, which edgernn export makes of a run folder"
        )
    return read_bounded(path, MAX_MODEL_BYTES, ModelFileError)


def _listed(signature: Signature) -> str:
    listed = ", ".join(f"{name} {kind}[{axes}]" for name, (kind, axes) in signature.items())
    return one_line(listed) or "nothing"
