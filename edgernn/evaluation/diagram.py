"""The layers of a Keras model, as rows to print and as a picture.

The picture is that of Keras's `plot_model`: a box a layer, from the ids down to the logit, n-grams
beside the others. It is drawn with matplotlib, since `plot_model` needs the program graphviz, which
a fresh machine has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.cells import CELLS
from edgernn.errors import ModelFileError
from edgernn.pictures import needs_matplotlib, picture_format, save_picture
from edgernn.privacy import import_quietly
from edgernn.training.models import LOGIT, NGRAMS, deep_layers

__all__ = ["LayerRow", "draw_diagram", "read_layers"]

MAX_LAYERS = 100
_LONGEST_NAME = 40

_BOX, _GAP, _MARGIN, _PADDING, _TITLE = 0.78, 0.3, 0.2, 0.14, 0.5
"""Lengths in inches."""


@dataclass(frozen=True)
class LayerRow:
    """One layer of a model."""

    name: str
    type: str
    """The class, and the settings that matter, such as `Dense, 64 units, relu`."""
    output_shape: tuple[int | str, ...]
    """Axes whose length is not fixed are called `batch` and `time`."""
    parameters: int
    is_beside: bool = False
    """Whether it reads the ids beside the other layers, and the last of those adds it to them."""

    @property
    def shape(self) -> str:
        """The output shape as text."""
        return f"({', '.join(map(str, self.output_shape))})"


def read_layers(model: Any, path: Path) -> list[LayerRow]:
    """Read the layers of a Keras model, its input first.

    Args:
        model: a built `keras.Sequential`, or what `models.build` makes of layers with n-grams
            beside them, which come last but one.
        path: the model's file, for the message of an error.

    Raises:
        ModelFileError: the layers are no chain from one input to one output, or too many.
    """
    keras = import_quietly("keras")

    chain = isinstance(model, keras.Sequential)
    names = () if chain else [layer.name for layer in model.layers[len(deep_layers(model)) + 1 :]]
    if not model.built or not (chain or names == [NGRAMS, LOGIT]):
        raise ModelFileError(f"{path}: not a sequential model with a fixed input")
    if len(model.layers) >= MAX_LAYERS:
        raise ModelFileError(f"{path}: more than {MAX_LAYERS} layers")
    (ids,) = model.inputs
    rows = [LayerRow(_printable(ids.name), f"Input, {ids.dtype}", _shape(ids), 0)]
    for layer in model.layers if chain else model.layers[1:]:
        if isinstance(layer.output, (list, tuple)):
            raise ModelFileError(f"{path}: layer {_printable(layer.name)} has several outputs")
        rows.append(
            LayerRow(
                name=_printable(layer.name),
                type=_type(layer),
                output_shape=_shape(layer.output),
                parameters=layer.count_params(),
                is_beside=layer.name == NGRAMS and not chain,
            )
        )
    return rows


def draw_diagram(layers: Sequence[LayerRow], path: Path, title: str) -> None:
    """Draw a box a layer, top to bottom, with arrows between.

    Args:
        layers: as `read_layers` gives them.
        path: a .png, .svg or .pdf file.
        title: stands above the first box.

    Raises:
        MissingPackageError: matplotlib is not installed.
        OSError: the file cannot be written; the message names it.
        UsageError: the file's name is that of no picture.
    """
    picture_format(path)
    with needs_matplotlib("drawing a diagram"):
        Figure = import_quietly("matplotlib.figure").Figure
        FancyBboxPatch = import_quietly("matplotlib.patches").FancyBboxPatch
    figure = Figure(dpi=150)
    # The axes fill the figure and have its size, so that all lengths are inches.
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()

    def write(y: float, text: str, x: float = _MARGIN + _PADDING, **style: Any) -> Any:
        return axes.text(x, y, text, parse_math=False, va="center", **style)

    chain = [layer for layer in layers if not layer.is_beside]
    beside = [layer for layer in layers if layer.is_beside]
    height = _TITLE + len(chain) * (_BOX + _GAP) - _GAP + _MARGIN
    tops = [height - _TITLE - i * (_BOX + _GAP) for i in range(len(chain))]
    title_text = write(height - _TITLE / 2, _printable(title, 100), fontsize=10, color="0.3")
    left = _MARGIN
    boxes = []
    for column, places in ((chain, tops), (beside, [(tops[0] + tops[-1]) / 2] * len(beside))):
        texts = [] if column is beside else [title_text]
        last_lines = []
        for layer, top in zip(column, places, strict=True):
            x = left + _PADDING
            last_lines.append(write(top - _BOX * 0.79, _last_line(layer), x, fontsize=9))
            texts += [
                write(top - _BOX * 0.22, layer.name, x, fontsize=10, fontweight="bold"),
                write(top - _BOX * 0.51, layer.type, x, fontsize=9),
                last_lines[-1],
            ]
        widest = max((text.get_window_extent().width for text in texts), default=0) / figure.dpi
        inner = widest + 2 * _PADDING
        # Now that the width is known, the parameters can go to the right edge.
        for layer, line in zip(column, last_lines, strict=True):
            line.set_text(layer.shape)
            right = left + inner - _PADDING
            write(line.get_position()[1], _parameters(layer), x=right, ha="right", fontsize=9)
        boxes += [(layer, left, top, inner) for layer, top in zip(column, places, strict=True)]
        if column:
            left += inner + 2 * _GAP
    width = left - 2 * _GAP + _MARGIN
    figure.set_size_inches(width, height)
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)

    def arrow(tail: tuple[float, float], tip: tuple[float, float], bend: str = "arc3") -> None:
        style = {"arrowstyle": "-|>,head_length=0.5,head_width=0.2", "connectionstyle": bend}
        line = {"color": "#4a6785", "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=tip, xytext=tail, arrowprops={**style, **line})

    for layer, x, top, inner in boxes:
        axes.add_patch(
            FancyBboxPatch(
                (x, top - _BOX),
                inner,
                _BOX,
                boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="#e3edf7" if layer.parameters else "#f3f3f3",
                edgecolor="#4a6785",
                zorder=0,
            )
        )
        middle = x + inner / 2
        edge = boxes[0][1] + boxes[0][3]
        if layer.is_beside:
            # From the right of the first box, and to the right of the last.
            arrow((edge, tops[0] - _BOX / 2), (middle, top), "angle,angleA=0,angleB=90")
            arrow((middle, top - _BOX), (edge, tops[-1] - _BOX / 2), "angle,angleA=90,angleB=0")
        elif top != tops[0]:
            arrow((middle, top + _GAP), (middle, top))
    save_picture(figure, path)


def _last_line(layer: LayerRow) -> str:
    return f"{layer.shape}{' ' * 8}{_parameters(layer)}"


def _parameters(layer: LayerRow) -> str:
    return f"{layer.parameters:,} parameters" if layer.parameters else "no parameters"


def _type(layer: Any, times: str = "") -> str:
    """Return the class of a layer and the settings that matter; `times` stands before its units."""
    name = type(layer).__name__
    match name:
        case "Bidirectional":
            merged = "" if layer.merge_mode == "concat" else f", merged by {layer.merge_mode}"
            return f"Bidirectional {_type(layer.forward_layer, '2 x ')}{merged}"
        case "Embedding":
            padding = "masked" if layer.mask_zero else "not masked"
            return f"Embedding, {layer.input_dim:,} ids, padding {padding}"
        case _ if name in CELLS:
            parts = [name, f"{times}{_units(layer)}"]
            if _activation(layer) != "tanh":
                parts.append(_activation(layer))
            if layer.dropout:
                parts.append(f"input dropout {layer.dropout:g}")
            if layer.recurrent_dropout:
                parts.append(f"recurrent dropout {layer.recurrent_dropout:g}")
            if layer.return_sequences:
                parts.append("sequences")
            return ", ".join(parts)
        case "Dense":
            activation = _activation(layer)
            activated = "" if activation == "linear" else f", {activation}"
            return f"Dense, {_units(layer)}{activated}"
        case "MaxMeanPooling":
            return f"Pooling, {' and '.join(layer.of)}"
        case "HashedNgrams" | "HashedNgramVectors":
            found = f"N-grams of 1 to {layer.longest} ids, {layer.buckets:,} buckets"
            return found if name == "HashedNgrams" else f"{found} of {_units(layer)}"
        case "Dropout" | "SpatialDropout1D":
            return f"{name} {layer.rate:g}"
        case _:
            return name


def _units(layer: Any) -> str:
    return f"{layer.units} unit" if layer.units == 1 else f"{layer.units} units"


def _activation(layer: Any) -> str:
    return str(layer.get_config()["activation"])


def _shape(tensor: Any) -> tuple[int | str, ...]:
    return tuple(
        size if size is not None else "time" if axis else "batch"
        for axis, size in enumerate(tensor.shape)
    )


def _printable(name: str, longest: int = _LONGEST_NAME) -> str:
    shown = "".join(c if c.isprintable() else "\ufffd" for c in name)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}\u2026"
