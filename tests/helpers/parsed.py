"""What tests ask of the bytes of a model file; each parses them anew."""

from __future__ import annotations

from collections import Counter

from edgernn.audit.graphs import Graph
from edgernn.audit.onnx_graph import read_onnx
from edgernn.audit.tflite_graph import read_tflite
from edgernn.bundle.onnx.attachments import find_attachments as find_in_onnx
from edgernn.bundle.onnx.content import OnnxContent
from edgernn.bundle.tflite.attachments import find_attachments as find_in_tflite
from edgernn.bundle.tflite.content import TfliteContent


def check_onnx(data: bytes, name: str, vocabulary_size: int, outputs: int = 1) -> None:
    """Check an .onnx file's graph as scoring would."""
    OnnxContent(data, name).check_structure(vocabulary_size, outputs)


def check_tflite(data: bytes, name: str, vocabulary_size: int, outputs: int = 1) -> None:
    """Check a .tflite file's graph as scoring would."""
    TfliteContent(data, name).check_structure(vocabulary_size, outputs)


def onnx_attachments(data: bytes | memoryview, name: str) -> dict[str, bytes]:
    """Attachments of an .onnx file, whatever its graph is."""
    return find_in_onnx(data, name).read()


def tflite_attachments(data: bytes | memoryview, name: str) -> dict[str, bytes]:
    """Attachments of a .tflite file, whatever its graph is."""
    return find_in_tflite(data, name).read()


def onnx_graph(data: bytes) -> Graph:
    """The graph of an .onnx file as an audit has it."""
    return read_onnx(OnnxContent(data, "m"))


def tflite_graph(data: bytes) -> Graph:
    """The graph of a .tflite file as an audit has it."""
    return read_tflite(TfliteContent(data, "m"))


def tensor_types(data: bytes) -> Counter[str]:
    """How many tensors of all subgraphs of a .tflite file have each type."""
    model = TfliteContent(data, "the model").model
    return Counter(tensor.type for graph in model.subgraphs for tensor in graph.tensors)


def operator_versions(data: bytes) -> dict[str, int]:
    """The version of each operator of a .tflite file; it has each in one."""
    model = TfliteContent(data, "the model").model
    pairs = {(op.name, op.version) for graph in model.subgraphs for op in graph.operators}
    versions = dict(pairs)
    assert len(versions) == len(pairs)
    return versions
