"""What is said of a run's figures when it ends: when a warning is due, and when none is."""

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest
from toy import SETTINGS

from edgernn.evaluation.closing import held_out_figures, warnings_of
from edgernn.training.history import Epoch, History
from edgernn.training.label_figures import (
    LabelCounts,
    ManyLabelFigures,
    figures_of,
    figures_of_epoch,
    figures_of_logits,
    wilson_interval,
)

LABELS = ("bad", "good")
GOOD = ((900, 100), (100, 900))


def warned(confusion=GOOD, losses=(0.5, 0.4, 0.4), *, epochs=3, interrupted=False, weight=None):
    history = History([Epoch(n, 1.0, 0.5, loss, 0.5, 1.0) for n, loss in enumerate(losses, 1)])
    history.interrupted = interrupted
    settings = dataclasses.replace(SETTINGS, epochs=epochs, class_weight=weight)
    return warnings_of(figures_of(confusion), history, settings, LABELS, "held-out texts")


def test_nothing_to_doubt():
    """A good model on enough texts whose loss has come to rest."""
    assert warned() == []


@pytest.mark.parametrize(
    ("confusion", "said"),
    [
        (((1, 0), (0, 1)), "2 held-out texts are too few to tell: the accuracy may be anything "),
        (((120, 20), (20, 120)), None),
        (((100, 20), (20, 100)), None),
        (((90, 20), (20, 90)), "220 held-out texts are too few to tell"),
        (((15, 4), (0, 900)), "19 held-out texts of label bad are too few to tell: of such texts"),
        (((900, 0), (4, 16)), None),
        (((500, 0), (0, 0)), "0 held-out texts of label good are too few to tell"),
    ],
)
def test_too_few_to_tell(confusion, said):
    """The accuracy's interval is wide, or hardly a text is of the smaller class."""
    found = [line for line in warned(confusion) if "too few" in line]
    assert len(found) == (said is not None)
    assert all(line.startswith(said) for line in found)


@pytest.mark.parametrize(
    ("confusion", "said", "hint"),
    [
        (((0, 50), (0, 950)), "not better than always saying good: that is right for 0.9500", True),
        (((30, 20), (30, 920)), "not better than", True),
        (((20, 30), (15, 935)), "not clearly better than always saying good", True),
        (((45, 5), (5, 945)), None, None),
        (((250, 250), (240, 260)), "not clearly better than", False),
        (((260, 240), (270, 230)), "not better than always saying", False),
        (((300, 200), (200, 300)), None, None),
    ],
)
def test_no_better_than_the_larger_class(confusion, said, hint):
    """By the interval of the accuracy; imbalanced data is told of class weights, other data not."""
    found = [line for line in warned(confusion) if line.startswith("the model is not")]
    assert len(found) == (said is not None)
    assert all(said in line for line in found)
    assert all(("--class-weight balanced" in line) is hint for line in found)


@pytest.mark.parametrize(
    ("confusion", "doubted"),
    [(((40, 10), (200, 750)), False), (((25, 25), (470, 480)), True), (((0, 50), (0, 950)), True)],
)
def test_with_class_weights(confusion, doubted):
    """What they are after is to tell the labels apart; the plain accuracy may well fall."""
    found = [line for line in warned(confusion, weight="balanced") if "beyond chance" in line]
    assert len(found) == doubted
    assert not any("--class-weight" in line for line in warned(confusion, weight="balanced"))


@pytest.mark.parametrize(
    ("losses", "options", "told"),
    [
        ((0.6, 0.5, 0.4), {}, True),
        ((0.6, 0.4, 0.397), {}, False),
        ((0.6, 0.4, 0.41), {}, False),
        ((0.4, 0.6, 0.5), {}, False),
        ((0.6,), {"epochs": 1}, False),
        ((0.6, 0.5, 0.4), {"epochs": 8}, False),
        ((0.6, 0.5, 0.4), {"interrupted": True}, False),
    ],
)
def test_the_loss_still_falls(losses, options, told):
    """At the last of the epochs that were asked for it is the lowest by far; more are proposed."""
    found = warned(losses=losses, **options)
    assert found == (
        ["the validation loss still fell in the last epoch, from 0.5000 to 0.4000: try --epochs 6"]
        if told
        else []
    )


def test_figures_of_an_epoch():
    """Counts come back out of the two shares; earlier versions have none."""
    labels = np.array([0, 0, 0, 1, 1], np.int8)
    epoch = Epoch(1, 0.5, 0.6, 0.5, 0.6, 1.0, validation_recall=0.5, validation_specificity=2 / 3)
    assert figures_of_epoch(epoch, labels).confusion == ((2, 1), (1, 1))
    assert figures_of_epoch(Epoch(1, 0.5, 0.6, 0.5, 0.6, 1.0), labels) is None
    found = figures_of_logits(np.array([-1, 1, -2, 0.5, 0], np.float32), labels)
    # A logit of 0 is a probability of one half, which is the threshold.
    assert found.confusion == ((2, 1), (0, 2))


@pytest.mark.parametrize(
    "values", [None, 3, {}, {"confusion": [[1, 2]]}, {"confusion": [[1, 2], [3, "4"]]}]
)
def test_figures_read_back(values):
    """From `metrics.json`, and nothing from what is none."""

    def read(held_out, **config):
        return held_out_figures(SimpleNamespace(config=config, metrics={"held_out": held_out}))

    good = {"confusion": [[900, 100], [100, 900]]}
    assert read(good) == (figures_of(GOOD), "held-out texts")
    assert read(good, splits={"validation": "test"})[1] == "texts of the test split"
    assert read(good, splits=7)[1] == "held-out texts"
    assert read(values)[0] is None


def of_many(true, given, right, *, accuracy=None, larger=None):
    """Figures of three labels or more."""
    counts = LabelCounts(true, given, right)
    examples = sum(true)
    share = sum(right) / examples if accuracy is None else accuracy
    interval = wilson_interval(round(share * examples), examples)
    largest = max(true) / examples if larger is None else larger
    return ManyLabelFigures(share, interval, counts.macro_f1, 0.5, largest, counts, examples)


def said_of_many(figures, *, weight=None):
    history = History([Epoch(n, 1.0, 0.5, 0.4, 0.5, 1.0) for n in (1, 2)])
    settings = dataclasses.replace(SETTINGS, epochs=3, class_weight=weight)
    names = tuple("abcdefgh"[: len(figures.counts.true)])
    return warnings_of(figures, history, settings, names, "held-out texts")


def test_three_labels():
    """A good model is not doubted; one of the most frequent label is, by its name."""
    assert said_of_many(of_many((300, 400, 300), (310, 390, 300), (280, 370, 270))) == []
    (line,) = said_of_many(of_many((200, 700, 100), (150, 750, 100), (30, 540, 20)))
    assert line.startswith("the model is not better than always saying b: that is right for 0.7000")
    assert "makes all labels count alike" in line
    (line,) = said_of_many(
        of_many((200, 700, 100), (300, 300, 400), (67, 233, 33)), weight="balanced"
    )
    assert line.startswith("the model does not tell the labels apart beyond chance: balanced acc")
    assert not said_of_many(
        of_many((200, 700, 100), (250, 500, 250), (120, 420, 60)), weight="balanced"
    )


def test_labels_of_few_texts():
    """Which, and how many texts of each; of more than five the others are counted."""
    true = (400, 4, 0, 400, 1, 2, 3, 3)
    line = said_of_many(of_many(true, true, true))[0]
    assert line == (
        "of 6 of the 8 labels there are fewer than 5 held-out texts, too few to tell how well the "
        "model finds them: c (0), e (1), f (2), g (3), h (3) and 1 more; add rows of those labels, "
        "or leave them out with --drop"
    )
    wide = said_of_many(of_many((3, 3, 3), (3, 3, 3), (2, 2, 2)))[0]
    assert wide.startswith("9 held-out texts are too few to tell: the accuracy may be anything")


def test_labels_that_are_never_given():
    """A model that has not learnt them is told so."""
    (line,) = said_of_many(of_many((400, 300, 40), (430, 310, 0), (380, 290, 0)))
    assert line.startswith("the model gives 1 of the 3 labels to none of the held-out texts")
    assert ": c; training" in line


def test_several_labels_a_text():
    """What is always said is a set of labels."""
    figures = of_many((500, 400, 300), (500, 400, 300), (300, 200, 100), accuracy=0.3, larger=0.4)
    figures = dataclasses.replace(figures, examples=1000)
    (line,) = said_of_many(figures)
    assert line.startswith("the model is not better than always saying the most frequent set of")


def test_figures_of_many_read_back():
    """As training writes them; what is broken is no figure."""
    figures = of_many((30, 40, 30), (31, 39, 30), (28, 37, 27))
    values = json.loads(json.dumps(dataclasses.asdict(figures)))

    def read(values):
        run = SimpleNamespace(config={}, metrics={"held_out": values})
        return held_out_figures(run)[0]

    assert read(values) == figures
    counts = values["counts"]
    for broken in ({"true": [1]}, {"given": [1, 2, "3"]}, {"right": None}, {"true": [1, 2, -3]}):
        assert read(values | {"counts": counts | broken}) is None
    assert read(values | {"examples": 0}) is None
    assert read(values | {"accuracy": 7}) is None
