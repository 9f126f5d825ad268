"""A network's layers and weights as a NumPy archive, for programs that know nothing of edgernn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.ngrams import CHECKS, HASHES
from exporters.network import Dense, Embedding, Network, NgramVectors, Pool, Recurrent
from exporters.ngram_table import hash_matrix

__all__ = ["NotWritten", "write_layers"]


class NotWritten(Exception):
    """A network has a part that is not written here."""


def write_layers(network: Network, path: Path) -> None:
    """Write `layers`, JSON in the order in which they run, and the arrays of each by its number.

    Raises:
        NotWritten: no recipe has such a layer.
    """
    layers: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {}
    for number, layer in enumerate(network.layers):
        match layer:
            case Embedding():
                layers.append({"kind": "embedding"})
                arrays[f"{number}_table"] = layer.table
            case Recurrent() if layer.part == layer.cell and layer.merge == "concat":
                layers.append(
                    {
                        "kind": "recurrent",
                        "cell": layer.cell,
                        "units": layer.units,
                        "sequences": layer.sequences,
                        "bidirectional": layer.backward is not None,
                    }
                )
                names = ("forward", "backward")
                for name, direction in zip(names, layer.directions, strict=False):
                    arrays[f"{number}_{name}_kernel"] = direction.kernel
                    arrays[f"{number}_{name}_recurrent_kernel"] = direction.recurrent_kernel
                    arrays[f"{number}_{name}_bias"] = direction.bias
            case Pool():
                layers.append({"kind": "pool", "of": list(layer.of)})
            case Dense():
                layers.append({"kind": "dense", "activation": layer.activation})
                arrays[f"{number}_kernel"], arrays[f"{number}_bias"] = layer.kernel, layer.bias
            case _:
                raise NotWritten(f"{type(layer).__name__} is not written for PyTorch")
    if network.ngrams is not None:
        _add_ngrams(network, layers, arrays)
    np.savez(path, layers=np.array(json.dumps(layers)), **arrays)


def _add_ngrams(network: Network, layers: list[dict[str, Any]], arrays: dict[str, Any]) -> None:
    ngrams = network.ngrams
    assert ngrams is not None
    hash = HASHES[ngrams.hash]
    if hash.modulus is None:
        raise NotWritten("n-grams of the older hash are not written for PyTorch")
    both = [hash_matrix(hash, ngrams.longest, checks=checks) for checks in (False, True)]
    multipliers, offsets = (np.concatenate(of, axis=-1) for of in zip(*both, strict=True))
    layers.append(
        {
            "kind": "ngrams",
            "longest": ngrams.longest,
            "factor": hash.factor,
            "modulus": hash.modulus,
            "checks": CHECKS,
        }
    )
    arrays |= {
        "ngrams_table": ngrams.table,
        "ngrams_checks": ngrams.checks,
        "ngrams_multipliers": multipliers,
        "ngrams_offsets": offsets,
    }
    if isinstance(ngrams, NgramVectors):
        arrays["ngrams_kernel"] = ngrams.kernel
