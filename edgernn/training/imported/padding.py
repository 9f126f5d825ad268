"""What padding does to a model: whether texts must be padded, and how long they must be."""

from __future__ import annotations

from pathlib import Path

from edgernn.errors import UsageError
from edgernn.training.imported.layers import (
    Architecture,
    Conv,
    MaxPool,
    Pool,
    Recurrent,
    fitting_length,
)

__all__ = ["check_padding", "padded_length"]


def check_padding(architecture: Architecture, padding: str, length: int, model: Path) -> None:
    """Refuse a length that a convolution cannot read, or texts that are not padded to it.

    Args:
        architecture: the layers.
        padding: where zeros stood in training: `pre`, `post`, `none`.
        length: the longest input in ids.
        model: named in error messages.

    Raises:
        UsageError: with the layer's name and what to do.
    """
    windows = [layer for layer in architecture.layers if isinstance(layer, Conv | MaxPool)]
    if not windows:
        return
    if padding == "none":
        raise UsageError(
            f"--padding none: layer {windows[0].name} of {model} reads several ids at once, so its "
            "texts were padded: --padding pre or --padding post, as in training"
        )
    found = fitting_length(architecture.layers, length)
    if found is None:
        return
    layer, steps = found
    if isinstance(layer, MaxPool) and layer.padding == "same":
        raise UsageError(
            f"--max-length {length}: layer {layer.name} of {model} reads {steps} steps in windows "
            f"of {layer.size}, and with padding='same' Keras pads in front too, which cannot be "
            "carried over; a length that leaves no more than one step over can"
        )
    raise UsageError(
        f"--max-length {length}: too short for layer {layer.name} of {model}, which has {steps} "
        "steps left to read: give the maxlen of pad_sequences in training"
    )


def padded_length(architecture: Architecture, padding: str, length: int) -> int | None:
    """Return the length that texts were padded to, if max pooling saw zeros at masked steps.

    Keras's GlobalMaxPooling1D knows no mask. At masked steps a recurrent layer gives the output of
    the step before, zeros if there is none; Bidirectional gives zeros.
    """
    layers = architecture.layers
    if not architecture.embedding.mask_zero or padding == "none":
        return None
    if not any(isinstance(layer, Pool) and layer.of == "max" for layer in layers):
        return None
    last = [layer for layer in layers if isinstance(layer, Recurrent)][-1]
    return length if padding == "pre" or last.zeros_behind else None
