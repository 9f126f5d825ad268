"""Whether a functional model's config is a plain chain, one layer behind the other."""

from __future__ import annotations

from typing import Any

from edgernn.training.imported.settings import plain, shown

__all__ = ["find_break"]


def find_break(config: dict[str, Any], entries: list[dict[str, Any]], masked: bool) -> str | None:
    """Return what keeps a functional model from being a chain of its layers as they are listed.

    Keras 3 lists the mask of an embedding as an operation `NotEqual` on the ids, which the
    recurrent layers name as their `mask`; that is the one branch that may be there.

    Args:
        config: the model's own settings.
        entries: its layers and operations.
        masked: whether the embedding masks id 0.
    """
    names = [str(entry.get("name")) for entry in entries]
    masks = {str(entry.get("name")) for entry in entries if entry.get("class_name") == "NotEqual"}
    if len(set(names)) < len(names):
        return "two layers have the same name"
    previous: str | None = None
    for entry, name in zip(entries, names, strict=True):
        calls = _calls(entry.get("inbound_nodes"))
        if previous is None:
            if entry.get("class_name") != "InputLayer" or calls != []:
                return "it does not start with an input layer"
            previous = name
            continue
        if calls is None or len(calls) != 1:
            return f"layer {plain(name)} is not called exactly once"
        arguments, options = calls[0]
        if name in masks:
            if arguments != [_Tensor(names[0]), 0] or options or not masked:
                return f"operation {plain(name)} is not the embedding's mask"
            continue
        if arguments != [_Tensor(previous)]:
            return (
                f"layer {plain(name)} does not take what the layer before it gives, and that alone"
            )
        for option, value in options.items():
            mask = option == "mask" and isinstance(value, _Tensor) and value in masks
            if not (mask or value is None or (option == "training" and value is False)):
                return f"layer {plain(name)} is called with {plain(option)}={shown(value)}"
        previous = name
    ends = config.get("input_layers"), config.get("output_layers")
    if ends[0] not in _ends(names[0]) or previous is None or ends[1] not in _ends(previous):
        return "its input and output are not the first and the last layer"
    return None


class _Tensor(str):
    """The name of a layer whose output is an argument."""


def _ends(name: str) -> tuple[object, object]:
    return [name, 0, 0], [[name, 0, 0]]


def _calls(nodes: object) -> list[tuple[list[Any], dict[str, Any]]] | None:
    """Return arguments and options of each call of a layer; None where they cannot be read."""
    if not isinstance(nodes, list):
        return None
    found: list[tuple[list[Any], dict[str, Any]]] = []
    for node in nodes:
        match node:
            case {"args": [*arguments], "kwargs": {**options}}:  # Keras 3
                found.append(
                    (
                        [_tensor(a) for a in arguments],
                        {str(k): _tensor(v) for k, v in options.items()},
                    )
                )
            case [[str(name), 0, 0, {**options}]]:  # Keras 2
                found.append(([_Tensor(name)], {str(k): v for k, v in options.items()}))
            case _:
                return None
    return found


def _tensor(value: object) -> object:
    match value:
        case {"class_name": "__keras_tensor__", "config": {"keras_history": [str(name), 0, 0]}}:
            return _Tensor(name)
        case _:
            return value
