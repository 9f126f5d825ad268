"""A person's layers in a line of words."""

from __future__ import annotations

from edgernn.text.decision import DecisionRule
from edgernn.training.imported.layers import (
    Activation,
    Architecture,
    Conv,
    Dense,
    Layer,
    MaxPool,
    Norm,
    Pool,
    Recurrent,
)

__all__ = ["described", "end_of"]


def described(architecture: Architecture, rule: DecisionRule = "threshold") -> str:
    """Return the layers in one line.

    Args:
        architecture: the layers.
        rule: how what the model gives becomes labels.
    """
    parts = [f"embedding of {architecture.embedding.units}"]
    parts += [_words(layer) for layer in architecture.layers[1:-1]]
    end = end_of(architecture)
    if architecture.end == "softmax" and rule == "threshold":
        end += ", which is the sigmoid of their difference"
    elif architecture.end == "logits":
        end += ", read as " + ("a logit each" if rule == "each" else "the logits of a softmax")
    elif architecture.end == "logit":
        end += ", read as a logit"
    return f"{', '.join(parts)}; at the end {end}"


def end_of(architecture: Architecture) -> str:
    """Return what a model ends with, in words."""
    number = "two" if architecture.units == 2 else f"{architecture.units:,}"
    match architecture.end:
        case "sigmoid":
            return "a sigmoid"
        case "logit":
            return "one linear unit"
        case "softmax":
            return f"a softmax of {number}"
        case "logits":
            return f"{number} linear units"
        case "sigmoids":
            return f"{number} sigmoids"


def _words(layer: Layer) -> str:
    match layer:
        case Recurrent():
            merged = "" if layer.merge == "concat" else f", merged by {layer.merge}"
            before, behind = ("bidirectional ", merged) if layer.bidirectional else ("", "")
            gates = " with hard_sigmoid gates" if layer.gates == "hard_sigmoid" else ""
            other = "" if layer.activation == "tanh" else f" with {layer.activation}"
            return f"{before}{layer.cell} of {layer.units}{other}{gates}{behind}"
        case Dense():
            return f"dense of {layer.units}"
        case Conv():
            return f"convolution of {layer.filters}"
        case MaxPool():
            return f"max pooling over {layer.size}"
        case Pool():
            return f"{layer.of} pooling"
        case Norm():
            return "batch normalization"
        case Activation():
            return layer.function
        case _:
            raise AssertionError("the embedding is the first layer alone")
