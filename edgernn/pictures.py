"""Pictures: matplotlib if it is installed, and its figures as files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edgernn.errors import MissingPackageError, UsageError
from edgernn.files import write_bytes
from edgernn.privacy import import_quietly

__all__ = ["PICTURE_FORMATS", "needs_matplotlib", "picture_format", "save_picture"]

PICTURE_FORMATS = ("png", "svg", "pdf")


@contextmanager
def needs_matplotlib(purpose: str = "drawing a plot") -> Iterator[None]:
    """Wrap the imports of matplotlib.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise MissingPackageError("matplotlib", purpose, "data") from error


def picture_format(path: Path) -> str:
    """Return the picture format that a file name asks for.

    Raises:
        UsageError: the name ends in no known one, or is that of a folder.
    """
    format = path.suffix.lower().removeprefix(".")
    if format not in PICTURE_FORMATS:
        raise UsageError(f"--plot {path}: the name must end in .png, .svg or .pdf")
    if path.is_dir():
        raise UsageError(f"--plot {path}: is a folder; name a file")
    return format


def save_picture(figure: Any, path: Path) -> None:
    """Write a matplotlib figure in the format of the file's name; the same figure, the same bytes.

    Raises:
        OSError: the file cannot be written; the message names it.
        UsageError: see `picture_format`.
    """
    import io

    matplotlib = import_quietly("matplotlib")

    format = picture_format(path)
    # Dates, versions and random ids would make every file another.
    unnamed = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}
    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "edgernn"}):
        figure.savefig(out, format=format, metadata={unnamed[format]: None})
    try:
        write_bytes(path, out.getvalue())
    except OSError as error:
        if error.filename is not None and Path(error.filename).parent != path.parent:
            raise
        # Else the message would name the temporary file, or none.
        raise OSError(error.errno, error.strerror, str(path)) from error
