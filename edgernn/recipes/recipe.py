"""What a recipe is made of: everything that makes one trained model, as data.

A recipe names its source, its text rules, its layers and its training settings. `models.build`
turns the layers into a Keras model, `fit` trains it, and the text rules become the text contract
of the exported file.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from edgernn.cells import find_cell
from edgernn.errors import UsageError
from edgernn.ngrams import FLOAT32, HashName
from edgernn.text.contract import Cut, Padding, Tokenizer
from edgernn.text.normalize import (
    Case,
    ControlCharacters,
    Hashtags,
    HtmlBreaks,
    HtmlEntities,
    Quotes,
    UnicodeForm,
)
from edgernn.text.word_rule import Symbols, UnspacedScripts, WordClass

__all__ = [
    "ClassWeight",
    "Dense",
    "Dropout",
    "Embedding",
    "FitSettings",
    "Keep",
    "Layer",
    "NgramVectors",
    "Ngrams",
    "Pool",
    "Published",
    "Recipe",
    "Recurrent",
    "TextRules",
]

Keep = Literal["best", "last"]
"""Which weights a run keeps: those of the best epoch on validation, or the last ones."""


ClassWeight = Literal["balanced"]
"""How much the texts of a label count: balanced as scikit-learn and Keras call it."""


@dataclass(frozen=True)
class Embedding:
    """One vector of `units` numbers an id."""

    units: int
    masked: bool = True
    """Whether padding is kept from the layers behind; if not, it is read like a token."""
    start: Literal["random", "neighbours"] = "random"
    """First values: random, or from which tokens stand near which in the training texts."""


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer; bidirectional ones concatenate both directions."""

    units: int
    cell: str = "LSTM"
    """A name of `edgernn.cells.CELLS`."""
    bidirectional: bool = False
    sequences: bool = False
    """Whether it returns the state of every token, or the last state alone."""
    input_dropout: float = 0.0
    """Share of input features dropped in training, the same ones along a whole text
    (Gal and Ghahramani, 2016)."""

    def __post_init__(self) -> None:
        """Refuse a cell that there is none of.

        Raises:
            UsageError: its name is not in the table of cells.
        """
        find_cell(self.cell)


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    units: int
    activation: Literal["linear", "relu"] = "linear"


@dataclass(frozen=True)
class Dropout:
    """Drops a share of the features in training."""

    rate: float


@dataclass(frozen=True)
class Pool:
    """The largest and the mean value of each feature over a text's tokens, concatenated: max first.

    The recurrent layer before it returns sequences.
    """


Layer = Embedding | Recurrent | Dense | Dropout | Pool


@dataclass(frozen=True)
class Ngrams:
    """A linear model over hashed n-grams of ids: one number a bucket."""

    buckets: int
    """Size of the table; a prime, see `ngrams.check_ngrams`."""
    longest: int = 3
    """Ids in the longest n-grams; there are those of 1 id, of 2, and so on."""
    hash: HashName = FLOAT32.name
    """What they are hashed with, a name of `ngrams.HASHES`."""


@dataclass(frozen=True)
class NgramVectors:
    """A vector a bucket of hashed n-grams, and a dense layer from their sum to the logits.

    They are trained with the layers. As in fastText (Joulin et al., 2017), where all n-grams of a
    bucket share its vector; here a bucket is that of the n-gram that most training texts have.
    """

    buckets: int
    """Size of the table; a prime, see `ngrams.check_ngrams`."""
    units: int
    """Numbers of a vector."""
    longest: int = 3
    """Ids in the longest n-grams; there are those of 1 id, of 2, and so on."""
    min_count: int = 2
    """N-grams that are met less often in the training texts have no bucket."""
    hash: HashName = FLOAT32.name
    """What they are hashed with, a name of `ngrams.HASHES`."""
    fitted: bool = False
    """Whether they are a linear model that is fitted before the layers are trained, and added to
    them after: `units` and `buckets` then say how many numbers the table has at most, beside those
    that a small vocabulary leaves free in the embedding, and a vector has one for each label."""


@dataclass(frozen=True)
class TextRules:
    """The text rules that a recipe chooses; with a vocabulary they make a text contract.

    The fields are the contract's, see `edgernn.text.TextContract`.
    """

    tokenizer: Tokenizer
    target_vocabulary_size: int
    """Number of ids asked of the vocabulary builder: an approximate one of subwords, the highest
    of words."""
    max_length: int
    cut: Cut
    unicode_form: UnicodeForm = "none"
    html_breaks: HtmlBreaks = "keep"
    control_characters: ControlCharacters = "keep"
    case: Case = "keep"
    separators: str = ""
    word_characters: str = ""
    stop_words: tuple[str, ...] = ()
    first_word_id: int | None = None
    unknown_id: int | None = None
    start_id: int | None = None
    padding: Padding = "none"
    html_entities: HtmlEntities = "keep"
    quotes: Quotes = "keep"
    hashtags: Hashtags = "keep"
    deleted_characters: str = ""
    symbols: Symbols = "keep"
    unspaced_scripts: UnspacedScripts = "keep"
    word_class: WordClass = "listed"


@dataclass(frozen=True)
class FitSettings:
    """How a model is trained: Adam on cross-entropy from logits."""

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
    """Epochs without a better one before training stops; see `History.best`."""
    validation: Literal["held out", "test"] = "held out"
    """What is measured after each epoch: a part of the training split, or, where a tutorial did
    so and nothing is chosen by it, the test split."""
    validation_fraction: float = 0.1
    """Share of the training split that is held out."""
    whole_groups: bool = False
    """Whether texts about one thing, such as a film, are held out together where the data says
    which those are: the test split's films are new to the model, too."""
    validation_limit: int | None = None
    """Number of test examples measured after each epoch; None: all."""
    keep: Keep = "best"
    class_weight: ClassWeight | None = None
    """Whether texts of a rarer label count for more in the loss, so that all labels count alike;
    the best epoch of two labels is that of the highest balanced accuracy then."""
    sort_by_length: bool = True
    """Whether texts of like length share a batch, which saves padding."""

    def __post_init__(self) -> None:
        """Refuse to choose an epoch by the test split."""
        if self.validation == "test" and (self.keep == "best" or self.patience < self.epochs):
            raise ValueError("nothing may be chosen by the test split")


@dataclass(frozen=True)
class Published:
    """What a tutorial did, to the letter, and what it found."""

    text: TextRules
    layers: tuple[Layer, ...]
    fit: FitSettings
    found: str
    """The result as it is published."""
    floor: float | None
    """Accuracy that a model trained here must reach; None where nothing is published."""
    floor_split: Literal["validation", "test"]
    """The split that the tutorial measured on."""


@dataclass(frozen=True)
class Recipe:
    """Everything that makes one trained model."""

    name: str
    title: str
    source: str
    text: TextRules
    layers: tuple[Layer, ...]
    fit: FitSettings
    published: Published | None = None
    ngrams: Ngrams | NgramVectors | None = None
    """What reads hashed n-grams beside the layers; its sums are added to their logits.

    `Ngrams` are a linear model that a teacher teaches, and for two labels; `NgramVectors` are for
    any number.

    Wide and deep learning (Cheng et al., 2016); the strength of n-grams on this task: Wang and
    Manning, 2012."""

    def __post_init__(self) -> None:
        """Refuse n-grams of padding."""
        if self.ngrams is not None and self.text.padding != "none":
            raise ValueError("with n-grams a text has no padding that is read")

    def layers_for(self, labels: int | None) -> tuple[Layer, ...]:
        """Return the layers with as many logits at their end as a decision takes.

        Args:
            labels: how many labels have a logit of their own; None: two labels, and one logit.

        Raises:
            UsageError: the recipe has n-grams that know two labels alone.
        """
        if labels is None:
            return self.layers
        if isinstance(self.ngrams, Ngrams):
            raise UsageError(
                f"--recipe {self.name}: its n-grams tell two labels apart, and here are "
                f"{labels:,}, or several a text: --recipe linear-bilstm takes any number"
            )
        *others, last = self.layers
        assert isinstance(last, Dense)
        return (*others, dataclasses.replace(last, units=labels))

    def as_published(self) -> Recipe:
        """Return the recipe with the tutorial's own text rules, layers and settings.

        Raises:
            UsageError: nothing is published.
        """
        done = self.published
        if done is None:
            raise UsageError(f"--published: recipe {self.name} comes from no tutorial")
        return dataclasses.replace(
            self, text=done.text, layers=done.layers, fit=done.fit, ngrams=None
        )
