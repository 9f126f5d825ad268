"""Write the cases of one Keras version; runs in an environment of it, without edgernn.

python -m benchmarks.imports.make VERSION FOLDER
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.imports.cases import MAX_LENGTH, TEXTS, Case, padded
from benchmarks.imports.networks import ALL, NETWORKS, Kind, behind, lstm
from benchmarks.imports.vocabularies import VOCABULARIES, Vocabulary

_WORD_INDEX = VOCABULARIES["word index"]


def package(version: str) -> Any:
    """Return the Keras package of a version: `keras`, `tf_keras`."""
    if version == "tf_keras":
        import tf_keras as keras
    elif version.startswith("2"):
        from tensorflow import keras
    else:
        import keras
    return keras


def main(version: str, folder: Path) -> None:
    """Write every case that the version has a part in."""
    keras = package(version)
    for number, (name, kind) in enumerate(NETWORKS.items()):
        if version in kind.versions:
            # Keras 3.0 cannot write a Bidirectional as .h5: both directions have one name.
            ways = ("keras",) if version == "3.0" else kind.saved
            saved = ways[kind.versions.index(version) % len(ways)]
            target = folder / f"network-{number:02d}-{version}"
            target.mkdir(parents=True)
            write_case(keras, name, "network", kind, _WORD_INDEX, saved, target, seed=number)
    for number, (name, vocabulary) in enumerate(VOCABULARIES.items()):
        # The versions in turns: the vocabulary knows nothing of them.
        if version == ALL[number % len(ALL)]:
            target = folder / f"vocabulary-{number:02d}-{version}"
            target.mkdir(parents=True)
            kind = Kind(behind(lstm(), rows=vocabulary.rows))
            write_case(keras, name, "vocabulary", kind, vocabulary, "keras", target, seed=number)


def write_case(
    keras: Any,
    name: str,
    group: str,
    kind: Kind,
    vocabulary: Vocabulary,
    saved: str,
    folder: Path,
    seed: int,
) -> None:
    """Build a model, give it weights, save it, and note what it says of each text."""
    if kind.prepare is not None:
        kind.prepare(keras)
    made = kind.build(keras, kind.mask)
    if isinstance(made, list):
        first = keras.layers.InputLayer((MAX_LENGTH,), dtype="int32")
        made = keras.Sequential([first, *made])
    if kind.prepare is not None:
        keras.mixed_precision.set_global_policy("float32")
    set_weights(made, seed)
    model = f"model.{saved}"
    made.save(str(folder / model))
    ids = [padded(vocabulary.ids(text), kind.padding) for text in TEXTS]
    predicted = np.asarray(made.predict(np.array(ids, np.int32), verbose=0), np.float64)
    activation = made.layers[-1].get_config().get("activation")
    scores = _probabilities(predicted) if activation == "linear" else predicted
    units = predicted.shape[1]
    # Of one unit, and of a softmax of two, they are negative and positive unless somebody says.
    named = units > 2 or (units == 2 and activation == "sigmoid")
    labels = ",".join(f"label {number}" for number in range(units))
    rows = [
        {"text": text, "ids": row, "score": found.tolist()}
        for text, row, found in zip(TEXTS, ids, scores, strict=True)
    ]
    used = "tf_keras" if keras.__name__.startswith("tf_keras") else "Keras"
    Case(
        kind=name,
        group=group,
        keras=f"{used} {metadata.version(used.lower())}",
        model=model,
        vocabulary=vocabulary.write(folder),
        options=[
            *("--max-length", str(MAX_LENGTH)),
            *("--padding", kind.padding),
            *(("--labels", labels) if named else ()),
            *vocabulary.options,
        ],
        refused=kind.refused or vocabulary.refused,
        tolerance=kind.tolerance,
    ).write(folder, rows)


def set_weights(model: Any, seed: int) -> None:
    """Give normally distributed weights, large enough that texts differ; variances positive."""
    rng = np.random.default_rng(seed)
    weights = []
    for variable, array in zip(model.weights, model.get_weights(), strict=True):
        values = rng.normal(0, 0.6, array.shape)
        name = getattr(variable, "path", variable.name)
        weights.append(np.abs(values) + 0.3 if "variance" in name else values)
    model.set_weights(weights)


def _probabilities(logits: Any) -> Any:
    """Return what linear units mean: one a sigmoid, several a softmax."""
    if logits.shape[1] == 1:
        return 1 / (1 + np.exp(-logits))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
