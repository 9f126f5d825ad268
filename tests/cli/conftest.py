"""One run and one model file, made by the console script itself, for all tests of it."""

import signal
import subprocess
from pathlib import Path

import pytest
from console_script import SUBWORDS, TRAIN, Edgernn, write_reviews


@pytest.fixture(scope="session")
def edgernn() -> Edgernn:
    """The console script."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In the background of a shell Ctrl-C is switched off, for child processes too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return Edgernn()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled reviews and a vocabulary of a few words."""
    folder = tmp_path_factory.mktemp("cli")
    write_reviews(folder / "reviews.csv")
    lines = ["### SubwordTextEncoder", "### Metadata: {}", *(f"'{s}'" for s in SUBWORDS)]
    (folder / "tiny.subwords").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def training(edgernn: Edgernn, place: Path) -> subprocess.CompletedProcess[str]:
    """`edgernn train` of the default recipe into the folder `run`."""
    pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
    data = ("--data", "reviews.csv", "--vocab", "tiny.subwords", "--output", "run")
    return edgernn("train", *data, *TRAIN, cwd=place)


@pytest.fixture(scope="session")
def run(training: subprocess.CompletedProcess[str], place: Path) -> Path:
    """The run folder."""
    assert training.returncode == 0, training.stderr
    return place / "run"


@pytest.fixture(scope="session")
def exporting(edgernn: Edgernn, run: Path, place: Path) -> subprocess.CompletedProcess[str]:
    """`edgernn export` of the run to `model.onnx`."""
    return edgernn("export", "--format", "onnx", "--run", run, "--output", "model.onnx", cwd=place)


@pytest.fixture(scope="session")
def model(exporting: subprocess.CompletedProcess[str], place: Path) -> Path:
    """The model file."""
    assert exporting.returncode == 0, exporting.stderr
    return place / "model.onnx"
