"""The polynomial behind every function of the engine, and what it is off by."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from native_networks import open_network
from random_networks import Weights
from reference import apply

from edgernn.engine import Library
from exporters.network import Activation, Dense, Embedding, Network, Pool

pytestmark = pytest.mark.spawns
"""The engine is compiled for it, by a process of the compiler."""

SOURCE = Path(__file__).resolve().parents[2] / "engine" / "src" / "functions.h"
DEGREE = 5

Numbers = npt.NDArray[np.float64]


def smallest_error(low: float) -> tuple[Numbers, float]:
    """The exchange algorithm of Remez for 2^x on [low, low + 1]: factors, relative error."""
    grid = np.linspace(low, low + 1, 20001)
    places = low + 0.5 + 0.5 * np.sin(np.linspace(-np.pi / 2, np.pi / 2, DEGREE + 2))
    signs = (-1.0) ** np.arange(DEGREE + 2)
    for _ in range(10):
        powers = places[:, None] ** np.arange(DEGREE + 1) / np.exp2(places)[:, None]
        *factors, _ = np.linalg.solve(np.column_stack([powers, signs]), np.ones(DEGREE + 2))
        error = np.polyval(factors[::-1], grid) / np.exp2(grid) - 1
        # The largest error between two changes of its sign.
        parts = np.split(np.arange(len(grid)), np.flatnonzero(np.diff(np.sign(error))) + 1)
        places = grid[[part[np.abs(error[part]).argmax()] for part in parts]]
        assert len(places) == DEGREE + 2
    return np.array(factors), float(np.abs(error).max())


@pytest.mark.parametrize(("place", "low"), [(0, 0.0), (1, -0.5)])
def test_the_polynomials(place: int, low: float) -> None:
    """Their factors are those of the smallest largest error, rounded to float32."""
    factors, error = smallest_error(low)
    assert error == pytest.approx(7.5e-8, rel=0.01)
    written = re.findall(r"\b(0x1\.[0-9a-f]+p[-+]\d+)f\b", SOURCE.read_text("utf-8"))
    every = [float.fromhex(number) for number in written]
    assert len(every) == 2 * (DEGREE + 1)
    given = every[place * (DEGREE + 1) :][: DEGREE + 1][::-1]
    np.testing.assert_allclose(given, factors, rtol=3e-7, atol=0)
    x = np.linspace(low, low + 1, 200001, dtype=np.float32)
    found = np.full_like(x, given[-1])
    for factor in given[-2::-1]:
        # A fused multiply-add rounds once.
        found = (found.astype(np.float64) * x + factor).astype(np.float32)
    assert np.abs(found / np.exp2(x.astype(np.float64)) - 1).max() < 2.2e-7


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "elu", "silu", "selu"])
def test_functions_far_and_near(function: str, engine: Library) -> None:
    """What the engine makes of numbers from -90 to 90, through a sigmoid that they do not fill."""
    numbers = np.concatenate([np.linspace(-90, 90, 997), [0.0, 1e-30, -1e-30]]).astype(np.float32)
    share, zero = np.full((1, 1), 1 / 64, np.float32), np.zeros(1, np.float32)
    layers = (
        Embedding(numbers[:, None]),
        Pool(("mean",)),
        Activation(function),  # type: ignore[arg-type]
        Dense(share, zero, "linear"),
    )
    found = open_network(engine, Network(layers)).score(
        list(np.arange(1000, dtype=np.int32)[:, None])
    )
    values = apply(function, numbers.astype(np.float64))
    expected = 1 / (1 + np.exp(-values / 64))
    np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=3e-7)


def test_what_is_no_number_shows(engine: Library) -> None:
    """Weights that are no numbers give no probability, which the backend then refuses."""
    weights = Weights(9)
    layers = [weights.embedding(), weights.recurrent("LSTM", 12, 4), weights.dense(4)]
    layers[0].table[3] = np.nan  # type: ignore[union-attr]
    model = open_network(engine, Network(tuple(layers)))
    found = model.score([np.array(row, np.int32) for row in ([1, 2], [1, 3], [3, 1])])[:, 0]
    assert np.isnan(found).tolist() == [False, True, True]
