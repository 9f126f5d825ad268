"""Layers that TFLite has a fused operator for, and the converter writes a loop for.

Another layer, which the converter fuses, is converted in the place of such a one, with weights that
make it compute the same; then the operator written is turned into the one meant. `STAND_INS` has
the two functions for each cell whose row in `edgernn.cells` names a stand-in.

SimpleRNN: TFLite's `UNIDIRECTIONAL_SEQUENCE_RNN` with a tanh is Keras's SimpleRNN, but the
converter makes a `WHILE` of that layer. So an LSTM whose four gates all have the SimpleRNN's
weights is converted in its place: the converter fuses it, stores the gates' equal weights once, in
the precision asked for, and the operator written is then turned into the one meant, which takes one
gate's weights.

Against the `WHILE`, with 32 units, one thread, x86: 0.11 ms instead of 0.27 ms for 500 tokens, in a
slightly smaller file.

Source: TFLite schema, `SequenceRNNOptions`; versions as in tflite/tools/versioning/op_version.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edgernn.cells import CELLS
from edgernn.errors import ExportError
from exporters.network import Network, Recurrent, Weights
from exporters.tflite_flatbuffer import pack, unpack

__all__ = ["STAND_INS", "StandIn", "fuse", "stand_in_of"]

_GATES = 4

# Inputs of the LSTM operator: the layer's input, a gate's three weights, the layer's state. The
# gate is the one of the cell; the operator for the RNN takes the same five, in this order.
_LSTM_INPUTS = 24
_KEPT_INPUTS = (0, 3, 7, 14, 18)
_CELL_STATE = 19


class StandIn(NamedTuple):
    """How a layer stands in for another one."""

    weights: Callable[[Weights], Weights]
    """Its weights, from those of the layer that is meant."""
    rewrite: Callable[[Any, Any, Any], int]
    """Turns its operator into the one meant, and returns the version that this needs; of the module
    of the schema, the subgraph and the operator."""
    code: str
    """The operator that is meant, in the schema's enum BuiltinOperator."""


def _four_gates(weights: Weights) -> Weights:
    """Return a SimpleRNN's weights [..., units] as those of an LSTM of equal gates."""
    return np.concatenate([weights] * _GATES, axis=-1)


def fuse(flatbuffer: bytes, network: Network) -> bytes:
    """Turn the operators of layers that stand in for others into those that are meant.

    Args:
        flatbuffer: the converted twin of the network.
        network: tells which of the recurrent operators they are.

    Returns:
        The new flatbuffer; `flatbuffer` itself where no layer stands in for another.

    Raises:
        ExportError: the converter wrote other operators than expected.
    """
    # Operators stand in the order in which they run, hence layer by layer.
    fused = [
        stand_in_of(layer)
        for layer in network.recurrent_layers
        if layer.is_fused
        for _ in layer.directions
    ]
    if not any(fused):
        return flatbuffer
    from ai_edge_litert import schema_py_generated as schema

    model = unpack(flatbuffer)
    found = [
        (graph, operator)
        for graph in model.subgraphs
        for operator in graph.operators
        if operator.builtinOptionsType == schema.BuiltinOptions.UnidirectionalSequenceLSTMOptions
    ]
    if [len(operator.inputs) for _, operator in found] != [_LSTM_INPUTS] * len(fused):
        raise ExportError(
            f"the TFLite converter fused {len(found)} recurrent layers, expected {len(fused)}"
        )
    for stand_in in dict.fromkeys(one for one in fused if one is not None):
        layers = [pair for pair, one in zip(found, fused, strict=True) if one is stand_in]
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, stand_in.code)
        code.deprecatedBuiltinCode = code.builtinCode
        code.version = max(stand_in.rewrite(schema, graph, operator) for graph, operator in layers)
        if all(one is stand_in for one in fused):
            place = layers[0][1].opcodeIndex
            model.operatorCodes[place] = code
        else:
            place = len(model.operatorCodes)
            model.operatorCodes.append(code)
        for _, operator in layers:
            operator.opcodeIndex = place
    return pack(model, len(flatbuffer))


def _as_rnn(schema: Any, graph: Any, operator: Any) -> int:
    """Make an RNN operator of an LSTM operator of equal gates; return the version it needs."""
    settings = operator.builtinOptions
    options = schema.SequenceRNNOptionsT()
    options.timeMajor = settings.timeMajor
    options.fusedActivationFunction = schema.ActivationFunctionType.TANH
    options.asymmetricQuantizeInputs = settings.asymmetricQuantizeInputs
    operator.builtinOptions = options
    operator.builtinOptionsType = schema.BuiltinOptions.SequenceRNNOptions
    # The LSTM's second state is left behind unused: no variable, so no runtime gives it memory.
    graph.tensors[operator.inputs[_CELL_STATE]].isVariable = False
    operator.inputs = [operator.inputs[place] for place in _KEPT_INPUTS]
    operator.intermediates = None
    if graph.tensors[operator.inputs[1]].type != schema.TensorType.INT8:
        return 1
    return 3 if options.asymmetricQuantizeInputs else 2


STAND_INS: dict[str, StandIn] = {
    "SimpleRNN": StandIn(_four_gates, _as_rnn, "UNIDIRECTIONAL_SEQUENCE_RNN"),
}
"""By the name of the cell that is meant."""


def stand_in_of(layer: Recurrent) -> StandIn | None:
    """Return what stands in for a layer; None where it is converted itself.

    Raises:
        ExportError: its cell needs one, and there is none.
    """
    cell = CELLS[layer.cell]
    if not layer.is_fused or cell.tflite is None or not cell.tflite.stand_in:
        return None
    if cell.name not in STAND_INS:
        raise ExportError(
            f"tflite: no {cell.name}: STAND_INS in exporters/tflite_stand_ins.py has no row for it"
        )
    return STAND_INS[cell.name]
