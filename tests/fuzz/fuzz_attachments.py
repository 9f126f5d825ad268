"""Hostile attachments: contract, vocabulary, card, checksums, and what carries them."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from fuzz_files import Entries, Mutant, Seed, entry, joined, sealed

from edgernn.bundle.checksums import SUMS, with_sums
from edgernn.bundle.onnx.protowire import varint

__all__ = ["attachment_attacks", "container_attacks", "random_attachments"]

CONTRACT, CARD = "contract.json", "card.json"
PAGE, GOLDEN = "card.md", "golden.json"
HUGE = "9" * 5000
"""More digits than Python turns into a number."""
DEEP = b"[" * 100_000
BOMB_BYTES = 256 << 20

HOSTILE_NAMES = (
    b"/etc/passwd",
    b"../../evil",
    b"..",
    b"..\\..\\evil",
    b"C:\\evil",
    b"folder/name",
    b"card.json\0.txt",
    b".hidden",
    b"line\nbreak",
    b"\xff\xfe",
    b"\x1b[31mred",
    b"x" * 5000,
)


def attachment_attacks(seed: Seed) -> Iterator[Mutant]:
    """Attachments that are wrong in themselves, with checksums that fit them."""
    for name, changes, refusal in _changes(seed):
        data = partial(sealed, seed, {**seed.attachments, **changes})
        yield Mutant(f"{seed.name}/{name}", data, refusal)
    for name in (CONTRACT, CARD, seed.vocabulary_file):
        rest = {other: content for other, content in seed.attachments.items() if other != name}
        yield Mutant(f"{seed.name}/no {name}", partial(sealed, seed, rest), f"carries no {name}")
    yield from _sums(seed)


def _contract(seed: Seed, **changes: Any) -> bytes:
    values = json.loads(seed.attachments[CONTRACT])
    return json.dumps({**values, **changes}).encode()


def _changes(seed: Seed) -> Iterator[tuple[str, dict[str, bytes], str | None]]:
    contract = seed.attachments[CONTRACT]
    values = json.loads(contract)
    size = values["vocabulary_size"]

    def rules(name: str, refusal: str | None, **changes: Any) -> Any:
        return name, {CONTRACT: _contract(seed, **changes)}, refusal

    def raw(name: str, old: str, new: str, refusal: str | None) -> Any:
        assert old in contract.decode()
        return name, {CONTRACT: contract.decode().replace(old, new, 1).encode()}, refusal

    yield rules("10 GB of ids", "vocabulary_size 10000000000 is not", vocabulary_size=10**10)
    yield rules("a vocabulary too large", "is over", vocabulary_size=(1 << 19) + 1)
    yield rules("more ids than words", "has .* ids, the", vocabulary_size=size + 1)
    yield rules("version 2 with fields of 1", "contract lacks fields", version=2)
    yield rules("version 3", "version 3 is not known", version=3)
    yield rules("a rule of later", "is not known here", case="fold")
    yield rules("an unknown field", r"unknown fields: a\\nb\\x1b\[31m", **{"a\nb\x1b[31m": 1})
    yield rules("a long unknown field", "unknown fields: xxxx", **{"x" * 100_000: 1})
    yield rules("another file's name", "carries no", vocabulary_file="/etc/passwd")
    yield rules("a surrogate", "carries no", vocabulary_file="\ud800")
    yield rules("the card as vocabulary", "SHA-256 is", vocabulary_file=CARD)
    yield rules("a label in red", "are not two names", labels=["a", "\x1b[31mb"])
    yield rules("labels in lists", "are not two names", labels=[[], {}])
    yield raw("no number", f'"vocabulary_size": {size}', '"vocabulary_size": NaN', "is not an int")
    yield raw("infinite", '"threshold": 0.5', '"threshold": 1e999', "threshold inf is not in")
    yield raw("5,000 digits", f'"vocabulary_size": {size}', f'"vocabulary_size": {HUGE}', "digits")
    yield raw("a field twice", '"version": 1', '"version": 1, "version": 1', "appears twice")
    yield "contract cut short", {CONTRACT: contract[:-20]}, "not JSON"
    yield "contract a list", {CONTRACT: b"[]"}, "not a JSON object"
    yield "contract empty", {CONTRACT: b""}, "not JSON"
    yield "contract deep", {CONTRACT: DEEP}, "not JSON"
    yield "contract of blanks", {CONTRACT: contract + b" " * (2 << 20)}, "larger than 1 MiB"
    yield "contract in UTF-16", {CONTRACT: contract.decode().encode("utf-16")}, None
    yield "contract with NUL", {CONTRACT: contract + b"\0"}, "not JSON"

    for name, content, refusal in (
        ("not JSON", b"{'a': 1}", "not JSON"),
        ("a list", b"[1]", "not a JSON object"),
        ("deep", DEEP, "not JSON"),
        ("deep objects", b'{"a":' * 100_000, "not JSON"),
        ("5,000 digits", f'{{"a": {HUGE}}}'.encode(), "digits"),
        ("12 MiB of lists", b'{"a":[' + b"[]," * (4 << 20) + b"0]}", "larger than 1 MiB"),
        ("fields twice", b'{"a": 1, "a": 2}', None),
        ("no numbers", b'{"a": NaN, "b": -Infinity, "c": 1e999}', None),
        ("surrogates", b'{"a": "\\ud800"}', None),
    ):
        yield f"card {name}", {CARD: content}, refusal

    yield from _golden(size)
    yield "page not UTF-8", {PAGE: b"\xff\xfe"}, "card.md: not UTF-8|binary|not allowed"
    yield "page of 2 MiB", {PAGE: b"#" * (2 << 20)}, "card.md: larger than 1 MiB"

    vocabulary = seed.attachments[seed.vocabulary_file]

    def words(name: str, content: bytes, refusal: str | None, **changes: Any) -> Any:
        changes["vocabulary_sha256"] = hashlib.sha256(content).hexdigest()
        changed = {seed.vocabulary_file: content, CONTRACT: _contract(seed, **changes)}
        return f"vocabulary {name}", changed, refusal

    line = b"'beyond_'\n" if values["tokenizer"] == "subwords" else b"beyond\n"
    beyond = f"the contract has {size + 1} ids, the embedding {size} rows"
    yield words("beyond the embedding", vocabulary + line, beyond, vocabulary_size=size + 1)
    many = 60_000 - 300
    lines = b"".join(b"'%x!a'\n" % i if line[:1] == b"'" else b"odd%x\n" % i for i in range(many))
    yield words("of 60,000 odd ids", vocabulary + lines, "ids, the", vocabulary_size=size + many)
    yield "vocabulary altered", {seed.vocabulary_file: vocabulary[:-1] + b"!"}, "SHA-256 is"
    yield words("longer than it says", vocabulary + line, "has .* ids, the contract says")
    yield words("of 5,000,000 lines", vocabulary + line[:1] * 2 + b"\n" * 5_000_000, "lines, the")
    yield words("cut short", vocabulary[:-1], "cut short|has .* ids")
    yield words("not UTF-8", vocabulary + b"\xff\xfe\n", "not UTF-8")
    yield words("empty", b"", "not a SubwordTextEncoder file|has .* ids|cut short")
    yield words("of one line", b"x" * (10 << 20), "not a SubwordTextEncoder file|cut short")
    yield words("with NUL", vocabulary.replace(b"\n", b"\0\n"), None)


def _golden(size: int) -> Iterator[tuple[str, dict[str, bytes], str | None]]:
    """Golden vectors that no file gives; `size` is the number of ids."""

    def vectors(name: str, refusal: str | None, *listed: Any, tolerance: Any = 0.01) -> Any:
        content = json.dumps({"tolerance": tolerance, "vectors": listed}).encode()
        return f"golden {name}", {GOLDEN: content}, refusal

    sound = {"text": "a", "ids": [1], "probability": 0.5}
    yield vectors("sound", None, sound)
    yield vectors("none", "not a list of 1 to 256")
    yield vectors("many", "not a list of 1 to 256", *[sound] * 257)
    yield vectors("tolerance", "is not in", sound, tolerance="much")
    yield vectors("tolerance infinite", "is not in", sound, tolerance=float("inf"))
    for name, changes, refusal in (
        ("id beyond", {"ids": [size]}, "ids is not a list"),
        ("id below", {"ids": [-1]}, "ids is not a list"),
        ("id true", {"ids": [True]}, "ids is not a list"),
        ("ids too many", {"ids": [1] * 65_537}, "ids is not a list"),
        ("ids nested", {"ids": [[1]]}, "ids is not a list"),
        ("ids text", {"ids": "111"}, "ids is not a list"),
        ("no text", {"text": None}, "text is not a string"),
        ("text long", {"text": "a" * 100_000}, "text is not a string"),
        ("text a surrogate", {"text": "\ud800"}, None),
        ("probability 2", {"probability": 2}, "is not in"),
        ("probability no number", {"probability": float("nan")}, "is not in"),
        ("probability text", {"probability": "\x1b[31m"}, r"'\\x1b\[31m' is not in"),
        ("probability of nothing", {"ids": []}, "null where there are none"),
        ("no probability", {"probability": None}, "null where there are none"),
        ("a field more", {"more": 1}, "not an object of"),
    ):
        yield vectors(name, refusal, {**sound, **changes})
    yield vectors("a number", "not an object of", 1)
    for name, content in (("not JSON", b"{'a'"), ("deep", DEEP), ("digits", HUGE.encode())):
        yield f"golden {name}", {GOLDEN: content}, "not JSON"
    yield "golden a list", {GOLDEN: b"[]"}, "not an object of tolerance and vectors"
    yield "golden of 2 MiB", {GOLDEN: b" " * (2 << 20)}, "larger than 1 MiB"


def _sums(seed: Seed) -> Iterator[Mutant]:
    """Checksums that are missing, broken or of another file."""
    rest = [(name.encode(), content) for name, content in seed.attachments.items() if name != SUMS]
    sums = seed.attachments[SUMS]
    for name, content, refusal in (
        ("empty", b"", "is damaged"),
        ("not UTF-8" if seed.format == "tflite" else "of letters", b"\xc3\xbc" * 40, "is damaged"),
        ("in capitals", sums.upper(), "is damaged"),
        ("cut short", sums[:-40], "is damaged"),
        ("one short", sums[: sums.rindex(b"\n", 0, -1) + 1], "is not what was exported"),
        ("one more", sums + b"0" * 64 + b"  more\n", "more is not what was exported"),
        ("one twice", sums + sums, "is damaged"),
        ("10 MB", sums + b"0" * (10 << 20), "is damaged"),
        # An ONNX graph of the same weights and answers is taken, with a warning.
        (
            "of another graph",
            with_sums(dict(seed.attachments), "0" * 64)[SUMS],
            "the graph is not" if seed.format == "tflite" else None,
        ),
    ):
        data = partial(joined, seed, [*rest, (SUMS.encode(), content)])
        yield Mutant(f"{seed.name}/checksums {name}", data, refusal)
    yield Mutant(f"{seed.name}/no checksums", partial(joined, seed, rest), f"carries no {SUMS}")


def container_attacks(seed: Seed) -> Iterator[Mutant]:
    """Entries that the container should not hold."""
    sound: Entries = [(name.encode(), content) for name, content in seed.attachments.items()]

    def mutant(name: str, data: bytes | Callable[[], bytes], refusal: str | None) -> Mutant:
        return Mutant(f"{seed.name}/{name}", data, refusal)

    for name in HOSTILE_NAMES:
        data = partial(joined, seed, [*sound, (name, b"evil")])
        yield mutant(f"entry {name[:20]!r}", data, "not allowed|not UTF-8|more than 64")
    for name, _ in sound:
        data = partial(joined, seed, [*sound, (name, b"{}")])
        yield mutant(f"{name.decode()} twice", data, "appears twice")
    many = [(b"f%05d" % i, b"x") for i in range(100_000 if seed.format == "onnx" else 2000)]
    refusal = "more fields|more than 64|is not what was exported"
    yield mutant("many entries", partial(joined, seed, [*sound, *many]), refusal)
    if seed.format == "onnx":
        yield from _onnx_containers(seed, mutant)
    else:
        yield from _zip_containers(seed, mutant)


@cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(BOMB_BYTES >> 20)) + packer.flush()


def _onnx_containers(seed: Seed, mutant: Any) -> Iterator[Mutant]:
    data = seed.data
    deflated = b"edgernn+deflate.more"
    bomb = base64.b64encode(_bomb())
    yield mutant("deflate bomb", data + entry(deflated, bomb), "more than 16777216 bytes")
    for name, value in (
        ("not base64", b"***"),
        ("not deflated", base64.b64encode(b"plain")),
        ("cut off", bomb[: len(bomb) // 8 * 4]),
        ("empty", b""),
    ):
        refusal = "compressed attachment|more than"
        yield mutant(f"deflated {name}", data + entry(deflated, value), refusal)
    yield mutant("key not UTF-8", data + entry(b"\xff\xfe", b""), "not UTF-8")
    yield mutant("value not UTF-8", joined(seed, [(b"contract.json", b'{"a": "\xff"}')]), "carries")
    yield mutant("10 GB declared", data + b"\x72" + varint(10 << 30) + b"x", "is cut off")
    yield mutant("2**63 declared", data + b"\x72" + varint(1 << 63) + b"x", "is cut off")
    yield mutant("a number without end", data + b"\x70" + b"\xff" * 1000, "more than 64 bits")
    yield mutant("a group", data + b"\x73" * 10_000, "wire type")
    yield mutant("field 0", data + b"\x02\x01x", "field number 0")
    yield mutant("endless fields", data + b"\x08\x08" * 200_000, "more fields")


def _zip_containers(seed: Seed, mutant: Any) -> Iterator[Mutant]:
    data = seed.data
    directory = data.index(b"PK\x01\x02")
    end = len(data) - 22

    def patched(at: int, new: bytes) -> bytes:
        return data[:at] + new + data[at + len(new) :]

    sound: Entries = [(name.encode(), content) for name, content in seed.attachments.items()]
    bomb = partial(joined, seed, [*sound, (b"more", bytes(64 << 20))])
    yield mutant("zip bomb", bomb, "more than 16777216 bytes")
    yield mutant("a lying bomb", lambda: _with_size(bomb(), 10), "bytes|another size|CRC")
    for name, at, new, refusal in (
        ("4 GB declared", directory + 24, b"\xff\xff\xff\xff", "cannot read the attachments"),
        ("4 GB name", directory + 28, b"\xff\xff", "cannot read the attachments"),
        ("encrypted", directory + 8, b"\x01", "is encrypted"),
        ("packed with bzip2", directory + 10, b"\x0c", "unknown way"),
        ("packed with LZMA", directory + 10, b"\x0e", "unknown way"),
        ("entry far away", directory + 42, b"\xf0\xff\xff\x7f", "cannot read the attachments"),
        ("entry in the graph", directory + 42, b"\0\0\0\0", "cannot read the attachments|inside"),
        ("directory far away", end + 16, b"\xff\xff\xff\x7f", "cannot read the attachments"),
        ("directory at the start", end + 16, b"\0\0\0\0", "cannot read|not behind|header"),
        ("65,535 entries", end + 8, b"\xff\xff\xff\xff", "more than 64"),
        ("second disk", end + 4, b"\x01", "several parts"),
        ("a comment", end + 20, b"\x01\0", "carries no"),
        ("no end record", end, b"XXXX", "carries no"),
    ):
        yield mutant(name, patched(at, new), refusal)
    # Numbers that the reader has no need of: it reads what is there.
    for name, at, new in (
        ("4 GB packed", directory + 20, b"\xff\xff\xff\xff"),
        ("no entries", end + 8, b"\0\0\0\0"),
    ):
        yield Mutant(f"{seed.name}/{name}", patched(at, new), damaged=True)
    # ZIP64: an end record and a locator that declare 10 GB.
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 10 << 30, 10 << 30)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    yield mutant("ZIP64", data[:end] + record + locator + data[end:], "ZIP64")
    # Every entry of the directory at the same place: one file, inflated again and again.
    place = data[directory + 42 : directory + 46]
    overlapping = data
    at = directory
    while (at := overlapping.find(b"PK\x01\x02", at + 1)) >= 0:
        overlapping = overlapping[: at + 42] + place + overlapping[at + 46 :]
    yield mutant("entries at one place", overlapping, "cannot read the attachments")


def _with_size(data: bytes, size: int) -> bytes:
    """The last entry of the directory says that it has `size` bytes."""
    at = data.rindex(b"PK\x01\x02")
    return data[: at + 24] + struct.pack("<I", size) + data[at + 28 :]


_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2, 16, 1 << 15, 1 << 40, 0.5, -0.0, 1.0, "", "x", "keep", "start"),
    *("\ud800", "a\nb", "A" * 10_000, [], [1], ["a", "b"], {}, {"a": 1}),
)


def random_attachments(seed: Seed, rng: random.Random) -> tuple[str, bytes]:
    """Change fields of the contract or bytes of an attachment; the checksums fit."""
    attachments = dict(seed.attachments)
    names = [name for name in attachments if name != SUMS]
    if rng.random() < 0.5:
        values = json.loads(attachments[CONTRACT])
        changed = rng.sample(sorted(values), rng.choice([1, 1, 1, 2]))
        for field in changed:
            values[field] = rng.choice(_VALUES)
        attachments[CONTRACT] = json.dumps(values).encode()
        return f"contract {', '.join(changed)}", sealed(seed, attachments)
    name = rng.choice(names)
    content = bytearray(attachments[name])
    for _ in range(rng.choice([1, 1, 2, 8])):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(7)
    attachments[name] = bytes(content).decode("utf-8", "replace").encode()
    if name == seed.vocabulary_file and rng.random() < 0.8:
        values = json.loads(attachments[CONTRACT])
        values["vocabulary_sha256"] = hashlib.sha256(attachments[name]).hexdigest()
        attachments[CONTRACT] = json.dumps(values).encode()
    return f"flips in {name}", sealed(seed, attachments)
