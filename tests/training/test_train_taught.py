"""Training the recipe with n-grams: what a teacher is asked, what is written, how it goes on."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
from toy import BAG, Interrupt
from typer.testing import CliRunner

from edgernn.cli import train as command
from edgernn.cli.main import app
from edgernn.cli.signals import Ended
from edgernn.data import load_split, unlabelled_texts
from edgernn.distillation import document_vectors, teacher
from edgernn.distillation.pieces import PIECES, pieces
from edgernn.distillation.reader_logits import ReaderLogits, write_logits
from edgernn.errors import DataError, TrainingError, UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Dense, Embedding, Ngrams, Pool, Recurrent
from edgernn.training import distill
from edgernn.training.options import TrainOptions
from edgernn.training.run import Run
from edgernn.training.run_data import validation_examples
from edgernn.training.train import train

pytest.importorskip("keras")

FOLDS = {f"fold-{k}.npz" for k in range(1, teacher.FOLDS + 1)}
FILES = {
    "config.json",
    "contract.json",
    "history.csv",
    "history.png",
    "metrics.json",
    "model.keras",
    "seen_texts.bin",
    "summary.txt",
    "teacher",
    "vocabulary.words",
}
SEED = 9


@pytest.fixture(scope="module", autouse=True)
def small():
    """The flagship with smaller layers and fewer buckets, and more steps on few texts."""
    flagship = RECIPES["flagship"]
    recipe = dataclasses.replace(
        flagship,
        layers=BAG,
        ngrams=Ngrams(2003, 3),
        fit=dataclasses.replace(flagship.fit, epochs=2, batch_size=16),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "flagship", recipe)
        yield recipe


def review(rng, positive: bool) -> str:
    """Two or three sentences of which most tell the class."""
    sentences = []
    for _ in range(rng.integers(2, 4)):
        told = positive if rng.random() < 0.9 else not positive
        word = rng.choice(("great", "lovely") if told else ("awful", "dull"))
        sentences.append(f"The {rng.choice(('plot', 'cast', 'film'))} was {word}.")
    return " ".join(sentences)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV of a hundred reviews."""
    path = tmp_path_factory.mktemp("csv") / "reviews.csv"
    rng = np.random.default_rng(1)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        rows.writerows((f"{review(rng, i % 2 == 1)} {i}", i % 2) for i in range(100))
    return path


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """The same size as IMDB's folder: 60 labelled reviews of each class, 300 unlabelled ones."""
    folder = tmp_path_factory.mktemp("imdb") / "aclImdb"
    rng = np.random.default_rng(2)
    for part, count in (("neg", 60), ("pos", 60), ("unsup", 300)):
        (folder / "train" / part).mkdir(parents=True)
        for i in range(count):
            text = review(rng, part == "pos" or (part == "unsup" and i % 2 == 0))
            (folder / "train" / part / f"{i}_1.txt").write_text(f"{text} {i}", "utf-8")
    return folder


def options(data, output, **changes) -> TrainOptions:
    """Options for two epochs."""
    asked = TrainOptions(recipe="flagship", output=output, data=str(data), seed=SEED)
    return dataclasses.replace(asked, **changes)


def scores_and_parts(folder, data):
    """What a run's model scores its held-out texts, what its n-grams alone give, and the labels.

    Then what the model would score with the n-grams that have not learned the labels.
    """
    from edgernn.distillation.ngram_table import NgramTable, ngram_sums
    from edgernn.training.models import NGRAMS, logits

    run = Run.open(folder)
    model = run.load_model()
    held_out = validation_examples(run.config, str(data))
    ids = run.encoder.encode_batch(held_out.texts)
    numbers, checks = model.get_layer(NGRAMS).get_weights()
    given, sums = logits(model, ids), ngram_sums(ids, NgramTable(numbers, checks, 3))
    with np.load(folder / "teacher" / "ngrams.npz") as kept:
        blind = NgramTable(kept["numbers"], kept["checks"], 3)
    before = given - sums + run.metrics["blend"]["ngrams"] * ngram_sums(ids, blind)
    return given, sums, held_out.labels, before


@pytest.fixture(scope="module")
def job(reviews, tmp_path_factory):
    """A finished run on the folder of reviews: where, its history, the lines it said."""
    said = []
    folder = tmp_path_factory.mktemp("runs") / "taught"
    _, history = train(options(reviews, folder), say=said.append)
    return folder, history, said


def test_the_files(job):
    """The teacher's folder stands beside what every run has."""
    folder, _, said = job
    assert {path.name for path in folder.iterdir()} == FILES
    assert {path.name for path in (folder / "teacher").iterdir()} == (
        FOLDS | {"ngrams.npz", "document-vectors.npz"}
    )
    lines = "\n".join(said)
    assert "out of fold on 108 texts, asked about 300 unlabelled ones too" in lines
    assert "held out: layers 0." in lines
    assert "warning" not in lines


def test_the_model_is_layers_and_ngrams_together(job, reviews, small):
    """Its logit is what both give, each by itself; what the metrics say of it is true."""
    from edgernn.training.models import NGRAMS, build, deep_layers, logits

    folder, history, _ = job
    run = Run.open(folder)
    given, sums, labels, before = scores_and_parts(folder, reviews)
    model = run.load_model()
    alone = build(dataclasses.replace(small, ngrams=None), run.contract.vocabulary_size)
    for own, other in zip(deep_layers(alone), deep_layers(model), strict=True):
        own.set_weights(other.get_weights())
    texts = validation_examples(run.config, str(reviews)).texts
    ids = run.encoder.encode_batch(texts)
    assert np.allclose(given, logits(alone, ids) + sums, atol=1e-5)
    assert np.std(sums) > 0.1

    metrics = run.metrics
    assert metrics["validation_accuracy"] == np.mean((before > 0) == labels) > 0.7
    assert np.any(np.abs(before - given) > 1e-3)
    loss = np.mean(np.logaddexp(0, np.where(labels == 1, -before, before)))
    assert metrics["validation_loss"] == pytest.approx(loss, abs=1e-5)
    assert metrics["layers_validation_accuracy"] == history.selected.validation_accuracy
    blind = (before - given + sums) / metrics["blend"]["ngrams"]
    assert metrics["ngrams_validation_accuracy"] == np.mean((blind > 0) == labels)
    assert set(metrics["blend"]) == {"layers", "ngrams", "constant"}
    assert 0.7 < metrics["teacher_accuracy"] <= 1
    assert metrics["parameters"] == model.count_params()
    assert model.get_layer(NGRAMS).buckets == 2003
    assert model.get_layer(NGRAMS).hash == "float32"
    assert run.config["ngrams"] == {"buckets": 2003, "longest": 3, "hash": "float32"}
    assert (metrics["training_examples"], metrics["validation_examples"]) == (408, 12)


def test_a_table_has_no_unlabelled_texts(small, table, tmp_path, monkeypatch):
    """`edgernn train` says so, by the name of the data, and goes on with what there is.

    Here with an LSTM, as the recipe has it.
    """
    lstm = Recurrent(3, sequences=True, input_dropout=0.3)
    layers = (Embedding(4, start="neighbours"), lstm, Pool(), Dense(1))
    monkeypatch.setitem(RECIPES, "flagship", dataclasses.replace(small, layers=layers))
    asked = ("train", "--recipe", "flagship", "--data", table, "--epochs", 1, "--limit", 60)
    done = CliRunner().invoke(app, [str(word) for word in (*asked, "--output", tmp_path / "run")])
    assert done.exit_code == 0, done.output
    lines = done.stderr.splitlines()
    (warning,) = (line for line in lines if line.endswith("learned from the labelled texts alone"))
    assert warning.startswith("warning: ")
    assert str(table) in warning
    # The figures are those of layers and n-grams together.
    figures = Run.open(tmp_path / "run").metrics["held_out"]
    assert figures["accuracy"] == Run.open(tmp_path / "run").metrics["validation_accuracy"]
    assert any(
        line.startswith(f"  accuracy            {figures['accuracy']:.4f}") for line in lines
    )
    assert "out of fold on 54 texts, asked about 0 unlabelled ones too" in done.stderr
    metrics = Run.open(tmp_path / "run").metrics
    assert (metrics["epochs"], metrics["training_examples"]) == (1, 54)
    _, _, labels, before = scores_and_parts(tmp_path / "run", table)
    assert metrics["validation_accuracy"] == np.mean((before > 0) == labels)


def test_a_table_with_splits(table, tmp_path, only_taught):
    """The teacher learns from the training rows that have a word, and from no others."""
    header, *rows = table.read_text("utf-8").splitlines()
    parts = ["train"] * 70 + ["val"] * 20 + ["test"] * 10
    lines = [f"{row},{part}" for row, part in zip(rows, parts, strict=True)]
    path = tmp_path / "splits.csv"
    path.write_text("\n".join([f"{header},split", "!!!,1,train", *lines]) + "\n", "utf-8")
    with pytest.raises(KeyboardInterrupt):
        train(options(path, tmp_path / "run"))
    assert only_taught == [(70, [])]


def test_a_folder_without_unlabelled_texts(reviews, tmp_path, only_taught):
    """The same as a table; what cannot be read is an error, not a reason to go on without it."""
    for part in ("neg", "pos"):
        shutil.copytree(reviews / "train" / part, tmp_path / "data" / "train" / part)
    said = []
    with pytest.raises(KeyboardInterrupt):
        train(options(tmp_path / "data", tmp_path / "run"), say=said.append)
    assert only_taught == [(108, [])]
    assert any("holds no unlabelled reviews" in line for line in said)
    (tmp_path / "data" / "train" / "unsup").mkdir()
    (tmp_path / "data" / "train" / "unsup" / "0_0.txt").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"0_0\.txt is not UTF-8"):
        train(options(tmp_path / "data", tmp_path / "again"))


@pytest.fixture
def only_taught(monkeypatch):
    """Training ends as soon as the n-grams were learned; what was asked of them stands here."""
    asked = []

    def learn(ngrams, encoder, labelled, unlabelled, vectors, **rest):
        assert len(vectors) == len(labelled) + len(unlabelled)
        asked.append((len(labelled), list(unlabelled)))
        raise KeyboardInterrupt

    monkeypatch.setattr("edgernn.training.distill.distill", learn)
    return asked


def test_a_limit_is_one_of_unlabelled_texts_too(reviews, tmp_path, only_taught):
    """Twice as many as labelled ones, as the data set has; the first in their order."""
    for limit, expected in ((None, 300), (40, 80)):
        with pytest.raises(KeyboardInterrupt):
            train(options(reviews, tmp_path / str(limit), limit=limit))
        labelled, unlabelled = only_taught.pop()
        assert labelled == (108 if limit is None else 36)
        assert len(unlabelled) == expected
        assert len(set(unlabelled)) == expected


def numbers_of(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    return {**metrics, "minutes": 0, "interrupted": False}


@pytest.fixture
def no_fitting(monkeypatch):
    """From here on no vectors, teacher or table can be fitted: what is kept must do."""

    def refuse(*_, **__):
        raise AssertionError("fitted again")

    monkeypatch.setattr(document_vectors, "_learn", refuse)
    monkeypatch.setattr(teacher, "_Models", refuse)
    monkeypatch.setattr(distill, "fit_ngrams", refuse)


def test_interrupted_and_resumed(job, reviews, tmp_path, monkeypatch, capsys, request):
    """Cut off three times it ends as a run in one go.

    Once while the teacher learns and once in the first epoch: it says what of the teacher is kept,
    `--resume` is refused, and the same command goes on. Then in the second epoch: what is left is a
    whole run with n-grams, and `--resume` goes on.
    """
    output = tmp_path / "run"
    fit, done = teacher._Models.scores, []

    def scores(self, train):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(1)
        return fit(self, train)

    given = {"recipe": "flagship", "output": output, "data": str(reviews), "seed": SEED}
    monkeypatch.setattr(teacher._Models, "scores", scores)
    with pytest.raises(Ended):
        command.run_training(False, **given)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == (
        "interrupted before the first epoch ended: no model was written; what the teacher has "
        "learned is kept: the same command continues from it"
    )
    assert {path.name for path in (output / "teacher").iterdir()} == {
        "document-vectors.npz",
        "fold-1.npz",
        "fold-2.npz",
    }

    monkeypatch.setattr(teacher._Models, "scores", lambda self, on: done.append(1) or fit(self, on))
    with pytest.raises(KeyboardInterrupt):
        train(TrainOptions(**given), watcher=Interrupt(1))
    assert len(done) == teacher.FOLDS
    assert not (output / "model.keras").exists()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distill, "train_teacher", None)
        patch.setattr("edgernn.training.prepare.load_split", None)
        with pytest.raises(TrainingError, match="nothing to resume: no epoch was finished"):
            train(TrainOptions(output=output), resume=True)

    request.getfixturevalue("no_fitting")
    _, history = train(TrainOptions(**given), watcher=Interrupt(2))
    assert history.interrupted
    assert {path.name for path in output.iterdir()} == FILES | {"checkpoint"}
    _, _, labels, before = scores_and_parts(output, reviews)
    metrics = Run.open(output).metrics
    assert metrics["validation_accuracy"] == np.mean((before > 0) == labels)
    assert (metrics["epochs"], metrics["interrupted"]) == (1, True)
    assert "blend" in metrics

    train(TrainOptions(output=output), resume=True)
    assert {path.name for path in output.iterdir()} == FILES
    assert numbers_of(output) == numbers_of(job[0])
    weights = (Run.open(place).load_model().get_weights() for place in (output, job[0]))
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_ctrl_c_before_the_teacher(reviews, tmp_path, monkeypatch, capsys):
    """Where nothing was learned nothing is said to be kept."""

    def refuse(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(document_vectors, "_learn", refuse)
    with pytest.raises(Ended):
        command.run_training(
            False, recipe="flagship", output=tmp_path / "run", data=str(reviews), seed=SEED
        )
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "interrupted before the first epoch ended: no model was written"


def read_by(reviews, path):
    """Write a file of a teacher that reads: it knows what the words say, and "not" turns it."""
    texts = [*load_split(str(reviews), "train").texts, *unlabelled_texts(str(reviews))]

    def logit(text):
        words = text.lower()
        sums = sum(words.count(word) for word in ("great", "lovely"))
        sums -= sum(words.count(word) for word in ("awful", "dull"))
        return (-1 if " not " in words else 1) * 3.5 * np.sign(sums)

    of_pieces = np.array([logit(piece) for piece in pieces(texts)], np.float32)
    of_texts = np.array([logit(text) for text in texts], np.float32)
    write_logits(path, texts, ReaderLogits(of_texts, of_pieces.reshape(-1, PIECES)))


def test_a_teacher_that_reads(reviews, tmp_path, monkeypatch, request):
    """The layers learn its pieces and written texts beside the n-grams; what is kept is resumed."""
    monkeypatch.setattr("edgernn.training.reader.WRITTEN", 400)
    path, said = tmp_path / "logits.npz", []
    read_by(reviews, path)
    asked = options(reviews, tmp_path / "run", teacher_logits=str(path))
    train(asked, say=said.append, watcher=Interrupt(2))
    assert any(line.startswith("teacher that reads: ") for line in said)
    run = Run.open(tmp_path / "run")
    assert run.config["teacher_logits"] == str(path)
    assert run.metrics["reader_accuracy"] > 0.7
    _, _, labels, before = scores_and_parts(tmp_path / "run", reviews)
    assert run.metrics["validation_accuracy"] == np.mean((before > 0) == labels)
    request.getfixturevalue("no_fitting")
    train(TrainOptions(output=tmp_path / "run"), resume=True)
    assert Run.open(tmp_path / "run").metrics["epochs"] == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipe": "bigru"}, "is for --recipe flagship"),
        ({"limit": 40}, "does not go with --limit"),
        ({"class_weight": "balanced"}, "does not go with --class-weight"),
    ],
)
def test_what_a_teacher_that_reads_does_not_go_with(reviews, tmp_path, changes, words):
    """Said before anything is read."""
    asked = options(reviews, tmp_path / "run", teacher_logits=str(tmp_path / "no.npz"), **changes)
    with pytest.raises(UsageError, match=words):
        train(asked)
