"""The name of the file that scores are written to: what it may be, and what is there already.

Rows are written to `NAME.partial.SUFFIX` beside it, which becomes the file when all are there. Of
a job that is broken off it stays, with a description of the job, for `--resume`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgernn.errors import UsageError
from edgernn.same_file import STDIN, is_same_file, is_standard_output

__all__ = ["Target", "check_standard_output"]

_FORMATS = ("csv", "tsv", "jsonl", "parquet")


@dataclass(frozen=True)
class Target:
    """An output file that may be written."""

    path: Path
    format: str
    """One of csv, tsv, jsonl and parquet."""
    is_gzip: bool
    overwrite: bool
    resume: bool

    @classmethod
    def checked(
        cls,
        path: Path,
        *,
        inputs: Sequence[str | os.PathLike[str]],
        folders: Sequence[str | os.PathLike[str]],
        model: Path,
        overwrite: bool,
        resume: bool,
    ) -> Target:
        """Check what can be checked before anything is read.

        Args:
            path: the file to write.
            inputs: the files that are read, `-` for standard input.
            folders: those of them that the person named; they are read without their names.
            model: the model file.
            overwrite: whether what is there may be replaced.
            resume: whether a file that is not whole is gone on with.

        Raises:
            UsageError: it is the input or the model, it already exists, or its name is no good.
        """
        option = f"--output {path}"
        name = path.name.lower()
        form = Path(name.removesuffix(".gz")).suffix.removeprefix(".")
        if form not in _FORMATS or name.endswith(".parquet.gz"):
            raise UsageError(
                f"{option}: the name must end in .jsonl, .csv or .tsv (or these and .gz), or in "
                ".parquet"
            )
        if path.is_dir():
            raise UsageError(f"{option}: is a folder; name a file")
        target = cls(path, form, name.endswith(".gz"), overwrite, resume)
        for written in (path, target.partial, target.job):
            for source in inputs:
                if is_same_file(written, source):
                    what = "is the input" if written == path else f"writes {written}, the input"
                    raise UsageError(f"{option}: {what}; name another file")
            if is_same_file(written, model):
                raise UsageError(f"{option}: is the model file; name another file")
        for folder in folders:
            if is_same_file(path.parent, folder):
                raise UsageError(
                    f"{option}: is in the folder {folder}, where the next run would read it; "
                    "name a file elsewhere"
                )
        target.check_what_is_there()
        return target

    def check_what_is_there(self) -> None:
        """Check that nothing would be lost: before anything is read, and once the file is locked.

        Raises:
            UsageError: something would.
        """
        option = f"--output {self.path}"
        if os.path.lexists(self.path) and not self.overwrite:
            if self.resume and not self.partial.exists():
                raise UsageError(
                    f"{option}: already exists, and is not part of an interrupted run: "
                    "there is nothing to resume; --overwrite starts over"
                )
            also = "with --resume, " if self.resume else ""
            raise UsageError(f"{option}: already exists; {also}--overwrite replaces it")
        mode, size = _mode_and_size(self.partial)
        if mode and not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
            raise UsageError(
                f"{option}: {self.partial}, which rows are written to on their way, is there and "
                "is no file; name another output"
            )
        if self.resume and not self.is_resumable:
            raise UsageError(
                f"{option}: --resume continues .jsonl, .csv and .tsv files only; "
                "write others again with --overwrite"
            )
        # An empty one is of a job that has only begun: that was killed, or holds it locked.
        is_left = stat.S_ISLNK(mode) or size > 0
        if is_left and not (self.overwrite or self.resume):
            how = "--resume continues it, " if self.is_resumable else ""
            raise UsageError(
                f"{option}: {self.partial} is left from an interrupted run; "
                f"{how}--overwrite starts over"
            )

    @property
    def is_resumable(self) -> bool:
        """Whether rows can be put behind those of a file that is not whole."""
        return self.format != "parquet" and not self.is_gzip

    @property
    def partial(self) -> Path:
        """The file that holds the rows until all are there, and keeps them if they never are."""
        name = self.path.name[:-3] if self.is_gzip else self.path.name
        rest = self.path.name[len(name) :]
        return self.path.with_name(f"{Path(name).stem}.partial{Path(name).suffix}{rest}")

    @property
    def job(self) -> Path:
        """The file beside it that says of which job it is."""
        return self.partial.with_name(f"{self.partial.name}.job")


def check_standard_output(inputs: Sequence[str | os.PathLike[str]]) -> None:
    """Check that standard output does not go into a file that is read.

    Raises:
        UsageError: it does, as with `>>`: what is written would be read, without an end.
    """
    for source in inputs:
        if is_standard_output(source):
            raise UsageError(f"standard output goes into {_named(source)}, the input")


def _named(source: str | os.PathLike[str]) -> str:
    return "standard input" if source == STDIN else os.fspath(source)


def _mode_and_size(path: Path) -> tuple[int, int]:
    """Return what kind of file is at a path and its bytes; zeros where nothing is."""
    try:
        about = os.lstat(path)
    except OSError:
        return 0, 0
    return about.st_mode, about.st_size
