"""From a network's layers and weights to a file, by PyTorch's exporters, in their environment.

    python benchmarks/runtimes/torch_road.py torch.onnx|litert-torch LAYERS FILE

`LAYERS` is what `benchmarks.runtimes.layers` writes. Nothing of edgernn is read: it is not
installed there.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import torch

TOKENS = 50
"""litert-torch unrolls the steps of a text, so that a file is of one length; it takes minutes for
more."""

_CELLS = {"LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU, "SimpleRNN": torch.nn.RNN}
_GATES = {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2), "SimpleRNN": (0,)}
"""Keras's gates in PyTorch's order."""


class Layers(torch.nn.Module):  # type: ignore[misc]
    """Ids int32 [1, time] to logits float32 [1, labels]."""

    def __init__(self, layers: list[dict[str, Any]], weights: dict[str, np.ndarray]) -> None:
        super().__init__()
        self.layers, self.weights = layers, weights
        self.parts = torch.nn.ModuleDict()
        for number, layer in enumerate(layers):
            if layer["kind"] == "embedding":
                table = torch.from_numpy(weights[f"{number}_table"])
                self.parts[str(number)] = torch.nn.Embedding.from_pretrained(table)
            elif layer["kind"] == "recurrent":
                self.parts[str(number)] = _recurrent(number, layer, weights)
            elif layer["kind"] == "dense":
                kernel = weights[f"{number}_kernel"]
                dense = torch.nn.Linear(*kernel.shape)
                dense.weight.data = torch.from_numpy(kernel.T.copy())
                dense.bias.data = torch.from_numpy(weights[f"{number}_bias"])
                self.parts[str(number)] = dense
        for name, value in weights.items():
            if name.startswith("ngrams_"):
                self.register_buffer(name, torch.from_numpy(value))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        state: Any = ids
        logits = None
        for number, layer in enumerate(self.layers):
            kind = layer["kind"]
            if kind == "embedding":
                state = self.parts[str(number)](ids)
            elif kind == "recurrent":
                steps, last = self.parts[str(number)](state)
                last = last[0] if layer["cell"] == "LSTM" else last
                state = steps if layer["sequences"] else torch.cat(tuple(last), -1)
            elif kind == "pool":
                both = {"max": state.amax(1), "mean": state.mean(1)}
                state = torch.cat([both[one] for one in layer["of"]], -1)
            elif kind == "dense":
                state = self.parts[str(number)](state)
                state = torch.relu(state) if layer["activation"] == "relu" else state
            else:
                logits = self._ngrams(layer, ids)
        return state if logits is None else state + logits

    def _ngrams(self, layer: dict[str, Any], ids: torch.Tensor) -> torch.Tensor:
        time = ids.shape[1]
        spread = ids.long()
        for _ in range(2):
            spread = spread * layer["factor"] % layer["modulus"]
        padded = torch.nn.functional.pad(spread, (layer["longest"] - 1, 0))
        total = 0
        for place in range(layer["longest"]):
            start = layer["longest"] - 1 - place
            before = padded[:, start : start + time, None]
            total = total + before * self.ngrams_multipliers[place].long()
        hashed = total + self.ngrams_offsets.long()
        bucket = hashed[..., : layer["longest"]] % len(self.ngrams_table)
        check = hashed[..., layer["longest"] :] % layer["checks"]
        same = (self.ngrams_checks[bucket].long() == check).float()
        root = (time * layer["longest"]) ** 0.5
        if self.ngrams_table.ndim == 1:
            return (self.ngrams_table[bucket] * same).sum((1, 2))[:, None] / root
        vector = (self.ngrams_table[bucket] * same[..., None]).sum((1, 2)) / root
        return vector @ self.ngrams_kernel


def _recurrent(number: int, layer: dict[str, Any], weights: dict[str, np.ndarray]) -> Any:
    directions = ("forward", "backward")[: 1 + layer["bidirectional"]]
    inputs = weights[f"{number}_forward_kernel"].shape[0]
    module = _CELLS[layer["cell"]](
        inputs, layer["units"], batch_first=True, bidirectional=len(directions) == 2
    )
    order = _GATES[layer["cell"]]

    def gates(array: np.ndarray) -> torch.Tensor:
        parts = np.split(array.T, len(order))
        return torch.from_numpy(np.concatenate([parts[gate] for gate in order]).copy())

    for direction in directions:
        end = "_l0_reverse" if direction == "backward" else "_l0"
        bias = weights[f"{number}_{direction}_bias"]
        of_inputs, of_states = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
        for name, array in (
            ("weight_ih", weights[f"{number}_{direction}_kernel"]),
            ("weight_hh", weights[f"{number}_{direction}_recurrent_kernel"]),
            ("bias_ih", of_inputs),
            ("bias_hh", of_states),
        ):
            getattr(module, f"{name}{end}").data = gates(array)
    return module


def main() -> None:
    """Convert."""
    road, source, path = sys.argv[1:]
    with np.load(source, allow_pickle=False) as arrays:
        weights = dict(arrays)
    layers = json.loads(str(weights.pop("layers")))
    model = Layers(layers, weights).eval()
    ids = torch.ones((1, TOKENS), dtype=torch.int32)
    if road == "torch.onnx":
        time = torch.export.Dim("time", min=1, max=65536)
        torch.onnx.export(
            model,
            (ids,),
            path,
            input_names=["ids"],
            dynamic_shapes={"ids": {1: time}},
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    else:
        import litert_torch

        litert_torch.convert(model, (ids,)).export(path)


if __name__ == "__main__":
    main()
