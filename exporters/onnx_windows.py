"""Convolution and max pooling along time in an ONNX graph, for rows of different lengths.

Steps behind a text's end never reach one before it: where a window may hold both, they are made
zeros first, as Keras pads, or, for the largest value, numbers below all others.

Source: ONNX operators `Conv` (opset 11) and `MaxPool` (opset 12).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from exporters.network import Conv, MaxPool
from exporters.onnx_masked import MaskedText

__all__ = ["Windows", "write_conv", "write_max_pool"]

_LOWEST = float(np.finfo(np.float32).min)


class Windows(NamedTuple):
    """The steps that a layer reads: symbolic tensors of TensorFlow."""

    ids: Any
    """int32 [batch, time]: as many columns as there are steps."""
    lengths: Any
    """int32 [batch]: steps of each text; None where all steps are the one text's."""

    @property
    def reads(self) -> tuple[Any, ...]:
        """What a layer that masks is given beside the state: lengths, if there are, and ids."""
        return (self.ids,) if self.lengths is None else (self.lengths, self.ids)

    def after(self, layer: Conv | MaxPool) -> Windows:
        """Return the steps that a layer gives."""
        stride = layer.stride
        if layer.padding != "valid":
            if stride == 1:
                return self
            if self.lengths is None:
                return Windows(self.ids[:, ::stride], None)
            # Constants of one dimension, as a file may have them.
            lengths = (self.lengths + _numbers(stride - 1)) // _numbers(stride)
            return Windows(self.ids[:, ::stride], lengths)
        reach = layer.reach if isinstance(layer, Conv) else layer.size - 1
        if reach == 0 and stride == 1:
            return self
        if self.lengths is None:
            return Windows(self.ids[:, reach::stride], None)
        # The same as (lengths - reach - 1) // stride + 1, for texts that are long enough.
        lengths = self.lengths - _numbers(reach)
        if stride > 1:
            lengths = (lengths + _numbers(stride - 1)) // _numbers(stride)
        return Windows(self.ids[:, reach::stride], lengths)


def _numbers(number: int) -> Any:
    return np.array([number], np.int32)


def write_conv(
    ctx: Any,
    masked: MaskedText,
    name: str,
    layer: Conv,
    inputs: tuple[str, str, str],
    output: str,
) -> None:
    """Write a convolution of [batch, time, inputs] to [batch, time, filters].

    Args:
        ctx: tf2onnx's graph.
        masked: writes masks.
        name: the layer's.
        layer: what to write.
        inputs: names of the steps, of their number int32 [batch], and of int32 [batch, time].
        output: name of the result.
    """
    state, lengths, ids = inputs
    before = {"valid": 0, "same": layer.reach // 2, "causal": layer.reach}[layer.padding]
    after = layer.reach - before if layer.padding == "same" else 0
    if after:
        state = masked.real(ctx, state, lengths, ids, 0.0)
    kernel = np.ascontiguousarray(layer.kernel.transpose(2, 1, 0))
    reads = [_turned(ctx, name, "in", state)]
    for label, weights in (("W", kernel), ("B", layer.bias)):
        reads.append(ctx.make_const(f"{name}_{label}", weights).output[0])
    settings = {
        "kernel_shape": [len(layer.kernel)],
        "strides": [layer.stride],
        "dilations": [layer.dilation],
        "pads": [before, after],
    }
    found = ctx.make_node("Conv", reads, settings, name=f"{name}_Conv", skip_conversion=True)
    _turned(ctx, name, "out", found.output[0], output, layer.kernel.shape[2])


def write_max_pool(
    ctx: Any,
    masked: MaskedText,
    name: str,
    layer: MaxPool,
    inputs: tuple[str, str, str],
    output: str,
) -> None:
    """Write the largest values of windows of [batch, time, features]; see `write_conv`."""
    state, lengths, ids = inputs
    after = 0
    if layer.padding == "same":
        after = layer.size - 1
        state = masked.real(ctx, state, lengths, ids, _LOWEST)
    settings = {
        "kernel_shape": [layer.size],
        "strides": [layer.stride],
        "pads": [0, after],
    }
    turned = _turned(ctx, name, "in", state)
    found = ctx.make_node("MaxPool", [turned], settings, name=f"{name}_Pool", skip_conversion=True)
    _turned(ctx, name, "out", found.output[0], output)


def _turned(
    ctx: Any, name: str, label: str, state: str, output: str | None = None, width: int = -1
) -> str:
    """Swap time and features."""
    given: dict[str, Any] = {}
    if output is not None:
        given = {"outputs": [output], "shapes": [[-1, -1, width]], "dtypes": [1]}
    made = ctx.make_node("Transpose", [state], {"perm": [0, 2, 1]}, name=f"{name}_{label}", **given)
    return str(made.output[0])
