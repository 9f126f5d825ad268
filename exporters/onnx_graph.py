"""From a network to an ONNX graph: tf2onnx for the graph, one fused operator a recurrent layer.

tf2onnx turns a masked recurrent layer of Keras into `Loop`s. So the graph is traced with a
placeholder in each recurrent layer's place, and the conversion of the placeholder writes the
operator itself, with `sequence_lens` fed from the input `lengths`: rows of different lengths share
a batch, padding never enters a state, and the backward direction turns round at each row's own end.
The last state is read from `Y_h`, since the last time step of `Y` is padding in shorter rows.
Pooling, n-grams and convolutions have placeholders, too, see `onnx_masked` and `onnx_windows`.

Source: ONNX operators `LSTM`, `GRU` and `RNN` (opset 14).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from edgernn.cells import CELLS
from edgernn.errors import ExportError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly, without_compiled_files
from exporters.activations import apply, probabilities
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Embedding,
    Layer,
    MaxPool,
    Merge,
    Network,
    Ngrams,
    NgramVectors,
    Pool,
    Recurrent,
    Scale,
    Weights,
)
from exporters.onnx_masked import LOWEST_STATE, MaskedText
from exporters.onnx_windows import Windows, write_conv, write_max_pool
from exporters.rules import no_graph

__all__ = ["OPSET", "convert"]

OPSET = 17
"""The newest opset of ONNX Runtime 1.16 (2023) that has all operators used here is 17 and later;
a lower number runs on more devices."""

_PLACEHOLDER = "PyFunc"

# ONNX's name for each of Keras's activations, and its alpha and beta where it has them.
_ACTIVATIONS: dict[str, tuple[str, tuple[float, float] | None]] = {
    "tanh": ("Tanh", None),
    "relu": ("Relu", None),
    "sigmoid": ("Sigmoid", None),
    "hard_sigmoid": ("HardSigmoid", (1 / 6, 0.5)),
}
_REDUCTIONS = {"sum": "ReduceSum", "ave": "ReduceMean", "mul": "ReduceProd"}
"""ONNX's operator for each way of merging directions but to concatenate them."""


def convert(network: Network) -> Any:
    """Build the float32 ONNX model of a network.

    Returns:
        An `onnx.ModelProto` with inputs `ids` int32 [batch, time] and `lengths` int32 [batch], and
        output `probability` float32 [batch], or of several logits `probabilities` float32
        [batch, labels]. Where the network is for one text a call the batch is 1, and there are no
        lengths: nothing in the graph could be ignored.
    """
    with held_back(), without_compiled_files():
        return _convert(network)


def _convert(network: Network) -> Any:
    tf = import_quietly("tensorflow")
    tf2onnx = import_quietly("tf2onnx")

    # It warns that it cannot infer the placeholders' shapes, which are given below.
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    placeholders: dict[str, Layer | Ngrams | NgramVectors] = {}
    one = network.batch == "one"
    masked = MaskedText(one=one)

    def forward(ids: Any, lengths: Any = None) -> dict[str, Any]:
        state: Any = ids
        steps = Windows(ids, lengths)
        for number, layer in enumerate(network.layers):
            name = f"{type(layer).__name__.lower()}_{number}"
            match layer:
                case Embedding():
                    state = tf.gather(layer.table, state)
                case Recurrent():
                    placeholders[name] = layer
                    width = layer.outputs
                    shape = (None, None, width) if layer.sequences else (None, width)
                    reads = () if one else (steps.lengths,)
                    state = _placeholder(tf, name, shape, state, *reads)
                case Conv() | MaxPool():
                    placeholders[name] = layer
                    width = layer.kernel.shape[2] if isinstance(layer, Conv) else state.shape[-1]
                    state = _placeholder(tf, name, (None, None, width), state, *steps.reads)
                    steps = steps.after(layer)
                case Pool():
                    placeholders[name] = layer
                    if _is_bounded(network.layers[number - 1]):
                        masked.lowest[name] = LOWEST_STATE
                    width = len(layer.of) * state.shape[-1]
                    state = _placeholder(tf, name, (None, width), state, *steps.reads)
                case Dense():
                    product = tf.matmul(state, layer.kernel) + layer.bias
                    state = apply(tf, Activation(layer.activation), product)
                case Activation():
                    state = apply(tf, layer, state)
                case Scale():
                    state = state * layer.scale + layer.shift
        if network.ngrams is not None:
            placeholders["ngrams"] = network.ngrams
            texts = (ids,) if one else (ids, lengths)
            state += _placeholder(tf, "ngrams", (None, network.outputs), *texts)
        if network.outputs == 1:
            return {"probability": tf.reshape(tf.sigmoid(state), [-1])}
        return {"probabilities": probabilities(tf, network, state)}

    signature = [tf.TensorSpec((None, None), tf.int32, name="ids")]
    if not one:
        signature.append(tf.TensorSpec((None,), tf.int32, name="lengths"))
    model, _ = tf2onnx.convert.from_function(
        tf.function(forward, input_signature=signature, autograph=False),
        input_signature=signature,
        opset=OPSET,
        custom_op_handlers={_PLACEHOLDER: (_write, [_PLACEHOLDER, placeholders, masked])},
    )
    of = {"ids": ("batch", "time")}
    for value in (*model.graph.input, model.graph.output[0]):
        shape = value.type.tensor_type.shape
        # tf2onnx does not know the rank of what a placeholder gives.
        del shape.dim[:]
        for name in of.get(value.name, ("batch",)):
            shape.dim.add().dim_param = name
        if one:
            shape.dim[0].dim_value = 1
    if network.outputs > 1:
        model.graph.output[0].type.tensor_type.shape.dim.add().dim_value = network.outputs
    model.graph.name = "edgernn"
    _rename(model.graph)
    return model


def _rename(graph: Any) -> None:
    """Order and number nodes and tensors anew: the same network always gives the same bytes.

    tf2onnx counts on from one conversion to the next, and orders branches at random.
    """
    ordered_nodes = _in_order(graph)
    del graph.node[:]
    graph.node.extend(ordered_nodes)
    graph.doc_string = ""
    del graph.value_info[:]
    names: dict[str, str] = {"": ""}
    names |= {value.name: value.name for value in (*graph.input, *graph.output)}

    def name(old: str) -> str:
        return names.setdefault(old, f"tensor_{len(names)}")

    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"
        node.input[:] = [name(old) for old in node.input]
        node.output[:] = [name(old) for old in node.output]
    for tensor in graph.initializer:
        tensor.name = name(tensor.name)
    ordered = sorted(graph.initializer, key=lambda tensor: int(tensor.name.rpartition("_")[2]))
    del graph.initializer[:]
    graph.initializer.extend(ordered)


def _in_order(graph: Any) -> list[Any]:
    """Return the nodes, each behind those that it reads, in the order of its inputs."""
    makers = {output: node for node in graph.node for output in node.output}
    found: list[Any] = []
    pending = [makers[value.name] for value in graph.output]
    while pending:
        node = pending[-1]
        before = [makers[name] for name in node.input if name in makers]
        missing = [other for other in before if not any(other is one for one in found)]
        if missing:
            pending.append(missing[0])
            continue
        pending.pop()
        if not any(node is one for one in found):
            found.append(node)
    return found


def _placeholder(tf: Any, name: str, shape: tuple[int | None, ...], *inputs: Any) -> Any:
    """An operator of a float32 shape that only `_write` understands."""
    out = tf.numpy_function(_never_run, list(inputs), tf.float32, name=name)
    out.set_shape(shape)
    return out


def _never_run(*_: Any) -> Any:
    raise AssertionError("a placeholder stands for an ONNX operator and is never run")


def _write(ctx: Any, node: Any, name: str, args: list[Any]) -> None:
    """Replace a placeholder by what it stands for."""
    placeholders, masked = args
    part = placeholders[name]
    inputs, (output,) = list(node.input), node.output
    if masked.one:
        inputs.insert(1, "")  # no lengths
    ctx.remove_node(name)
    match part:
        case Recurrent():
            _write_recurrent(ctx, name, part, inputs, output)
        case Pool():
            masked.pool(ctx, name, part, *inputs, output)
        case Conv():
            write_conv(ctx, masked, name, part, (inputs[0], inputs[1], inputs[2]), output)
        case MaxPool():
            write_max_pool(ctx, masked, name, part, (inputs[0], inputs[1], inputs[2]), output)
        case Ngrams():
            masked.ngrams(ctx, part, *inputs, output)
        case NgramVectors():
            masked.ngram_vectors(ctx, part, *inputs, output)


def _is_bounded(layer: Layer) -> bool:
    """Tell whether a layer's outputs lie within [-1, 1]."""
    return isinstance(layer, Recurrent) and layer.activation == "tanh" and layer.merge != "sum"


def _write_recurrent(ctx: Any, name: str, layer: Recurrent, inputs: list[str], output: str) -> None:
    """Write transposes and one recurrent operator."""
    state, lengths = inputs
    directions = layer.directions
    width = layer.outputs

    def node_of(kind: str, inputs: list[str], attributes: dict[str, Any], count: int = 1) -> Any:
        return ctx.make_node(
            kind,
            inputs,
            attributes,
            output_count=count,
            name=f"{name}_{kind}_{len(ctx.get_nodes())}",
        )

    def constant(label: str, value: Any) -> str:
        return str(ctx.make_const(f"{name}_{label}", value).output[0])

    time_major = node_of("Transpose", [state], {"perm": [1, 0, 2]})
    onnx = CELLS[layer.cell].onnx
    if onnx is None:
        raise ExportError(f"onnx: no {layer.cell}: {no_graph('onnx')}")
    order = onnx.gate_order
    kernel = np.stack([_gates_by_row(d.kernel, order) for d in directions])
    recurrent = np.stack([_gates_by_row(d.recurrent_kernel, order) for d in directions])
    bias = np.stack([_gates_by_row(_two_biases(d.bias), order).T.ravel() for d in directions])
    attributes: dict[str, Any] = {
        "hidden_size": layer.units,
        "direction": "bidirectional" if layer.backward else "forward",
    }
    if onnx.reset_attribute:
        attributes[onnx.reset_attribute] = int(layer.reset_after)
    attributes |= _activations(layer)
    operator = node_of(
        onnx.operator.name,
        [
            time_major.output[0],
            constant("W", kernel),
            constant("R", recurrent),
            constant("B", bias),
            *filter(None, [lengths]),
        ],
        attributes,
        count=onnx.outputs,
    )
    # Y: [time, directions, batch, units]; Y_h: [directions, batch, units].
    states = operator.output[0 if layer.sequences else 1]
    time = 1 if layer.sequences else 0
    dimensions = [-1, -1, width] if layer.sequences else [-1, width]
    given = {"outputs": [output], "shapes": [dimensions], "dtypes": [1]}
    if layer.merge != "concat":
        inputs, attributes = _reduced(constant, layer.merge, states, axis=time)
        reduction = _REDUCTIONS[layer.merge]
        if not layer.sequences:
            ctx.make_node(reduction, inputs, attributes, name=f"{name}_{reduction}", **given)
            return
        merged = node_of(reduction, inputs, attributes)
        turned = {"perm": [1, 0, 2]}
        ctx.make_node("Transpose", [merged.output[0]], turned, name=f"{name}_Transpose", **given)
        return
    if layer.sequences:
        # To [batch, time, directions, units].
        turned = node_of("Transpose", [states], {"perm": [2, 0, 1, 3]})
        shape = constant("shape", np.array([0, 0, width], np.int64))
    else:
        # To [batch, directions, units].
        turned = node_of("Transpose", [states], {"perm": [1, 0, 2]})
        # -1, not 0: tf2onnx leaves out the transpose of one direction, [1, batch, units].
        shape = constant("shape", np.array([-1, width], np.int64))
    ctx.make_node("Reshape", [turned.output[0], shape], name=f"{name}_Reshape", **given)


def _activations(layer: Recurrent) -> dict[str, Any]:
    """Return the attributes that name a layer's activations, where they are not the defaults."""
    cell = CELLS[layer.cell]
    if layer.part == layer.cell and cell.sigmoid_gates:
        return {}
    names = [layer.gates if one == "gates" else layer.activation for one in cell.activations]
    found = [_ACTIVATIONS[name] for _ in layer.directions for name in names]
    numbers = [numbers for _, numbers in found if numbers is not None]
    attributes: dict[str, Any] = {"activations": [name for name, _ in found]}
    if numbers:
        attributes["activation_alpha"] = [alpha for alpha, _ in numbers]
        attributes["activation_beta"] = [beta for _, beta in numbers]
    return attributes


def _reduced(
    constant: Callable[[str, Any], str], merge: Merge, states: str, axis: int
) -> tuple[list[str], dict[str, Any]]:
    """Return inputs and attributes of the operator that merges directions along an axis."""
    if merge == "sum":  # its axes are an input since opset 13
        return [states, constant("axis", np.array([axis], np.int64))], {"keepdims": 0}
    return [states], {"axes": [axis], "keepdims": 0}


def _gates_by_row(weights: Weights, order: tuple[int, ...]) -> Weights:
    """Turn Keras's [inputs, gates * units] into ONNX's [gates * units, inputs], in its order."""
    gates = np.split(weights.T, len(order))
    return np.ascontiguousarray(np.concatenate([gates[place] for place in order]))


def _two_biases(bias: Weights) -> Weights:
    """Turn Keras's bias, one or two, into ONNX's two: float32 [2, gates * units]."""
    return bias if bias.ndim == 2 else np.stack([bias, np.zeros_like(bias)])
