"""Model files: what is inside an .onnx or .tflite file beside the graph; standard library only."""

from edgernn.bundle.bundle import Bundle
from edgernn.bundle.container import CONTAINERS, Container
from edgernn.bundle.golden import Golden, GoldenVector
from edgernn.bundle.model_file import ModelFile, parse_model_file, read_model_file, with_bundle

__all__ = [
    "CONTAINERS",
    "Bundle",
    "Container",
    "Golden",
    "GoldenVector",
    "ModelFile",
    "parse_model_file",
    "read_model_file",
    "with_bundle",
]
