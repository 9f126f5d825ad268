"""The recipes: ours, and five published tutorials on IMDB sentiment, as they were and better.

The layers, the vocabulary and the length of the input are the tutorials', to the parameter. A
recipe itself masks padding, starts from vectors of neighbouring tokens, regularizes, and keeps the
best epoch on held-out reviews; `Recipe.as_published` does what the tutorial did.
"""

from __future__ import annotations

import dataclasses

from edgernn.errors import UsageError
from edgernn.recipes.recipe import (
    Dense,
    Dropout,
    Embedding,
    FitSettings,
    Layer,
    Ngrams,
    NgramVectors,
    Pool,
    Published,
    Recipe,
    Recurrent,
    TextRules,
)
from edgernn.recipes.stop_words import ENGLISH, NEGATIONS
from edgernn.text.words import KERAS_SEPARATORS

__all__ = [
    "DEFAULT_RECIPE",
    "FEW_TEXTS_RECIPE",
    "OWN_DATA_RECIPE",
    "RECIPES",
    "SOFT_LABELS_RECIPE",
    "find_recipe",
]

_OURS = FitSettings(
    epochs=8,
    batch_size=64,
    learning_rate=1e-3,
    cosine_decay=True,
    clip_norm=1.0,
    weight_average=0.995,
    token_dropout=0.2,
    crops=0.15,
    patience=3,
)

_ADAM = FitSettings(
    epochs=30,
    batch_size=32,
    learning_rate=1e-3,
    cosine_decay=False,
    clip_norm=None,
    weight_average=0.0,
    token_dropout=0.0,
    crops=0.0,
    patience=30,
    validation="test",
    keep="last",
    sort_by_length=False,
)
"""Keras's defaults, as most of the tutorials train."""


def _keras_imdb(size: int, max_length: int) -> TextRules:
    """The ids of `keras.datasets.imdb`: 0 padding, 1 start, 2 unknown, rank by frequency + 3."""
    return TextRules(
        tokenizer="words",
        target_vocabulary_size=size,
        max_length=max_length,
        cut="start",
        case="lower",
        separators=KERAS_SEPARATORS,
        first_word_id=4,
        unknown_id=2,
        start_id=1,
    )


_OOV_WORDS = TextRules(
    tokenizer="words",
    target_vocabulary_size=10_000,
    max_length=120,
    cut="end",
    case="lower",
    separators=KERAS_SEPARATORS,
    first_word_id=2,
    unknown_id=1,
)
"""The ids of Keras's `Tokenizer(num_words=10000, oov_token="<OOV>")`."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789'"
_CONTENT_WORDS = TextRules(
    tokenizer="words",
    target_vocabulary_size=20_000,
    max_length=200,
    cut="start",
    html_breaks="space",
    case="lower",
    word_characters=_LETTERS,
    stop_words=tuple(word for word in ENGLISH if word not in NEGATIONS),
    first_word_id=2,
    unknown_id=1,
)


def _padded(text: TextRules, **changes: object) -> TextRules:
    """The same rules with zeros in front, which a tutorial without masks trains on."""
    return dataclasses.replace(text, padding="start", **changes)  # type: ignore[arg-type]


def _unmasked(*layers: Layer) -> tuple[Layer, ...]:
    """A tutorial's layers: nothing masked, first values random, no dropout inside."""
    plain: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Embedding):
            plain.append(Embedding(layer.units, masked=False))
        elif isinstance(layer, Recurrent):
            plain.append(dataclasses.replace(layer, input_dropout=0.0))
        else:
            plain.append(layer)
    return tuple(plain)


_SUBWORD_LAYERS: tuple[Layer, ...] = (
    Embedding(64, start="neighbours"),
    Recurrent(64, bidirectional=True, sequences=True, input_dropout=0.4),
    Recurrent(32, bidirectional=True, input_dropout=0.4),
    Dense(64, "relu"),
    Dropout(0.5),
    Dense(1),
)
_WORD_LSTM_LAYERS: tuple[Layer, ...] = (
    Embedding(50, start="neighbours"),
    Dropout(0.25),
    Recurrent(32),
    Dropout(0.25),
    Dense(1),
)
_CONTENT_LAYERS: tuple[Layer, ...] = (
    Embedding(64, start="neighbours"),
    Recurrent(32, bidirectional=True, sequences=True, input_dropout=0.3),
    Recurrent(16, bidirectional=True, input_dropout=0.3),
    Dense(1),
)
_KERAS_LSTM_LAYERS: tuple[Layer, ...] = (
    Embedding(128, start="neighbours"),
    Recurrent(150, input_dropout=0.4),
    Dense(1),
)


def _short_inputs(recurrent: Recurrent) -> tuple[Layer, ...]:
    return (Embedding(16, start="neighbours"), recurrent, Dense(10, "relu"), Dense(1))


_SHORT_INPUTS_SOURCE = (
    "Tutorial that compares SimpleRNN, GRU and LSTM on IMDB reviews with Keras's Tokenizer"
)


def _short_inputs_recipe(
    name: str, title: str, recurrent: Recurrent, found: str, floor: float
) -> Recipe:
    layers = _short_inputs(recurrent)
    return Recipe(
        name=name,
        title=title,
        source=_SHORT_INPUTS_SOURCE,
        text=_OOV_WORDS,
        layers=layers,
        fit=_OURS,
        published=Published(
            text=_padded(_OOV_WORDS),
            layers=_unmasked(*layers),
            fit=_ADAM,
            found=found,
            floor=floor,
            floor_split="test",
        ),
    )


_FLAGSHIP = Recipe(
    name="flagship",
    title="Bidirectional LSTM, pooled, beside n-grams that a teacher taught",
    source=(
        "Ours: NB-SVM (Wang and Manning, 2012) and document vectors (Le and Mikolov, 2014) "
        "distilled into hashed n-grams and a pooled bidirectional LSTM (wide and deep, Cheng et "
        "al., 2016)"
    ),
    text=dataclasses.replace(
        _CONTENT_WORDS,
        target_vocabulary_size=10_000,
        max_length=400,
        stop_words=(),
        html_entities="decode",
        quotes="ascii",
    ),
    layers=(
        Embedding(48, start="neighbours"),
        Recurrent(32, bidirectional=True, sequences=True, input_dropout=0.1),
        Pool(),
        Dropout(0.1),
        Dense(1),
    ),
    # The teacher's crops of whole sentences take the place of random ones.
    # What a teacher says of each text is harder to learn by heart than labels: less is left out.
    fit=dataclasses.replace(
        _OURS,
        epochs=6,
        learning_rate=2e-3,
        token_dropout=0.1,
        crops=0.0,
        whole_groups=True,
    ),
    ngrams=Ngrams(buckets=131_071, longest=3),
)

_POOLED = Recipe(
    name="pooled-bilstm",
    title="Bidirectional LSTM, pooled, for any number of labels",
    source=(
        "Ours: the largest and the mean state of a bidirectional LSTM (max pooling: Conneau et "
        "al., 2017), with settings for some thousand short texts, such as questions"
    ),
    text=TextRules(
        tokenizer="words",
        target_vocabulary_size=16_000,
        max_length=300,
        cut="start",
        html_breaks="space",
        case="lower",
        separators=KERAS_SEPARATORS,
        first_word_id=2,
        unknown_id=1,
    ),
    layers=(
        Embedding(64, start="neighbours"),
        Recurrent(64, bidirectional=True, sequences=True, input_dropout=0.3),
        Pool(),
        Dropout(0.5),
        Dense(1),
    ),
    # Of a short text a crop would be most of it.
    fit=dataclasses.replace(_OURS, epochs=20, learning_rate=5e-3, crops=0.0),
)

_NGRAMS = dataclasses.replace(
    _POOLED,
    name="ngram-bilstm",
    title="Bidirectional LSTM, pooled, beside vectors of n-grams, for any number of labels",
    source=(
        "Ours: `pooled-bilstm` with fewer words, and beside it a short vector for each hashed word "
        "and pair of words (fastText: Joulin et al., 2017)"
    ),
    text=dataclasses.replace(_POOLED.text, target_vocabulary_size=10_000),
    ngrams=NgramVectors(buckets=32_771, units=16, longest=2),
)

_LINEAR = dataclasses.replace(
    _POOLED,
    name="linear-bilstm",
    title="Bidirectional LSTM, pooled, beside a linear model, for any number of labels",
    source=(
        "Ours: `pooled-bilstm` with fewer words, and beside it a linear support vector machine of "
        "words, pairs of words and their spelling (TF-IDF: Joachims, 1998), added by logistic "
        "regression (stacking: Wolpert, 1992)"
    ),
    text=dataclasses.replace(_POOLED.text, target_vocabulary_size=8_000),
    ngrams=NgramVectors(buckets=40_009, units=16, longest=2, fitted=True),
)

_FEW = dataclasses.replace(
    _LINEAR,
    name="linear-subwords",
    title="Linear model of pieces of words, for many labels of a dozen texts each",
    source=(
        "Ours: a linear support vector machine of characters across the ends of words (Joachims, "
        "1998), as n-grams of a hundred and more short subwords, so that words which no training "
        "text holds are known by their spelling; beside it a small bidirectional LSTM"
    ),
    # 144 subwords, and the 256 bytes: 44 and 244 were no better on further training texts.
    text=TextRules(
        tokenizer="subwords",
        target_vocabulary_size=400,
        max_length=1200,
        cut="start",
        html_breaks="space",
        case="lower",
    ),
    layers=(
        Embedding(16),
        Recurrent(16, bidirectional=True, sequences=True, input_dropout=0.3),
        Pool(),
        Dropout(0.5),
        Dense(1),
    ),
    ngrams=NgramVectors(buckets=50_021, units=24, longest=2, fitted=True),
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _FLAGSHIP,
        _POOLED,
        _NGRAMS,
        _LINEAR,
        Recipe(
            name="subword-bilstm",
            title="Stacked bidirectional LSTM on subwords",
            source="Text classification with an RNN, TensorFlow tutorials (stacked model)",
            text=TextRules(
                tokenizer="subwords", target_vocabulary_size=2**13, max_length=512, cut="start"
            ),
            layers=_SUBWORD_LAYERS,
            fit=_OURS,
            published=Published(
                # No review is cut: the longest of the data set has fewer tokens.
                text=TextRules(
                    tokenizer="subwords", target_vocabulary_size=2**13, max_length=4096, cut="end"
                ),
                layers=_unmasked(*_SUBWORD_LAYERS),
                fit=dataclasses.replace(
                    _ADAM, epochs=10, batch_size=64, learning_rate=1e-4, validation_limit=30 * 64
                ),
                found="about 85 % test",
                floor=0.85,
                floor_split="test",
            ),
        ),
        _FEW,
        Recipe(
            name="word-lstm",
            title="LSTM on the 50,000 most frequent words",
            source="Tutorial on keras.datasets.imdb with an LSTM between two dropouts",
            text=_keras_imdb(50_000, 500),
            layers=_WORD_LSTM_LAYERS,
            fit=_OURS,
            published=Published(
                text=_padded(_keras_imdb(50_000, 500)),
                layers=_unmasked(*_WORD_LSTM_LAYERS),
                fit=dataclasses.replace(
                    _ADAM,
                    epochs=3,
                    batch_size=256,
                    validation="held out",
                    validation_fraction=0.2,
                ),
                found="88.84 % validation",
                floor=0.888,
                floor_split="validation",
            ),
        ),
        _short_inputs_recipe(
            "simple-rnn",
            "SimpleRNN on 120 words",
            Recurrent(32, "SimpleRNN"),
            "71.74 % last epoch, 79.52 % best, test",
            0.717,
        ),
        _short_inputs_recipe(
            "bigru",
            "Bidirectional GRU on 120 words",
            Recurrent(32, "GRU", bidirectional=True, input_dropout=0.2),
            "81.50 % last epoch, 84.20 % best, test",
            0.815,
        ),
        _short_inputs_recipe(
            "bilstm",
            "Bidirectional LSTM on 120 words",
            Recurrent(32, bidirectional=True, input_dropout=0.2),
            "81.24 % last epoch, 84.13 % best, test",
            0.812,
        ),
        Recipe(
            name="stopword-bilstm",
            title="Stacked bidirectional LSTM without stop words",
            source=(
                "Tutorial on the 50,000 reviews as one CSV file, stop words and special "
                "characters removed; it publishes no sizes, those here are ours"
            ),
            text=_CONTENT_WORDS,
            layers=_CONTENT_LAYERS,
            fit=_OURS,
            published=Published(
                text=_padded(_CONTENT_WORDS, stop_words=ENGLISH),
                layers=_unmasked(*_CONTENT_LAYERS),
                fit=dataclasses.replace(_ADAM, epochs=5, batch_size=128, patience=5),
                found="no figure",
                floor=None,
                floor_split="test",
            ),
        ),
        Recipe(
            name="keras-lstm",
            title="LSTM on the last 100 words",
            source="Tutorial on keras.datasets.imdb with an LSTM of 150 units",
            text=_keras_imdb(10_000, 100),
            layers=_KERAS_LSTM_LAYERS,
            fit=_OURS,
            published=Published(
                text=_padded(_keras_imdb(10_000, 100)),
                layers=_unmasked(*_KERAS_LSTM_LAYERS),
                fit=dataclasses.replace(_ADAM, epochs=15, patience=15),
                found="83.01 % test, loss 1.06",
                floor=0.83,
                floor_split="test",
            ),
        ),
    )
}

DEFAULT_RECIPE = "flagship"
OWN_DATA_RECIPE = "linear-bilstm"
"""What is trained on data of one's own where no recipe is named; `edgernn.training.choice` tells
where it is another."""
FEW_TEXTS_RECIPE = "linear-subwords"
"""Likewise, of more than two labels with few texts each."""
SOFT_LABELS_RECIPE = "ngram-bilstm"
"""Likewise, of more than two labels for which there are a teacher's soft labels."""


def find_recipe(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    if name not in RECIPES:
        raise UsageError(f"--recipe {name}: no such recipe; choose one of: {', '.join(RECIPES)}")
    return RECIPES[name]
