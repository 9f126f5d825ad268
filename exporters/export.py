"""The export job: trained run, graph, bundle, checks, and only then a file of that name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edgernn.bundle import Bundle, read_model_file, with_bundle
from edgernn.errors import MissingPackageError
from edgernn.files import new_file
from edgernn.training.models import probabilities
from edgernn.training.run import Run
from exporters.formats import FormatRules, find_precision
from exporters.network import Network, read_network
from exporters.sample_texts import spread
from exporters.verify import OpenFile, check_operators, check_scores

__all__ = ["CHECKED_TEXTS", "TrainedModel", "default_name", "export", "open_trained"]

CHECKED_TEXTS = 96
"""How many texts a file is checked on."""


@dataclass(frozen=True)
class TrainedModel:
    """A run's model, its layers, and its own scores of the texts that files are checked on."""

    run: Run
    network: Network
    texts: Sequence[str]
    expected: npt.NDArray[np.float32]
    """float32 [texts]: the Keras model's probabilities."""


def open_trained(run: Run, texts: Sequence[str]) -> TrainedModel:
    """Load a run's Keras model and score the texts that its files will be checked on.

    Args:
        run: the run folder.
        texts: to choose from, from one token to the longest input.

    Raises:
        ExportError: a layer cannot be exported exactly.
        MissingPackageError: TensorFlow is not installed.
        ModelFileError: the model cannot be read.
    """
    model = run.load_model()
    network = read_network(model)
    chosen = spread(texts, run.encoder, CHECKED_TEXTS)
    expected = probabilities(model, run.encoder.encode_batch(chosen))
    return TrainedModel(run, network, chosen, expected)


def default_name(run: Run, rules: FormatRules, precision: str) -> str:
    """Return the file name that an export gets when none is given."""
    return f"{run.config['recipe']}-{precision}{rules.suffix}"


def export(
    trained: TrainedModel,
    rules: FormatRules,
    precision: str,
    output: Path,
    open_file: OpenFile,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Write one model file, check it as its user would meet it, and give it its name.

    Args:
        trained: what to export.
        rules: the format.
        precision: a key of `PRECISIONS`.
        output: the file to write; one that is there is replaced when all checks have passed.
        open_file: loads a file for scoring, as users do (`edgernn.load`).
        say: gets a line for each check that holds.

    Raises:
        ExportError: a check failed; no file was written.
        MissingPackageError: a package of the `export` extra is missing.
    """
    tolerance = find_precision(precision)
    run = trained.run
    bundle = Bundle(run.encoder, _card(run, rules, precision))
    try:
        graph = _convert(trained.network, rules, precision, bundle)
    except ImportError as error:
        raise MissingPackageError(error.name or "tensorflow", "exporting", "export") from error
    with new_file(output) as temporary:
        temporary.write_bytes(with_bundle(graph, rules.name, bundle))
        file = read_model_file(temporary)
        say(check_operators(file.operators, trained.network, rules).line)
        scorer = open_file(temporary)
        for check in check_scores(scorer, trained.texts, trained.expected, tolerance):
            say(check.line)
        contract = file.bundle.contract
        say(
            f"text contract version {contract.version} and vocabulary of "
            f"{contract.vocabulary_size:,} ids inside"
        )


def _convert(network: Network, rules: FormatRules, precision: str, bundle: Bundle) -> bytes:
    if rules.name == "onnx":
        from exporters import onnx_graph, onnx_weights

        stores: dict[str, Callable[[Any], Any]] = {
            "float32": lambda model: model,
            "float16": onnx_weights.store_float16,
            "int8": onnx_weights.store_int8,
        }
        model: bytes = stores[precision](onnx_graph.convert(network)).SerializeToString()
        return model
    from exporters import tflite_graph
    from exporters.tflite_metadata import with_model_metadata

    contract = bundle.contract
    return with_model_metadata(
        tflite_graph.convert(network, precision),
        name=str(bundle.card["recipe"]),
        description=f"Text classifier: {' or '.join(contract.labels)}. Text rules: contract.json.",
        version=str(contract.version),
        license="",
        files={contract.vocabulary_file: "VOCABULARY", "contract.json": "DESCRIPTIONS"},
    )


def _card(run: Run, rules: FormatRules, precision: str) -> dict[str, Any]:
    return {
        "recipe": run.config["recipe"],
        "format": rules.name,
        "precision": precision,
        "training": {
            **run.metrics,
            "seed": run.config["seed"],
            "data": run.config["data"] and run.config["data"]["description"],
        },
        # What a run that was not trained here was made of.
        **({"imported": run.config["imported"]} if "imported" in run.config else {}),
        "versions": {
            name: metadata.version(name) for name in ("edgernn", "keras", "tensorflow", "numpy")
        },
    }
