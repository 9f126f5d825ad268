"""Config and weights out of the HDF5 files of Keras, by name and shape.

Two layouts: that of `.h5` files (groups named by layer, attributes `layer_names` and
`weight_names`), and that of `.weights.h5` files, also inside `.keras` (groups named by class and
counter, weights numbered under `vars`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from edgernn.errors import ModelFileError
from edgernn.training.imported.hdf5 import Hdf5Error, Hdf5File, Node
from edgernn.training.imported.layers import (
    Architecture,
    Array,
    Conv,
    Layer,
    Nest,
    Norm,
    Place,
    Recurrent,
)

__all__ = ["read_h5_config", "read_h5_version", "read_h5_weights"]

Weights = list[npt.NDArray[np.float32]]

# Where the layers of a `.weights.h5` file stand: in all but TensorFlow 2.12, and there.
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
_MAX_PARTS = 64
_LEVELS = 24
"""Deeper groups are not looked into; eight models in each other take two levels each."""


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


def read_h5_version(data: bytes) -> int | None:
    """Return the first number of the version of Keras that wrote a file, if it says so."""
    try:
        texts = Hdf5File(data).root.texts("keras_version")
    except Hdf5Error:
        return None
    return int(texts[0][0]) if texts and texts[0][:1] in ("1", "2", "3") else None


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
    items = [list(items) for _, items in _at(0, architecture.places())]
    if len(groups) != len(items):
        raise Hdf5Error(f"it holds weights of {len(groups)} layers, the model has {len(items)}")
    found: list[Weights] = [[] for _ in architecture.layers]
    for (layer_name, group, weight_names), places in zip(groups, items, strict=True):
        expected = sum(len(place.arrays) for place in places)
        if len(weight_names) != expected:
            raise Hdf5Error(
                f"layer {layer_name} has {len(weight_names)} weights, the model's layers say "
                f"{expected}"
            )
        for place in places:
            # A model within the model is one group; names tell which layer a weight is of.
            own = weight_names if len(places) == 1 else _of_layer(weight_names, place.layer.name)
            found[place.number] = [
                _array(group, weight_name, array)
                for weight_name, array in zip(_sorted(own, place), place.arrays, strict=True)
            ]
    return found


def _at(depth: int, places: Sequence[Place]) -> Iterator[tuple[Nest | int, Iterator[Place]]]:
    """Put together what stands in the same model at a depth; a layer is for itself."""
    return groupby(
        places, lambda place: place.nests[depth] if len(place.nests) > depth else place.number
    )


def _of_layer(weight_names: list[str], layer_name: str) -> list[str]:
    """Return the weights of a layer, by its name in theirs."""
    return [name for name in weight_names if layer_name in name.split("/")[:-1]]


def _sorted(weight_names: list[str], place: Place) -> list[str]:
    """Return the names of a layer's weights in the order of `Layer.arrays`.

    Keras writes trainable weights first: the backward direction, if the forward one is frozen.
    """
    found = {_key(name): name for name in weight_names}
    keys = [((array.path[0] if len(array.path) > 1 else ""), array.role) for array in place.arrays]
    if all(key in found for key in keys) and len(found) == len(weight_names) == len(keys):
        return [found[key] for key in keys]
    if len(weight_names) != len(keys):
        raise Hdf5Error(
            f"layer {place.layer.name} has {len(weight_names)} weights, the model's layers say "
            f"{len(keys)}"
        )
    for name, (_, role) in zip(weight_names, keys, strict=True):
        if _key(name)[1] != role:
            raise Hdf5Error(f"{name} stands where {role} must be")
    # Names that do not tell the directions apart.
    return weight_names


def _key(weight_name: str) -> tuple[str, str]:
    """Return the direction that a weight's name says, if it does, and its role."""
    *path, last = weight_name.split("/")
    directions = [
        f"{part.partition('_')[0]}_layer"
        for part in path
        if part.startswith(("forward_", "backward_"))
    ]
    return directions[-1] if directions else "", last.partition(":")[0]


def _by_classes(root: Node, architecture: Architecture) -> list[Weights]:
    """Read the newer layout: the second LSTM of the model is the second that has weights."""
    found: list[Weights] = [[] for _ in architecture.layers]
    _read_level(root, 0, architecture.places(), found)
    return found


def _read_level(root: Node, depth: int, places: Sequence[Place], found: list[Weights]) -> None:
    """Read the layers of a model, and the models in it."""
    groups = root.children()
    met: dict[str, int] = {}
    for nest, items in _at(depth, places):
        inside = list(items)
        kind = nest.kind if isinstance(nest, Nest) else _snake_case(inside[0].layer)
        number = met.setdefault(kind, 0)
        met[kind] += 1
        candidates = [group for group in _of_class(groups, kind) if _holds_weights(group, _LEVELS)]
        if number >= len(candidates):
            raise Hdf5Error(f"it holds no weights of layer {inside[0].layer.name}")
        group = candidates[number]
        if not isinstance(nest, Nest):
            found[inside[0].number] = _read_layer(group, inside[0])
            continue
        inner = next((n for name in _CONTAINERS if (n := group.child(name)) is not None), None)
        if inner is None:
            raise Hdf5Error(f"it holds no layers of model {nest.name}")
        _read_level(inner, depth + 1, inside, found)


def _read_layer(group: Node, place: Place) -> Weights:
    weights = []
    counts: dict[tuple[str, ...], int] = {}
    for array in place.arrays:
        number = counts.setdefault(array.path, 0)
        counts[array.path] += 1
        weights.append(_array(group, "/".join((*array.path, "vars", str(number))), array))
    for path, count in counts.items():
        if group.child("/".join((*path, "vars", str(count)))) is not None:
            raise Hdf5Error(
                f"layer {place.layer.name} has more weights than the model's layers say"
            )
    return weights


def _of_class(groups: dict[str, Node], kind: str) -> list[Node]:
    """Return the groups of a class, in order."""
    pattern = re.compile(rf"{re.escape(kind)}(?:_(\d{{1,4}}))?")
    matches = [match for name in groups if (match := pattern.fullmatch(name))]
    return [groups[match[0]] for match in sorted(matches, key=lambda match: int(match[1] or 0))]


def _holds_weights(group: Node, levels: int) -> bool:
    """Tell whether a group, or one in it, holds a weight; layers without any have groups, too."""
    if not group.is_group() or levels == 0:
        return False
    children = group.children()
    own = children.get("vars")
    if own is not None and own.child("0") is not None:
        return True
    return any(
        _holds_weights(child, levels - 1) for name, child in children.items() if name != "vars"
    )


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
    match layer:
        case Recurrent(bidirectional=True):
            return "bidirectional"
        case Recurrent():
            return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", layer.cell).lower()
        case Conv():
            return "conv1d"
        case Norm():
            return "batch_normalization"
        case _:
            return type(layer).__name__.lower()
