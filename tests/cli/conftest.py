"""One run and one model file, made by the console script itself, for all tests of it."""

import pickle
import shutil
import subprocess
from pathlib import Path

import pytest
from console_script import SUBWORDS, TRAIN, Edgernn, write_reviews
from in_process import InProcess
from made_once import made_once, shared_folder


@pytest.fixture(scope="session")
def console() -> Edgernn:
    """The console script: once a command, and for what only a process shows, such as signals.

    `summary` loads TensorFlow to count weights: among the slow tests of `tests/privacy` it is run.
    """
    return Edgernn()


@pytest.fixture(scope="session")
def edgernn() -> InProcess:
    """The same commands in this process, which saves the start of an interpreter each."""
    return InProcess()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled reviews and a vocabulary of a few words."""
    folder = tmp_path_factory.mktemp("cli")
    write_reviews(folder / "reviews.csv")
    lines = ["### SubwordTextEncoder", "### Metadata: {}", *(f"'{s}'" for s in SUBWORDS)]
    (folder / "tiny.subwords").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def made(
    console: Edgernn, place: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Ended, Ended]:
    """`edgernn train` of the default recipe into `run`, then `edgernn export` to `model.onnx`.

    The processes that tests run in share what the first of them made.
    """
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")

    def make(folder: Path) -> None:
        data = ("--data", "reviews.csv", "--vocab", "tiny.subwords", "--output", "run")
        trained = console("train", *data, *TRAIN, cwd=place)
        to_file = ("--format", "onnx", "--run", "run", "--output", "model.onnx")
        exported = console("export", *to_file, cwd=place)
        folder.mkdir()
        (folder / "ended").write_bytes(pickle.dumps((trained, exported)))
        for name in ("run", "model.onnx"):
            if (place / name).exists():
                (place / name).rename(folder / name)

    shared = made_once(shared_folder(tmp_path_factory, "cli-made") / "both", make)
    shutil.copytree(shared, place, dirs_exist_ok=True)
    ended: tuple[Ended, Ended] = pickle.loads((shared / "ended").read_bytes())  # noqa: S301
    return ended


@pytest.fixture(scope="session")
def training(made: tuple[Ended, Ended]) -> Ended:
    """How `edgernn train` ended."""
    return made[0]


@pytest.fixture(scope="session")
def run(training: Ended, place: Path) -> Path:
    """The run folder."""
    assert training.returncode == 0, training.stderr
    return place / "run"


@pytest.fixture(scope="session")
def exporting(run: Path, made: tuple[Ended, Ended]) -> Ended:
    """How `edgernn export` of the run ended."""
    return made[1]


@pytest.fixture(scope="session")
def model(exporting: Ended, place: Path) -> Path:
    """The model file."""
    assert exporting.returncode == 0, exporting.stderr
    return place / "model.onnx"


@pytest.fixture(scope="session")
def decided(edgernn: InProcess, place: Path) -> Path:
    """A run that was trained until its scores leave the threshold, as golden vectors need it."""
    data = ("--data", "reviews.csv", "--vocab", "tiny.subwords", "--output", "decided")
    longer = ("--epochs", "20", "--learning-rate", "0.01")
    done = edgernn("train", *data, *TRAIN, *longer, cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "decided"
