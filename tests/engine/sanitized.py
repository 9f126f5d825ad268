"""What test_engine_safety.py runs in a process of its own: `python sanitized.py LIBRARY`.

The library is compiled with AddressSanitizer and UndefinedBehaviorSanitizer, which end the process
at the first fault.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from native_networks import blocks, open_network
from random_networks import VOCABULARY, Weights, cell_networks, other_networks

from edgernn.engine import LEVELS, EngineError, Library
from exporters.network import Network, Pool

LENGTHS = (9, 8, 31, 8, 12)


def run(library: Library, network: Network) -> None:
    """Score in each level and company; whichever allocation fails; with ids that are none."""
    weights = Weights(7)
    rows = [weights.ids(length) for length in LENGTHS]
    for level in LEVELS[1:]:
        try:
            model = open_network(library, network, level)
        except EngineError as error:
            if error.status != "unsupported":
                raise
            continue
        alone = np.concatenate([model.score([row]) for row in rows])
        assert np.array_equal(model.score(rows), alone)
    for wrong in (-1, VOCABULARY):
        try:
            model.score([np.full(9, wrong, np.int32)])
        except EngineError:
            continue
        raise AssertionError(f"id {wrong} was scored")
    for allowed in range(1000):
        try:
            open_network(library, network, allocate=blocks(allowed))
        except EngineError:
            continue
        return


library = Library(Path(sys.argv[1]))
count = 0
weights = Weights(3)
rows = [weights.ids(length) for length in LENGTHS]
layers = (weights.embedding(), Pool(), weights.dense(24))
hashed = Network(layers, weights.ngrams(rows, 5))
for network in (hashed, *dict((*cell_networks(), *other_networks())).values()):
    run(library, network)
    count += 1
print(f"{count} networks, no fault")
