"""Reading one layer's settings out of a model's config: what is not known is a problem, by name."""

from __future__ import annotations

import math
from typing import Any, TypeVar

__all__ = ["MIXED", "Settings", "plain", "shown"]

_MAX_SHOWN = 60
_MAX_COUNT = 1 << 24

# They change nothing about what a trained model computes. `unroll` computes the same in another
# order of operations.
_OF_TRAINING = frozenset(
    {"name", "trainable", "seed", "dropout", "recurrent_dropout", "unit_forget_bias"}
    | {"implementation", "unroll", "use_cudnn", "autocast"}
    | {"momentum", "synchronized", "fused", "renorm_momentum", "renorm_clipping"}
    | {"activity_regularizer", "batch_input_shape", "batch_shape", "batch_size", "input_shape"}
    | {"input_dtype", "input_length"}
)
_OF_TRAINING_ENDS = ("_initializer", "_regularizer", "_constraint")

MIXED = ("mixed_float16", "mixed_bfloat16")
"""Policies whose weights are float32, and whose results Keras rounds to fewer bits."""

T = TypeVar("T", bool, str)


class Settings:
    """The settings of one layer; each is read once, and `finish` names those that nobody read."""

    def __init__(self, label: str, values: object, problems: list[str], mixed: set[str]) -> None:
        """Read `values`; what is wrong goes to `problems`, with the layer's `label`.

        A policy of MIXED that the layer has goes to `mixed`.
        """
        self._label = label
        self._problems = problems
        self._mixed = mixed
        self._values: dict[str, Any] = values if isinstance(values, dict) else {}
        self._left = set(self._values)
        if not isinstance(values, dict):
            self.problem("has no settings")

    def problem(self, text: str) -> None:
        """Note that the layer cannot be carried over, and why."""
        self._problems.append(f"{self._label}: {text}")

    def get(self, name: str) -> Any:
        """Return a setting as it stands; None where it is missing."""
        self._left.discard(name)
        return self._values.get(name)

    def count(self, name: str) -> int:
        """Return a positive whole number."""
        value = self.get(name)
        if type(value) is int and 1 <= value <= _MAX_COUNT:
            return value
        self.problem(f"{name}={shown(value)}, must be a whole number from 1 to {_MAX_COUNT:,}")
        return 1

    def one_count(self, name: str, missing: int | None = None) -> int:
        """Return a positive whole number, also one in a list of its own."""
        value = self.get(name)
        if value is None and missing is not None:
            return missing
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if type(value) is int and 1 <= value <= _MAX_COUNT:
            return value
        self.problem(f"{name}={shown(value)}, must be a whole number from 1 to {_MAX_COUNT:,}")
        return 1

    def number(self, name: str, missing: float) -> float:
        """Return a finite number from 0 on; a missing one is as `missing`."""
        value = self.get(name)
        if value is None:
            return missing
        if type(value) in (int, float) and 0 <= value < math.inf:
            return float(value)
        self.problem(f"{name}={shown(value)}, must be a number from 0 on")
        return missing

    def has(self, name: str) -> bool:
        """Tell whether a setting is there."""
        return name in self._values

    def one_of(self, name: str, known: tuple[T, ...], missing: T | None = None) -> T:
        """Return a setting that must be one of those known; a missing one is as `missing`."""
        value = self.get(name)
        if value is None and missing is not None:
            return missing
        for accepted in known:
            if type(value) is type(accepted) and value == accepted:
                return accepted
        self.problem(f"{name}={shown(value)}, must be {' or '.join(map(repr, known))}")
        return known[0]

    def finish(self) -> None:
        """Check the number type, and name what is set and was not read."""
        dtype = self.get("dtype")
        if isinstance(dtype, dict):  # a policy
            inner = dtype.get("config")
            dtype = inner.get("name", dtype) if isinstance(inner, dict) else dtype
        if dtype in MIXED:
            self._mixed.add(dtype)
        elif dtype not in (None, "float32"):
            self.problem(f"dtype={shown(dtype)}, must be 'float32'")
        for name in sorted(self._left):
            value = self._values[name]
            known = name in _OF_TRAINING or name.endswith(_OF_TRAINING_ENDS)
            # Off, as everything is that a later Keras may add and this model does not use.
            if not known and value is not None and value is not False:
                self.problem(f"{shown(name)}={shown(value)} is not known here")


def shown(value: object) -> str:
    """Return a value of a config for an error message: one line, not long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"


def plain(word: object) -> str:
    """Return a name for an error message as it is, if it is one, and as `shown` otherwise."""
    short = isinstance(word, str) and word.isprintable() and len(word) <= _MAX_SHOWN
    return str(word) if short else shown(word)
