"""Training that is killed at any change of its folder: no mixture passes for a run.

A copy of the folder is made before each rename and removal: what a kill at that moment leaves.
"""

import dataclasses
import os
import shutil
from pathlib import Path

import pytest
from toy import BAG, RECIPE, SETTINGS, VOCABULARY, write_reviews

from edgernn.errors import ModelFileError, TrainingError, UsageError
from edgernn.recipes.catalogue import RECIPES
from edgernn.training.options import TrainOptions
from edgernn.training.run import Run
from edgernn.training.train import train

pytest.importorskip("keras")

RESULTS = (
    "contract.json",
    "history.csv",
    "history.png",
    "metrics.json",
    "model.keras",
    "seen_texts.bin",
    "summary.txt",
)


@pytest.fixture(scope="module", autouse=True)
def toy():
    """A recipe small enough to train in a moment, which keeps the last epoch."""
    with pytest.MonkeyPatch.context() as patch:
        fit = dataclasses.replace(SETTINGS, keep="last")
        patch.setitem(RECIPES, "toy", dataclasses.replace(RECIPE, layers=BAG, fit=fit))
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Forty labelled reviews and a vocabulary."""
    folder = tmp_path_factory.mktemp("data")
    write_reviews(folder / "reviews.csv")
    (folder / "toy.subwords").write_bytes(VOCABULARY)
    return folder


def options(place: Path, output: Path) -> TrainOptions:
    return TrainOptions(
        recipe="toy",
        output=output,
        data=str(place / "reviews.csv"),
        label_column="sentiment",
        vocabulary=str(place / "toy.subwords"),
        epochs=2,
        batch_size=8,
        seed=11,
    )


class Interrupt:
    """Presses Ctrl-C in the second epoch."""

    def on_batch(self, epoch, *numbers):
        """Press."""
        if epoch == 2:
            raise KeyboardInterrupt

    def on_epoch(self, epoch, best):
        """Do nothing."""


class Kills:
    """Copies a folder before each rename and removal in it."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder, self.copies = folder, copies
        self.moments: list[Path] = []
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> "Kills":
        for name in ("replace", "unlink", "rmdir"):
            self._patch.setattr(os, name, self._watched(name, getattr(os, name)))
        return self

    def __exit__(self, *error: object) -> None:
        self._patch.undo()
        self._copy("end")

    def _watched(self, name, really):
        def watched(*args, **keywords):
            self._copy("-".join((name, *Path(args[-1]).parts[-2:])))
            return really(*args, **keywords)

        return watched

    def _copy(self, before: str) -> None:
        if self.folder.exists():
            self.moments.append(self.copies / f"{len(self.moments):03}-{before}")
            shutil.copytree(self.folder, self.moments[-1])


@pytest.fixture(scope="module")
def killed(place, tmp_path_factory) -> dict[str, list[Path]]:
    """Folders as kills leave them: of a run, of one that Ctrl-C ends, and as that is resumed."""
    found = {}
    folder = tmp_path_factory.mktemp("runs")
    with Kills(folder / "whole", tmp_path_factory.mktemp("begun")) as kills:
        train(options(place, folder / "whole"))
    found["begun"] = kills.moments
    with Kills(folder / "run", tmp_path_factory.mktemp("interrupted")) as kills:
        train(options(place, folder / "run"), watcher=Interrupt())
    found["interrupted"] = kills.moments
    # What `edgernn evaluate` measured of the model of the first epoch.
    (folder / "run" / "evaluation.json").write_text('{"accuracy": 0.5}')
    with Kills(folder / "run", tmp_path_factory.mktemp("resumed")) as kills:
        train(TrainOptions(output=folder / "run"), resume=True)
    found["resumed"] = kills.moments
    return found


def results(folder: Path) -> dict[str, bytes]:
    names = [*RESULTS, "evaluation.json"]
    return {name: (folder / name).read_bytes() for name in names if (folder / name).exists()}


def opens(folder: Path) -> bool:
    try:
        Run.open(folder)
    except ModelFileError:
        return False
    return True


def test_moments(killed):
    """There are as many as there are files, and they come to where a run is whole."""
    for name, moments in killed.items():
        assert len(moments) > 30, name
        assert opens(moments[-1])
    epochs = [Run.open(killed[name][-1]).metrics["epochs"] for name in ("interrupted", "resumed")]
    assert epochs == [1, 2]


@pytest.mark.parametrize("name", ["begun", "interrupted", "resumed"])
def test_old_or_new(killed, name):
    """What opens is the run before in all its files, or the run after; it opens nearly always."""
    moments = killed[name]
    before, after = results(moments[0]), results(moments[-1])
    seen = []
    for folder in moments:
        if opens(folder):
            found = results(folder)
            assert found in (before, after), folder.name
            seen.append("new" if found == after else "old")
        else:
            seen.append("refused")
    order = [state for i, state in enumerate(seen) if i == 0 or seen[i - 1] != state]
    if name == "resumed":
        assert order == ["old", "refused", "new"]
        # A moment for each file that is put in place, and one for each that is taken away first.
        assert seen.count("refused") <= 10
    else:
        assert order == ["refused", "new"]


def test_every_result_is_always_there(killed):
    """As a run is gone on with, each file in its folder is the old one or the new one."""
    moments = killed["resumed"]
    before, after = moments[0], moments[-1]
    for folder in moments:
        for name in RESULTS:
            found = (folder / name).read_bytes()
            assert found in ((before / name).read_bytes(), (after / name).read_bytes()), folder


def moment(killed: dict[str, list[Path]], name: str, before: str) -> Path:
    """Return the first folder that a kill before a step leaves."""
    return next(folder for folder in killed[name] if folder.name.endswith(before))


def test_a_mixture_is_told(killed):
    """The message says how to go on."""
    folder = moment(killed, "resumed", "replace-run-model.keras")
    with pytest.raises(ModelFileError, match="not all of one model") as caught:
        Run.open(folder)
    assert str(caught.value).endswith(f"edgernn train --resume --output {folder}")


def recover(place: Path, folder: Path) -> str:
    """Go on with a run as a person would."""
    try:
        train(TrainOptions(output=folder), resume=True)
    except TrainingError as error:
        reason = str(error).partition("nothing to resume: ")[2]
    else:
        return "resumed"
    if reason == "the run is complete":
        return "complete"
    train(options(place, folder))
    return "begun again"


def check_recovery(place: Path, moments: list[Path], whole: Path, into: Path) -> list[str]:
    ways = []
    expected = [array.tobytes() for array in Run.open(whole).load_model().get_weights()]
    for moment in moments:
        folder = into / moment.name
        shutil.copytree(moment, folder)
        ways.append(recover(place, folder))
        run = Run.open(folder)
        assert run.metrics["epochs"] == 2
        assert not run.metrics["interrupted"]
        found = [array.tobytes() for array in run.load_model().get_weights()]
        assert found == expected, moment.name
        names = {path.name for path in folder.iterdir()} - {"checkpoint"}
        assert names == {path.name for path in whole.iterdir()}, moment.name
        assert (folder / "checkpoint").exists() <= (ways[-1] == "complete")
    return ways


def test_recovery(killed, place, tmp_path):
    """From the moments that differ most it comes to the end of an undisturbed run."""
    moments = [
        moment(killed, "begun", "replace-whole-contract.json"),
        moment(killed, "resumed", "replace-run-metrics.json"),
        moment(killed, "resumed", "rmdir-run-checkpoint"),
    ]
    ways = check_recovery(place, moments, killed["begun"][-1], tmp_path)
    assert ways == ["begun again", "resumed", "complete"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["begun", "interrupted", "resumed"])
def test_recovery_from_everywhere(killed, place, tmp_path, name):
    """From every moment it comes to the end of an undisturbed run."""
    ways = check_recovery(place, killed[name], killed["begun"][-1], tmp_path)
    assert "resumed" in ways


def test_weights_that_were_cut_off(killed, place, tmp_path):
    """They are not taken for those of the epoch of that number that is trained next."""
    folder = tmp_path / "run"
    shutil.copytree(moment(killed, "begun", "replace-checkpoint-state.json"), folder)
    (folder / "checkpoint" / "kept-1.npz").write_bytes(b"of another run")
    train(dataclasses.replace(options(place, folder), epochs=1))
    assert Run.open(folder).metrics["epochs"] == 1


def test_a_checkpoint_of_another_kind(place, tmp_path):
    """A folder of that name that holds something else is left alone."""
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "notes.txt").touch()
    with pytest.raises(UsageError, match="already exists"):
        train(options(place, tmp_path))
