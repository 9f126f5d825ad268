"""Training: it learns, repeats, resumes, stops, and keeps the best epoch."""

import dataclasses
import json

import numpy as np
import pytest
from toy import GOOD, IDS, RECIPE, SETTINGS, encoded

from edgernn.data.batches import Encoded
from edgernn.errors import TrainingError
from edgernn.recipes.recipe import Dense, Dropout, Embedding, Pool
from edgernn.text.padding import pad
from edgernn.training.fit import _unlike_first, fit
from edgernn.training.history import Epoch, History
from edgernn.training.keras_setup import prepare_keras
from edgernn.training.models import build, logits

keras = pytest.importorskip("keras")

TRAIN, HELD_OUT = encoded(48, 1), encoded(24, 2)
SEED = 4


@pytest.fixture(scope="module", autouse=True)
def repeatable():
    """Keras is set up as the training job does it; else XLA compiles a model for each length."""
    prepare_keras(SEED)


class Watcher:
    """Writes down what it hears, and raises KeyboardInterrupt in one batch of one epoch."""

    def __init__(self, interrupt_in=None, at_batch=2):
        self.interrupt_in = (interrupt_in, at_batch)
        self.heard = []
        self.batches = []

    def on_batch(self, epoch, batch, batches, loss, accuracy):
        """Write down, check, interrupt."""
        self.batches.append((epoch, batch, batches))
        assert loss > 0
        assert 0 <= accuracy <= 1
        if (epoch, batch) == self.interrupt_in:
            raise KeyboardInterrupt

    def on_epoch(self, epoch, best):
        """Write down."""
        self.heard.append((epoch.epoch, best.epoch))


LAYERS = (Embedding(4), Dropout(0.2), Pool(), Dense(1))


def layered():
    """What has randomness of its own: first weights and dropout; `test_train_job.py` has an LSTM.

    That takes four seconds to trace, these one.
    """
    return build(dataclasses.replace(RECIPE, layers=LAYERS), IDS)


def bag():
    """A model that is built and traced in a moment."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(IDS, 4, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1),
        ]
    )


def train(
    checkpoint,
    make=bag,
    *,
    resume=False,
    watcher=None,
    validation=HELD_OUT,
    **settings,
):
    """Fit a fresh model, or go on; return it, its numbers and the history."""
    keras.utils.set_random_seed(SEED)
    model, history = fit(
        make(),
        dataclasses.replace(SETTINGS, **settings),
        TRAIN,
        validation,
        seed=SEED,
        checkpoint=checkpoint,
        resume=resume,
        watcher=watcher,
    )
    return model, numbers(history), history


def numbers(history):
    """All that was measured but for the time."""
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in history.epochs]


def same_weights(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of four epochs without interruption, and what its watcher heard."""
    watcher = Watcher()
    folder = tmp_path_factory.mktemp("whole")
    model, measured, history = train(folder, layered, epochs=4, watcher=watcher)
    return model, measured, history, watcher


def test_it_learns(tmp_path):
    """A word that tells the class is found, and what stands around it is not learnt by heart."""
    settings = {"epochs": 10, "learning_rate": 0.2, "patience": 10, "token_dropout": 0.0}
    model, measured, history = train(tmp_path, **settings, crops=0.0)
    assert measured[-1].loss < measured[0].loss / 3
    given = logits(model, HELD_OUT.ids) > 0
    assert np.array_equal(given, HELD_OUT.labels == 1)
    assert history.best.validation_accuracy == 1.0


def test_what_is_measured(whole):
    """Epochs count from 1, and accuracies are shares of the texts."""
    _, measured, history, _ = whole
    assert [epoch.epoch for epoch in measured] == [1, 2, 3, 4]
    assert not history.interrupted
    for epoch in history.epochs:
        assert epoch.loss > 0
        assert epoch.validation_loss > 0
        assert epoch.validation_accuracy * len(HELD_OUT) == pytest.approx(
            round(epoch.validation_accuracy * len(HELD_OUT)), abs=1e-4
        )
        assert epoch.seconds >= 0


def test_the_watcher_hears_all(whole):
    """Every batch of every epoch, counted from 1, and the best epoch so far."""
    _, _, history, watcher = whole
    assert watcher.batches == [(e, b, 6) for e in range(1, 5) for b in range(1, 7)]
    best = [History(history.epochs[:n]).best.epoch for n in range(1, 5)]
    assert watcher.heard == list(zip(range(1, 5), best, strict=True))


def test_interrupted_and_resumed_is_uninterrupted(whole, tmp_path):
    """A run of the same seed, cut off twice, has the numbers of one that was not, to the bit."""
    for epoch, resume in ((2, False), (4, True)):
        watcher = Watcher(interrupt_in=epoch)
        _, measured, history = train(tmp_path, layered, epochs=4, resume=resume, watcher=watcher)
        assert history.interrupted
        assert measured == whole[1][: epoch - 1]
    watcher = Watcher()
    model, measured, history = train(tmp_path, layered, epochs=4, resume=True, watcher=watcher)
    assert watcher.batches[0] == (4, 1, 6)
    assert not history.interrupted
    assert measured == whole[1]
    assert same_weights(model, whole[0])


def test_ctrl_c_in_the_first_epoch(tmp_path):
    """Nothing was reached, so there is nothing to return or to resume."""
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "checkpoint", watcher=Watcher(interrupt_in=1))
    assert not (tmp_path / "checkpoint").exists()


def test_ctrl_c_in_the_second_epoch(tmp_path):
    """The first epoch's weights are given, whatever the second one had done to them."""
    given = []
    for at_batch in (1, 5):
        folder = tmp_path / str(at_batch)
        model, measured, history = train(folder, watcher=Watcher(2, at_batch))
        assert history.interrupted
        assert len(measured) == 1
        given.append(model)
    assert same_weights(*given)
    loss, accuracy, _ = model.evaluate(pad(HELD_OUT.ids)[0], HELD_OUT.labels[:, None], verbose=0)
    assert loss == pytest.approx(measured[0].validation_loss, rel=1e-5)
    assert accuracy == pytest.approx(measured[0].validation_accuracy)


class OnEpoch(Watcher):
    """Raises KeyboardInterrupt when an epoch has ended."""

    def on_epoch(self, epoch, best):
        """Interrupt."""
        raise KeyboardInterrupt


def test_ctrl_c_between_epochs(tmp_path):
    """An epoch that has ended is kept, also when the next one had not begun."""
    _, measured, history = train(tmp_path, watcher=OnEpoch())
    assert history.interrupted
    assert len(measured) == 1


def test_the_best_epoch_is_kept(tmp_path):
    """With labels turned round in the held-out texts the first epochs are the best ones."""
    turned = dataclasses.replace(HELD_OUT, labels=1 - HELD_OUT.labels)
    settings = {"epochs": 8, "learning_rate": 0.05, "patience": 8, "weight_average": 0.0}
    model, measured, history = train(tmp_path, validation=turned, **settings)
    assert history.best.epoch < len(measured)
    assert history.best.validation_loss < measured[-1].validation_loss
    given = logits(model, turned.ids) > 0
    assert np.mean(given == turned.labels) == pytest.approx(history.best.validation_accuracy)
    recall, specificity = (given[turned.labels == 1]).mean(), (~given[turned.labels == 0]).mean()
    assert history.best.validation_recall == pytest.approx(recall)
    assert history.best.validation_specificity == pytest.approx(specificity)
    assert history.best.balanced_accuracy == pytest.approx((recall + specificity) / 2)


def test_class_weights(tmp_path):
    """Of texts that say nothing a model says what is common; with weights it leans to neither."""
    rng = np.random.default_rng(7)
    ids = [rng.integers(4, IDS, 5).astype(np.int32) for _ in range(60)]
    texts = Encoded(ids, (np.arange(60) % 10 == 0).astype(np.int8))
    settings = dataclasses.replace(
        SETTINGS, epochs=4, learning_rate=0.2, patience=4, crops=0.0, weight_average=0.0
    )
    means = {}
    for weight in (None, "balanced"):
        keras.utils.set_random_seed(SEED)
        own = dataclasses.replace(settings, class_weight=weight, keep="last")
        place = tmp_path / str(weight)
        model, history = fit(bag(), own, texts, texts, seed=SEED, checkpoint=place)
        means[weight] = float(np.mean(logits(model, ids)))
        assert history.balanced is (weight is not None)
    assert means[None] < -1 < -0.5 < means["balanced"] < 0.5


def test_the_best_epoch_of_weighed_classes():
    """It is that of the highest balanced accuracy; a checkpoint remembers that it is."""
    epochs = [
        Epoch(1, 0.1, 0.9, 0.5, 0.9, 1, validation_recall=0.0, validation_specificity=1.0),
        Epoch(2, 0.1, 0.9, 0.5, 0.8, 1, validation_recall=0.8, validation_specificity=0.8),
    ]
    assert History(epochs).best.epoch == 1
    assert History(epochs, balanced=True).best.epoch == 2


def test_early_stopping(tmp_path):
    """As many epochs as the patience allows after the best one, and no more, resumed or not."""
    turned = dataclasses.replace(HELD_OUT, labels=1 - HELD_OUT.labels)
    settings = {"epochs": 30, "learning_rate": 0.05, "patience": 2, "validation": turned}
    _, measured, history = train(tmp_path, **settings)
    assert len(measured) == history.best.epoch + 2 < 30
    assert not history.interrupted
    watcher = Watcher()
    _, again, _ = train(tmp_path, resume=True, watcher=watcher, **settings)
    assert again == measured
    assert watcher.batches == []


def test_a_loss_that_is_no_number(tmp_path):
    """Training that diverges ends with advice, and its weights are not kept."""
    with pytest.raises(TrainingError, match=r"^epoch 1: the loss is nan: try a lower --learning"):
        train(tmp_path / "checkpoint", learning_rate=float("inf"), clip_norm=None)
    assert not (tmp_path / "checkpoint").exists()


def test_nothing_to_resume(tmp_path):
    """A folder without a checkpoint is named."""
    with pytest.raises(TrainingError) as caught:
        train(tmp_path / "checkpoint", resume=True)
    assert str(caught.value).startswith(f"{tmp_path / 'checkpoint'}: nothing to resume")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"epochs": []}', '{"epochs": [{}]}', '{"epochs": 1}']
)
def test_a_broken_state(tmp_path, content):
    """A state that cannot be read is an error of one line, not a traceback."""
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(TrainingError) as caught:
        train(tmp_path, resume=True)
    assert str(caught.value).startswith(f"{tmp_path}: cannot be resumed: ")
    assert "\n" not in str(caught.value)


def test_a_checkpoint_without_its_model(tmp_path):
    """The state names the files that belong to it; one that is missing is told."""
    epoch = Epoch(1, 0.7, 0.5, 0.7, 0.5, 1.0)
    (tmp_path / "state.json").write_text(json.dumps({"epochs": [dataclasses.asdict(epoch)]}))
    with pytest.raises(TrainingError, match="cannot be resumed"):
        train(tmp_path, resume=True)


def test_the_checkpoint_holds_one_state(tmp_path):
    """Only the latest epoch, the best weights and the state are left of a run."""
    _, _, history = train(tmp_path, epochs=3)
    assert {path.name for path in tmp_path.iterdir()} == {
        "epoch-3.keras",
        f"kept-{history.best.epoch}.npz",
        "state.json",
    }


@pytest.mark.parametrize(
    ("measured", "best"),
    [
        ([(0.5, 0.6)], 1),
        ([(0.5, 0.6), (0.7, 0.9), (0.6, 0.1)], 2),
        ([(0.7, 0.6), (0.7, 0.5), (0.7, 0.55)], 2),
        ([(0.7, 0.5), (0.7, 0.5)], 1),
    ],
)
def test_the_best_epoch(measured, best):
    """The highest validation accuracy, then the lower loss, then the earlier."""
    epochs = [Epoch(i, 0.1, 0.9, loss, acc, 1) for i, (acc, loss) in enumerate(measured, 1)]
    assert History(epochs).best.epoch == best


@pytest.mark.parametrize(
    ("lengths", "order"),
    [
        ([4, 4, 7, 4, 9], [0, 2, 1, 3, 4]),
        ([4, 7, 4, 4], [0, 1, 2, 3]),
        ([4, 4, 4], [0, 1, 2]),
        ([4, 4, 4, 2], [0, 3, 1, 2]),
        ([4], [0]),
        ([], []),
    ],
)
def test_the_second_batch_is_of_another_length(lengths, order):
    """If any is; all others keep their order, and none is lost."""
    ids = [np.ones(n, np.int32) for length in lengths for n in (1, length)]
    plan = [np.array([2 * i, 2 * i + 1]) for i in range(len(lengths))]
    found = _unlike_first(Encoded(ids, np.zeros(len(ids), np.int8)), plan)
    assert [batch.tolist() for batch in found] == [plan[i].tolist() for i in order]


def test_the_first_batches_are_of_one_length(tmp_path):
    """Keras does not take what they have in common for the shape of all."""
    texts = [np.full(length, GOOD, np.int32) for length in (5, 5, 5, 5, 3, 8)]
    train = Encoded(texts, np.array([0, 1] * 3, np.int8))
    settings = dataclasses.replace(
        SETTINGS, epochs=1, batch_size=2, token_dropout=0.0, crops=0.0, sort_by_length=True
    )
    _, history = fit(layered(), settings, train, train, seed=0, checkpoint=tmp_path)
    assert len(history.epochs) == 1


def test_history_as_csv():
    """One row an epoch under the names of the fields, numbers to the last digit."""
    history = History([Epoch(1, 0.1 + 0.2, 0.5, 0.7, 0.25, 1.5), Epoch(2, 0.1, 1.0, 0.6, 0.5, 2.0)])
    assert history.to_csv() == (
        "epoch,loss,accuracy,validation_loss,validation_accuracy,seconds\n"
        "1,0.30000000000000004,0.5,0.7,0.25,1.5\n"
        "2,0.1,1.0,0.6,0.5,2.0\n"
    )
