"""What is said of a run's figures when it ends: when a warning is due, and when none is."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from toy import SETTINGS

from edgernn.evaluation.closing import held_out_figures, warnings_of
from edgernn.training.history import Epoch, History
from edgernn.training.label_figures import figures_of, figures_of_epoch, figures_of_logits

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
