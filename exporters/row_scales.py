"""An embedding as int8 with a scale for each row, its token's own.

Where a network is little else than its embedding, the rest stays float32: int8 there would save
next to nothing, and a recurrent layer feeds every rounding back at every token. One scale for a
column of the table, or for the whole of it, is as coarse as the table's largest value asks for; a
SimpleRNN of 32 units on vectors of 16 came out 0.04 off in probability. A row's scale is a whole
number of steps of the table's, so that it takes one byte a token. Beside n-grams, whose sums are
rounded too, the layers are a part of the answer alone, and all of them are int8.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["is_mostly_embedding", "quantize_rows"]

_MOSTLY = 10
_LARGEST = 127
_SCALES = 127
_OWN_ERROR = 0.1
"""How much a number's own error counts, in means of what its products' errors count."""
_PASSES = 10


def is_mostly_embedding(table: int, others: int) -> bool:
    """Tell whether all other weights of a network are few beside its embedding.

    Args:
        table: numbers in the embedding.
        others: numbers in all other weights.
    """
    return others * _MOSTLY <= table


def quantize_rows(
    table: npt.NDArray[np.float32], kernel: npt.NDArray[np.float32] | None = None
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8], np.float32]:
    """Quantize each row symmetrically to [-127, 127].

    Args:
        table: float32 [ids, units].
        kernel: float32 [units, outputs], by which the next layer multiplies the rows. With it they
            are rounded so that the products are right, rather than each number.

    Returns:
        int8 [ids, units], int8 [ids, 1] from 1 on, and a float32; the product of the three is the
        table again. Without a kernel each value is off by half of its row's scale at most.
    """
    scale = np.abs(table).max(axis=1, keepdims=True) / np.float32(_LARGEST)
    step = np.float32(scale.max() / _SCALES) or np.float32(1)
    # Rounded up, so that a row's largest value still fits.
    sizes = np.clip(np.ceil(scale / step), 1, _SCALES).astype(np.int8)
    exact = table / (sizes * step)
    steps = np.clip(np.rint(exact), -_LARGEST, _LARGEST)
    if kernel is not None:
        _round_for(kernel, exact, steps)
    return steps.astype(np.int8), sizes, step


def _round_for(
    kernel: npt.NDArray[np.float32],
    exact: npt.NDArray[np.float32],
    steps: npt.NDArray[np.float32],
) -> None:
    """Move steps up or down, a column at a time, while that makes the products less wrong.

    The largest differences from the Keras model fell to a half for a SimpleRNN and a GRU, and to a
    third for an LSTM. A little of each number's own error counts, too, since scores were better so.

    Source: as in "Up or Down? Adaptive Rounding for Post-Training Quantization" (Nagel et al.,
    2020), with the kernel's own weights in place of data.
    """
    weights = kernel.astype(np.float64)
    cost = weights @ weights.T
    diagonal = np.arange(len(cost))
    cost[diagonal, diagonal] += max(_OWN_ERROR * np.trace(cost) / len(cost), np.finfo(float).tiny)
    error = (steps - exact).astype(np.float64)
    for _ in range(_PASSES):
        moved = False
        for column in range(len(cost)):
            best = -np.rint(error @ cost[:, column] / cost[column, column])
            better = np.clip(steps[:, column] + best, -_LARGEST, _LARGEST)
            moved = moved or bool((better != steps[:, column]).any())
            error[:, column] += better - steps[:, column]
            steps[:, column] = better
        if not moved:
            return
