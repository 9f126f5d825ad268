"""Recipes: everything that makes one trained model, as data.

A recipe names its source, its text rules, its layers and its training settings. `models.build`
turns the layers into a Keras model, `fit` trains it, and the text rules become the text contract
of the exported file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgernn.errors import UsageError
from edgernn.text.contract import Cut, Tokenizer
from edgernn.text.normalize import Case, ControlCharacters, HtmlBreaks, UnicodeForm

__all__ = [
    "DEFAULT_RECIPE",
    "RECIPES",
    "Dense",
    "Dropout",
    "Embedding",
    "FitSettings",
    "Layer",
    "Recipe",
    "Recurrent",
    "TextRules",
    "find_recipe",
]


@dataclass(frozen=True)
class Embedding:
    """One vector of `units` numbers an id; the padding id is masked."""

    units: int
    start: Literal["random", "neighbours"] = "random"
    """First values: random, or from which tokens stand near which in the training texts."""


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer; bidirectional ones concatenate both directions."""

    units: int
    cell: Literal["LSTM"] = "LSTM"
    bidirectional: bool = False
    sequences: bool = False
    """Whether it returns the state of every token, or the last state alone."""
    input_dropout: float = 0.0
    """Share of input features dropped in training, the same ones along a whole text
    (Gal and Ghahramani, 2016)."""


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    units: int
    activation: Literal["linear", "relu"] = "linear"


@dataclass(frozen=True)
class Dropout:
    """Drops a share of the features in training."""

    rate: float


Layer = Embedding | Recurrent | Dense | Dropout


@dataclass(frozen=True)
class TextRules:
    """The text rules that a recipe chooses; with a vocabulary they make a text contract."""

    tokenizer: Tokenizer
    target_vocabulary_size: int
    """Approximate number of ids asked of the vocabulary builder."""
    max_length: int
    cut: Cut
    unicode_form: UnicodeForm = "none"
    html_breaks: HtmlBreaks = "keep"
    control_characters: ControlCharacters = "keep"
    case: Case = "keep"


@dataclass(frozen=True)
class FitSettings:
    """How a model is trained: Adam on binary cross-entropy from logits."""

    epochs: int
    batch_size: int
    learning_rate: float
    cosine_decay: bool
    """Whether the learning rate falls to zero along half a cosine over all epochs."""
    clip_norm: float | None
    """Largest norm of a gradient, each weight matrix for itself; None: not clipped."""
    weight_average: float
    """Momentum of the moving average of the weights (Polyak and Juditsky, 1992), which is what is
    measured and kept; 0 keeps the latest weights."""
    token_dropout: float
    """Share of tokens left out of each training text, anew in each epoch."""
    crops: float
    """Share of training texts of which an epoch sees a few tokens only, so that short texts are
    not new to the model."""
    patience: int
    """Epochs without a better validation accuracy before training stops."""


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one trained model."""

    name: str
    title: str
    source: str
    text: TextRules
    layers: tuple[Layer, ...]
    fit: FitSettings


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="subword-bilstm",
            title="Stacked bidirectional LSTM on subwords",
            source=(
                "Text classification with an RNN, TensorFlow tutorials (stacked model), with "
                "masked padding"
            ),
            text=TextRules(
                tokenizer="subwords", target_vocabulary_size=2**13, max_length=512, cut="start"
            ),
            layers=(
                Embedding(64, start="neighbours"),
                Recurrent(64, bidirectional=True, sequences=True, input_dropout=0.4),
                Recurrent(32, bidirectional=True, input_dropout=0.4),
                Dense(64, "relu"),
                Dropout(0.5),
                Dense(1),
            ),
            fit=FitSettings(
                epochs=8,
                batch_size=64,
                learning_rate=1e-3,
                cosine_decay=True,
                clip_norm=1.0,
                weight_average=0.995,
                token_dropout=0.2,
                crops=0.15,
                patience=3,
            ),
        ),
    )
}

DEFAULT_RECIPE = "subword-bilstm"


def find_recipe(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    if name not in RECIPES:
        raise UsageError(f"--recipe {name}: no such recipe; there are: {', '.join(RECIPES)}")
    return RECIPES[name]
