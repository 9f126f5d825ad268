"""Whether a .tflite graph may be given to the engine: of known parts, soundly put together.

LiteRT checks offsets, and little of what they mean: an operator that reads a tensor which nothing
has written, or a loop whose body returns other shapes than it takes, ends the process. So each
tensor, operator and loop is checked here against what the exporter writes
(`edgernn.bundle.tflite.forms`) before the engine sees the file.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Sequence
from typing import Final

from edgernn.bundle.tflite import model as parsed
from edgernn.bundle.tflite import schema
from edgernn.bundle.tflite.flatwire import FlatError, Table
from edgernn.bundle.tflite.forms import (
    ABSENT,
    FORMS,
    LETTERS,
    QUANTIZED,
    SHIFTED,
    VARIABLES,
    WHILE,
    Form,
)
from edgernn.bundle.tflite.hashes import (
    MAX_COMPUTED_ELEMENTS,
    Graph,
    Operator,
    Tensor,
    check_hashes,
)

__all__ = ["check_structure"]

MAX_ELEMENTS: Final = 1 << 25
"""Bound on the elements of all constants together: 128 MiB once they are float32."""

_SIZES: Final = {"FLOAT32": 4, "FLOAT16": 2, "INT8": 1, "INT16": 2, "INT32": 4, "BOOL": 1}
_ZEROS: Final = range(-128, 128)
"""What may stand for 0 in an INT8 tensor."""
_ALIGNMENT: Final = 4
_METADATA: Final = frozenset(
    {
        "CONVERSION_METADATA",
        "TFLITE_METADATA",
        "min_runtime_version",
        "reduced_precision_support",
    }
)
"""Metadata that the converter and `exporters.tflite_metadata` write; the engine acts on others."""


def check_structure(model: parsed.Model, vocabulary_size: int) -> None:
    """Check a .tflite file's graph before an engine runs it.

    Args:
        model: the file, parsed.
        vocabulary_size: number of ids that the graph will be given; every id is below it.

    Raises:
        FlatError: the file is broken, holds operators or data that no export has, or looks ids up
            in a table with fewer rows.
    """
    buffers = model.buffers
    for buffer in buffers:
        if buffer.is_outside:
            raise FlatError("weights outside the flatbuffer")
        if buffer.start % _ALIGNMENT:
            raise FlatError("weights that are not aligned")
    graphs = [_graph(subgraph, buffers) for subgraph in model.subgraphs]
    _check_names(model.table, graphs[0], len(buffers))
    if sum(buffer.size for buffer in buffers) > 4 * MAX_ELEMENTS:
        raise FlatError("more weights than are read")
    for graph in graphs:
        _check_order(graph)
    _check_loops(graphs)
    for graph in graphs:
        check_hashes(graph, graphs[0].inputs if graph is graphs[0] else (), vocabulary_size)


def _graph(subgraph: parsed.Subgraph, buffers: Sequence[parsed.Buffer]) -> Graph:
    tensors = [_tensor(tensor, buffers[tensor.buffer]) for tensor in subgraph.tensors]
    operators = [_operator(operator, tensors) for operator in subgraph.operators]
    for number in (*subgraph.inputs, *subgraph.outputs):
        if number == parsed.ABSENT or not tensors[number].letter.islower():
            raise FlatError(f"tensor {number} is a constant and an input or output")
    return Graph(tensors, subgraph.inputs, subgraph.outputs, operators)


def _tensor(tensor: parsed.Tensor, buffer: parsed.Buffer) -> Tensor:
    table, kind = tensor.table, tensor.type
    letter = _letter(table, kind)
    shape, signature = tensor.shape, tensor.shape_signature
    # A size of 0 stands for one that the converter did not know.
    if not all(0 <= size <= MAX_ELEMENTS for size in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise FlatError(f"a tensor of shape {list(shape)}")
    if signature and (
        len(signature) != len(shape)
        or any(s not in (-1, d) for s, d in zip(signature, shape, strict=True))
    ):
        raise FlatError(f"a tensor of shape {list(shape)} and {list(signature)}")
    if any(
        table.position_of(field) is not None
        for field in (schema.Tensor.SPARSITY, schema.Tensor.VARIANT_TENSORS)
    ) or table.integer(schema.Tensor.EXTERNAL_BUFFER, "I"):
        raise FlatError("a tensor that is stored in an unknown way")
    size = buffer.size
    if tensor.is_variable:
        if letter not in VARIABLES or size:
            raise FlatError(f"a variable of type {kind} or with values")
        letter = VARIABLES[letter]
    elif size:
        if size != math.prod(shape) * _SIZES[kind]:
            raise FlatError(f"a {kind} tensor of shape {list(shape)} with {size} bytes")
        numbers = None
        if letter == LETTERS["INT32"]:
            table.buffer.charge(size)
            numbers = struct.unpack_from(f"<{size // 4}i", table.buffer.data, buffer.start)
        return Tensor(letter.upper(), shape, numbers)
    if math.prod(shape) > MAX_COMPUTED_ELEMENTS:
        raise FlatError(f"a computed tensor of shape {list(shape)}")
    return Tensor(letter, shape, None)


def _letter(tensor: Table, kind: str) -> str:
    """Return the letter of a tensor's type and scale: none, or a finite positive one."""
    if kind not in LETTERS:
        raise FlatError(f"a tensor of type {kind}")
    place = tensor.target(schema.Tensor.QUANTIZATION)
    scales: tuple[int, ...] = ()
    zeros: tuple[int, ...] = ()
    if place is not None:
        table = tensor.buffer.table_at(place)
        # The bits of a positive finite float are those of an integer below infinity's.
        scales = table.integers(schema.Quantization.SCALE, "I") or ()
        zeros = table.integers(schema.Quantization.ZERO_POINT, "q") or ()
        if table.position_of(schema.Quantization.DETAILS) is not None:
            raise FlatError("a tensor that is quantized in an unknown way")
    if not scales and not zeros:
        return LETTERS[kind]
    if kind not in QUANTIZED:
        raise FlatError(f"a {kind} tensor with a scale")
    if len(zeros) != 1 or len(scales) != 1 or not 0 < scales[0] < 0x7F800000:
        raise FlatError(f"an {kind} tensor without one sound scale")
    if zeros == (0,):
        return QUANTIZED[kind]
    if kind not in SHIFTED or zeros[0] not in _ZEROS:
        raise FlatError(f"an {kind} tensor without one sound scale")
    return SHIFTED[kind]


def _operator(operator: parsed.Operator, tensors: Sequence[Tensor]) -> Operator:
    name, table = operator.name, operator.table
    form = FORMS.get(name)
    if form is None:
        raise FlatError(f"operator {name} is not known here: update edgernn")
    outputs = operator.outputs
    letters = [
        ABSENT if number == parsed.ABSENT else tensors[number].letter for number in operator.inputs
    ]
    letters.append(">")
    letters += [_pick(tensors, number) for number in outputs]
    intermediates = table.integers(schema.Operator.INTERMEDIATES, "i") or ()
    if intermediates:
        letters.append("~")
        letters += [_pick(tensors, number) for number in intermediates]
    if not re.fullmatch(form.tensors, "".join(letters)):
        raise FlatError(f"operator {name} with other inputs or outputs than an export has")
    strange = (
        schema.Operator.CUSTOM_OPTIONS,
        schema.Operator.MUTATING_VARIABLE_INPUTS,
        schema.Operator.LARGE_CUSTOM_OPTIONS_OFFSET,
    )
    if (
        any(table.position_of(field, 1) is not None for field in strange)
        or table.integer(schema.Operator.BUILTIN_OPTIONS_2_TYPE, "B")
        or table.integer(schema.Operator.BUILTIN_OPTIONS_TYPE, "B") != form.options_type
    ):
        raise FlatError(f"operator {name} with unknown options")
    return Operator(name, operator.inputs, outputs, _options(operator, form))


def _options(operator: parsed.Operator, form: Form) -> tuple[int, ...]:
    """Return the numbers of an operator's options, all of which its form allows."""
    name, values = operator.name, operator.options()
    if values is None:
        if form.options:
            raise FlatError(f"operator {name} without its options")
        return ()
    options = [values.integer(i, option.kind) for i, option in enumerate(form.options)]
    if values.has_more_than(len(form.options)):
        raise FlatError(f"operator {name} with unknown options")
    for value, option in zip(options, form.options, strict=True):
        allowed = {len(operator.outputs)} if option.is_count else option.allowed
        if allowed is not None and value not in allowed:
            raise FlatError(f"operator {name} with an option that no export has")
    return tuple(options)


def _check_names(model: Table, main: Graph, buffers: int) -> None:
    """Metadata and signatures: what they point at is there, and none changes how a graph runs."""
    for entry in model.tables(schema.Model.METADATA):
        name = entry.text(schema.Metadata.NAME)
        if name not in _METADATA or entry.integer(schema.Metadata.BUFFER, "I") >= buffers:
            raise FlatError(f"metadata {name!r}")
    for signature in model.tables(schema.Model.SIGNATURE_DEFS):
        if signature.integer(schema.Signature.SUBGRAPH_INDEX, "I"):
            raise FlatError("a signature of an inner subgraph")
        for field, numbers in (
            (schema.Signature.INPUTS, main.inputs),
            (schema.Signature.OUTPUTS, main.outputs),
        ):
            named = signature.tables(field)
            if [t.integer(schema.TensorMap.TENSOR_INDEX, "I") for t in named] != list(numbers):
                raise FlatError("a signature of other inputs or outputs than the graph's")


def _check_order(graph: Graph) -> None:
    """Each tensor is written once, before it is read."""
    constant = {i for i, tensor in enumerate(graph.tensors) if tensor.letter.isupper()}
    states = set(VARIABLES.values())
    variable = {i for i, tensor in enumerate(graph.tensors) if tensor.letter in states}
    if len(set(graph.inputs)) < len(graph.inputs) or variable & {*graph.inputs, *graph.outputs}:
        raise FlatError("inputs or outputs that are states or appear twice")
    written = constant | set(graph.inputs)
    for operator in graph.operators:
        for number in operator.inputs:
            if number != -1 and number not in written and number not in variable:
                raise FlatError(f"operator {operator.name} reads tensor {number} too early")
        for number in operator.outputs:
            if number in written:
                raise FlatError(f"operator {operator.name} writes tensor {number} again")
            written.add(number)
    if not written.issuperset(graph.outputs):
        raise FlatError("an output that no operator writes")


def _check_loops(graphs: Sequence[Graph]) -> None:
    """Each inner graph is the condition or body of one loop in the main graph, which ends."""
    used: set[int] = set()
    makers = graphs[0].makers()
    for loop in [op for graph in graphs for op in graph.operators if op.name == WHILE]:
        if not all(makers.get(number) is loop for number in loop.outputs):
            raise FlatError("a loop in a loop")
        if not all(0 < number < len(graphs) for number in loop.options) or used & {*loop.options}:
            raise FlatError("a loop without graphs of its own")
        used.update(loop.options)
        condition, body = (graphs[number] for number in loop.options)
        _check_loop(graphs[0], loop, condition, body, makers)
    if len(used) != len(graphs) - 1:
        raise FlatError("a subgraph that nothing calls")


def _check_loop(
    main: Graph, loop: Operator, condition: Graph, body: Graph, makers: dict[int, Operator]
) -> None:
    """What a loop passes on keeps its type and shape; it counts up to the length of a tensor."""
    around = [_kinds(main, loop.inputs), _kinds(main, loop.outputs)]
    around += [_kinds(graph, graph.inputs) for graph in (condition, body)]
    around.append(_kinds(body, body.outputs))
    if any(kinds != around[0] for kinds in around):
        raise FlatError("a loop that changes the shape of its state")
    if [op.name for op in condition.operators] != ["LESS"] or (
        condition.outputs != condition.operators[0].outputs
    ):
        raise FlatError("a loop with another condition than an export has")
    try:
        counter, bound = (condition.inputs.index(n) for n in condition.operators[0].inputs)
    except ValueError:
        raise FlatError("a loop with another condition than an export has") from None
    step = body.makers().get(body.outputs[counter])
    limit = makers.get(loop.inputs[bound])
    length = None if limit is None else makers.get(limit.inputs[0])
    if (
        main.tensors[loop.inputs[counter]].numbers != (0,)
        or step is None
        or step.name != "ADD"
        or step.inputs[0] != body.inputs[counter]
        or body.tensors[step.inputs[1]].numbers != (1,)
        or body.outputs[bound] != body.inputs[bound]
        or limit is None
        or limit.name != "STRIDED_SLICE"
        or length is None
        or length.name != "SHAPE"
    ):
        raise FlatError("a loop that does not count up to a length")


def _kinds(graph: Graph, numbers: Sequence[int]) -> list[tuple[str, tuple[int, ...]]]:
    # A variable is a float32 tensor that keeps its values from one call to the next.
    letters = {VARIABLES["f"]: "f"}
    found = [(graph.tensors[i].letter.lower(), graph.tensors[i].shape) for i in numbers]
    return [(letters.get(letter, letter), shape) for letter, shape in found]


def _pick(tensors: Sequence[Tensor], number: int) -> str:
    """Return the letter of a tensor that an operator must have."""
    if not 0 <= number < len(tensors):
        raise FlatError(f"tensor {number} is not there")
    return tensors[number].letter
