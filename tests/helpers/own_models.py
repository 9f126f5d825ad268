"""Small models and vocabularies as people make them, in Keras 3 and in Keras 2 (`tf_keras`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TEXTS = (
    "A good film, very good indeed!",
    "It was a bad film.",
    "What a lovely surprise: the cast, the music, the end...",
    "The plot makes no sense at all, and nobody in it seems to mind; I looked at the clock.",
    "I loved it",
    "good",
    "Zebras?",
    "Not a word of this stands in the vocabulary but film film film",
)
MAX_LENGTH = 12
WORDS = 30

Layers = Callable[[Any, bool], list[Any]]


def _stacked(layers: Any, mask: bool) -> list[Any]:
    return [
        layers.Embedding(WORDS, 6, mask_zero=mask, name="embed"),
        layers.SpatialDropout1D(0.2),
        layers.Bidirectional(layers.LSTM(5, return_sequences=True, dropout=0.3)),
        layers.Dropout(0.2),
        layers.Bidirectional(layers.LSTM(4)),
        layers.Dense(3, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(1),
    ]


def _one(cell: str, **settings: Any) -> Layers:
    def build(layers: Any, mask: bool) -> list[Any]:
        return [
            layers.Embedding(WORDS, 6, mask_zero=mask),
            getattr(layers, cell)(5, **settings),
            layers.Dense(1, activation="sigmoid"),
        ]

    return build


def _mixed(layers: Any, mask: bool) -> list[Any]:
    return [
        layers.Embedding(WORDS, 6, mask_zero=mask),
        layers.LSTM(5, return_sequences=True, recurrent_dropout=0.1),
        layers.GaussianNoise(0.1),
        layers.LSTM(5, return_sequences=True, use_bias=False),
        layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        layers.Bidirectional(layers.SimpleRNN(3, return_sequences=True)),
        layers.GRU(3, reset_after=False),
        layers.Dense(4, use_bias=False),
        layers.Activation("relu"),
        layers.Dense(4, activation="relu"),
        layers.Dense(1),
        layers.Activation("sigmoid"),
    ]


ARCHITECTURES: dict[str, Layers] = {
    "lstm": _one("LSTM"),
    "stacked": _stacked,
    "gru": _one("GRU"),
    "gru before": _one("GRU", reset_after=False),
    "rnn": _one("SimpleRNN"),
    "mixed": _mixed,
}


def sequential(keras: Any, layers: Sequence[Any], seed: int = 3) -> Any:
    """A model of the layers with weights that make scores vary; `keras` is either package."""
    ids = (
        keras.Input((None,), dtype="int32")
        if keras.__name__ == "keras"
        else keras.layers.InputLayer((None,), dtype="int32")
    )
    model = keras.Sequential([ids, *layers])
    return with_weights(model, seed)


def with_weights(model: Any, seed: int = 3) -> Any:
    """Give a model normally distributed weights, large enough that texts differ."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, 0.9, array.shape) for array in model.get_weights()]
    weights[0] *= 2
    weights[-2] *= 2
    model.set_weights(weights)
    return model


def made(keras: Any, name: str, mask: bool) -> Any:
    """One of the architectures."""
    return sequential(keras, ARCHITECTURES[name](keras.layers, mask))


def tokenizer(**settings: Any) -> Any:
    """A Keras `Tokenizer` that has seen the first five texts."""
    from tf_keras.preprocessing.text import Tokenizer

    made = Tokenizer(**settings)
    made.fit_on_texts(TEXTS[:5])
    return made


def own_scores(
    model: Any, tokens: Any, texts: Sequence[str], padding: str, truncating: str = "pre"
) -> npt.NDArray[np.float32]:
    """What the person's own program gives: tokenize, pad, predict; logits become probabilities."""
    found = model(own_ids(tokens, texts, padding, truncating), training=False).numpy()[:, 0]
    last = model.layers[-1].get_config().get("activation")
    return found if last == "sigmoid" else 1 / (1 + np.exp(-found))


def own_ids(
    tokens: Any, texts: Sequence[str], padding: str, truncating: str = "pre"
) -> npt.NDArray[np.int32]:
    """What the person's own program feeds: int32 [texts, MAX_LENGTH]."""
    from tf_keras.preprocessing.sequence import pad_sequences

    ids = tokens.texts_to_sequences(texts)
    return pad_sequences(ids, MAX_LENGTH, padding=padding, truncating=truncating)


def save(model: Any, kind: str, folder: Path) -> tuple[Path, Path | None]:
    """Save a model in one of the ways that Keras knows; return the files to import."""
    if kind in ("keras", "h5"):
        path = folder / f"own.{kind}"
        model.save(path)
        return path, None
    if kind.startswith("savedmodel"):
        # The traced functions, which nobody here reads, take most of a minute.
        model.save(folder / "own", save_format="tf", save_traces=kind == "savedmodel traced")
        return folder / "own", None
    layers = folder / "own.json"
    layers.write_text(model.to_json(), "utf-8")
    weights = folder / {"json": "own.weights.h5", "json h5": "own_weights.h5"}.get(kind, "own-ck")
    model.save_weights(weights)
    return layers, weights
