"""Files that would run code, fill the memory or lead elsewhere: refused, and nothing of it done."""

from __future__ import annotations

import io
import json
import pickle
import random
import shutil
import zipfile

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="needs TensorFlow: pip install 'edgernn[train]'")
tf_keras = pytest.importorskip("tf_keras", reason="pip install 'edgernn[export]'")

from own_models import made, save, sequential  # noqa: E402

from edgernn.errors import DataError, EdgernnError, ModelFileError  # noqa: E402
from edgernn.training.imported import files  # noqa: E402
from edgernn.training.imported.files import read_model  # noqa: E402
from edgernn.training.imported.tokenizers import WordOptions, read_vocabulary  # noqa: E402


class _Bomb:
    """Unpickled, it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize(("package", "kind"), [(keras, "keras"), (keras, "h5"), (tf_keras, "h5")])
def test_a_lambda_layer(package, kind, tmp_path):
    """A layer that holds code is named and its code is not run; Keras told to would run it."""
    trace = tmp_path / "it was run"
    source = f"lambda x: [open({str(trace)!r}, 'w').close(), x][1]"
    model = sequential(
        package,
        [
            package.layers.Embedding(20, 4),
            package.layers.LSTM(3),
            package.layers.Lambda(eval(source), output_shape=(3,), name="harmless"),  # noqa: S307
            package.layers.Dense(1),
        ],
    )
    path, _ = save(model, kind, tmp_path)
    trace.unlink(missing_ok=True)
    with pytest.raises(ModelFileError, match=r"exactly: layer harmless \(Lambda\): is code of"):
        read_model(path)
    assert not trace.exists()
    loaded = package.models.load_model(path, safe_mode=False, compile=False)
    loaded(np.ones((1, 3), np.int32))
    assert trace.exists()


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", ["own.pickle", "own.keras", "own.json"])
def test_a_pickle(protocol, name, tmp_path):
    """Whatever it is called: refused, and the line says how to save instead."""
    trace = tmp_path / "it was run"
    path = tmp_path / name
    path.write_bytes(pickle.dumps(_Bomb(trace), protocol))
    with pytest.raises(ModelFileError, match=r"is a pickle, .* model\.save"):
        read_model(path)
    with pytest.raises(DataError, match=r"is a pickle, .*tokenizer\.to_json\(\)"):
        read_vocabulary(path, WordOptions(), rows=10)
    assert not trace.exists()
    pickle.loads(path.read_bytes()).close()  # noqa: S301
    assert trace.exists()


def test_a_pickle_of_the_oldest_kind(tmp_path):
    """Protocol 0 is plain text; what Python writes for an object is known, and so is the name."""

    class Own:
        pass

    _ = Own
    path = tmp_path / "tokenizer.txt"
    path.write_bytes(b"ccopy_reg\n_reconstructor\n.")
    with pytest.raises(DataError, match="is a pickle"):
        read_vocabulary(path, WordOptions(), rows=10)
    path = tmp_path / "tokenizer.PKL"
    path.write_text("good\nbad\n")
    with pytest.raises(DataError, match="is a pickle"):
        read_vocabulary(path, WordOptions(), rows=10)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with one model in every kind of file."""
    folder = tmp_path_factory.mktemp("own")
    model = made(tf_keras, "lstm", True)
    for kind in ("keras", "h5", "json", "json h5", "checkpoint", "savedmodel"):
        save(model, kind, folder)
    return folder


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_a_zip_bomb(own, name, tmp_path, monkeypatch):
    """A member is read up to its limit and no further, whatever size it says it has."""
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    parts = members(own / "own.keras") | {name: bytes(8 << 20)}
    path = zipped(tmp_path / "own.keras", parts.items())
    assert path.stat().st_size < 1 << 17
    with pytest.raises(ModelFileError, match=rf"{name} in it is larger than [14] MiB"):
        read_model(path)
    data = bytearray(path.read_bytes())
    data = data.replace((8 << 20).to_bytes(4, "little"), (64).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match=r"not a \.keras file, or cut short"):
        read_model(path)


def test_other_archives(own, tmp_path):
    """A member missing, twice there, or under a path that leads out of the archive."""
    parts = members(own / "own.keras")
    without = [(name, content) for name, content in parts.items() if name != "model.weights.h5"]
    with pytest.raises(ModelFileError, match=r"holds no model\.weights\.h5"):
        read_model(zipped(tmp_path / "own.keras", without))
    outside = [*without, ("../model.weights.h5", parts["model.weights.h5"])]
    with pytest.raises(ModelFileError, match=r"holds no model\.weights\.h5"):
        read_model(zipped(tmp_path / "own.keras", outside))
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped(tmp_path / "own.keras", [*parts.items(), ("config.json", b"{}")])
    with pytest.raises(ModelFileError, match=r"holds no config\.json"):
        read_model(twice)
    assert [path.name for path in tmp_path.iterdir()] == ["own.keras"]


def test_a_config_that_asks_for_too_much(own, tmp_path):
    """Sizes are added up before anything is read or reserved."""
    parts = members(own / "own.keras")
    config = json.loads(parts["config.json"])
    config["config"]["layers"][1]["config"]["input_dim"] = 1 << 24
    config["config"]["layers"][1]["config"]["output_dim"] = 1 << 24
    parts["config.json"] = json.dumps(config).encode()
    with pytest.raises(ModelFileError, match="weights of more than 512 MiB"):
        read_model(zipped(tmp_path / "own.keras", parts.items()))


def test_a_file_that_is_too_large(own, tmp_path, monkeypatch):
    """Files are read up to the limit."""
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 12)
    for path in ("own.h5", "own.keras", "own"):
        with pytest.raises(ModelFileError, match=r"larger than 0 MiB|weights of more than"):
            read_model(own / path)
    with pytest.raises(ModelFileError, match=r"own\.weights\.h5: larger than"):
        read_model(own / "own.json", own / "own.weights.h5")


def test_a_weight_that_is_not_a_number(own, tmp_path):
    """Such a model scores nothing."""
    import h5py

    shutil.copy(own / "own.h5", tmp_path / "own.h5")
    with h5py.File(tmp_path / "own.h5", "r+") as file:
        name = next(name for name in file["model_weights"] if name.startswith("embedding"))
        group = file["model_weights"][name]
        group[group.attrs["weight_names"][0]][0, 0] = np.nan
    with pytest.raises(ModelFileError, match=r"a weight of layer embedding.* is not a number"):
        read_model(tmp_path / "own.h5")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["own.keras", "own.h5", "own.json", "keras_metadata.pb"])
def test_broken_files(own, name, seed, tmp_path):
    """Cut short or altered anywhere: refused in one line, or read."""
    rng = random.Random(seed)
    folder = tmp_path / "own"
    shutil.copytree(own, folder)
    path = folder / name if name != "keras_metadata.pb" else folder / "own" / name
    data = bytearray(path.read_bytes())
    cut = seed % 3 == 0
    if cut:
        del data[int(len(data) * rng.random() * 0.9) :]
    else:
        for _ in range(rng.choice((1, 10, 100))):
            data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)
    model = folder / "own" if name == "keras_metadata.pb" else path
    said = ""
    try:
        read_model(model, folder / "own.weights.h5" if name == "own.json" else None)
    except EdgernnError as error:
        said = str(error)
    assert "\n" not in said
    assert not cut or said


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
def test_a_broken_checkpoint(own, part, tmp_path):
    """Of a SavedModel, and as a file of weights: cut short, and not there."""
    folder = tmp_path / "own"
    shutil.copytree(own, folder)
    for path in (folder / f"own-ck.{part}", folder / "own" / "variables" / f"variables.{part}"):
        path.write_bytes(path.read_bytes()[:40])
    for model, weights in ((folder / "own", None), (folder / "own.json", folder / "own-ck")):
        with pytest.raises(ModelFileError, match="the checkpoint is broken"):
            read_model(model, weights)
    shutil.rmtree(folder / "own" / "variables")
    with pytest.raises(ModelFileError, match=r"variables\.index: cannot be read"):
        read_model(folder / "own")


def test_not_a_model(tmp_path):
    """Other files, by what is wrong with them."""
    for content, said in (
        (b"", "not a model of Keras"),
        (b"hello", "not a model of Keras"),
        (b"PK\x03\x04 nothing", "not a .keras file"),
        (b"\x89HDF\r\n\x1a\n", "cannot be read"),
    ):
        path = tmp_path / "own.keras"
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match=said):
            read_model(path)
    for content, said in (
        ('{"class_name": "Tokenizer", "config": {}}', "is a tokenizer: give it with --tokenizer"),
        ("{" * 100_000, "its config is not JSON"),
        ('{"a": ' * 100_000, "its config is not JSON"),
        ("{}", "must be a sequential or functional"),
        ('{"class_name": "Sequential"' + " " * (5 << 20) + "}", "config is larger than 4 MiB"),
    ):
        path = tmp_path / "own.json"
        path.write_text(content)
        with pytest.raises(ModelFileError, match=said):
            read_model(path, path)
    buffer = io.BytesIO()
    zipped(buffer, [("config.json", b"{}"), ("model.weights.h5", b"")])
    (tmp_path / "own.keras").write_bytes(buffer.getvalue())
    with pytest.raises(ModelFileError, match="must be a sequential or functional"):
        read_model(tmp_path / "own.keras")
