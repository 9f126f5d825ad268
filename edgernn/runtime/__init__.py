"""Scoring on numpy and ONNX Runtime alone; LiteRT for .tflite files."""

from edgernn.runtime.classifier import Classifier, load
from edgernn.runtime.loaded_model import SHIPPED_MODEL, LoadedModel
from edgernn.runtime.scores import Score

__all__ = ["SHIPPED_MODEL", "Classifier", "LoadedModel", "Score", "load"]
