"""Model files with any number of labels, made by hand in a moment, without TensorFlow.

A text's logits are the sum of its ids' rows of a table, of which id 0 has zeros.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper, numpy_helper

from edgernn.bundle import Bundle, Golden, with_bundle
from edgernn.text import SubwordEncoder, TextContract, TextEncoder

VOCABULARY = SubwordEncoder(["good_", "bad_", "film_", "dull_"]).to_bytes()


def contract_of(labels: int, **fields: Any) -> TextContract:
    """A contract of the decision `largest`, or `each` if `fields` say so."""
    return TextContract(
        vocabulary_sha256=hashlib.sha256(VOCABULARY).hexdigest(),
        vocabulary_size=261,
        max_length=20,
        cut="end",
        labels=tuple(f"label {number}" for number in range(labels)),
        **{"decision": "largest", "threshold": None, **fields},
    )


def table_of(contract: TextContract) -> npt.NDArray[np.float32]:
    """What each id adds to the logits: float32 [ids, outputs]."""
    rng = np.random.default_rng(3)
    table = rng.normal(0, 1.5, (contract.vocabulary_size, contract.outputs)).astype(np.float32)
    table[0] = 0
    return table


def logits_of(contract: TextContract, ids: list[int]) -> npt.NDArray[np.float32]:
    """What a file gives, before it is made probabilities of: float32 [outputs]."""
    logits: npt.NDArray[np.float32] = table_of(contract)[ids].sum(axis=0)
    return logits


def graph_of(contract: TextContract, outputs: int | str | None = None, head: str = "") -> bytes:
    """An ONNX graph for a contract of several probabilities; `outputs` is what it says it gives."""
    head = head or ("Softmax" if contract.decision == "largest" else "Sigmoid")
    settings = {"axis": -1} if head == "Softmax" else {}
    shape = ["batch", contract.outputs if outputs is None else outputs]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"]),
            helper.make_node("ReduceSum", ["rows", "axis"], ["logits"], keepdims=0),
            helper.make_node(head, ["logits"], ["probabilities"], **settings),
        ],
        "many",
        [
            helper.make_tensor_value_info("ids", TensorProto.INT32, ["batch", "time"]),
            helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, shape)],
        [
            numpy_helper.from_array(table_of(contract), "table"),
            numpy_helper.from_array(np.array([1]), "axis"),
        ],
    )
    opsets = [helper.make_opsetid("", 17)]
    data: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return data


def write_file(
    path: Path, contract: TextContract, golden: Golden | None = None, **graph: Any
) -> Path:
    """Write a file of a contract; `graph` as `graph_of` has it."""
    encoder = TextEncoder(contract, VOCABULARY)
    bundle = Bundle(encoder, {"recipe": "many", "precision": "float32"}, golden=golden)
    path.write_bytes(with_bundle(graph_of(contract, **graph), "onnx", bundle))
    return path
