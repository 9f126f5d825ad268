"""One battery for every recipe: built, saved, opened, exported, compared and scored, made small.

A recipe's tests are a class of their own, which names it and says how many numbers it learns:

    class TestBigru(RecipeChecks):
        recipe = RECIPES["bigru"]
        parameters = 170_261

A new recipe passes it without data, training or measurements.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pytest
from read_networks import Reader, check_read
from tiny_runs import TINY_SUBWORDS, TinyFiles, open_trained_run, write_run

from edgernn.recipes.recipe import Embedding, Layer, Recipe, Recurrent
from edgernn.text import SubwordEncoder

if TYPE_CHECKING:
    from exporters.export import TrainedModel

_UNITS = 40
_WORDS, _TOKENS, _BUCKETS = 200, 40, 1009


@pytest.mark.keras
class RecipeChecks:
    """Builds, saves, opens, exports, compares and scores `recipe`."""

    recipe: ClassVar[Recipe]
    parameters: ClassVar[int]
    """Of the whole recipe, as it is and as it is published."""
    subwords: ClassVar[int] = 8185
    """Ids of a vocabulary of subwords, whose number is not the recipe's."""

    @pytest.fixture(scope="class")
    @classmethod
    def trained(cls, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
        """A run folder of the recipe made small, saved and opened."""
        recipe = small(cls.recipe)
        folder = tmp_path_factory.mktemp(recipe.name)
        run = write_run(folder, recipe, _vocabulary(recipe), spread=1.0)
        return open_trained_run(run)

    @pytest.fixture(scope="class")
    @classmethod
    def files(
        cls, trained: TrainedModel, tmp_path_factory: pytest.TempPathFactory
    ) -> dict[tuple[str, str], Path]:
        """Its exported files by format and precision."""
        return TinyFiles(trained, tmp_path_factory, f"{cls.recipe.name}-files")

    def test_parameters(self) -> None:
        """To the last digit, and the same in the recipe as it is published."""
        pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
        from edgernn.training.models import build

        text = self.recipe.text
        is_subwords = text.tokenizer == "subwords"
        size = self.subwords if is_subwords else text.target_vocabulary_size
        published = [] if self.recipe.published is None else [self.recipe.as_published()]
        for recipe in (self.recipe, *published):
            model = build(recipe, size)
            assert model.count_params() == self.parameters
            embedding = next(layer for layer in recipe.layers if isinstance(layer, Embedding))
            assert embedding.masked is (recipe is self.recipe)

    def test_what_is_saved(self, trained: TrainedModel) -> None:
        """The layers and text rules that come back from the run folder are the recipe's."""
        recipe = self.recipe
        layers = [layer for layer in recipe.layers if isinstance(layer, Recurrent)]
        assert trained.run.config["recipe"] == recipe.name
        assert [
            (layer.cell, layer.sequences, len(layer.directions))
            for layer in trained.network.recurrent_layers
        ] == [(layer.cell, layer.sequences, 1 + layer.bidirectional) for layer in layers]
        assert (trained.network.ngrams is None) is (recipe.ngrams is None)
        assert trained.run.contract.tokenizer == recipe.text.tokenizer
        assert trained.run.contract.cut == recipe.text.cut

    def test_its_onnx_file(
        self,
        trained: TrainedModel,
        files: dict[tuple[str, str], Path],
        engine_reader: Reader,
    ) -> None:
        """It passes the checks of an export, and scores as the trained model."""
        check_file(trained, files, "onnx", "float32")
        check_read(engine_reader, files["onnx", "float32"].read_bytes(), trained.network, "float32")

    @pytest.mark.slow
    def test_its_tflite_file(
        self,
        trained: TrainedModel,
        files: dict[tuple[str, str], Path],
        engine_reader: Reader,
    ) -> None:
        """The same; a conversion takes seconds. `tests/exporters` has the other precisions."""
        check_file(trained, files, "tflite", "float32")
        file = files["tflite", "float32"].read_bytes()
        check_read(engine_reader, file, trained.network, "float32")


def check_file(
    trained: TrainedModel, files: dict[tuple[str, str], Path], format: str, precision: str
) -> None:
    """Export a file and compare its scores."""
    from edgernn import load
    from exporters.rules import find_format

    # Else all scores are alike, whatever a file does.
    assert np.ptp(trained.expected) > 0.3
    rules = find_format(format).precisions[precision]
    path = files[format, precision]
    with load(path, "cpu") as classifier:
        scores = [score.probability for score in classifier.score(trained.texts)]
        assert classifier.contract == trained.run.contract
    np.testing.assert_allclose(scores, trained.expected, atol=rules.tolerance)


def small(recipe: Recipe) -> Recipe:
    """Return a recipe of 40 units a layer, and of few words, tokens and buckets."""
    text = dataclasses.replace(recipe.text, max_length=_TOKENS, target_vocabulary_size=_WORDS)
    ngrams = recipe.ngrams and dataclasses.replace(recipe.ngrams, buckets=_BUCKETS)
    layers = tuple(_smaller(layer) for layer in recipe.layers)
    return dataclasses.replace(recipe, text=text, layers=layers, ngrams=ngrams)


def _smaller(layer: Layer) -> Layer:
    if isinstance(layer, Embedding | Recurrent):
        return dataclasses.replace(layer, units=_UNITS)
    return layer


def _vocabulary(recipe: Recipe) -> bytes:
    if recipe.text.tokenizer == "subwords":
        return SubwordEncoder(TINY_SUBWORDS).to_bytes()
    from edgernn.training.vocabulary import build_vocabulary
    from exporters.sample_texts import SAMPLE_TEXTS

    return build_vocabulary(recipe.text, SAMPLE_TEXTS, min_df=1)
