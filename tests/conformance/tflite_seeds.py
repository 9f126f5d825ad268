"""Write the sound graphs of `runtimes/conformance/graphs` anew, with today's exporter.

    python tests/conformance/tflite_seeds.py FOLDER [NAME ...]

Needs TensorFlow, and takes a minute. Weights are random, and small on purpose: what is tried on
the graphs is how they are put together. `tflite_graphs.py` makes the broken ones of these.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HELPERS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(HELPERS / "helpers"), str(HELPERS / "exporters")]

import keras  # noqa: E402
from matching_checks import matching_checks  # noqa: E402
from small_models import VOCABULARY, classifier, ragged, recurrent, sequential  # noqa: E402

from edgernn.ngrams import HASHES, HashName  # noqa: E402
from edgernn.training.layers import custom_layers  # noqa: E402
from exporters import tflite_graph  # noqa: E402
from exporters.keras_model import read_network  # noqa: E402

__all__ = ["main"]

_LAYERS = keras.layers
_SEQUENCES = {"return_sequences": True}
_LABELS = 5


def _fused() -> Any:
    dense = [_LAYERS.Dense(4, activation=name) for name in ("tanh", "sigmoid", "elu", "relu6")]
    leaky = _LAYERS.LeakyReLU(negative_slope=0.1)
    return classifier(recurrent("LSTM", 4, bidirectional=True), *dense, leaky)


def _loops() -> Any:
    # Without a mask: a convolution has none.
    ids = _LAYERS.Embedding(VOCABULARY, 6)
    middle = [
        _LAYERS.Conv1D(5, 3),
        _LAYERS.Activation("relu"),
        _LAYERS.MaxPooling1D(2),
        _LAYERS.Conv1D(4, 2, padding="causal", dilation_rate=2),
        recurrent("GRU", 4, bidirectional=True, recurrent_activation="hard_sigmoid", **_SEQUENCES),
        recurrent("SimpleRNN", 4, activation="relu", **_SEQUENCES),
        custom_layers().max_mean_pooling(),
    ]
    return _filled(keras.Sequential([keras.Input((None,), dtype="int32"), ids, *middle, _last()]))


def _ngrams(hash: HashName = "int32") -> Any:
    ids = keras.Input((None,), dtype="int32")
    state = _LAYERS.Embedding(VOCABULARY, 32, mask_zero=True)(ids)
    state = recurrent("SimpleRNN", 32)(state)
    wide = custom_layers().hashed_ngrams(101, 2, hash=hash)(ids)
    return _filled(keras.Model(ids, _LAYERS.Add()([_last()(state), wide])), hash)


def _vectors() -> Any:
    ids = keras.Input((None,), dtype="int32")
    state = _LAYERS.Embedding(VOCABULARY, 32, mask_zero=True)(ids)
    state = _LAYERS.Dense(_LABELS)(recurrent("SimpleRNN", 32)(state))
    wide = custom_layers().hashed_ngram_vectors(101, 2, 4, _LABELS, hash="int32")(ids)
    return _filled(keras.Model(ids, _LAYERS.Add()([state, wide])), "int32")


def _last() -> Any:
    return _LAYERS.Dense(1)


def _filled(model: Any, hash: HashName = "float32") -> Any:
    rng = np.random.default_rng(7)
    model.set_weights(
        [
            matching_checks(ragged((1, 2, 3, 11)), 101, 2, HASHES[hash])
            if array.dtype == np.int32
            else rng.normal(0, 0.5, array.shape)
            for array in model.get_weights()
        ]
    )
    return model


def _labels() -> Any:
    ids = _LAYERS.Embedding(VOCABULARY, 4, mask_zero=True)
    return sequential(ids, recurrent("LSTM", 4), _LAYERS.Dense(_LABELS))


def _stateless() -> Any:
    steps = [recurrent("LSTM", 4, **_SEQUENCES), recurrent("SimpleRNN", 4, **_SEQUENCES)]
    return classifier(*steps, custom_layers().max_mean_pooling())


_SEEDS: dict[str, tuple[Callable[[], Any], str]] = {
    "fused": (_fused, "float32"),
    "loops": (_loops, "float32"),
    "ngrams-int8": (_ngrams, "int8"),
    "ngrams-float16": (_ngrams, "float16"),
    "ngrams-spread": (lambda: _ngrams("float32"), "float32"),
    "integers": (lambda: classifier(recurrent("LSTM", 4)), "int8-full"),
    "labels": (_labels, "float32"),
    "stateless": (_stateless, "float32"),
    "vectors": (_vectors, "int8"),
}
_OF_LABELS = frozenset({"labels", "vectors"})


def main(folder: Path, *names: str) -> None:
    """Write `NAME.tflite` for each, or for those that are named."""
    for name, (build, precision) in _SEEDS.items():
        if names and name not in names:
            continue
        rows = ragged(range(1, 31)) if precision == "int8-full" else ()
        several = (_LABELS, "softmax") if name in _OF_LABELS else ()
        network = read_network(build(), *several)
        if name == "stateless":
            network = network.as_loops()
        graph = tflite_graph.convert(network, precision, rows)
        (folder / f"{name}.tflite").write_bytes(graph)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
