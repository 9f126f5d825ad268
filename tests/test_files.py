"""Reading files: up to a limit, whatever they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from edgernn.bench.reading import read_report
from edgernn.bundle import read_model_file
from edgernn.errors import DataError, ModelFileError
from edgernn.files import read_bounded
from edgernn.recipes.catalogue import RECIPES
from edgernn.text import SubwordEncoder
from edgernn.training.imported.files import read_model
from edgernn.training.imported.tokenizers import read_file
from edgernn.training.run import read_json
from edgernn.training.vocabulary import read_vocabulary

MIB = 1 << 20


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
@pytest.mark.parametrize("pipe", [False, True])
def test_the_limit(tmp_path: Path, size: int, pipe: bool) -> None:
    """As many bytes as the limit are read, from a file as from a pipe, and one more is refused."""
    data = os.urandom(size)
    path = tmp_path / "data"
    if pipe:
        fifo(path, lambda write: write(data))
    else:
        path.write_bytes(data)
    if size <= 2 * MIB:
        assert read_bounded(path, 2 * MIB, DataError) == data
    else:
        with pytest.raises(DataError) as caught:
            read_bounded(path, 2 * MIB, DataError, ", not a test")
        assert str(caught.value) == f"{path}: larger than 2 MiB, not a test"


def test_a_file_without_a_size() -> None:
    """Files of /proc say that they have 0 bytes."""
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("needs /proc")
    assert path.stat().st_size == 0
    assert read_bounded(path, MIB, DataError).startswith(b"Name:")


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """Its size is enough to refuse it."""
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelFileError, match="larger than 1 MiB"):
        read_bounded(path, MIB, ModelFileError)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A folder, and nothing at all, in one line of the error asked for."""
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file")):
        with pytest.raises(DataError) as caught:
            read_bounded(path, MIB, DataError)
        assert str(caught.value).startswith(f"{path}: cannot be read: {reason}")


READERS: dict[str, Callable[[Path], object]] = {
    "subwords": SubwordEncoder.load,
    "words": lambda path: read_vocabulary(RECIPES["bilstm"].text, path),
    "run": lambda path: read_json(path.parent, path.name),
    "foreign vocabulary": read_file,
    "foreign model": read_model,
    "report": read_report,
    "model file": read_model_file,
}


@pytest.mark.parametrize("name", READERS)
def test_every_reader_leaves_a_pipe_at_its_limit(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What writes without an end into a pipe is not read without an end."""
    from edgernn.bench import reading
    from edgernn.bundle import model_file
    from edgernn.text import subwords
    from edgernn.training import run, vocabulary
    from edgernn.training.imported import files, tokenizers

    for module, limit in (
        *((subwords, "_MAX_FILE_BYTES"), (vocabulary, "_MAX_FILE_BYTES"), (run, "_MAX_JSON_BYTES")),
        (model_file, "MAX_MODEL_BYTES"),
        *((files, "MAX_BYTES"), (tokenizers, "_MAX_BYTES"), (reading, "MAX_BYTES")),
    ):
        monkeypatch.setattr(module, limit, MIB)
    path = tmp_path / "pipe"
    written = 0

    def endless(write: Callable[[bytes], int]) -> None:
        nonlocal written
        # Twenty times the limit, and 64 KiB that the pipe itself holds, stand for no end.
        while written < 20 * MIB:
            written += write(b"x" * 4096)

    writer = fifo(path, endless)
    with pytest.raises((DataError, ModelFileError), match="larger than 1 MiB"):
        READERS[name](path)
    writer.join()
    assert written <= 3 * MIB


def fifo(path: Path, work: Callable[[Callable[[bytes], int]], object]) -> threading.Thread:
    """Make a pipe, and write into it in a thread until the reader has gone."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs named pipes")
    os.mkfifo(path)

    def run() -> None:
        try:
            with path.open("wb", buffering=0) as file:
                work(lambda data: file.write(data) or 0)
        except BrokenPipeError:
            pass

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
