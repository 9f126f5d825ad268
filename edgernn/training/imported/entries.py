"""One entry of a model's config as the layers that it stands for."""

from __future__ import annotations

from typing import Any, cast, get_args

from edgernn.cells import CELLS
from edgernn.training.imported.layers import (
    Activation,
    Conv,
    Dense,
    Embedding,
    Function,
    Layer,
    MaxPool,
    Merge,
    Norm,
    Pool,
    Recurrent,
)
from edgernn.training.imported.settings import Settings, plain

__all__ = ["Reader", "is_of_keras", "labelled"]

_ONLY_IN_TRAINING = frozenset(
    {"ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise"}
    | {"SpatialDropout1D"}
)
_OWN_MODULES = ("keras", "tf_keras", "tensorflow")
_SLOPE = 0.2
"""Of `leaky_relu` by name, in Keras 2 and 3."""
_FUNCTIONS: dict[str, Function] = {
    **{name: name for name in get_args(Function)},
    "swish": "silu",
}
_ADVICE = {
    "TextVectorization": "is read from the start of .keras files alone; save the model as .keras",
    "CuDNNGRU": "load it in TensorFlow 2 and copy its weights into a GRU with reset_after=True",
    "CuDNNLSTM": "load it in TensorFlow 2 and copy its weights into an LSTM",
    "Flatten": "GlobalMaxPooling1D or GlobalAveragePooling1D in its place can be carried over",
    "Lambda": "is code of one's own, and a layer of Keras in its place can be carried over",
    "LayerNormalization": "BatchNormalization in its place can be carried over",
    "TimeDistributed": "a Dense layer behind the pooling in its place can be carried over",
}
"""What to do about a layer that cannot be carried over."""


class Reader:
    """Reads entries; what is wrong goes to `problems`, what a person should know to `notes`."""

    def __init__(self, keras: int | None) -> None:
        """Read configs that a Keras of that first number wrote; None where it is not known."""
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.mixed: set[str] = set()
        """The policies of mixed precision that layers have."""
        self.keras = keras
        self.lengths: set[int] = set()
        """The numbers of ids that layers up to the embedding say they take."""
        self._is_behind = False

    def read(self, entry: dict[str, Any]) -> list[Layer]:
        """Return the layers that an entry stands for; none if it plays no part."""
        kind, name, label = labelled(entry)
        if not is_of_keras(entry):
            self.problems.append(f"{label}, a layer of one's own")
            return []
        if kind in _ONLY_IN_TRAINING:
            return []
        settings = Settings(label, entry.get("config"), self.problems, self.mixed)
        if kind == "InputLayer":
            settings.one_of("sparse", (False,), False)
            settings.one_of("ragged", (False,), False)
            settings.one_of("optional", (False,), False)
            settings.get("dtype")  # whatever it is: ids are whole numbers
            self._note_length(settings)
            return []
        found = self._layers(kind, name, label, settings)
        if found is None:
            advice = f": {_ADVICE[kind]}" if kind in _ADVICE else ""
            self.problems.append(f"{label}{advice}")
            return []
        self._note_length(settings)
        self._is_behind = self._is_behind or kind == "Embedding"
        settings.finish()
        return found

    def _note_length(self, settings: Settings) -> None:
        length = _input_length(settings)
        # Behind the embedding it would be that of something else.
        if length is not None and not self._is_behind:
            self.lengths.add(length)

    def _layers(self, kind: str, name: str, label: str, settings: Settings) -> list[Layer] | None:
        """Return the layers; None for a kind that is not known."""
        match kind:
            case "Embedding":
                rows, units = settings.count("input_dim"), settings.count("output_dim")
                mask_zero = settings.one_of("mask_zero", (False, True), False)
                return [Embedding(name, rows, units, mask_zero)]
            case _ if kind in CELLS:
                return [self._recurrent(name, kind, settings)]
            case "Bidirectional":
                recurrent = self._bidirectional(name, label, settings)
                return [] if recurrent is None else [recurrent]
            case "Dense":
                return _activated(_dense(name, settings), settings)
            case "Conv1D" | "Convolution1D":
                return _activated(_conv(name, settings), settings)
            case "MaxPooling1D":
                return [_max_pool(name, settings)]
            case "GlobalMaxPooling1D" | "GlobalAveragePooling1D":
                settings.one_of("data_format", ("channels_last",), "channels_last")
                settings.one_of("keepdims", (False,), False)
                return [Pool(name, "max" if kind == "GlobalMaxPooling1D" else "mean")]
            case "BatchNormalization":
                return [_norm(name, settings)]
            case "Activation":
                return [_activation(name, _function(settings))]
            case "ReLU" | "LeakyReLU" | "ELU" | "Softmax":
                return [_activation_layer(kind, name, settings)]
        return None

    def _recurrent(
        self,
        name: str,
        cell: str,
        settings: Settings,
        *,
        merge: Merge | None = None,
        backward: bool = False,
    ) -> Recurrent:
        """Read a recurrent layer, or one direction of a bidirectional one."""
        gates = "sigmoid"
        if CELLS[cell].sigmoid_gates:
            # Keras 2 before TensorFlow 2 had another default, and always writes it down.
            known = ("sigmoid", "hard_sigmoid")
            gates = settings.one_of("recurrent_activation", known, "sigmoid")
        if gates == "hard_sigmoid" and self.keras is None:
            settings.problem(
                "recurrent_activation='hard_sigmoid' is 0.2 x + 0.5 in Keras 2 and x / 6 + 0.5 in "
                "Keras 3, and the file does not say which of them wrote it: save the model as "
                ".h5 or .keras"
            )
        settings.one_of("go_backwards", (backward,), None if backward else False)
        settings.one_of("time_major", (False,), False)
        settings.one_of("stateful", (False,), False)
        settings.one_of("return_state", (False,), False)
        sequences = settings.one_of("return_sequences", (False, True), False)
        zeros = settings.one_of("zero_output_for_mask", (False, True), False)
        return Recurrent(
            name,
            cell,
            units=settings.count("units"),
            bidirectional=merge is not None,
            sequences=sequences,
            use_bias=settings.one_of("use_bias", (True, False), True),
            # A GRU without this setting is older than it.
            reset_after=CELLS[cell].has_reset_after
            and settings.one_of("reset_after", (False, True), False),
            merge=merge or "concat",
            activation=cast(
                Any, settings.one_of("activation", ("tanh", "relu", "sigmoid"), "tanh")
            ),
            gates=cast(Any, gates),
            steep=gates == "hard_sigmoid" and self.keras != 3,
            # Bidirectional sets it for both directions.
            zeros_behind=zeros or (merge is not None and sequences),
        )

    def _bidirectional(self, name: str, label: str, settings: Settings) -> Recurrent | None:
        """Read both directions, which must be alike; the backward one may be left unsaid."""
        merge = cast(Merge, settings.one_of("merge_mode", get_args(Merge), "concat"))
        both: list[Recurrent] = []
        for setting in ("layer", "backward_layer"):
            entry = settings.get(setting)
            if entry is None and both:
                continue
            kind, _, inner = labelled(entry) if isinstance(entry, dict) else ("", "", "")
            if kind not in CELLS or not is_of_keras(entry):
                self.problems.append(f"{label} of {inner or 'nothing'}")
                return None
            config = entry.get("config")
            own = Settings(f"{label}, {setting}", config, self.problems, self.mixed)
            backward = setting == "backward_layer"
            both.append(self._recurrent(name, kind, own, merge=merge, backward=backward))
            _input_length(own)
            own.finish()
        if both[-1] != both[0]:
            self.problems.append(f"{label}: both directions must be alike")
        return both[0]


def _dense(name: str, settings: Settings) -> Dense:
    use_bias = settings.one_of("use_bias", (True, False), True)
    return Dense(name, settings.count("units"), "linear", use_bias)


def _conv(name: str, settings: Settings) -> Conv:
    settings.one_of("data_format", ("channels_last",), "channels_last")
    groups = settings.get("groups")
    if groups not in (None, 1):
        settings.problem(f"groups={groups!r}, must be 1")
    padding = settings.one_of("padding", ("valid", "same", "causal"), "valid")
    stride = settings.one_count("strides", 1)
    if stride > 1 and padding != "valid":
        settings.problem(f"strides={stride}, must be 1 with padding={padding!r}")
    return Conv(
        name,
        filters=settings.count("filters"),
        width=settings.one_count("kernel_size"),
        padding=cast(Any, padding),
        stride=stride,
        dilation=settings.one_count("dilation_rate", 1),
        use_bias=settings.one_of("use_bias", (True, False), True),
    )


def _max_pool(name: str, settings: Settings) -> MaxPool:
    settings.one_of("data_format", ("channels_last",), "channels_last")
    size = settings.one_count("pool_size", 2)
    stride = settings.one_count("strides", size)
    padding = settings.one_of("padding", ("valid", "same"), "valid")
    if padding == "same" and stride != size:
        settings.problem(f"strides={stride}, must be {size}, as pool_size, with padding='same'")
    return MaxPool(name, size, stride, cast(Any, padding))


def _norm(name: str, settings: Settings) -> Norm:
    axis = settings.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    if axis not in (-1, 1, 2) or type(axis) is not int:
        settings.problem(f"axis={axis!r}, must be the last one, -1")
        axis = -1
    settings.one_of("renorm", (False,), False)
    return Norm(
        name,
        axis=axis,
        epsilon=settings.number("epsilon", 1e-3),
        center=settings.one_of("center", (True, False), True),
        scale=settings.one_of("scale", (True, False), True),
    )


def _function(settings: Settings) -> Function:
    return _FUNCTIONS[settings.one_of("activation", tuple(_FUNCTIONS), "linear")]


def _activated(layer: Layer, settings: Settings) -> list[Layer]:
    """Return a layer with the activation behind it, if it has one."""
    function = _function(settings)
    return [layer] if function == "linear" else [layer, _activation(layer.name, function)]


def _activation(name: str, function: Function) -> Activation:
    return Activation(name, function, _SLOPE if function == "leaky_relu" else 0.0)


def _activation_layer(kind: str, name: str, settings: Settings) -> Activation:
    """Read a layer that is an activation and nothing else."""
    match kind:
        case "LeakyReLU":
            given = "alpha" if settings.has("alpha") else "negative_slope"
            return Activation(name, "leaky_relu", settings.number(given, 0.3))
        case "ELU":
            if settings.number("alpha", 1.0) != 1.0:
                settings.problem("alpha must be 1.0")
            return Activation(name, "elu")
        case "Softmax":
            if settings.get("axis") not in (None, -1, 1):
                settings.problem("axis must be the last one, -1")
            return Activation(name, "softmax")
    slope, threshold = settings.number("negative_slope", 0.0), settings.number("threshold", 0.0)
    highest = settings.get("max_value")
    if threshold != 0.0 or highest not in (None, 6, 6.0) or (highest and slope):
        settings.problem(
            f"negative_slope={slope}, threshold={threshold}, max_value={highest!r}: must be a "
            "plain one, one with a slope, or one up to 6"
        )
    if slope:
        return Activation(name, "leaky_relu", slope)
    return Activation(name, "relu6" if highest else "relu")


def _input_length(settings: Settings) -> int | None:
    """Return the number of ids that a layer says it takes, from any of the names for that.

    A shape with a batch size is that of the first batch that Keras 3 saw, and binds nobody.
    """
    shape = settings.get("batch_shape") or settings.get("batch_input_shape")
    length = settings.get("input_length")
    if isinstance(shape, list) and len(shape) == 2 and shape[0] is None and length is None:
        length = shape[1]
    return length if type(length) is int else None


def labelled(entry: dict[str, Any]) -> tuple[str, str, str]:
    """Return a layer's class, its name, and both as an error message has them."""
    kind, config = entry.get("class_name"), entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return str(kind), plain(name), f"layer {plain(name)} ({plain(kind)})"


def is_of_keras(entry: dict[str, Any]) -> bool:
    """Tell whether a class is Keras's own, not one of the same name registered by somebody."""
    kind, module = entry.get("class_name"), entry.get("module")
    registered = entry.get("registered_name")
    return registered in (None, kind) and (
        module is None or (isinstance(module, str) and module.split(".")[0] in _OWN_MODULES)
    )
