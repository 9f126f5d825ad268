"""ONNX graphs whose LSTM layers compute in int8: activations are quantized as they run.

ONNX Runtime's `DynamicQuantizeLSTM` takes the scale of its activations over the whole batch: the
score of a text changed by up to 0.034 with the texts beside it. So the graph takes one text a call,
as TFLite's do, and no other; a text that is scored alone has a scale of its own. Against float32,
one thread, x86: 0.33 ms instead of 0.80 ms for 200 tokens with 128 units, and no faster with 32.

The kernel has one scale for all of a direction's weights: with one for each channel it was slower,
and no nearer to the Keras model.

Source: ONNX Runtime, docs/ContribOperators.md, `com.microsoft.DynamicQuantizeLSTM`; it runs on the
CPU only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgernn.cells import CELLS
from exporters import onnx_weights

__all__ = ["DOMAIN", "quantize"]

DOMAIN = "com.microsoft"

# Inputs of `LSTM`: X, W, R, B, sequence_lens. Of `DynamicQuantizeLSTM` in their place: X, W, R, B,
# sequence_lens, initial_h, initial_c, P, and scale and zero point of W and of R.
_WITHOUT_LENGTHS = 4
"""Inputs of an `LSTM` in a graph for one text."""
_LEFT_OUT = ("", "", "")


def quantize(model: Any) -> Any:
    """Return a copy of a float32 model with int8 weights, and recurrent layers that compute so.

    Args:
        model: an `onnx.ModelProto` with layers that have an operator for it, see `edgernn.cells`.

    Returns:
        The new model, for a batch of one text; the embedding is int8 with a scale for each row.
    """
    import onnx

    model = onnx_weights.store_products(onnx_weights.store_embedding(model))
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    known = [cell.onnx for cell in CELLS.values() if cell.onnx is not None]
    computing = {onnx.operator.name: onnx.int8 for onnx in known if onnx.int8 is not None}
    for node in graph.node:
        if node.op_type not in computing:
            continue
        operator = computing[node.op_type]
        scales = []
        for place in operator.kernels:
            name = node.input[place]
            # Layers of the same weights share one tensor.
            if name in tensors:
                _store(graph, tensors.pop(name))
            node.input[place] = f"{name}_stored"
            scales += [f"{name}_scale", f"{name}_zero"]
        if len(node.input) == _WITHOUT_LENGTHS:
            node.input.append("")
        node.input.extend([*_LEFT_OUT, *scales])
        node.op_type, node.domain = operator.type, DOMAIN
    model.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.checker.check_model(model, full_check=True)
    return model


def _store(graph: Any, tensor: Any) -> None:
    """Put int8 weights with scale and zero point in place of a tensor."""
    from onnx import numpy_helper

    # float32 [directions, gates * units, inputs], a scale for each direction.
    weights, scale = onnx_weights.quantize(numpy_helper.to_array(tensor), 0)
    graph.initializer.remove(tensor)
    for label, values in (
        # The kernel asks for [directions, inputs, gates * units].
        ("stored", np.ascontiguousarray(weights.transpose(0, 2, 1))),
        ("scale", scale),
        ("zero", np.zeros(scale.shape, np.int8)),
    ):
        graph.initializer.append(numpy_helper.from_array(values, f"{tensor.name}_{label}"))
