"""A second opinion on an .onnx graph: that of onnx's own evaluator, written in Python.

It takes the standard at its word, so that it refuses, or reads otherwise, what the checker and
ONNX Runtime let pass, and other runtimes refuse as well.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from exporters.gate import Check

__all__ = ["check_reference"]

_SAME: Final = 1e-4
"""How far its score may lie from ONNX Runtime's: what two runtimes of one file may differ by."""
_REFUSALS: Final = (AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What its operators raise, in Python and NumPy, for inputs that they do not take."""
_FIXED: Final = frozenset({"GRU", "LSTM"})
"""Operators of which it ignores the attribute `activations`, without a word."""


def check_reference(
    graph: bytes, ids: npt.NDArray[np.int32], expected: npt.NDArray[np.float32]
) -> Check | None:
    """Check that onnx's evaluator runs a graph, and scores one text as ONNX Runtime does.

    Args:
        graph: the file.
        ids: int32 [tokens] of the text.
        expected: float32 [1] or [1, labels]: ONNX Runtime's probabilities of it.

    Returns:
        None for a graph that it does not know: with operators of ONNX Runtime's own, or other
        activations than the default.
    """
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load_from_string(graph)
    if any(node.domain or _has_activations(node) for node in model.graph.node):
        return None
    inputs = {"ids": ids[None], "lengths": np.array([len(ids)], np.int32)}
    given = {value.name: inputs[value.name] for value in model.graph.input}
    try:
        (found,) = ReferenceEvaluator(model).run(None, given)
    except NotImplementedError:  # an older onnx lacks a form of an operator
        return None
    except _REFUSALS as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Check("reference", False, f"onnx's own evaluator refuses the graph: {reason}")
    change = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
    # Not `>`: what is not a number must fail too.
    passed = change <= _SAME
    line = f"onnx's own evaluator scores a text {change:.1e} off, allowed {_SAME:g}"
    return Check("reference", bool(passed), line, change)


def _has_activations(node: Any) -> bool:
    named = any(attribute.name == "activations" for attribute in node.attribute)
    return named and node.op_type in _FIXED
