"""A person's layers in a line of words."""

from __future__ import annotations

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

__all__ = ["described"]

_ENDS = {
    "sigmoid": "a sigmoid",
    "logit": "one linear unit, read as a logit",
    "softmax": "a softmax of two, which is the sigmoid of their difference",
    "two logits": "two linear units, read as the logits of a softmax",
}


def described(architecture: Architecture) -> str:
    """Return the layers in one line."""
    parts = [f"embedding of {architecture.embedding.units}"]
    parts += [_words(layer) for layer in architecture.layers[1:-1]]
    return f"{', '.join(parts)}; at the end {_ENDS[architecture.end]}"


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
