"""What tests of several rooms share: the data folder, the reviews' vocabulary."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with the IMDB archive and vocabulary, which the repository does not hold."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data folder beside the repository")
    return folder


@pytest.fixture(scope="session")
def imdb_vocabulary(request: pytest.FixtureRequest) -> bytes:
    """The file `imdb-subwords8k.subwords`: the package's copy, else that of the data folder."""
    path = ROOT / "edgernn" / "models" / "subword-bilstm" / "vocabulary.subwords"
    if not path.exists():
        path = request.getfixturevalue("shared_dir") / "imdb-subwords8k.subwords"
    if not path.exists():
        pytest.skip("no IMDB vocabulary, neither in the package nor in shared/data")
    return path.read_bytes()
