"""Config and weights out of the HDF5 files of Keras, by name and shape.

Two layouts: that of `.h5` files (groups named by layer, attributes `layer_names` and
`weight_names`), and that of `.weights.h5` files, also inside `.keras` (groups named by class and
counter, weights numbered under `vars`).
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from edgernn.errors import ModelFileError
from edgernn.training.imported.hdf5 import Hdf5Error, Hdf5File, Node
from edgernn.training.imported.layers import Architecture, Array, Layer, Recurrent

__all__ = ["read_h5_config", "read_h5_weights"]

Weights = list[npt.NDArray[np.float32]]

# Where the layers of a `.weights.h5` file stand: in all but TensorFlow 2.12, and there.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_MAX_PARTS = 64


def read_h5_config(data: bytes, name: str) -> str | None:
    """Return the model's config as JSON; None if the file holds weights alone.

    Args:
        data: the content of the file.
        name: stands in error messages.

    Raises:
        ModelFileError: not an HDF5 file, or a broken one.
    """
    try:
        texts = Hdf5File(data).root.texts("model_config")
    except Hdf5Error as error:
        raise ModelFileError(f"{name}: cannot be read: {error}") from error
    return "".join(texts) if texts else None


def read_h5_weights(data: bytes, architecture: Architecture, name: str) -> list[Weights]:
    """Read the weights of every layer, float32, in the order of `Layer.arrays`.

    Args:
        data: the content of the file.
        architecture: the layers.
        name: stands in error messages.

    Raises:
        ModelFileError: not an HDF5 file, a broken one, or a weight is missing or of another shape.
    """
    try:
        root = Hdf5File(data).root
        root = root.child("model_weights") or root
        if _names(root, "layer_names"):
            return _by_layer_names(root, architecture)
        for container in _CONTAINERS:
            layers = root.child(container)
            if layers is not None:
                return _by_classes(layers, architecture)
        raise Hdf5Error("it holds no weights of a Keras model")
    except Hdf5Error as error:
        raise ModelFileError(f"{name}: cannot be read: {error}") from error


def _by_layer_names(root: Node, architecture: Architecture) -> list[Weights]:
    """Read the older layout: the layers that have weights, in order, as Keras does."""
    groups = []
    for layer_name in _names(root, "layer_names"):
        group = _child(root, layer_name)
        weight_names = _names(group, "weight_names")
        if weight_names:
            groups.append((layer_name, group, weight_names))
    arrays = architecture.arrays()
    if len(groups) != len(arrays):
        raise Hdf5Error(f"it holds weights of {len(groups)} layers, the model has {len(arrays)}")
    found = []
    for (layer_name, group, weight_names), expected in zip(groups, arrays, strict=True):
        if len(weight_names) != len(expected):
            raise Hdf5Error(
                f"layer {layer_name} has {len(weight_names)} weights, the model's layers say "
                f"{len(expected)}"
            )
        weights = []
        for weight_name, array in zip(weight_names, expected, strict=True):
            if weight_name.rpartition("/")[2].partition(":")[0] != array.role:
                raise Hdf5Error(f"{weight_name} stands where {array.role} must be")
            weights.append(_array(group, weight_name, array))
        found.append(weights)
    return found


def _by_classes(root: Node, architecture: Architecture) -> list[Weights]:
    """Read the newer layout: the second LSTM of the model is the second that has weights."""
    groups = root.children()
    found = []
    met: dict[str, int] = {}
    for layer, expected in zip(architecture.layers, architecture.arrays(), strict=True):
        kind = _snake_case(layer)
        candidates = _of_class(groups, kind, expected[0])
        number = met.setdefault(kind, 0)
        met[kind] += 1
        if number >= len(candidates):
            raise Hdf5Error(f"it holds no weights of layer {layer.name}")
        group = candidates[number]
        weights = []
        places: dict[tuple[str, ...], int] = {}
        for array in expected:
            place = places.setdefault(array.path, 0)
            places[array.path] += 1
            weights.append(_array(group, "/".join((*array.path, "vars", str(place))), array))
        for path, count in places.items():
            if group.child("/".join((*path, "vars", str(count)))) is not None:
                raise Hdf5Error(f"layer {layer.name} has more weights than the model's layers say")
        found.append(weights)
    return found


def _of_class(groups: dict[str, Node], kind: str, first: Array) -> list[Node]:
    """Return the groups of a class that hold weights, in order."""
    pattern = re.compile(rf"{kind}(?:_(\d{{1,4}}))?")
    matches = [match for name in groups if (match := pattern.fullmatch(name))]
    ordered = sorted(matches, key=lambda match: int(match[1] or 0))
    path = "/".join((*first.path, "vars", "0"))
    return [groups[match[0]] for match in ordered if groups[match[0]].child(path) is not None]


def _array(group: Node, path: str, array: Array) -> npt.NDArray[np.float32]:
    node = _child(group, path)
    try:
        return node.array(array.shape)
    except Hdf5Error as error:
        raise Hdf5Error(f"{path} {error}") from error


def _child(group: Node, path: str) -> Node:
    node = group.child(path)
    if node is None:
        raise Hdf5Error(f"it holds no {path}")
    return node


def _names(group: Node, name: str) -> list[str]:
    """Read a list of names; Keras splits one that is too long for an attribute."""
    found = group.texts(name)
    if found is not None:
        return found
    found = []
    for number in range(_MAX_PARTS):
        part = group.texts(f"{name}{number}")
        if part is None:
            break
        found += part
    return found


def _snake_case(layer: Layer) -> str:
    """Return a layer's class as Keras names groups, such as `simple_rnn`."""
    if isinstance(layer, Recurrent):
        if layer.bidirectional:
            return "bidirectional"
        return {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}[layer.cell]
    return type(layer).__name__.lower()
