"""Which encoding a text file has, and its lines as UTF-8."""

from __future__ import annotations

import codecs
import importlib.util
import re
from typing import BinaryIO, NamedTuple

from edgernn.errors import DataError, UsageError
from edgernn.rows import files
from edgernn.rows.files import BadRowError, Stage, buffered, peeked
from edgernn.rows.packing import Content

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Encodings of strings within Python and of the internet's names, not of files.
_NOT_OF_FILES = {
    "idna",
    "mbcs",
    "oem",
    "punycode",
    "raw-unicode-escape",
    "undefined",
    "unicode-escape",
    "utf-7",
}
_BAD_SHARE = 0.2
"""From this share of lines on that are not UTF-8, the file is taken for one of another encoding."""

_FEW = 4
"""Of fewer bytes beyond ASCII, or fewer zeros, nothing follows."""

_DETECTOR = "; pip install 'edgernn[files]' brings a package that proposes others"

_BAD = "\udcff"
"""Marks what cannot be decoded on its way to UTF-8, where it becomes the byte 0xff."""

# What Western European languages and English typography have beyond ASCII; other encodings of one
# byte a character have other letters in the same places.
_WESTERN = frozenset(
    "àâäáãåæçèéêëìíîïñòóôöõøœùúûüßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜ"
    "\u2018\u2019\u201c\u201d\u201e\u2013\u2014\u2026«»€£©®™°§¡¿\xa0"
)


class Text(NamedTuple):
    """A text file as UTF-8 without a byte order mark, its lines ended by line feeds."""

    name: str
    """The file, as messages call it."""
    head: bytes
    whole: bool
    """Whether `head` is all of it."""
    stream: BinaryIO
    encoding: str
    """Which it has on disk."""
    waits: bool
    """Whether it comes through a pipe."""
    hint: str = ""
    """What to add to the message of a row that cannot be decoded."""


def codec_named(name: str) -> str:
    """Return the encoding called `name` by the name that Python gives it.

    Raises:
        UsageError: there is none, or none that a text file can have.
    """
    try:
        codec = codecs.lookup(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError) as exc:
        raise UsageError(
            f"there is no encoding {name!r}; examples: utf-8, utf-16-le, cp1252, shift_jis, gb18030"
        ) from exc
    if not getattr(codec, "_is_text_encoding", True) or codec.name in _NOT_OF_FILES:
        raise UsageError(f"{name!r} is not a text encoding")
    return "utf-8" if codec.name in ("utf-8-sig", "ascii") else codec.name


def as_text(content: Content, name: str, encoding: str | None) -> Text:
    """Return the text in `content`.

    Args:
        content: an unpacked file.
        name: the file, for messages.
        encoding: which it has; if not given, its byte order mark tells, else it is UTF-8.

    Raises:
        DataError: it is empty, or in another encoding than UTF-8 and has no mark.
        UsageError: there is no such encoding.
    """
    _, head, whole, stream, waits, _ = content
    marked = next((codec for mark, codec in _MARKS if head.startswith(mark)), None)
    codec = marked or "utf-8" if encoding is None else codec_named(encoding)
    if marked is not None and codec != marked:
        if not codec.startswith(marked):
            raise UsageError(
                f"--encoding {encoding}: {name} begins with the byte order mark of "
                f"{marked.upper()}; leave --encoding out"
            )
        codec = marked
    hint = ""
    if codec == "utf-8":
        if marked == "utf-8":
            stream.read(len(codecs.BOM_UTF8))
            head = head.removeprefix(codecs.BOM_UTF8)
        if encoding is None:
            hint = _check_utf8(head, whole, name)
    else:
        if codec in ("utf-16", "utf-32") and marked is None:
            raise DataError(
                f"{name} has no byte order mark; give --encoding {codec}-le or "
                f"--encoding {codec}-be"
            )
        stream = buffered(_Recoded(stream, codec))
        head, whole, stream = peeked(stream, waits=waits)
    if not head:
        raise DataError(f"{name} is empty")
    if b"\r" in head[:-1] and b"\n" not in head:
        stream = buffered(_LineFeeds(stream))
        head = head.replace(b"\r", b"\n")
    return Text(name, head, whole, stream, codec, waits, hint)


def _bad_to_mark(exc: UnicodeError) -> tuple[str, int]:
    if not isinstance(exc, UnicodeDecodeError):
        raise exc
    bad = exc.object[exc.start : exc.end]
    # No backslash, which would have a meaning of its own in JSON.
    return _BAD + f"<{bad.hex()}>", exc.end


codecs.register_error("edgernn.bad-to-mark", _bad_to_mark)


class _Recoded(Stage):
    """Text of any encoding as UTF-8; what cannot be decoded becomes 0xff and its bytes in hex."""

    def __init__(self, stream: BinaryIO, codec: str) -> None:
        super().__init__(stream)
        self._decoder = codecs.getincrementaldecoder(codec)("edgernn.bad-to-mark")
        self._begins = True

    def piece(self) -> bytes:
        while True:
            data = self._stream.read1(2**16)
            text = self._decoder.decode(data, not data)
            if text and self._begins:
                self._begins = False
                text = text.removeprefix("\ufeff")
            if text or not data:
                return text.encode("utf-8", "surrogateescape")


class _LineFeeds(Stage):
    """Text whose lines end in carriage returns, with line feeds instead."""

    _ended = False

    def piece(self) -> bytes:
        while data := self._stream.read1(2**16):
            # The file may go on with other line ends than it began with.
            if self._ended and data.startswith(b"\n"):
                data = data[1:]
            self._ended = data.endswith(b"\r")
            if data:
                return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return b""


def _check_utf8(head: bytes, whole: bool, name: str) -> str:
    """Return what a row that is not UTF-8 should say besides.

    Raises:
        DataError: most of `head` is not UTF-8; the message names an encoding to read it with.
    """
    _check_nuls(head, name)
    if head.isascii():
        return "; if the file has another encoding, name it with --encoding"
    # Lines are counted as they are read: carriage returns end them where nothing else does.
    lines = head.split(b"\n" if b"\n" in head else b"\r")
    if not whole and len(lines) > 1:
        del lines[-1]
    bad, good = [], 0
    for number, line in enumerate(lines):
        if line.isascii():
            continue
        try:
            line.decode()
        except UnicodeDecodeError as exc:
            if exc.reason != "unexpected end of data" or len(lines) > 1 or whole:
                bad.append((number, line))
        else:
            good += 1
    if not bad:
        return ""
    sample = b"\n".join(line for _, line in bad)
    filled = sum(bool(line.strip()) for line in lines)
    if 1 < len(bad) > good and len(bad) >= _BAD_SHARE * filled:
        raise DataError(_other_encoding(sample, bad[0], name))
    if not good and (codec := _proposed(sample)):
        return f"; if the whole file is {codec}, give --encoding {codec}"
    return ""


def _check_nuls(head: bytes, name: str) -> None:
    sample = head[: len(head) // 4 * 4]
    zeros = [sample[i::4].count(0) for i in range(4)]
    total = sum(zeros)
    if 5 * total < len(sample) or total < _FEW:
        return
    odd, even = zeros[1] + zeros[3], zeros[0] + zeros[2]
    found = None
    if total > 0.6 * len(sample):
        found = "utf-32-le" if zeros[0] < zeros[3] else "utf-32-be"
    elif min(odd, even) <= 0.05 * total:
        found = "utf-16-le" if odd > even else "utf-16-be"
    if found is None or not _decodes(sample, found):
        raise DataError(
            f"{name} is not a text file: {total} of its first {len(sample)} bytes are 0"
        )
    raise DataError(
        f"{name} looks like {found[:6].upper()} text without a byte order mark; "
        f"read it with --encoding {found}"
    )


def _other_encoding(sample: bytes, first: tuple[int, bytes], name: str) -> str:
    number, line = first
    codec = _proposed(sample)
    where = f"{name} is not UTF-8 text (line {number + 1})"
    if codec is None:
        return (
            f"{where}; name its encoding with --encoding, for example cp1252, which Excel writes "
            f"in Western Europe{'' if _has_detector() else _DETECTOR}"
        )
    text = line.decode(codec, "replace")
    at = next((i for i, character in enumerate(text) if ord(character) > 127), 0)
    shown = " ".join(text[max(0, at - 20) : at + 20].split())
    return f"{where}; with --encoding {codec} the line reads \u201c{shown}\u201d"


def _proposed(sample: bytes) -> str | None:
    """Return the encoding that `sample` seems to have."""
    if _decodes(sample, "cp1252"):
        text = sample.decode("cp1252")
        foreign = {character for character in text if ord(character) > 127}
        letters = sum(character.isalpha() for character in text)
        beyond = sum(character.isalpha() and ord(character) > 127 for character in text)
        if foreign <= _WESTERN and beyond <= 0.25 * letters:
            return "cp1252"
    if sum(byte > 127 for byte in sample) < _FEW:
        return None
    if not _has_detector():
        return None
    import chardet

    found = chardet.detect(sample)["encoding"]
    if found is None:
        return None
    try:
        codec = codec_named(found)
    except UsageError:
        return None
    # Those of more bytes a character are told by their zeros.
    return codec if not codec.startswith("utf") and _decodes(sample, codec) else None


def _has_detector() -> bool:
    return importlib.util.find_spec("chardet") is not None


def _decodes(sample: bytes, codec: str) -> bool:
    # The sample may end within a character.
    try:
        codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


class Lines:
    """The lines of a text as bytes, line ends included, each at most MAX_LINE_BYTES long.

    `next` raises BadRowError for a longer line, skips the rest of it, and goes on with the next.
    """

    number: int = 0
    """How many lines were read so far."""

    def __init__(self, text: Text) -> None:
        self._readline = text.stream.readline
        self._encoding = text.encoding
        self._hint = text.hint

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> bytes:
        line = self._readline(files.MAX_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > files.MAX_LINE_BYTES:
            while line and not line.endswith(b"\n"):
                line = self._readline(2**20)
            raise BadRowError(f"line {self.number} is longer than {files.MAX_LINE_BYTES:,} bytes")
        return line

    def not_text(self, exc: UnicodeDecodeError) -> str:
        """Say where the line that was read last cannot be decoded."""
        line = exc.object
        if self._encoding == "utf-8":
            what = f"UTF-8 text: byte {exc.start + 1} is 0x{line[exc.start]:02x}"
        else:
            what = f"{self._encoding} text: no character is {readable(line[exc.start :])[:4]}"
        return f"line {self.number} is not {what}{self._hint}"


def readable(line: bytes) -> str:
    """Return `line` as text without its line end, with what is no text in hex."""
    bare = line.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return bare.decode()
    except UnicodeDecodeError:
        # What `_Recoded` could not decode is in hex already.
        bare = re.sub(rb"\xff<([0-9a-f]+)>", rb"\\x\1", bare)
        return bare.decode(errors="backslashreplace")
