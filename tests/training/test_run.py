"""Run folders: what is missing, unfinished, broken or outside is told in one line."""

import json
import os

import pytest
from toy import RECIPE, VOCABULARY

from edgernn.errors import ModelFileError
from edgernn.text import SubwordEncoder
from edgernn.training.run import Run, read_json
from edgernn.training.vocabulary import make_contract

SIZE = SubwordEncoder.from_bytes(VOCABULARY).vocab_size


@pytest.fixture
def folder(tmp_path):
    """A run folder, whole but for a real model."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "model.keras").write_bytes(b"not a model")
    (folder / "vocabulary.subwords").write_bytes(VOCABULARY)
    (folder / "contract.json").write_text(make_contract(RECIPE.text, VOCABULARY).to_json())
    (folder / "config.json").write_text('{"recipe": "toy"}')
    (folder / "metrics.json").write_text('{"epochs": 2}')
    return folder


def refusal(folder) -> str:
    with pytest.raises(ModelFileError) as caught:
        Run.open(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def change_contract(folder, **values) -> None:
    path = folder / "contract.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_a_whole_run(folder, kind):
    """Contract, vocabulary, config and metrics are read; the model waits until asked for."""
    run = Run.open(kind(folder))
    assert run.folder == folder
    assert run.encoder.encode("a good film") == [7, 1, 6]
    assert run.contract.max_length == 16
    assert run.config == {"recipe": "toy"}
    assert run.metrics == {"epochs": 2}


def test_no_folder(tmp_path):
    """A folder that is not there, and a file in its place, are named."""
    assert refusal(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: no such run folder"
    file = tmp_path / "model.onnx"
    file.touch()
    assert refusal(file) == f"{file}: no such run folder"


def test_an_empty_folder(tmp_path):
    """A folder that training did not write says what to name instead."""
    assert refusal(tmp_path).endswith("has no model.keras: name a folder that edgernn train wrote")


def test_an_unfinished_run(folder):
    """A run that was killed says how to go on."""
    (folder / "model.keras").unlink()
    (folder / "checkpoint").mkdir()
    assert refusal(folder).endswith(f"edgernn train --resume --output {folder}")


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "contract.json"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"\xff\xfe\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b" " * (1 << 20) + b"{}", "larger than 1 MiB"),
    ],
)
def test_broken_json(folder, name, content, message):
    """Each of the small files is checked, whatever it holds."""
    (folder / name).write_bytes(content)
    assert message in refusal(folder)


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "contract.json"])
def test_a_missing_file(folder, name):
    """The file that is missing is named."""
    (folder / name).unlink()
    assert refusal(folder) == f"{folder / name}: cannot be read: No such file or directory"


@pytest.mark.parametrize("name", ["config.json", "contract.json", "vocabulary.subwords"])
def test_a_link_out_of_the_folder(folder, tmp_path, name):
    """A file that lies elsewhere is not read, though its content would do."""
    outside = tmp_path / name
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    assert refusal(folder) == f"{folder / name}: is outside the run folder"


def test_a_link_to_the_folder(folder, tmp_path):
    """The folder itself may be reached through a link."""
    link = tmp_path / "latest"
    link.symlink_to(folder)
    assert Run.open(link).metrics == {"epochs": 2}


def test_a_link_to_itself(folder):
    """A link that leads nowhere is an error of one line."""
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("config.json")
    assert refusal(folder) == f"{folder}: 'config.json' is not a file"


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/hostname", "", ".", "..", "sub/vocabulary.subwords", "a\0b"]
)
def test_a_vocabulary_outside_the_folder(folder, tmp_path, name):
    """The contract cannot name a file that lies elsewhere."""
    for place in (tmp_path / "secret", folder / "sub" / "vocabulary.subwords"):
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(VOCABULARY)
    change_contract(folder, vocabulary_file=name)
    assert any(reason in refusal(folder) for reason in ("outside the run folder", "not a file"))


def test_an_altered_vocabulary(folder):
    """A vocabulary that is not the one of the training is refused."""
    (folder / "vocabulary.subwords").write_bytes(VOCABULARY.replace(b"good", b"gold"))
    assert "the file was altered" in refusal(folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder):
    """The system's reason is passed on."""
    (folder / "config.json").chmod(0)
    assert refusal(folder).endswith("cannot be read: Permission denied")


def test_a_broken_model(folder):
    """What Keras cannot read is an error of one line that names the file."""
    pytest.importorskip("keras")
    run = Run.open(folder)
    with pytest.raises(ModelFileError) as caught:
        run.load_model()
    assert str(caught.value).startswith(f"{folder / 'model.keras'}: Keras cannot read it: ")
    assert "\n" not in str(caught.value)


def test_json_of_a_run(folder):
    """`read_json` gives the object."""
    assert read_json(folder, "metrics.json") == {"epochs": 2}
