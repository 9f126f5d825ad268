"""The file that scores are written to, and going on with one that is not whole."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

from edgernn.cli.score_lines import Lines, Result
from edgernn.cli.score_pipeline import Item
from edgernn.cli.score_target import Target
from edgernn.errors import UsageError
from edgernn.files import finish_file, write_text

__all__ = ["PartialFile", "RowFile"]

_HANDLES_OPEN_FILES = os.name == "posix"
"""Whether a file can be renamed and removed while it is open, and so while it is locked."""


class PartialFile:
    """An output file on its way; `with` opens it.

    `finish` gives it its name. What is left without stays as it is, if it has a row.
    """

    rows = 0
    """How many it holds."""

    failed = 0
    """How many of those taken over from an earlier run have an error."""

    file: BinaryIO

    def __init__(self, target: Target) -> None:
        """Name the file; `with` opens it."""
        self.target = target

    def __enter__(self) -> Self:
        """Create or open the file, and keep other processes from it.

        Raises:
            UsageError: another process writes it, or what is there is of another job.
            OSError: it cannot be written.
        """
        # All in here, as Ctrl-C between opening and `with` would leave a file without a row.
        try:
            self._open()
            self._begin()
        except BaseException:
            self._abandon()
            raise
        return self

    def _open(self) -> None:
        path = self.target.partial
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(path) and not _is_one_file(path):
            # What is written would stand in another file, too.
            if self.target.resume:
                raise UsageError(f"{path}: is a link; without --resume, --overwrite replaces it")
            path.unlink()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        # Not emptied before it is known that nobody else writes it.
        self.file = os.fdopen(os.open(path, flags, 0o666), "r+b")
        if not self._is_ours():
            self.file.close()
            raise UsageError(f"{path} is being written by another process")
        # Another process may have finished since then, or left rows.
        self.target.check_what_is_there()
        if not self.target.resume:
            self.file.truncate()

    def _begin(self) -> None:
        """Write or read what stands before the first row."""

    def _abandon(self) -> None:
        """Close the file where it could not be begun; take it away if it holds nothing."""
        if not hasattr(self, "file") or self.file.closed:
            return
        self._let_go(remove=self._is_ours() and not os.fstat(self.file.fileno()).st_size)

    def _is_ours(self) -> bool:
        """Keep the file to this process; tell whether it is, and still has its name."""
        if not _lock(self.file):
            return False
        if not _HANDLES_OPEN_FILES:
            return True
        try:
            there = os.lstat(self.target.partial)
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(self.file.fileno()), there)

    def _let_go(self, *, remove: bool) -> None:
        """Close the file, which lets others have it, and before that take it away if so asked."""
        if not _HANDLES_OPEN_FILES:
            self.file.close()
        if remove:
            self.target.partial.unlink(missing_ok=True)
            self.target.job.unlink(missing_ok=True)
        self.file.close()

    def write(self, chunk: Sequence[Item], results: Sequence[Result]) -> None:
        """Put rows behind those that are there."""
        raise NotImplementedError

    @property
    def is_taken_up(self) -> bool:
        """Whether rows may be there already: then `skip` is to be asked first."""
        return False

    def skip(self, chunk: Sequence[Item]) -> bool:
        """Tell whether all rows of a chunk are there; if not, make ready to write its first."""
        return False

    def finish(self) -> None:
        """Give the file its name, in place of an older one."""
        self.file.flush()
        if not _HANDLES_OPEN_FILES:
            self.file.close()
        finish_file(self.target.partial, self.target.path)
        self.target.job.unlink(missing_ok=True)
        self.file.close()

    @property
    def has_its_name(self) -> bool:
        """Whether `finish` came that far; only while nobody else can have the file."""
        return not os.path.lexists(self.target.partial)

    def __exit__(self, *left_by: Any) -> None:
        if not self.file.closed:
            self._let_go(remove=not self.rows or self.has_its_name)


class RowFile(PartialFile):
    """An output file of lines."""

    def __init__(self, target: Target, lines: Lines, job: Mapping[str, object]) -> None:
        """Name the file.

        Args:
            target: where.
            lines: the format.
            job: all that rows depend on beside the input; what is there must be of the same job.
        """
        super().__init__(target)
        self._lines = lines
        self._job = job
        self._records: Iterator[bytes] | None = None

    def _begin(self) -> None:
        """Write the header, or go on with what is there."""
        target = self.target
        self._out: BinaryIO = self.file
        header = _encoded(self._lines.header)
        if target.resume and os.fstat(self.file.fileno()).st_size:
            _check_job(target, self._job)
            records = _records(self.file, quoted=header != b"")
            first = next(records, None) if header else header
            if first == header:
                self._records, self._end = records, len(header)
                return
            if first is not None:
                raise UsageError(f"{target.partial}: has other columns; --overwrite starts over")
            # Not even the header is whole.
            self.file.seek(0)
            self.file.truncate()
        elif target.is_resumable:
            write_text(target.job, json.dumps(self._job, indent=2, ensure_ascii=False) + "\n")
        if target.is_gzip:
            import gzip

            # Without name and time, so that the same rows give the same bytes.
            self._out = gzip.GzipFile("", "wb", 6, self.file, mtime=0)  # type: ignore[assignment]
        self._out.write(header)

    @property
    def is_taken_up(self) -> bool:
        """Whether rows may be there already: then `skip` is to be asked first."""
        return self._records is not None

    def skip(self, chunk: Sequence[Item]) -> bool:
        """Tell whether all rows of a chunk are there; if not, make ready to write its first.

        A chunk that was begun is scored again: beside other texts than before the last digit of
        a score may be another.

        Raises:
            UsageError: a row is of another input.
        """
        if self._records is None:
            return False
        end, failed = self._end, 0
        for text, _, row in chunk:
            record = next(self._records, None)
            if record is None:
                self._cut()
                return False
            if not record.startswith(_encoded(self._lines.start(row.fields, text))):
                raise UsageError(
                    f"{self.target.partial}: the row after {self.rows:,} rows or more is not "
                    "what the input has there; --overwrite starts over"
                )
            end += len(record)
            failed += self._lines.has_failed(record)
        self._end = end
        self.rows += len(chunk)
        self.failed += failed
        return True

    def write(self, chunk: Sequence[Item], results: Sequence[Result]) -> None:
        """Put rows behind those that are there."""
        # Each by itself: beside one that is not ASCII all would take longer.
        self._out.write(b"".join(map(_encoded, self._lines.records(chunk, results))))
        self._out.flush()
        self.rows += len(chunk)

    def finish(self) -> None:
        """Give the file its name.

        Raises:
            UsageError: it was to be gone on with, and has more rows than the input.
        """
        if self._records is not None:
            if next(self._records, None) is not None:
                raise UsageError(
                    f"{self.target.partial}: has more rows than the input; --overwrite starts over"
                )
            self._cut()
        if self._out is not self.file:
            self._out.close()
        super().finish()

    def _cut(self) -> None:
        """Take away what stands behind the rows that stay."""
        self._records = None
        self.file.seek(self._end)
        self.file.truncate()

    def __exit__(self, *left_by: Any) -> None:
        if self._records is not None:
            # What was there has not been changed.
            self.file.close()
        elif self._out is not self.file and not self.file.closed:
            self._out.close()
        super().__exit__(*left_by)


def _is_one_file(path: Path) -> bool:
    """Tell whether a path is a file that has no other name."""
    about = os.lstat(path)
    return stat.S_ISREG(about.st_mode) and about.st_nlink == 1


def _encoded(text: str) -> bytes:
    # A lone surrogate, which UTF-8 lacks, becomes its escape, which JSON reads back.
    return text.encode("utf-8", "backslashreplace")


def _records(file: BinaryIO, quoted: bool) -> Iterator[bytes]:
    """Yield the records of a file that are whole: lines, or more where a cell holds line ends."""
    file.seek(0)
    record: list[bytes] = []
    quotes = 0
    # Not the file itself, which forbids `tell` while it is read by lines.
    while line := file.readline():
        record.append(line)
        if quoted:
            quotes += line.count(b'"')
            if quotes % 2 or not line.endswith(b"\r\n"):
                continue
        elif not line.endswith(b"\n"):
            continue
        yield b"".join(record)
        record, quotes = [], 0


def _check_job(target: Target, job: Mapping[str, object]) -> None:
    try:
        with target.job.open("rb") as file:
            found = json.loads(file.read(1 << 24))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{target.partial}: {target.job.name} beside it, which names its job, "
            "cannot be read; --overwrite starts over"
        ) from error
    same = json.loads(json.dumps(job))
    for name, value in same.items():
        before = found.get(name) if isinstance(found, dict) else None
        if before != value:
            raise UsageError(
                f"{target.partial}: was written with another {name} "
                f"({_brief(before)}, now {_brief(value)}); --overwrite starts over"
            )


def _brief(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}\u2026"


def _lock(file: BinaryIO) -> bool:
    """Keep a file to this process until it is closed; tell whether nobody else has it."""
    try:
        import fcntl
    except ImportError:
        # Windows: there an open file cannot be replaced or removed by others.
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks.
        return True
    return True
