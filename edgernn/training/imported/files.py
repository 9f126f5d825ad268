"""Reading a person's model: which kind of file it is, its layers and its weights, bounded.

Nothing in a file is executed. Keras gets to see none of it: the config is read as JSON, the
weights as arrays.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from edgernn.errors import ModelFileError, UsageError
from edgernn.files import read_bounded
from edgernn.training.imported.architecture import read_architecture
from edgernn.training.imported.archives import MAX_JSON_BYTES, OF_A_BROKEN_ZIP, ZIP_HEAD
from edgernn.training.imported.h5_weights import read_h5_config, read_h5_version, read_h5_weights
from edgernn.training.imported.hdf5 import HDF5_HEAD
from edgernn.training.imported.layers import Architecture
from edgernn.training.imported.saved_model import read_checkpoint, read_saved_config
from edgernn.training.imported.text_vectorization import without_text_vectorization

__all__ = ["Imported", "Kind", "is_pickle", "read_model", "sha256_of"]

Kind = Literal["keras", "h5", "json", "savedmodel"]

MAX_BYTES = 512 << 20
"""Largest file, and largest sum of all weights."""
_OF_SAVED_MODELS = 2
"""The version of Keras that wrote a SavedModel with layers in it."""
_PICKLE_HEADS = (
    *(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),  # protocols 2 to 5
    *(b"ccopy_reg\n", b"(dp0\n", b"(lp0\n", b"(dp1\n", b"(lp1\n"),  # what 0 gives for objects
)


@dataclass(frozen=True)
class Imported:
    """A person's model."""

    kind: Kind
    architecture: Architecture
    weights: list[list[npt.NDArray[np.float32]]]
    """float32, of each layer in the order of `Layer.arrays`."""
    files: dict[str, str]
    """SHA-256 of each file that was read, by name."""


def read_model(path: Path, weights: Path | None = None) -> Imported:
    """Read a Keras model from any of the files that Keras 2 and 3 write.

    Args:
        path: a `.keras` or `.h5` file, a SavedModel folder, or the JSON of `model.to_json()`.
        weights: the weights that belong to a JSON: `.h5`, `.weights.h5` or a checkpoint.

    Raises:
        MissingPackageError: TensorFlow is not installed, which reads checkpoints.
        ModelFileError: a file is broken, foreign or too large, or something in it cannot be
            carried over exactly.
        UsageError: `weights` is missing, or not wanted.
    """
    if path.is_dir():
        kind: Kind = "savedmodel"
        data = b""
    else:
        data = read_bounded(path, MAX_BYTES, ModelFileError)
        kind = _kind(path, data)
    if (weights is not None) != (kind == "json"):
        raise UsageError(
            f"{path}: holds the layers alone: give its weights too, --weights FILE"
            if kind == "json"
            else f"--weights {weights}: only for a model JSON; {path} holds its weights"
        )
    if kind == "savedmodel":
        return _read_saved_model(path)
    files = {path.name: sha256_of(data)}
    if kind == "json":
        assert weights is not None
        architecture = _architecture(data, str(path), None)
        arrays, more = _read_weights(weights, architecture)
        return _checked(Imported(kind, architecture, arrays, files | more), str(weights))
    if kind == "keras":
        config, inner, version = _unzipped(path, data)
        name = f"{path}, model.weights.h5"
    else:
        inner, name = data, str(path)
        version = read_h5_version(data)
        text = read_h5_config(data, name)
        if text is None:
            raise ModelFileError(
                f"{path}: holds weights and no layers: give the JSON of model.to_json() as MODEL "
                f"and this file with --weights"
            )
        config = text.encode("utf-8", "replace")
    architecture = _architecture(config, str(path), version, of_ids=kind == "keras")
    arrays = read_h5_weights(inner, architecture, name)
    return _checked(Imported(kind, architecture, arrays, files), str(path))


def is_pickle(path: Path, data: bytes) -> bool:
    """Tell whether a file is a pickle, by its first bytes or its name."""
    return data.startswith(_PICKLE_HEADS) or path.suffix.lower() in (".pickle", ".pkl")


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of a file's content, in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _kind(path: Path, data: bytes) -> Kind:
    if data.startswith(ZIP_HEAD):
        return "keras"
    if data.startswith(HDF5_HEAD):
        return "h5"
    if data.lstrip()[:1] == b"{":
        return "json"
    if is_pickle(path, data):
        raise ModelFileError(
            f"{path}: is a pickle, which can run any code when it is read: save the model itself, "
            "model.save('model.keras')"
        )
    raise ModelFileError(
        f"{path}: not a model of Keras: known are .keras, .h5, the JSON of model.to_json(), and "
        "SavedModel folders"
    )


def _unzipped(path: Path, data: bytes) -> tuple[bytes, bytes, int | None]:
    """Return config, weights and Keras's version of a `.keras` file; nothing goes to disk."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return (
                _member(path, archive, "config.json", MAX_JSON_BYTES),
                _member(path, archive, "model.weights.h5", MAX_BYTES),
                _version(path, archive),
            )
    except OF_A_BROKEN_ZIP as error:
        raise ModelFileError(f"{path}: not a .keras file, or cut short: {error}") from error


def _member(path: Path, archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    if archive.namelist().count(name) != 1:
        raise ModelFileError(f"{path}: holds no {name}, as a .keras file does")
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ModelFileError(f"{path}: {name} in it is larger than {limit >> 20} MiB")
    return data


def _version(path: Path, archive: zipfile.ZipFile) -> int | None:
    """Return the first number of the version of Keras that a `.keras` file names, if it does."""
    if "metadata.json" not in archive.namelist():
        return None
    try:
        values = json.loads(_member(path, archive, "metadata.json", MAX_JSON_BYTES))
    except (ValueError, RecursionError):
        return None
    version = values.get("keras_version") if isinstance(values, dict) else None
    return int(version[0]) if isinstance(version, str) and version[:1] in ("2", "3") else None


def _read_saved_model(folder: Path) -> Imported:
    graph = folder / "saved_model.pb"
    if not graph.is_file():
        raise ModelFileError(f"{folder}: is a folder without a saved_model.pb, not a model")
    saved = read_bounded(graph, MAX_BYTES, ModelFileError)
    found = folder / "keras_metadata.pb"
    metadata = read_bounded(found, MAX_BYTES, ModelFileError) if found.is_file() else None
    config = read_saved_config(metadata, saved, str(folder))
    architecture = _architecture(config.encode(), str(folder), _OF_SAVED_MODELS)
    weights, files = _read_weights(folder / "variables" / "variables.index", architecture)
    files[graph.name] = sha256_of(saved)
    if metadata is not None:
        files[found.name] = sha256_of(metadata)
    return _checked(Imported("savedmodel", architecture, weights, files), str(folder))


def _read_weights(
    path: Path, architecture: Architecture
) -> tuple[list[list[npt.NDArray[np.float32]]], dict[str, str]]:
    """Read a file of weights alone, and the SHA-256 of what was read."""
    prefix = path.with_suffix("") if path.suffix == ".index" else path
    index = prefix.with_name(f"{prefix.name}.index")
    if index.is_file():
        parts = [index, *sorted(index.parent.glob(f"{_literal(prefix.name)}.data-*"))]
        files, total = {}, 0
        for part in parts:
            data = read_bounded(part, MAX_BYTES, ModelFileError)
            files[part.name] = sha256_of(data)
            total += len(data)
            if total > MAX_BYTES:
                raise ModelFileError(f"{prefix}: larger than {MAX_BYTES >> 20} MiB")
        return read_checkpoint(prefix, architecture), files
    data = read_bounded(path, MAX_BYTES, ModelFileError)
    if not data.startswith(HDF5_HEAD):
        raise ModelFileError(f"{path}: not an .h5 file, and not a checkpoint with an .index")
    return read_h5_weights(data, architecture, str(path)), {path.name: sha256_of(data)}


def _architecture(
    config: bytes, name: str, version: int | None, *, of_ids: bool = False
) -> Architecture:
    """Read a config; `of_ids`: without the layer that makes ids of texts."""
    if len(config) > MAX_JSON_BYTES:
        raise ModelFileError(f"{name}: its config is larger than {MAX_JSON_BYTES >> 20} MiB")
    try:
        values = json.loads(config)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name}: its config is not JSON: {error}") from error
    if isinstance(values, dict) and values.get("class_name") == "Tokenizer":
        raise ModelFileError(f"{name}: is a tokenizer: give it with --tokenizer")
    if of_ids:
        values = without_text_vectorization(values)
    architecture = read_architecture(values, name, version)
    sizes = (array.shape for arrays in architecture.arrays() for array in arrays)
    total = 4 * sum(int(np.prod(shape, dtype=object)) for shape in sizes)
    if total > MAX_BYTES:
        raise ModelFileError(f"{name}: weights of more than {MAX_BYTES >> 20} MiB")
    return architecture


def _checked(imported: Imported, name: str) -> Imported:
    for layer, arrays in zip(imported.architecture.layers, imported.weights, strict=True):
        if not all(np.isfinite(array).all() for array in arrays):
            raise ModelFileError(f"{name}: a weight of layer {layer.name} is not a number")
    return imported


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
