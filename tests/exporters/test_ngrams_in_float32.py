"""N-grams in a runtime that computes integers in float32, as OpenVINO and MNN do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from edgernn.bundle import read_model_file
from edgernn.ngrams import FLOAT32, INT32, NgramHash, ngram_buckets, ngram_checks, preceding

OLD = Path(__file__).parents[1] / "old_artifacts" / "flagship.onnx"
LONGEST = 3


def in_float32(model: Any, ids: Any) -> list[Any]:
    """Run the operators from ids to buckets and checks as such a runtime does: [text, time, n]."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    values["ids"] = ids
    found = []
    for node in model.graph.node:
        if not all(name in values for name in node.input):
            continue
        given = [values[name] for name in node.input]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        floats = [one.astype(np.float32) for one in given]
        match node.op_type:
            case "Unsqueeze":
                results = [np.expand_dims(given[0], tuple(given[1]))]
            case "Pad":
                before, after = np.split(given[1], 2)
                results = [np.pad(given[0], list(zip(before, after, strict=True)))]
            case "Slice":
                results = [given[0][:, int(given[1][0]) : int(given[2][0])]]
            case "Concat":
                results = [np.concatenate(given, attributes["axis"])]
            case "Split":
                results = np.split(given[0], np.cumsum(given[1])[:-1], attributes["axis"])
            case "Mul":
                results = [floats[0] * floats[1]]
            case "Add":
                results = [floats[0] + floats[1]]
            case "MatMul":
                results = [floats[0] @ floats[1]]
            case "Mod":
                results = [floats[0] - np.floor(floats[0] / floats[1]) * floats[1]]
                found += results
            case _:
                continue
        values |= dict(zip(node.output, results, strict=True))
    # Before them ids were turned into others.
    return found[-2:]


def expected(hash: NgramHash, ids: Any, buckets: int) -> list[Any]:
    before = [preceding(row, LONGEST) for row in ids]
    return [
        np.stack([ngram_buckets(one, buckets, hash).T for one in before]),
        np.stack([ngram_checks(one, hash).T for one in before]),
    ]


def any_ids(hash: NgramHash) -> Any:
    """Ids up to the largest that can be hashed, that one among them, and the smallest."""
    most = hash.most_ids(LONGEST)
    ids = np.random.default_rng(5).integers(0, most, (7, 300)).astype(np.int32)
    ids[0, :100], ids[1, :100] = most - 1, np.arange(100)
    return ids


def test_the_hash_of_new_models_is_exact(tiny_wide_files: Any) -> None:
    """Of any ids; so it is in ONNX Runtime, which computes in int32."""
    path = tiny_wide_files["onnx", "float32"]
    model, ids = onnx.load(path), any_ids(FLOAT32)
    wanted = expected(FLOAT32, ids, 1009)
    for found, right in zip(in_float32(model, ids), wanted, strict=True):
        assert found.dtype == np.float32
        assert found.tolist() == right.tolist()
    names = [node.output[0] for node in model.graph.node if node.op_type == "Mod"][-2:]
    del model.graph.output[:]
    for name in names:
        model.graph.output.add().name = name
    session = onnxruntime.InferenceSession(model.SerializeToString())
    lengths = np.full(len(ids), ids.shape[1], np.int32)
    # The embedding has fewer rows than the hash can take ids.
    rows = np.minimum(ids, read_model_file(path).bundle.contract.vocabulary_size - 1)
    given = {"ids": rows, "lengths": lengths}
    used = {value.name for value in session.get_inputs()}
    inputs = {name: value for name, value in given.items() if name in used}
    for found, right in zip(session.run(names, inputs), expected(FLOAT32, rows, 1009), strict=True):
        assert found.tolist() == right.tolist()


def test_the_old_hash_is_not() -> None:
    """This is what the other test would find."""
    model, ids = onnx.load(OLD), any_ids(INT32)
    buckets, checks = in_float32(model, ids)
    right = expected(INT32, ids, 509)
    assert (buckets == right[0]).mean() < 0.9
    assert (checks == right[1]).mean() < 0.9


@pytest.mark.parametrize("longest", range(1, 6))
def test_no_number_is_larger_than_float32_holds(longest: int) -> None:
    """Of the largest vocabulary, whatever the order in which it is added up."""
    assert FLOAT32.largest < 2**24
    assert FLOAT32.modulus is not None
    most = FLOAT32.modulus - 1
    assert FLOAT32.most_ids(longest) == FLOAT32.modulus
    assert most * FLOAT32.factor < 2**24
    for offsets, multipliers in (
        (FLOAT32.offsets, FLOAT32.multipliers),
        (FLOAT32.check_offsets, FLOAT32.check_multipliers),
    ):
        for offset, factors in zip(offsets[:longest], multipliers, strict=False):
            assert offset + most * sum(factors) < 2**24
