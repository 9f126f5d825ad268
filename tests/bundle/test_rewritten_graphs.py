"""Files whose graph a tool has written anew: taken with a word where it means the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper, shape_inference, version_converter

from edgernn import load
from edgernn.bundle import read_model_file
from edgernn.bundle.checksums import LEARNT
from edgernn.errors import ModelFileError

Files = dict[tuple[str, str], Path]
Change = Callable[[Any], Any]
TEXTS = ["Great movie!", "Awful.", "I loved it. Then I saw it again, and I didn't."]
WORD = r"the graph was rewritten after it was exported; its weights are the same, and \d+ golden"

TOOLS: dict[str, Change] = {
    "shape inference": shape_inference.infer_shapes,
    **{
        f"opset {version}": lambda model, version=version: version_converter.convert_version(
            model, version
        )
        for version in (18, 21, 26)
    },
}


def rewritten(path: Path, folder: Path, change: Change) -> Path:
    copy = folder / path.name
    model = onnx.load(path)
    changed = change(model)
    copy.write_bytes((model if changed is None else changed).SerializeToString())
    assert copy.read_bytes() != path.read_bytes()
    return copy


def scores(path: Path) -> list[float | None]:
    with load(path, "cpu", threads=1) as classifier:
        return [score.probability for score in classifier.score(TEXTS)]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_harmless_changes(
    tiny_wide_files: Files, tmp_path: Path, precision: str, tool: str
) -> None:
    """The scores are the same, and a warning says what was found."""
    path = tiny_wide_files["onnx", precision]
    copy = rewritten(path, tmp_path, TOOLS[tool])
    with pytest.warns(RuntimeWarning, match=WORD):
        found = scores(copy)
    np.testing.assert_allclose(found, scores(path), atol=1e-6)
    # Who cannot score golden vectors does not take it.
    with pytest.raises(ModelFileError, match="the graph is not what was exported"):
        read_model_file(copy)


def test_decoded_weights(tiny_wide_files: Files, tmp_path: Path) -> None:
    """Optimizers store decoded weights, which is what they are."""

    def fold(model: Any) -> None:
        graph = model.graph
        values = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        for node in list(graph.node):
            if all(name in values for name in node.input):
                one, *other = (values[name] for name in node.input)
                result = one * other[0] if node.op_type == "Mul" else one.astype(np.float32)
                values[node.output[0]] = result
                graph.node.remove(node)
                graph.initializer.append(numpy_helper.from_array(result, node.output[0]))

    path = tiny_wide_files["onnx", "int8"]
    copy = rewritten(path, tmp_path, fold)
    with pytest.warns(RuntimeWarning, match=WORD):
        found = scores(copy)
    np.testing.assert_allclose(found, scores(path), atol=1e-6)


def _weight(model: Any) -> None:
    """Turn one bit of one weight of a word that hardly any text has."""
    (table,) = [
        t
        for t in model.graph.initializer
        if t.data_type == onnx.TensorProto.INT8
        and t.dims[0] > 256
        and len(t.dims) == 2
        and t.dims[1] > 1
    ]
    values = numpy_helper.to_array(table).copy()
    values[-2, 0] ^= 1
    table.CopyFrom(numpy_helper.from_array(values, table.name))


def _modulus(model: Any) -> None:
    mod = [node for node in model.graph.node if node.op_type == "Mod"][-2]
    (tensor,) = [t for t in model.graph.initializer if t.name == mod.input[1]]
    tensor.CopyFrom(numpy_helper.from_array(np.array([1008], np.int32), tensor.name))


def _direction(model: Any) -> None:
    """The same weights, read in another order of operators: no activation."""
    (concat,) = [node for node in model.graph.node if node.op_type == "Concat"]
    concat.input[:] = list(concat.input)[::-1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_weight, "the graph is not what was exported .*: the file is damaged or was altered"),
        (_modulus, "the graph is not what was exported .*: the file is damaged or was altered"),
        (_direction, "not a usable ONNX file|scores .* off its golden vectors"),
    ],
)
def test_other_changes(tiny_wide_files: Files, tmp_path: Path, change: Change, said: str) -> None:
    """What means something else is refused."""
    copy = rewritten(tiny_wide_files["onnx", "int8"], tmp_path, change)
    with pytest.raises(ModelFileError, match=said):
        load(copy, "cpu")


def _squashed_twice(model: Any) -> None:
    """A sigmoid behind the sigmoid: known operators, the same weights."""
    (last,) = [node for node in model.graph.node if "probability" in node.output]
    last.output[0] = "before"
    model.graph.node.append(onnx.helper.make_node("Sigmoid", ["before"], ["probability"]))


def test_the_same_weights_in_another_graph(tiny_wide_files: Files, tmp_path: Path) -> None:
    """Golden vectors find it; without them nothing is taken."""
    path = tiny_wide_files["onnx", "int8"]
    copy = rewritten(path, tmp_path, _squashed_twice)
    with pytest.raises(ModelFileError, match=r"scores 0\.\d+ off its golden vectors, allowed"):
        load(copy, "cpu")


def test_an_older_file_has_no_digest(tmp_path: Path) -> None:
    """So it is refused, as it was."""
    old = Path(__file__).parents[1] / "old_artifacts" / "bilstm.onnx"
    assert LEARNT not in read_model_file(old).content.attachments.read()
    copy = rewritten(old, tmp_path, shape_inference.infer_shapes)
    with pytest.raises(ModelFileError, match="the graph is not what was exported"):
        load(copy, "cpu")
