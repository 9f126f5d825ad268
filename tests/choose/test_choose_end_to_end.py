"""`edgernn choose` on a few texts: what it leaves, what it says, Ctrl-C and going on."""

import csv
import json
import random
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from edgernn.choose.choose import choose
from edgernn.choose.limits import Limits
from edgernn.choose.options import ChooseOptions
from edgernn.choose.space import Space, fit_settings
from edgernn.errors import TrainingError, UsageError

pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")

WORDS = {
    0: ("bad", "awful", "boring", "dull", "weak", "silly"),
    1: ("good", "great", "lovely", "warm", "funny", "moving"),
    2: ("mixed", "uneven", "patchy", "mediocre", "fair", "average"),
}
OTHERS = ("the", "film", "a", "plot", "actors", "and", "of", "is", "was", "it", "music", "end")
SMALL = Space(
    cells=("GRU",),
    bidirectional=(False,),
    units=(8,),
    embeddings=(8,),
    vocabularies=(("words", 60),),
    max_lengths=(16,),
    heads=("last",),
)
TWO = replace(SMALL, units=(8, 12))
EPOCHS = 8


def quick(texts):
    """As many texts as these are seen sixteen times; larger steps need fewer."""
    return replace(fit_settings(texts), epochs=EPOCHS, patience=EPOCHS, learning_rate=0.05)


def written(path, labels):
    """A CSV of 160 short texts that a tiny model can tell apart."""
    rng = random.Random(3)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("review", "sentiment"))
        for i in range(160):
            words = [rng.choice(OTHERS) for _ in range(rng.randint(3, 9))]
            for _ in range(2):
                words.insert(rng.randrange(len(words)), rng.choice(WORDS[i % len(labels)]))
            rows.writerow((" ".join(words), labels[i % len(labels)]))
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Texts of two labels."""
    return written(tmp_path_factory.mktemp("choose") / "reviews.csv", ("negative", "positive"))


def command(*arguments, space=SMALL, on_batch=lambda line: None):
    """Run the command in this process on a small space, which is tried before its budget ends.

    `on_batch` hears what a terminal would show.
    """
    from edgernn.cli.main import app

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edgernn.choose.data.fit_settings", quick)
        patch.setattr("edgernn.cli.choose.ChooseOptions", partial(ChooseOptions, space=space))
        patch.setattr("edgernn.cli.choose._Display.on_batch", lambda self, line: on_batch(line))
        return CliRunner().invoke(app, ["choose", *map(str, arguments)])


def press(line):
    """Ctrl-C in the second epoch of a candidate, when the search has not heard of the first."""
    if "epoch 2/" in line:
        raise KeyboardInterrupt


class Searched(NamedTuple):
    """A search that was cut off and gone on with."""

    cut: Any
    """How the command ended that was cut off."""
    state: dict[str, Any]
    """What it had left."""
    seen: list[str]
    """What was trained after that."""
    done: Any
    """How the command ended that went on."""
    folder: Path


@pytest.fixture(scope="module")
def searched(data, tmp_path_factory) -> Searched:
    """A search with limits that can be met."""
    folder = tmp_path_factory.mktemp("met") / "choice"
    limits = ("--max-size", "300kB", "--max-latency", "200ms", "--min-accuracy", "60")
    where = ("--data", data, "--output", folder, "--budget", "5min", "--json")
    cut = command(*limits, *where, space=TWO, on_batch=press)
    state, seen = json.loads((folder / "state.json").read_text()), []
    done = command(*limits, *where, "--resume", space=TWO, on_batch=seen.append)
    return Searched(cut, state, seen, done, folder)


@pytest.fixture(scope="module")
def met(searched):
    """How the search ended, and its folder."""
    return searched.done, searched.folder


def test_ctrl_c_and_going_on(searched):
    """What was reached stays; going on trains no epoch again that had ended."""
    cut, state, seen, _, folder = searched
    assert cut.exit_code == 130, cut.output
    again = f"interrupted; to resume: the same command with --resume, and --output {folder}"
    assert cut.stderr.splitlines()[-1] == again
    assert [c["epochs"] for c in state["candidates"]] == [0, 0]
    assert any(c["status"] == "training" for c in state["candidates"])
    assert 0 < state["spent"] < 300
    assert "epoch 2/" in seen[0]


def test_a_size_that_no_candidate_keeps(searched, data, tmp_path):
    """Exit code 1; it says by how much, and leaves the nearest.

    As if the search had been for a smaller file from the start.
    """
    folder = shutil.copytree(searched.folder, tmp_path / "choice")
    state = json.loads((folder / "state.json").read_text())
    state["asked"] |= {"max-size": 2_000, "max-latency": None, "min-accuracy": 0.51}
    (folder / "state.json").write_text(json.dumps(state))
    limits, seen = ("--max-size", "2kB", "--min-accuracy", "51"), []
    where = ("--data", data, "--output", folder, "--budget", "5min", "--resume")
    done = command(*limits, *where, space=TWO, on_batch=seen.append)
    assert done.exit_code == 1, done.output
    assert seen == []
    (file,) = (folder / "chosen").glob("*.onnx")
    over = file.stat().st_size - 2_000
    assert f"{over:,} bytes over --max-size 2,000 bytes" in done.stderr
    assert "the nearest: " in done.stderr
    assert "misses size" in done.stdout


def test_limits_that_can_be_met(met):
    """A run folder that keeps all limits, with its exported file, and one JSON object."""
    import edgernn
    from edgernn.training.run import Run

    done, folder = met
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result == json.loads((folder / "result.json").read_text())
    assert result["limits"] == {"max_bytes": 300_000, "max_latency_ms": 200.0, "min_accuracy": 0.6}
    assert result["missed"] == []
    assert result["nearest"] is None
    chosen = result["chosen"]
    assert chosen["held_out_accuracy"] >= 0.6
    # Of two labels nobody asks for it.
    assert chosen["held_out_macro_f1"] is None
    assert 0 < chosen["latency_ms"] <= 200
    assert 0 < result["spent_s"] < 300
    run = Run.open(folder / "chosen")
    assert run.config["recipe"] == chosen["candidate"]
    (file,) = (folder / "chosen").glob("*.onnx")
    assert str(file) == chosen["file"]
    assert file.stat().st_size == chosen["bytes"] <= 300_000
    positive, negative = edgernn.load(file, "cpu").score(["a great lovely film", "dull and bad"])
    assert positive.probability > negative.probability
    assert (folder / "front.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "chosen" / "checkpoint").exists()


def test_three_labels(tmp_path):
    """The same search, of a file that tells three labels apart; macro F1 stands beside accuracy."""
    import edgernn

    labels = ("bad", "good", "mixed")
    source, folder = written(tmp_path / "reviews.csv", labels), tmp_path / "choice"
    done = command("--data", source, "--output", folder, "--budget", "5min")
    assert done.exit_code == 0, done.output
    header, *rows = done.stdout.splitlines()
    result = json.loads((folder / "result.json").read_text())
    chosen, (candidate,) = result["chosen"], result["candidates"]
    with edgernn.load(chosen["file"], "cpu") as file:
        assert file.contract.labels == labels
        texts = [f"the film is {WORDS[i][0]} and {WORDS[i][1]}" for i in range(3)]
        right = [score.label for score in file.score(texts)]
    assert right == list(labels)
    # Of balanced labels it is near the accuracy, and not the same number.
    for figures in (chosen, candidate):
        assert figures["held_out_macro_f1"] == pytest.approx(figures["held_out_accuracy"], abs=0.1)
    assert header.endswith("macro F1")
    assert {row.split()[-1] for row in rows} == {f"{candidate['held_out_macro_f1']:.4f}"}
    assert f", macro F1 {chosen['held_out_macro_f1']:.4f}" in done.stderr


def test_candidates_of_the_result(met):
    """Each that was trained has accuracy and files; the chosen one is on the front."""
    done, _ = met
    result = json.loads(done.stdout)
    trained = [c for c in result["candidates"] if c["held_out_accuracy"] is not None]
    assert len(trained) == 2
    for candidate in trained:
        assert candidate["epochs"] >= 1
        assert candidate["held_out_texts"] == 32
        assert 0 < candidate["standard_error"] < 0.1
        assert {file["precision"] for file in candidate["files"]} >= {"float32", "int8-embedding"}
        assert all(file["bytes"] > 0 < file["latency_ms"] for file in candidate["files"])
    assert sorted(c["status"] for c in trained) == ["dropped", "finished"]
    assert result["front"]
    best = max(c["held_out_accuracy"] for c in trained)
    assert max(row["held_out_accuracy"] for row in result["front"]) == best


def test_the_other_commands_read_it(met):
    """`summary` and `compare` know a run whose recipe has no name here."""
    from edgernn.cli.main import app

    _, folder = met
    for arguments in (
        ["summary", str(folder / "chosen")],
        ["compare", str(folder / "chosen"), "--plot", str(folder / "compare.png")],
    ):
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output


def test_a_search_that_is_there(met, data):
    """Another is not put over it; going on with other options is refused, in a line."""
    _, folder = met
    with pytest.raises(UsageError, match="already exists"):
        choose(options(data, folder))
    with pytest.raises(UsageError, match="--max-size 5: the search was started with 300000"):
        choose(options(data, folder, limits=Limits(bytes=5)), resume=True)
    with pytest.raises(UsageError, match="holds no search"):
        choose(options(data, folder / "none"), resume=True)


def options(data, folder, **changes):
    """A search of one candidate."""
    asked = {"limits": Limits(), "budget": 300.0, "data": str(data), "space": SMALL}
    return ChooseOptions(output=folder, **{**asked, **changes})


@pytest.mark.slow
def test_ctrl_c_and_going_on_to_a_size_that_cannot_be_met(data, tmp_path):
    """What was reached stays; going on trains no epoch again that had ended.

    Exit code 1; it says by how much, and leaves the nearest.
    """
    folder = tmp_path / "choice"
    limits = ("--max-size", "2kB", "--min-accuracy", "51")
    asked = (*limits, "--data", data, "--output", folder, "--budget", "5min")
    done = command(*asked, on_batch=press)
    assert done.exit_code == 130, done.output
    again = f"interrupted; to resume: the same command with --resume, and --output {folder}"
    assert done.stderr.splitlines()[-1] == again
    assert "no candidate keeps the limits of size and latency; training the nearest" in done.stderr
    state = json.loads((folder / "state.json").read_text())
    (begun,) = (c for c in state["candidates"] if c["status"] == "training")
    assert 0 < state["spent"] < 300
    seen = []
    done = command(*asked, "--resume", on_batch=seen.append)
    assert done.exit_code == 1, done.output
    assert begun["epochs"] == 0
    assert "epoch 2/" in seen[0]
    (candidate,) = json.loads((folder / "result.json").read_text())["candidates"]
    assert candidate["status"] == "finished"
    assert candidate["epochs"] == EPOCHS
    (file,) = (folder / "chosen").glob("*.onnx")
    over = file.stat().st_size - 2_000
    assert f"{over:,} bytes over --max-size 2,000 bytes" in done.stderr
    assert "the nearest: " in done.stderr
    assert "misses size" in done.stdout


def test_a_budget_too_short(data, tmp_path):
    """An error that says what to do, and no model that learnt nothing."""
    folder = tmp_path / "choice"
    with pytest.raises(TrainingError, match="a longer --budget"):
        choose(options(data, folder, budget=0.01))
    assert not (folder / "chosen").exists()


def test_nonsense_is_a_line():
    """A limit without a unit ends the command before anything is read."""
    done = command("--max-size", "500")
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == (
        "--max-size 500: give a number and a unit, such as 500kB, 1.5MB or 512KiB"
    )
