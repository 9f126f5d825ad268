"""From a model's config to plain layers, without Keras: nothing that the config names is created.

Configs of Keras 2 (2.2 and later) and 3 are read. Layers and settings that cannot be carried over
exactly are collected and named in one error.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from edgernn.errors import ModelFileError
from edgernn.training.imported.chain import find_break
from edgernn.training.imported.entries import Reader, is_of_keras
from edgernn.training.imported.layers import Architecture, Embedding, Layer, Nest
from edgernn.training.imported.order import check_masks, check_order, join_activations
from edgernn.training.imported.settings import MIXED, plain, shown

__all__ = ["read_architecture"]

# The operation that Keras 3 writes for a mask; `find_break` looks at what it compares.
_MASK = "NotEqual"
_MODELS = ("Sequential", "Functional", "Model")
_MAX_LAYERS = 256
_MAX_NESTS = 8


@dataclasses.dataclass(frozen=True)
class _Placed:
    """A layer, and the models that it stands in."""

    layer: Layer
    nests: tuple[Nest, ...]


def read_architecture(config: object, file: str, keras: int | None = None) -> Architecture:
    """Read the layers of a sequential model, or of a functional one that is a plain chain.

    Args:
        config: what `model.to_json()` holds.
        file: named in error messages.
        keras: the first number of the version of Keras that wrote it, if the file says so.

    Raises:
        ModelFileError: not the config of such a model, or something in it cannot be carried over
            exactly; the message names all of it.
    """
    if keras is None:
        keras = _version(config)
    reader = Reader(keras)
    placed = _read_model(config, file, reader, ())
    if reader.problems:
        raise ModelFileError(
            f"{file}: cannot be carried over exactly: {'; '.join(reader.problems)}"
        )
    if len(reader.lengths) > 1:
        raise ModelFileError(f"{file}: two layers name different input lengths")
    places = {id(one.layer): one.nests for one in placed}
    joined = join_activations([one.layer for one in placed], file)
    check_order([layer for layer, _ in joined], file)
    layers, masked = check_masks([layer for layer, _ in joined], file)
    nests = tuple(places[id(source)] for _, source in joined)
    notes = list(reader.notes)
    # The coarser one, should there be both.
    mixed = next((policy for policy in reversed(MIXED) if policy in reader.mixed), None)
    if mixed is not None:
        notes.append(
            f"trained in {mixed}: the weights are float32, and so is what is computed here"
        )
    if not masked and any(
        isinstance(one.layer, Embedding) and one.layer.mask_zero for one in placed
    ):
        notes.append(
            "mask_zero has no effect in this model: a layer in front of the recurrent ones drops "
            "the mask, so padding is read"
        )
    return Architecture(
        layers,
        reader.lengths.pop() if reader.lengths else None,
        nests if any(nests) else (),
        tuple(notes),
        mixed,
    )


def _read_model(
    config: object,
    file: str,
    reader: Reader,
    nests: tuple[Nest, ...],
) -> list[_Placed]:
    """Read the layers of a model, and of those in it."""
    kind, settings, entries = _entries(config, file, reader)
    found: list[_Placed] = []
    for entry in entries:
        if entry.get("class_name") == _MASK and kind != "Sequential":
            continue
        if _is_model(entry):
            if len(nests) == _MAX_NESTS:
                raise ModelFileError(f"{file}: models are nested more than {_MAX_NESTS} deep")
            name = str(entry.get("config", {}).get("name"))
            inner = (*nests, Nest(_snake_case(str(entry["class_name"])), name))
            found += _read_model(entry, file, reader, inner)
            continue
        found += [_Placed(layer, nests) for layer in reader.read(entry)]
    if len(found) > _MAX_LAYERS:
        raise ModelFileError(f"{file}: more than {_MAX_LAYERS} layers")
    if kind != "Sequential" and not reader.problems:
        masked = any(isinstance(one.layer, Embedding) and one.layer.mask_zero for one in found)
        reason = find_break(settings, entries, masked)
        if reason is not None:
            raise ModelFileError(f"{file}: must be a plain chain of layers: {reason}")
    return found


def _entries(
    config: object, file: str, reader: Reader
) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Return the kind of model, its own settings, and its layers' entries."""
    kind = config.get("class_name") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not (kind in _MODELS or _lists_layers(config)):
        raise ModelFileError(
            f"{file}: must be a sequential or functional Keras model, not {shown(kind)}"
        )
    settings = config.get("config")
    if isinstance(settings, list):  # Keras 2.2.2 and earlier
        settings = {"layers": settings}
    entries = settings.get("layers") if isinstance(settings, dict) else None
    if (
        not isinstance(settings, dict)
        or not isinstance(entries, list)
        or not all(isinstance(entry, dict) for entry in entries)
        or not 1 <= len(entries) <= _MAX_LAYERS
    ):
        raise ModelFileError(f"{file}: its config holds no list of layers")
    if kind in _MODELS and is_of_keras(config):
        return str(kind), settings, entries
    # A class of one's own that is saved with the config of the class behind it.
    reader.notes.append(
        f"{plain(kind)} is a class of one's own, whose code is not in the file: its layers are "
        "taken as its config lists them; compare scores with those of your own program"
    )
    return ("Functional" if "input_layers" in settings else "Sequential"), settings, entries


def _is_model(entry: dict[str, Any]) -> bool:
    return entry.get("class_name") in _MODELS or _lists_layers(entry)


def _lists_layers(entry: dict[str, Any]) -> bool:
    """Tell whether a class of one's own has a model's config: entries of layers."""
    settings = entry.get("config")
    layers = settings.get("layers") if isinstance(settings, dict) else None
    return (
        not is_of_keras(entry)
        and isinstance(layers, list)
        and all(isinstance(layer, dict) and "class_name" in layer for layer in layers)
    )


def _version(config: object) -> int | None:
    """Return which Keras wrote a config, as far as it says itself."""
    if not isinstance(config, dict):
        return None
    version = config.get("keras_version")
    if isinstance(version, str):  # Keras 2 writes it into the JSON of a model
        return 3 if version.startswith("3") else 2
    return 3 if config.get("module") == "keras" else None


def _snake_case(name: str) -> str:
    """Return the name of a class as Keras names groups of weights after it."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
