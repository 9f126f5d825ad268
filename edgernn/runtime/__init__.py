"""Scoring on numpy and ONNX Runtime alone; LiteRT for .tflite files."""

from edgernn.runtime.classifier import SHIPPED_MODEL, Classifier, load
from edgernn.runtime.scores import Score

__all__ = ["SHIPPED_MODEL", "Classifier", "Score", "load"]
