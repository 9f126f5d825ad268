"""An int8 .onnx file of each of the recipes that commit 7777c62 had, untrained.

    PYTHONPATH=TREE python -P engine_recipes.py aclImdb_v1.tar.gz FILE.subwords FOLDER

TREE is that commit's: the files are its own. How fast a file is does not depend on what was learnt.
It takes TensorFlow. Its names are looked up as it runs: many are no more.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Write the files."""
    data, subwords, folder = sys.argv[1:]
    texts = list(_named("edgernn.training.data", "load_split")(data, "train").texts)
    vocabularies: dict[Any, bytes] = {}
    for recipe in _named("edgernn.training.recipes", "RECIPES").values():
        output = Path(folder) / f"{recipe.name}.onnx"
        if output.exists():
            continue
        if recipe.text not in vocabularies:
            vocabularies[recipe.text] = _vocabulary(recipe.text, texts, Path(subwords))
        output.write_bytes(_file(recipe, vocabularies[recipe.text], texts[:20]))
        print(output, flush=True)


def _named(module: str, name: str) -> Any:
    return getattr(import_module(module), name)


def _vocabulary(rules: Any, texts: list[str], subwords: Path) -> bytes:
    # To build one of subwords takes minutes.
    if rules.tokenizer == "subwords":
        return subwords.read_bytes()
    built: bytes = _named("edgernn.training.vocabulary", "build_vocabulary")(rules, texts)
    return built


def _file(recipe: Any, vocabulary: bytes, texts: list[str]) -> bytes:
    bundle_of, with_bundle = (_named("edgernn.bundle", n) for n in ("Bundle", "with_bundle"))
    card_of = import_module("exporters.model_card")
    export = import_module("exporters.export")
    contract = _named("edgernn.training.vocabulary", "make_contract")(recipe.text, vocabulary)
    encoder = _named("edgernn.text", "TextEncoder")(contract, vocabulary)
    config = {"recipe": recipe.name, "seed": 0, "data": {"description": {}}}
    run = _named("edgernn.training.run", "Run")(Path(), encoder, config, {})
    model = _named("edgernn.training.models", "build")(recipe, contract.vocabulary_size)
    network = _named("exporters.network", "read_network")(model)
    scores = np.zeros(len(texts), np.float32)
    trained = export.TrainedModel(run, network, texts, scores)
    rules = _named("exporters.formats", "FORMATS")["onnx"]
    oldest = _named("exporters.min_runtime", "MIN_RUNTIMES")["onnx"]
    card = card_of.describe(run, network, "onnx", "int8")
    graph = export.convert_graph(trained, rules, "int8", card, oldest)
    card |= {"oldest_runtime": "", "checks": {"lines": []}}
    bundle = bundle_of(encoder, card, card_of.page(card, contract, {}))
    made: bytes = with_bundle(graph, "onnx", bundle)
    return made


if __name__ == "__main__":
    main()
