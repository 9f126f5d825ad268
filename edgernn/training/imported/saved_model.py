"""Config and weights out of what Keras 2 saves with TensorFlow: SavedModel folders, checkpoints.

The graph in a SavedModel is never loaded. The config is text inside a protocol buffer, and the
weights are arrays of a checkpoint, found by the names of the objects that hold them.

Source of the field numbers: `saved_metadata.proto` of Keras 2, `saved_model.proto`,
`meta_graph.proto`, `saved_object_graph.proto` and `trackable_object_graph.proto` of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle.onnx.protowire import Budget, ProtoError, iter_fields
from edgernn.errors import MissingPackageError, ModelFileError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.training.imported.layers import Architecture, Array, Place

__all__ = ["read_checkpoint", "read_saved_config"]

Weights = list[npt.NDArray[np.float32]]

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_MAX_FIELDS = 1 << 20
_OF_A_BROKEN_CHECKPOINT = (LookupError, RuntimeError, ValueError, OverflowError, MemoryError)


def read_saved_config(metadata: bytes | None, model: bytes, name: str) -> str:
    """Return the JSON of the model config that a SavedModel holds.

    Args:
        metadata: the content of `keras_metadata.pb`, which TensorFlow 2.5 and later write.
        model: the content of `saved_model.pb`, which holds the config in earlier ones.
        name: the folder, for error messages.

    Raises:
        ModelFileError: broken, or written by something else than Keras 2.
    """
    try:
        text = _root_metadata(metadata) if metadata is not None else _old_metadata(model)
    except ProtoError as error:
        raise ModelFileError(f"{name}: not a SavedModel, or cut short: {error}") from error
    if not text:
        raise ModelFileError(
            f"{name}: holds a graph and no layers, as model.export() of Keras 3 writes it: "
            "save the model itself, as .keras"
        )
    return text


def _root_metadata(metadata: bytes) -> str:
    budget = Budget(_MAX_FIELDS)
    # All of them, so that a file that was cut short is told from a whole one.
    for node in list(_messages(memoryview(metadata), (1,), budget)):
        fields = {field.number: field for field in iter_fields(node, budget)}
        if 3 in fields and fields[3].text == "root" and 5 in fields:
            return fields[5].text
    return ""


def _old_metadata(model: bytes) -> str:
    # SavedModel.meta_graphs, MetaGraphDef.object_graph_def, SavedObjectGraph.nodes; the first node
    # is the model itself: SavedObject.user_object, SavedUserObject.metadata.
    budget = Budget(_MAX_FIELDS)
    for node in _messages(memoryview(model), (2, 7, 1), budget):
        for user_object in _messages(node, (4,), budget):
            for field in iter_fields(user_object, budget):
                if field.number == 3:
                    return field.text
        break
    return ""


def read_checkpoint(prefix: Path, architecture: Architecture) -> list[Weights]:
    """Read the weights of every layer, float32, in the order of `Layer.arrays`.

    Args:
        prefix: the checkpoint's path without `.index`.
        architecture: the layers.

    Raises:
        MissingPackageError: TensorFlow is not installed.
        ModelFileError: broken, or a weight is missing or of another shape.
    """
    try:
        with held_back():
            tf = import_quietly("tensorflow")
    except ImportError as error:
        raise MissingPackageError("tensorflow", "reading a checkpoint", "export") from error
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        shapes = reader.get_variable_to_shape_map()
        if _OBJECT_GRAPH not in shapes:
            raise ModelFileError(f"{prefix}: not a checkpoint that Keras 2 wrote")
        graph = _ObjectGraph(reader.get_tensor(_OBJECT_GRAPH))
        found: list[Weights] = [[] for _ in architecture.layers]
        for path, place in _checkpoint_paths(architecture.places()):
            found[place.number] = [
                _array(reader, shapes, graph, prefix, path, array) for array in place.arrays
            ]
    except (tf.errors.OpError, ProtoError, *_OF_A_BROKEN_CHECKPOINT) as error:
        raise ModelFileError(f"{prefix}: cannot be read: the checkpoint is broken") from error
    return found


def _checkpoint_paths(
    places: Sequence[Place], depth: int = 0
) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Give each layer's path from the model: layers, and models in it, that have weights count."""
    items = groupby(
        places, lambda place: place.nests[depth] if len(place.nests) > depth else place.number
    )
    for number, (_, inside) in enumerate(items):
        name = f"layer_with_weights-{number}"
        found = list(inside)
        if len(found[0].nests) > depth:
            for path, place in _checkpoint_paths(found, depth + 1):
                yield (name, *path), place
        else:
            yield (name,), found[0]


def _array(
    reader: Any,
    shapes: dict[str, list[int]],
    graph: _ObjectGraph,
    prefix: Path,
    path: tuple[str, ...],
    array: Array,
) -> npt.NDArray[np.float32]:
    place = "/".join((*path, *array.path, array.role))
    key = graph.checkpoint_key((*path, *array.path, array.role))
    if key is None or key not in shapes:
        raise ModelFileError(f"{prefix}: holds no {place}")
    if tuple(shapes[key]) != array.shape:
        raise ModelFileError(
            f"{prefix}: {place} has shape {tuple(shapes[key])}, the model's layers say "
            f"{array.shape}"
        )
    value = reader.get_tensor(key)
    if value.dtype != np.float32:
        raise ModelFileError(f"{prefix}: {place} has type {value.dtype}, must be float32")
    weights: npt.NDArray[np.float32] = value
    return weights


class _ObjectGraph:
    """Which object of a Keras model holds which, and under which key a variable is stored."""

    def __init__(self, data: bytes) -> None:
        self._children: list[dict[str, int]] = []
        self._keys: list[str | None] = []
        budget = Budget(_MAX_FIELDS)
        for node in _messages(memoryview(data), (1,), budget):
            children: dict[str, int] = {}
            key = None
            for field in iter_fields(node, budget):
                if field.number not in (1, 2):
                    continue
                inner = {f.number: f for f in iter_fields(field.view, budget)}
                if field.number == 1 and 2 in inner:
                    # Of the two fields node_id and local_name, an id of 0 is left unsaid.
                    children[inner[2].text] = inner[1].integer if 1 in inner else 0
                elif field.number == 2 and 3 in inner and inner[1].text == "VARIABLE_VALUE":
                    key = inner[3].text
            self._children.append(children)
            self._keys.append(key)

    def checkpoint_key(self, path: tuple[str, ...]) -> str | None:
        """Return the key of the variable at the end of a path from the model."""
        node = 0
        for name in path:
            if node >= len(self._children) or name not in self._children[node]:
                return None
            node = self._children[node][name]
        return self._keys[node] if node < len(self._keys) else None


def _messages(message: memoryview, path: tuple[int, ...], budget: Budget) -> Iterator[memoryview]:
    """Give every message at a path of field numbers."""
    for field in iter_fields(message, budget):
        if field.number != path[0]:
            continue
        if len(path) == 1:
            yield field.view
        else:
            yield from _messages(field.view, path[1:], budget)
