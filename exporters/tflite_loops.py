"""Recurrent layers as loops of TFLite's own operators, which keep no state between calls.

A fused operator keeps its state in variable tensors: a program that does not reset them before each
text gets another score, and LiteRT's `CompiledModel`, LiteRT.js and OpenVINO load no such file. So
LSTM and SimpleRNN layers are written as a `WHILE` a direction, which starts from zeros at each
call. The product of all steps' inputs with the kernel stands before the loop, one
`FULLY_CONNECTED`; a step takes its row of it, adds the state's product, and applies the cell.

What a loop writes step by step, TFLite copies whole at each step. So where the layer behind pools
over the steps, the loop keeps the largest and the sum so far in place of all steps. Where it is
another one, a loop is slower than the fused operator, the more so the longer the text.
`benchmarks.recurrent` measures both, into `benchmarks/results/recurrent.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from edgernn.errors import ExportError
from exporters.network import Direction, Layer, Network, Pool, Recurrent

__all__ = ["STEPS", "is_slower", "looped", "looped_and_pooled", "pools_in_loop", "stores_steps"]

_AS_FAST: Final = frozenset({"LSTM"})
"""Cells whose loop takes no longer than the fused operator, if it need not write its steps."""
_HALF: Final = np.array([0.5], np.float32)
_LOWEST: Final = np.finfo(np.float32).min


def _lstm(tf: Any, product: Any, state: Any, cell: Any) -> tuple[Any, ...]:
    """Return the state [1, units] and the cell behind a step, of the gates' sums [1, 4 * units]."""
    input, forget, candidate, output = tf.split(product, 4, axis=1)
    cell = tf.sigmoid(forget) * cell + tf.sigmoid(input) * tf.tanh(candidate)
    return tf.sigmoid(output) * tf.tanh(cell), cell


def _simple_rnn(tf: Any, product: Any, state: Any) -> tuple[Any, ...]:
    """Return the state [1, units] behind a step, of its sums [1, units]."""
    return (tf.tanh(product),)


STEPS: Final[dict[str, tuple[int, Callable[..., tuple[Any, ...]]]]] = {
    "LSTM": (2, _lstm),
    "SimpleRNN": (1, _simple_rnn),
}
"""By cell: how many states of [1, units] a step takes and gives, its output first, and the step."""


def pools_in_loop(layer: Layer, behind: Layer | None) -> bool:
    """Tell whether a layer's loop pools by itself, so that the layer behind it needs no steps."""
    return (
        isinstance(layer, Recurrent)
        and layer.is_loop
        and layer.sequences
        and (layer.backward is None or layer.merge == "concat")
        and isinstance(behind, Pool)
    )


def stores_steps(network: Network) -> bool:
    """Tell whether a loop of a network writes all its steps, which takes long."""
    behind = [*network.layers[1:], None]
    return any(
        isinstance(layer, Recurrent)
        and layer.is_loop
        and layer.sequences
        and not pools_in_loop(layer, following)
        for layer, following in zip(network.layers, behind, strict=True)
    )


def is_slower(network: Network) -> bool:
    """Tell whether loops of a network take longer than fused operators, as measured."""
    cells = {layer.cell for layer in network.recurrent_layers if layer.is_loop}
    return bool(cells - _AS_FAST) or stores_steps(network)


def looped(tf: Any, layer: Recurrent, state: Any) -> Any:
    """Return a layer's output as a loop.

    Args:
        tf: TensorFlow.
        layer: a layer of a cell of `STEPS`, with Keras's default activations.
        state: float32 [1, time, inputs].

    Returns:
        float32 [1, time, outputs], or [1, outputs] of the last step of each direction.

    Raises:
        ExportError: there is no step for the cell.
    """

    def of(weights: Direction, state: Any) -> Any:
        found, steps, _ = _direction(tf, layer, weights, state, store=layer.sequences)
        return steps if layer.sequences else found

    forward = of(layer.forward, state)
    if layer.backward is None:
        return forward
    backward = of(layer.backward, tf.reverse(state, [1]))
    if layer.sequences:
        backward = tf.reverse(backward, [1])
    match layer.merge:
        case "concat":
            return tf.concat([forward, backward], axis=-1)
        case "mul":
            return forward * backward
        case "sum":
            return forward + backward
        case "ave":
            return (forward + backward) * _HALF


def looped_and_pooled(tf: Any, layer: Recurrent, pool: Pool, state: Any) -> dict[str, Any]:
    """Return what a layer's steps are pooled to, of a layer that `pools_in_loop`.

    Args:
        tf: TensorFlow.
        layer: likewise.
        pool: the layer behind it.
        state: float32 [1, time, inputs].

    Returns:
        By `max` and `mean`, as `pool.of` has them: float32 [1, outputs].
    """
    states = [state] if layer.backward is None else [state, tf.reverse(state, [1])]
    pooled = [
        _direction(tf, layer, weights, one, pool=pool.of)[2]
        for weights, one in zip(layer.directions, states, strict=True)
    ]
    time = tf.cast(tf.shape(state)[1], tf.float32)
    joined = {
        part: tf.concat([one[part] for one in pooled], axis=-1)
        if len(pooled) > 1
        else pooled[0][part]
        for part in pool.of
    }
    return {part: v / time if part == "mean" else v for part, v in joined.items()}


def _direction(
    tf: Any,
    layer: Recurrent,
    weights: Direction,
    state: Any,
    *,
    store: bool = False,
    pool: tuple[str, ...] = (),
) -> tuple[Any, Any, dict[str, Any]]:
    """Return the last step [1, units], all steps [1, time, units] if stored, and what is pooled.

    Of `max` and `mean` of `pool`, the largest value and the sum, [1, units].
    """
    if layer.cell not in STEPS:
        raise ExportError(
            f"tflite: no loop of {layer.cell}: STEPS in exporters/tflite_loops.py has no row for it"
        )
    count, step = STEPS[layer.cell]
    time = tf.shape(state)[1]
    products = tf.matmul(tf.reshape(state, [-1, len(weights.kernel)]), weights.kernel)
    # One row a step, as the loop takes them.
    products = tf.reshape(products + weights.bias, [-1, 1, len(weights.bias)])

    def is_left(place: Any, *_: Any) -> Any:
        return place < time

    def body(place: Any, *before: Any) -> tuple[Any, ...]:
        states, kept = before[:count], before[count:]
        product = tf.gather(products, place) + tf.matmul(states[0], weights.recurrent_kernel)
        states = step(tf, product, *states)
        (output, *_) = states
        if store:
            kept = (kept[0].write(place, output),)
        else:
            adders = {"max": tf.maximum, "mean": tf.add}
            kept = tuple(adders[part](old, output) for part, old in zip(pool, kept, strict=True))
        return (place + 1, *states, *kept)

    shape = (1, layer.units)
    start: list[Any] = [tf.constant(0), *(tf.zeros(shape) for _ in range(count))]
    if store:
        start.append(tf.TensorArray(tf.float32, size=time, element_shape=shape))
    start += [tf.fill(shape, _LOWEST) if part == "max" else tf.zeros(shape) for part in pool]
    (_, last, *others) = tf.while_loop(is_left, body, start)
    kept = others[count - 1 :]
    steps = tf.reshape(kept[0].stack(), [1, -1, layer.units]) if store else None
    return last, steps, dict(zip(pool, kept, strict=True)) if pool else {}
