"""What to look for in a .tflite graph."""

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
from edgernn.audit.recurrent import Loop, read_loop
from edgernn.cells import operators

__all__ = ["tflite_findings"]

_RANDOM: Final = (
    *("RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM", "MULTINOMIAL"),
    "STABLEHLO_RNG_BIT_GENERATOR",
)
_FLEX: Final = "Flex"
_ONNX2TF: Final = frozenset({"ONNX_LSTM", "ONNX_GRU", "ONNX_RNN"})
"""Custom operators that onnx2tf 2.6 leaves in a file."""

_NO_DROPOUT: Final = "convert the model as it is used: model(x, training=False)"


def tflite_findings(graph: Graph) -> Iterator[Occurrence]:
    """Yield what is found in a TFLite graph."""
    for operator in graph.of_type("WHILE"):
        yield _loop(graph, operator, read_loop(graph, operator))
    for operator in graph.operators:
        if operator.domain:
            yield from _custom(graph, operator)
    yield from _variables(graph)
    yield from _state(graph)
    yield from random_operators(graph, _RANDOM, _NO_DROPOUT)
    yield from of_operators(
        graph,
        graph.of_type("IF"),
        "note",
        "a branch that is chosen when the graph runs; delegates of phones leave it to the CPU",
        "fix the shape or the condition that it asks for before the conversion",
    )
    yield from of_operators(
        graph,
        graph.of_type("CALL_ONCE"),
        "note",
        "it fills tables or variables at the first call; a runtime must keep the interpreter",
        "freeze the variables before the conversion if there is no table to fill",
    )
    yield from text_inputs(graph)


def _loop(graph: Graph, operator: Operator, loop: Loop) -> Occurrence:
    place = graph.location(operator)
    if loop.cell is None:
        return Occurrence(
            "problem",
            "WHILE",
            "its body is no recurrent cell known here; its operators run one by one in every "
            "iteration",
            "look in the source for what repeats here, and write it without a loop",
            place,
        )
    cell = loop.cell
    fused = cell.tflite.operator if cell.tflite is not None else None
    kind = f"WHILE ({cell.name}{', masked' if loop.is_masked else ''})"
    if cell.tflite is None or fused is None or loop.has_other_activations:
        for_want_of = (
            "TFLite's fused operators have Keras's default activations alone"
            if loop.has_other_activations
            else f"TFLite has no fused operator for {cell.with_article}"
        )
        return Occurrence(
            "note",
            kind,
            f"{for_want_of}, so the converter writes a loop, which is right and keeps no state "
            "between calls",
            "nothing",
            place,
        )
    batch_is_open = any(_is_open(value.shape[0]) for value in graph.inputs if value.shape)
    if loop.products == 1 and not loop.is_masked and not batch_is_open:
        return Occurrence(
            "note",
            kind,
            f"its body is {cell.with_article} cell, with the inputs' products before it, as "
            "edgernn writes it: it keeps no state between calls, and loads where the fused one "
            "does not",
            "nothing; `edgernn export --recurrent fused` writes the fused operator",
            place,
        )
    if loop.is_masked:
        why = (
            f"its body is {cell.with_article} cell that chooses between old and new state: this is "
            "what becomes of a layer of Keras behind mask_zero=True, since "
            f"{fused.name} takes no mask"
        )
        change = (
            "leave out mask_zero (or the Masking layer) in the conversion, fix the batch to 1 and "
            f"resize the input to each text's length: {IMPORT_AND_EXPORT}"
        )
    elif cell.tflite.is_fused:
        why = f"its body is {cell.with_article} cell, which the converter fuses " + (
            "where the batch has a fixed size, and here it is open"
            if batch_is_open
            else f"for the {cell.name} of tf_keras alone: Keras 3 writes a while loop for it"
        )
        change = (
            f"fix the batch to 1, signature [1, None], and convert the {cell.name} of tf_keras"
            if batch_is_open
            else "convert a tf_keras twin of the model with the same weights and the signature "
            "[1, None]"
        ) + f": {IMPORT_AND_EXPORT}"
    else:
        why = f"its body is {cell.with_article} cell, which the converter does not fuse"
        change = f"put {fused.name} in its place: {IMPORT_AND_EXPORT}"
    return Occurrence("note", kind, f"{why}; {cell.tflite.loop_cost}", change, place)


def _is_open(size: int | str | None) -> bool:
    return not isinstance(size, int) or size < 0


def _custom(graph: Graph, operator: Operator) -> Iterator[Occurrence]:
    name, place = operator.type, graph.location(operator)
    if CUDNN in name:
        yield Occurrence(
            "problem",
            operator.full_type,
            "an operator of TensorFlow that only cuDNN computes, on a GPU of NVIDIA's: no phone "
            "can run it",
            "convert the layer without cuDNN (use_cudnn=False), or import its weights: "
            f"{IMPORT_AND_EXPORT}",
            place,
        )
        return
    if name in _ONNX2TF:
        yield Occurrence(
            "problem",
            operator.full_type,
            "onnx2tf writes it where it cannot translate a recurrent operator of ONNX's: no "
            "runtime has an operator of that name, and the file fails when it is loaded",
            "convert from the Keras model with its weights: a tf_keras twin with the signature "
            f"[1, None] gives the fused operator: {IMPORT_AND_EXPORT}",
            place,
        )
        return
    if not name.startswith(_FLEX):
        yield Occurrence(
            "problem",
            operator.full_type,
            "not an operator of TFLite's: a runtime needs a library of its own for it",
            "replace it by builtin operators in the conversion, or ship that library",
            place,
        )
        return
    needs = (
        "an operator of TensorFlow, for which an app needs the Flex delegate, a library of several "
        "MB that the plain packages lack"
    )
    if "TensorList" in name or "TensorArray" in name:
        yield Occurrence(
            "problem",
            operator.full_type,
            f"{needs}; the loop of a recurrent layer of Keras keeps its steps in it, and the "
            "converter could not do without where the batch has no fixed size",
            "fix the batch to 1 (signature [1, None]) and convert a tf_keras twin without "
            f"SELECT_TF_OPS: {IMPORT_AND_EXPORT}",
            place,
        )
        return
    yield Occurrence(
        "problem",
        operator.full_type,
        f"{needs}; SELECT_TF_OPS let the converter keep what it could not translate",
        "convert without SELECT_TF_OPS and replace in the source what the converter then names",
        place,
    )
    if "Random" in name or "Dropout" in name:
        yield Occurrence(
            "problem",
            operator.full_type,
            "a random operator: the same text scores differently from call to call",
            _NO_DROPOUT,
            place,
        )


def _variables(graph: Graph) -> Iterator[Occurrence]:
    """Variables by name, which are no part of the file."""
    readers = tuple(graph.of_type("READ_VARIABLE"))
    if any(graph.of_type("ASSIGN_VARIABLE")):
        yield from of_operators(
            graph,
            readers,
            "note",
            "a variable that the graph writes too: it keeps a state from one call to the next",
            "reset the variables before each text, or convert the model without stateful layers",
        )
        return
    yield from of_operators(
        graph,
        readers,
        "problem",
        "it reads a variable that nothing in the file writes: the weights of a Keras 3 model were "
        "not frozen into the graph, and it fails when it runs (variable != nullptr)",
        f"convert a tf_keras twin of the model with the same weights: {IMPORT_AND_EXPORT}",
    )


def _state(graph: Graph) -> Iterator[Occurrence]:
    """Fused recurrent operators: the state that they keep, and the cut of the cell state."""
    for operator in graph.of_type(*(operator.name for operator, _ in operators("tflite"))):
        clip = operator.settings.get("CellClip", 0)
        if clip:
            yield Occurrence(
                "problem",
                operator.full_type,
                f"cell_clip {clip}: the cell state is cut to that; the TFLite converter puts 10 "
                "there, Keras does not cut, and scores differ once a cell grows beyond",
                "set cell_clip to 0, as `edgernn export` does",
                graph.location(operator),
            )
        states = (graph.values[n] for n in operator.inputs if n != ABSENT)
        if any(value.is_variable for value in states):
            yield Occurrence(
                "note",
                operator.full_type,
                "it keeps its state between calls, in a variable tensor: without a reset the score "
                "of a text depends on the text before, and a resize resets only where the length "
                "changes; the Interpreter alone loads it, not CompiledModel, LiteRT.js or OpenVINO",
                "call reset_all_variables() (Java: resetVariableTensors()) before each text, as "
                "edgernn's runtime does; where one of the others must load it, an LSTM as a loop "
                "or a GRU has no such tensor",
                graph.location(operator),
            )
