"""Writes a site for any static server: page, engine and one model file.

A wheel carries the sources beside this module, a checkout has them in `web_demo` and `runtimes/js`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edgernn.bundle import ModelFile
from edgernn.engine import EngineError, installed
from edgernn.errors import ModelFileError, UsageError
from edgernn.files import write_bytes

__all__ = ["LIBRARY", "MARK", "PAGE", "Site", "write_site"]

_HERE: Final = Path(__file__).resolve().parent
_CHECKOUT: Final = _HERE.parents[1]
MARK: Final = "site.js"
"""What the page and its service worker know of the site; a folder that has it is one of ours."""

_PACKAGE: Final = "edgernn/package.json"
_OTHER_ENGINE: Final = "edgernn/onnxruntime.js"

_COMMENT: Final = re.compile(rb"/\*\*.*?\*/ ?|^ *//[^\n]*\n", re.M | re.S)
_BLANK: Final = re.compile(rb"^[ \n]+", re.M)
"""Of sources whose strings each end on their line, and have neither in them."""

_ENGINES: Final = ("engine.wasm", "engine-plain.wasm")


def _sources(name: str, *checkout: str) -> Path:
    carried = _HERE / name
    return carried if carried.is_dir() else _CHECKOUT.joinpath(*checkout)


PAGE: Final = _sources("page", "web_demo")
"""The files of the page."""
LIBRARY: Final = _sources("library", "runtimes", "js", "src")
"""The JavaScript library, engine included."""


@dataclass(frozen=True)
class Site:
    """What was written."""

    folder: Path
    model: str
    """The model file's name in it."""
    page_bytes: int
    """Of all files that a visit loads but the model, uncompressed; one of two engines counts."""


def write_site(file: ModelFile, folder: Path) -> Site:
    """Write a folder that any static server can serve.

    Args:
        file: the model.
        folder: a new or empty folder, or one that this wrote before.

    Raises:
        ModelFileError: the engine does not run the model.
        UsageError: the folder has other files, or this installation lacks the engine.
    """
    _check_engine(file)
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise UsageError(f"--output {folder}: has files that are no site of this command")
    model = f"model{file.container.suffix}"
    files = {path.name: _content(path) for path in _files_of(PAGE)}
    for path in _files_of(LIBRARY):
        files[f"edgernn/{path.relative_to(LIBRARY).as_posix()}"] = _content(path)
    # Node reads scripts as modules where this says so.
    files[_PACKAGE] = b'{"type": "module"}\n'
    lacking = [name for name in _ENGINES if f"edgernn/{name}" not in files]
    if lacking or "index.html" not in files:
        raise UsageError(
            f"this installation lacks {', '.join(lacking) or 'the page'}: it was built without the "
            "compiler ziglang (in a checkout: pip install ziglang, then "
            "python engine/build.py --target wasm)"
        )
    # Which no visit of the page loads.
    spare = {f"edgernn/{_ENGINES[1]}", _PACKAGE, _OTHER_ENGINE}
    page_bytes = sum(len(content) for name, content in files.items() if name not in spare)
    files[model] = file.data
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    about = {
        "model": model,
        # A new version of any file is a new site: the service worker looks at this alone.
        "version": digest.hexdigest()[:16],
        "files": ["./", *sorted((set(files) | {MARK}) - spare)],
    }
    # Last, so that a folder that was not written whole is not served as one.
    files[MARK] = f"globalThis.SITE = {json.dumps(about, indent=2)};\n".encode()
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(target, content)
    return Site(folder, model, page_bytes + len(files[MARK]))


def _files_of(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in (".js", ".html", ".css", ".wasm") and path.name != MARK
    )


def _content(path: Path) -> bytes:
    """Return a file as a visitor gets it: scripts without comments and indentation."""
    data = path.read_bytes()
    if path.suffix != ".js":
        return data
    return _BLANK.sub(b"", _COMMENT.sub(b"", data))


def _check_engine(file: ModelFile) -> None:
    library = installed()
    if library is None:
        return
    try:
        library.open(file.data)
    except EngineError as error:
        raise ModelFileError(
            f"{file.path}: the engine of the page does not run it: {error}; export it in another "
            "precision or of another recipe"
        ) from error
