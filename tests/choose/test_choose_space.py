"""The search space: every point is a valid recipe, and sizes are ordered as points are."""

from dataclasses import replace
from itertools import islice

import pytest

from edgernn.choose.space import Space, fit_settings, recipe_of, text_rules
from edgernn.choose.vocabularies import Vocabularies
from edgernn.recipes.recipe import Pool, Recurrent
from edgernn.text import TextEncoder, WordRule
from edgernn.training.vocabulary import make_contract

SMALL = Space(
    cells=("LSTM", "GRU", "SimpleRNN"),
    units=(4, 6),
    embeddings=(4, 5),
    vocabularies=(("words", 30),),
    max_lengths=(5, 9),
)
WORDS = b"".join(f"word{i}\n".encode() for i in range(28))


def test_every_point_is_a_recipe():
    """Layers, text rules and settings of every point; names tell the points apart."""
    points = Space().all_points()
    fit = fit_settings(25_000)
    for point in points:
        recipe = recipe_of(point, fit)
        (recurrent,) = (layer for layer in recipe.layers if isinstance(layer, Recurrent))
        assert recurrent.sequences == any(isinstance(layer, Pool) for layer in recipe.layers)
        assert recurrent.sequences == (point.head == "pool")
        assert (recurrent.cell, recurrent.units) == (point.cell, point.units)
        assert recipe.text.target_vocabulary_size == point.vocabulary
    names = {point.name for point in points}
    assert len(names) == len(points)
    assert all(name == name.lower() and "/" not in name for name in names)


def test_text_rules_make_a_contract():
    """The contract of words is one that encodes; so is that of subwords."""
    point = SMALL.all_points()[0]
    encoder = TextEncoder(make_contract(text_rules(point), WORDS), WORDS)
    assert encoder.encode("WORD0<br />word27 unknown") == [2, 29, 1]
    assert WordRule.of(text_rules(point)).is_plain
    subwords = replace(point, tokenizer="subwords")
    assert text_rules(subwords).tokenizer == "subwords"


@pytest.mark.parametrize("point", SMALL.all_points()[::7], ids=lambda point: point.name)
def test_points_can_be_built(point):
    """Keras builds what a point says, and it has at least the bytes that no file is below."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    from edgernn.training.models import build

    model = build(recipe_of(point, fit_settings(100)), point.vocabulary)
    assert model.count_params() >= point.fewest_bytes()
    # Biases, the output layer, and nothing else.
    assert model.count_params() < point.fewest_bytes() + 60 * point.units


def test_drawing():
    """The same seed draws the same, another seed something else; no point comes twice."""
    first, again, other = (list(islice(Space().points(seed), 300)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert len(set(first)) == 300
    assert set(SMALL.points(3)) <= set(SMALL.all_points())


def test_no_smaller():
    """A point is no smaller than another if it has as much of everything, and the same kind."""
    point = SMALL.all_points()[0]
    assert point.is_no_smaller(point)
    larger = replace(point, units=point.units + 1)
    assert larger.is_no_smaller(point)
    assert not point.is_no_smaller(larger)
    assert not replace(larger, embedding=point.embedding - 1).is_no_smaller(point)
    assert not replace(larger, cell="GRU").is_no_smaller(replace(point, cell="LSTM"))
    assert larger.fewest_bytes() > point.fewest_bytes()


def test_the_smallest_points():
    """Every point is no smaller than one of them."""
    smallest = SMALL.smallest()
    assert set(smallest) <= set(SMALL.all_points())
    for point in SMALL.all_points():
        assert any(point.is_no_smaller(least) for least in smallest)


def test_what_texts_can_tell_apart():
    """No vocabulary beyond the words that there are, no length beyond the texts'."""
    space = Space().within(words=3_000, tokens=150)
    assert set(space.vocabularies) == {("words", 2_000), ("words", 5_000), ("subwords", 4_096)}
    assert set(space.max_lengths) == {64, 128, 200}
    tiny = Space().within(words=10, tokens=3)
    assert set(tiny.vocabularies) == {("words", 2_000)}
    assert set(tiny.max_lengths) == {64}
    assert Space().within(10**6, 10**6) == Space()


@pytest.mark.parametrize("texts", [2, 50, 240, 3_000, 9_999, 10_000, 25_000, 10**6])
def test_fit_settings(texts):
    """Rungs end at whole epochs, and the average of weights forgets the first ones."""
    fit = fit_settings(texts)
    assert fit.epochs % 4 == 0
    assert 4 <= fit.epochs <= 16
    assert fit.validation == "held out"
    steps = texts * (1 - fit.validation_fraction) / fit.batch_size * fit.epochs
    assert fit.weight_average**steps < 0.2


def test_rare_words_stay_out(tmp_path):
    """Of the vocabularies of a search, too, unless they are asked for."""
    texts = ["a good film", "a bad film", "no film for me", "a film, says Quackenbush"]
    point = next(p for p in Space().all_points() if p.tokenizer == "words")
    kept = Vocabularies(tmp_path / "kept", texts, Space()).path(point)
    assert kept.read_text() == "film\na\n"
    every = Vocabularies(tmp_path / "every", texts, Space(), min_df=1).path(point)
    assert "quackenbush" in every.read_text()
