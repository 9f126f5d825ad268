"""What to look for in an .onnx graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edgernn.audit.findings import (
    CUDNN,
    IMPORT_AND_EXPORT,
    Occurrence,
    of_operators,
    random_operators,
    text_inputs,
)
from edgernn.audit.graphs import ABSENT, Graph, Operator
from edgernn.audit.onnx_versions import MICROSOFT, OPERATORS
from edgernn.audit.recurrent import LOOPS, Loop, read_loop
from edgernn.cells import CELLS, operators

__all__ = ["onnx_findings"]

_RANDOM: Final = (
    *("RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"),
    *("Bernoulli", "Multinomial"),
)
_LAYOUTS: Final = frozenset({"com.microsoft.nchwc", "com.ms.internal.nhwc"})
"""Domains of operators that ONNX Runtime's optimizer writes for the processor that it runs on."""

_SEQUENCE_LENGTHS, _TRAINING_MODE = 4, 2
_INITIAL_STATES: Final = (5, 6)
"""Inputs initial_h and, of an LSTM, initial_c: [directions, batch, units]."""
_STATE_RANK, _BATCH_OF_A_STATE = 3, 1

_NO_DROPOUT: Final = "convert the model as it is used: model(x, training=False), model.eval()"

_KERNEL_DOCS: Final = "https://github.com/microsoft/onnxruntime/blob/main/docs/OperatorKernels.md"


def onnx_findings(graph: Graph) -> Iterator[Occurrence]:
    """Yield what is found in an ONNX graph."""
    for operator in graph.operators:
        if operator.full_type in LOOPS["onnx"]:
            yield _loop(graph, operator, read_loop(graph, operator))
    yield from of_operators(
        graph,
        graph.of_type("If"),
        "note",
        "a branch that is chosen when the graph runs; most execution providers leave it to the CPU",
        "fix the shape or the condition that it asks for before the conversion",
    )
    yield from _domains(graph)
    yield from _recurrent(graph)
    if _takes_batches(graph):
        yield from of_operators(
            graph,
            graph.of_type("DynamicQuantizeLinear"),
            "note",
            "the scale of the activations is taken over the whole batch: the score of a text "
            "depends on the texts beside it",
            "quantize the weights alone, as `edgernn export --precision int8` does, or score texts "
            "one by one",
        )
    yield from random_operators(graph, _RANDOM, _NO_DROPOUT)
    for operator in graph.of_type("Dropout"):
        if _has_input(operator, _TRAINING_MODE):
            yield Occurrence(
                "note",
                "Dropout",
                "it is told whether to drop at random by its input training_mode, which this audit "
                "does not compute",
                _NO_DROPOUT,
                graph.location(operator),
            )
    yield from text_inputs(graph)


def _loop(graph: Graph, operator: Operator, loop: Loop) -> Occurrence:
    type, place = operator.type, graph.location(operator)
    cell = loop.cell
    if cell is None or cell.onnx is None:
        known = [one.onnx.operator.name for one in CELLS.values() if one.onnx is not None]
        return Occurrence(
            "problem",
            type,
            f"its body is no recurrent cell known here; a {type} runs its operators one by one in "
            "every iteration, and most execution providers leave it to the CPU",
            "look in the source for what repeats here, and write it without a loop; recurrent "
            f"layers belong into the operators {', '.join(known[:-1])} and {known[-1]}",
            place,
        )
    wanted = cell.onnx.operator.name
    kind = f"{type} ({cell.name}{', masked' if loop.is_masked else ''})"
    slow = f"it runs the operators of its body one by one at every token, where {wanted} is one"
    if loop.is_masked:
        return Occurrence(
            "problem",
            kind,
            f"its body is {cell.with_article} cell that chooses between old and new state: this is "
            "what becomes of a layer of Keras behind mask_zero=True, for which TensorFlow writes a "
            f"while loop that tf2onnx keeps; {slow}",
            "leave out mask_zero (or the Masking layer) in the conversion, and give the texts' "
            f"lengths to the input sequence_lens of {wanted}: {IMPORT_AND_EXPORT}",
            place,
        )
    if "keras" in cell.onnx.fused_from:
        why = f"its body is {cell.with_article} cell in a form that the converter does not fuse"
    else:
        why = (
            f"its body is {cell.with_article} cell: Keras 3 writes a while loop for it, which "
            "tf2onnx does not fuse"
        )
    is_twin_fused = cell.onnx.fused_from == ("tf_keras",)
    twin = "; a tf_keras twin of the model is fused too" if is_twin_fused else ""
    return Occurrence(
        "problem",
        kind,
        f"{why}; {slow}",
        f"put the operator {wanted} in its place: {IMPORT_AND_EXPORT}{twin}",
        place,
    )


def _domains(graph: Graph) -> Iterator[Occurrence]:
    """Operators that are not ONNX's own."""
    for operator in graph.operators:
        domain, type, place = operator.domain, operator.type, graph.location(operator)
        if (domain, type) in graph.functions or domain == "ai.onnx.ml":
            continue
        if CUDNN in type:
            yield Occurrence(
                "problem",
                operator.full_type,
                "an operator of TensorFlow that only cuDNN computes, on a GPU of NVIDIA's",
                "convert the layer without cuDNN (use_cudnn=False), or import its weights: "
                f"{IMPORT_AND_EXPORT}",
                place,
            )
        elif domain == "com.microsoft" and type in MICROSOFT:
            yield _microsoft(operator, place, _takes_batches(graph))
        elif domain in _LAYOUTS:
            yield Occurrence(
                "problem",
                operator.full_type,
                "ONNX Runtime's optimizer wrote it for one kind of processor; others refuse it",
                "use the file from before the optimization, or save it with the level extended",
                place,
            )
        elif domain or type not in OPERATORS:
            yield Occurrence(
                "problem",
                operator.full_type,
                "not an operator of ONNX's: a runtime needs a library of its own for it",
                "replace it by operators of ONNX's in the conversion, or ship that library",
                place,
            )


def _microsoft(operator: Operator, place: str, batched: bool) -> Occurrence:
    quantizing = {c.onnx.int8.name: c for c in CELLS.values() if c.onnx and c.onnx.int8}
    if operator.full_type in quantizing:
        cell = quantizing[operator.full_type]
        assert cell.onnx is not None
        beside = (
            "; the scale of the activations is taken over the whole batch, so the score of a text "
            "depends on the texts beside it"
        )
        return Occurrence(
            "note",
            operator.full_type,
            f"{cell.with_article} that quantizes its activations as it runs, as onnxruntime's "
            "quantize_dynamic writes it; only ONNX Runtime's CPU execution provider has it, not "
            f"CUDA, CoreML or NNAPI{beside if batched else ''}",
            "nothing, if it is for that alone; else quantize the weights only and decode them in "
            f"front of {cell.onnx.operator.name}, as `edgernn export --precision int8` does",
            place,
        )
    return Occurrence(
        "note",
        operator.full_type,
        "ONNX Runtime's own operator, which other runtimes refuse and not all of its execution "
        f"providers have ({_KERNEL_DOCS})",
        "use the file from before the optimization, unless it is for that runtime alone",
        place,
    )


def _takes_batches(graph: Graph) -> bool:
    """Whether more than one text may go in at once, as far as the inputs tell."""
    return any(
        value.shape is None or (len(value.shape) > 1 and value.shape[0] != 1)
        for value in graph.inputs
    )


def _recurrent(graph: Graph) -> Iterator[Occurrence]:
    batched = _takes_batches(graph)
    fused = {operator.name: cell for operator, cell in operators("onnx")}
    for operator in graph.operators:
        cell = fused.get(operator.full_type)
        if cell is None or cell.onnx is None:
            continue
        if batched:
            yield from _fixed_states(graph, operator)
        reset = cell.onnx.reset_attribute
        if reset and graph.producer.lower() == "pytorch" and operator.settings.get(reset, 0) == 0:
            yield Occurrence(
                "problem",
                operator.full_type,
                f"the file is PyTorch's, whose {cell.name} applies the reset gate behind the "
                f"product with the state, and {reset} is not set: the operator applies it before, "
                "and scores differ from the model's",
                f"set the attribute {reset} to 1, and compare scores with PyTorch's",
                graph.location(operator),
            )
        if batched and not _has_input(operator, _SEQUENCE_LENGTHS):
            yield Occurrence(
                "note",
                operator.full_type,
                "it has no sequence_lens, and the graph takes batches: where texts of different "
                "lengths share one, padding enters the state of the shorter, and a text's score "
                "depends on how far it is padded",
                "give the texts' lengths to sequence_lens, as `edgernn export` does; or score "
                "texts one by one, without padding or with just that of the training",
                graph.location(operator),
            )
        clip = operator.settings.get("clip", 0)
        if clip:
            yield Occurrence(
                "problem",
                operator.full_type,
                f"clip {clip}: what goes into its activations is cut to that; Keras and PyTorch "
                "do not do so",
                "take the attribute out, unless the model was trained with it",
                graph.location(operator),
            )


def _fixed_states(graph: Graph, operator: Operator) -> Iterator[Occurrence]:
    """Initial states that are stored in the file, which fix the number of texts a call."""
    stored = {number for constant in graph.constants for number in constant.values}
    for position in _INITIAL_STATES:
        number = operator.inputs[position] if len(operator.inputs) > position else ABSENT
        shape = graph.values[number].shape if number in stored else None
        if number == ABSENT or shape is None or len(shape) != _STATE_RANK:
            continue
        batch = shape[_BATCH_OF_A_STATE]
        yield Occurrence(
            "problem",
            operator.full_type,
            f"the graph takes batches, but the initial state is stored for {batch} "
            f"{'text' if batch == 1 else 'texts'} a call: ONNX Runtime refuses any other number, "
            "as an export with an example of that batch makes it",
            "leave the inputs initial_h and initial_c out, which start at zero by themselves, or "
            "make them in the graph for the size of the batch; or score "
            f"{'one text' if batch == 1 else f'{batch} texts'} a call",
            graph.location(operator),
        )
        return


def _has_input(operator: Operator, position: int) -> bool:
    return len(operator.inputs) > position and operator.inputs[position] != ABSENT
