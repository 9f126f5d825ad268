"""A graph of DistilBERT's shape with random weights, as ONNX Runtime's optimizer leaves one.

Sources: Sanh et al., DistilBERT, a distilled version of BERT, 2019, and its published
configuration (6 layers, 768 wide, 12 heads, 3,072 in between, 30,522 word pieces, 512 places);
the classifier on the first token has a hidden layer of the same width. Attention, layer
normalization with the sum before it, and GELU with its bias are the fused operators
(`com.microsoft`) that onnxruntime.transformers' optimizer puts into a BERT, so that the peer is as
fast as its users can have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["DISTILBERT", "Shape", "write_graph"]

_OPSET = 17
_FUSED = "com.microsoft"
_EPSILON = 1e-12
_DEVIATION = 0.02
"""Of the weights: the published `initializer_range`."""


@dataclass(frozen=True)
class Shape:
    """How large the network is."""

    layers: int
    width: int
    heads: int
    inner: int
    vocabulary: int
    places: int


DISTILBERT = Shape(layers=6, width=768, heads=12, inner=3072, vocabulary=30_522, places=512)


def write_graph(path: Path, shape: Shape, seed: int = 0) -> None:
    """Write a float32 ONNX file.

    Its inputs are `ids` int32 [batch, time] and `lengths` int32 [batch], its output `probability`
    float32 [batch, 1].

    Args:
        path: the file.
        shape: how large it is.
        seed: of the weights.
    """
    import onnx
    from onnx import TensorProto, helper

    graph = _Graph(seed)
    graph.embed(shape)
    for _ in range(shape.layers):
        graph.add_layer(shape)
    graph.classify(shape)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "distilbert",
            [
                helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "time"]),
                helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
            ],
            [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["batch", 1])],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)],
        ir_version=8,
    )
    onnx.save(model, str(path))


class _Graph:
    """Nodes and weights; `self._state` is the name of what comes out so far."""

    def __init__(self, seed: int) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._random = np.random.default_rng(seed)
        self._state = ""

    def embed(self, shape: Shape) -> None:
        """Add word and place, [batch, time, width]."""
        words = self._node("Gather", [self._matrix(shape.vocabulary, shape.width), "ids"])
        time = self._node("Slice", [self._node("Shape", ["ids"]), self._ints([1]), self._ints([2])])
        places = self._node(
            "Slice",
            [self._matrix(shape.places, shape.width), self._ints([0]), time, self._ints([0])],
        )
        summed = self._node("Add", [words, places])
        self._state = self._node(
            "LayerNormalization",
            [summed, *self._norm(shape.width)],
            axis=-1,
            epsilon=_EPSILON,
        )

    def add_layer(self, shape: Shape) -> None:
        """Attend, and transform each token; what comes in is added each time."""
        width, inner = shape.width, shape.inner
        attended = self._node(
            "Attention",
            [self._state, self._matrix(width, 3 * width), self._vector(3 * width), "lengths"],
            domain=_FUSED,
            num_heads=shape.heads,
        )
        self._add_and_normalize(self._product(attended, width, width), width)
        between = self._node(
            "BiasGelu",
            [self._product(self._state, width, inner), self._vector(inner)],
            domain=_FUSED,
        )
        self._add_and_normalize(self._product(between, inner, width), width)

    def classify(self, shape: Shape) -> None:
        """Turn the first token's state into a probability."""
        width = shape.width
        first = self._node("Gather", [self._state, self._scalar(0)], axis=1)
        hidden = self._node("Add", [self._product(first, width, width), self._vector(width)])
        logit = self._product(self._node("Relu", [hidden]), width, 1)
        self._node("Sigmoid", [logit], output="probability")

    def _add_and_normalize(self, product: str, width: int) -> None:
        self._state = self._node(
            "SkipLayerNormalization",
            [product, self._state, *self._norm(width), self._vector(width)],
            domain=_FUSED,
            epsilon=_EPSILON,
        )

    def _product(self, state: str, rows: int, columns: int) -> str:
        return self._node("MatMul", [state, self._matrix(rows, columns)])

    def _norm(self, width: int) -> tuple[str, str]:
        return self._weight(np.ones(width, np.float32)), self._vector(width)

    def _matrix(self, rows: int, columns: int) -> str:
        values = self._random.standard_normal((rows, columns), np.float32) * np.float32(_DEVIATION)
        return self._weight(values)

    def _vector(self, width: int) -> str:
        return self._weight(np.zeros(width, np.float32))

    def _ints(self, values: list[int]) -> str:
        return self._weight(np.array(values, np.int64))

    def _scalar(self, value: int) -> str:
        return self._weight(np.array(value, np.int64))

    def _weight(self, values: Any) -> str:
        from onnx import numpy_helper

        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def _node(
        self, operator: str, inputs: list[str], output: str = "", domain: str = "", **settings: Any
    ) -> str:
        from onnx import helper

        output = output or f"state_{len(self.nodes)}"
        name = f"{operator}_{len(self.nodes)}"
        node = helper.make_node(operator, inputs, [output], name, domain=domain, **settings)
        self.nodes.append(node)
        return output
