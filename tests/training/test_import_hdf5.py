"""HDF5 as Keras writes it, read without the library; whatever else is refused in one line."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest

from edgernn.errors import ModelFileError
from edgernn.training.imported.h5_weights import read_h5_config, read_h5_weights
from edgernn.training.imported.hdf5 import Hdf5Error, Hdf5File
from edgernn.training.imported.layers import Architecture, Dense, Embedding, Recurrent

h5py = pytest.importorskip("h5py", reason="needs h5py: pip install 'edgernn[train]'")

ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)


def written(fill, **settings) -> bytes:
    """The content of a file that h5py writes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **settings) as file:
        fill(file)
    return buffer.getvalue()


def node(fill, path):
    return Hdf5File(written(fill)).root.child(path)


def test_arrays():
    """Of one to three dimensions, float32 and float16, in nested groups and by names with `:`."""
    arrays = {
        "a/b/kernel:0": ARRAY,
        "a/bias": ARRAY[0],
        "c": np.ones((2, 3, 4), np.float32),
        "half": np.array([0.5, -1.25], np.float16),
    }

    def fill(file):
        for name, array in arrays.items():
            file[name] = array

    root = Hdf5File(written(fill)).root
    for name, array in arrays.items():
        found = root.child(name).array(array.shape)
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found, array)
    assert set(root.children()) == {"a", "c", "half"}
    assert root.child("a/nothing") is None
    assert root.child("c/below") is None


@pytest.mark.parametrize("count", [1, 9, 100, 700])
def test_many_names(count):
    """A group of any size: its tree has more than one level."""
    names = [f"layer_{i}" for i in range(count)]

    def fill(file):
        for i, name in enumerate(names):
            file[name] = np.float32([i])

    root = Hdf5File(written(fill)).root
    assert set(root.children()) == set(names)
    assert root.child(names[-1]).array((1,)) == [count - 1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", ["text"]),
        ("é – 本", ["é – 本"]),
        (b"bytes", ["bytes"]),
        (["a", "bc"], ["a", "bc"]),
        ([b"a", b"bc"], ["a", "bc"]),
        (np.array(["a", "bc"], "S"), ["a", "bc"]),
        ([], []),
        ("x" * 300_000, ["x" * 300_000]),
        ([f"name_{i}" for i in range(900)], [f"name_{i}" for i in range(900)]),
        ("", [""]),
    ],
)
def test_texts(value, expected):
    """Attributes: one text or a list, of fixed length and in heaps."""

    def fill(file):
        for i in range(20):  # so that the object header goes on elsewhere
            file.attrs[f"other_{i}"] = "another text"
        file.attrs["name"] = value

    root = Hdf5File(written(fill)).root
    assert root.texts("name") == expected
    assert root.texts("other_19") == ["another text"]
    assert root.texts("nothing") is None


def test_a_number_is_no_text():
    """An attribute of numbers is refused."""
    root = Hdf5File(written(lambda file: file.attrs.update(a=3, b=[1.5], c=np.ones((2, 2))))).root
    for name, said in (("a", "not text"), ("b", "not text"), ("c", "not a list of names")):
        with pytest.raises(Hdf5Error, match=said):
            root.texts(name)


def _external(file):
    file.create_dataset("x", (2, 3), "f4", external=[("/etc/hostname", 0, 24)])


def _virtual(file):
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (2, 3))
    file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize(
    "fill",
    [
        _external,
        _virtual,
        lambda file: file.create_dataset("x", data=ARRAY, compression="gzip"),
        lambda file: file.create_dataset("x", data=ARRAY, chunks=(1, 3)),
        lambda file: file.create_dataset("x", data=ARRAY.astype(np.float64)),
        lambda file: file.create_dataset("x", data=ARRAY.astype(np.int32)),
        lambda file: file.create_dataset("x", data=ARRAY.astype(">f4")),
        lambda file: file.create_dataset("x", data=ARRAY[:, :2]),
        lambda file: file.create_dataset("x", (2, 3), "f4"),  # with nothing ever written
        lambda file: file.create_group("x"),
    ],
)
def test_another_array(fill):
    """Of another shape or type, in chunks, compressed, not there, or in another file."""
    with pytest.raises(Hdf5Error):
        node(fill, "x").array((2, 3))


def test_links(tmp_path):
    """Links to other places are not followed: neither in the file nor to other files."""
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = ARRAY

    def fill(file):
        file["real"] = ARRAY
        file["soft"] = h5py.SoftLink("/real")

    root = Hdf5File(written(fill)).root
    assert root.child("soft") is None
    assert root.child("real") is not None

    def outside(file):
        file["x"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/x")

    root = Hdf5File(written(outside)).root
    assert root.child("x") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89HDF\r\n\x1a\n",
        b"PK\x03\x04" + bytes(200),
        b"\x89HDF\r\n\x1a\n" + bytes(200),
        written(lambda file: None, libver="latest"),
        written(lambda file: None, userblock_size=512),
    ],
)
def test_another_file(data):
    """Not HDF5, or of a kind that Keras does not write."""
    with pytest.raises(Hdf5Error):
        Hdf5File(data).root.children()


# An embedding of 4, an LSTM of 2, and one unit, in both of Keras's layouts.
SMALL = Architecture(
    (
        Embedding("embedding", 5, 4, mask_zero=True),
        Recurrent("lstm", "LSTM", 2, False, False, True),
        Dense("dense", 1, "linear", True),
    ),
    None,
)
ROLES = [["embeddings"], ["kernel", "recurrent_kernel", "bias"], ["kernel", "bias"]]


def arrays():
    rng = np.random.default_rng(0)
    return [
        [rng.normal(size=array.shape).astype(np.float32) for array in layer]
        for layer in SMALL.arrays()
    ]


def legacy(file, weights, roles=ROLES, split=False):
    names = [layer.name for layer in SMALL.layers]
    if split:
        for i, name in enumerate(names):
            file.attrs[f"layer_names{i}"] = [name]
    else:
        file.attrs["layer_names"] = names
    for layer, own, inner in zip(SMALL.layers, weights, roles, strict=True):
        group = file.create_group(layer.name)
        group.attrs["weight_names"] = [f"{layer.name}/{role}:0" for role in inner]
        for role, array in zip(inner, own, strict=False):
            group[f"{layer.name}/{role}:0"] = array


def newer(file, weights):
    for layer, own in zip(SMALL.layers, weights, strict=True):
        for i, array in enumerate(own):
            path = "cell/vars" if isinstance(layer, Recurrent) else "vars"
            file[f"layers/{layer.name}/{path}/{i}"] = array


def same(found, expected):
    for a, b in zip(found, expected, strict=True):
        for one, other in zip(a, b, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("write", [legacy, newer, lambda f, w: legacy(f, w, split=True)])
def test_both_layouts(write):
    """The same weights from either; Keras splits a list of names that is too long."""
    weights = arrays()
    data = written(lambda file: write(file, weights))
    same(read_h5_weights(data, SMALL, "own.h5"), weights)
    assert read_h5_config(data, "own.h5") is None


def _refusal(write):
    with pytest.raises(ModelFileError) as caught:
        read_h5_weights(written(write), SMALL, "own.h5")
    assert str(caught.value).startswith("own.h5: cannot be read: ")
    return str(caught.value)


def test_what_is_missing():
    """Layers, weights and shapes are named."""
    weights = arrays()
    swapped = [weights[0], [weights[1][0].T, *weights[1][1:]], weights[2]]
    for write in (legacy, newer):
        assert "has shape (8, 4), the model's layers say (4, 8)" in _refusal(
            lambda file, write=write: write(file, swapped)
        )
    fewer = [weights[0], weights[1][:2], weights[2]]
    assert "it holds no cell/vars/2" in _refusal(lambda file: newer(file, fewer))
    assert "it holds no lstm/bias:0" in _refusal(lambda file: legacy(file, fewer))
    roles = [ROLES[0], ROLES[1][:2], ROLES[2]]
    assert "layer lstm has 2 weights" in _refusal(lambda file: legacy(file, weights, roles))
    more = [weights[0], [*weights[1], weights[1][2]], weights[2]]
    assert "layer lstm has more weights" in _refusal(lambda file: newer(file, more))
    wrong = [ROLES[0], ["alpha", "recurrent_kernel", "bias"], ROLES[2]]
    assert "stands where kernel must be" in _refusal(lambda file: legacy(file, weights, wrong))
    assert "holds no weights of a Keras model" in _refusal(lambda file: None)

    def without_dense(file):
        newer(file, weights)
        del file["layers/dense"]

    assert "it holds no weights of layer dense" in _refusal(without_dense)

    def two_layers(file):
        legacy(file, weights)
        file.attrs["layer_names"] = ["embedding", "lstm"]

    assert "weights of 2 layers, the model has 3" in _refusal(two_layers)


def test_weights_in_any_order():
    """Those of a layer are told by their names, since Keras writes trainable ones first."""
    weights = arrays()
    order = [2, 0, 1]
    mixed = [weights[0], [weights[1][i] for i in order], weights[2]]
    roles = [ROLES[0], [ROLES[1][i] for i in order], ROLES[2]]
    data = written(lambda file: legacy(file, mixed, roles))
    found = read_h5_weights(data, SMALL, "own.h5")
    for left, right in zip(found[1], weights[1], strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("write", [legacy, newer])
def test_any_other_bytes(write):
    """A file with bytes changed or cut off is read or refused, in bounded time."""
    whole = written(lambda file: write(file, arrays()))
    rng = random.Random(1)
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 8, 60))):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 2, 255, rng.randrange(256)))
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            read_h5_config(bytes(data), "own.h5")
            read_h5_weights(bytes(data), SMALL, "own.h5")
        except ModelFileError:
            refused += 1
    assert refused > 50


def test_circles():
    """A tree that leads back to itself, a heap without end: refused, not followed for ever."""
    data = bytearray(written(lambda file: legacy(file, arrays())))
    tree = data.index(b"TREE")
    data[tree + 5] = 1
    data[tree + 6 : tree + 8] = b"\xff\xff"
    for i in range(2000):
        place = tree + 32 + 16 * i
        data[place : place + 8] = tree.to_bytes(8, "little")
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_h5_weights(bytes(data), SMALL, "own.h5")

    data = bytearray(written(lambda file: file.attrs.update(model_config="{}")))
    heap = data.index(b"GCOL")
    data[heap + 16 : heap + 32] = bytes(16)
    with pytest.raises(ModelFileError, match="has no object"):
        read_h5_config(bytes(data), "own.h5")
