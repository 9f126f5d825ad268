"""Broken and hostile copies of sound model files, each the same for the same seed.

Three kinds: damage, which leaves the checksums as they were; attacks, each with the reason for
which it must be refused; and random changes to what a file says, with checksums made to fit, as
somebody would who alters a file on purpose.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence

from fuzz_attachments import attachment_attacks, container_attacks, random_attachments
from fuzz_files import Mutant, Seed, sealed
from fuzz_onnx import onnx_attacks, random_onnx
from fuzz_tflite import random_tflite, tflite_attacks

from edgernn.errors import ModelFileError

__all__ = ["Mutant", "Seed", "attacks", "mutants", "random_mutants", "truncations"]

KILOBYTE = 1024


def mutants(
    seeds: Sequence[Seed], count: int, *, seed: int, outside: str, each: bool
) -> Iterator[Mutant]:
    """Yield attacks, truncations, then random ones.

    Args:
        seeds: sound files of both formats.
        count: how many in all.
        seed: of the random ones.
        outside: a file that no mutant may make anybody open.
        each: whether every attack and every truncation is tried on each file, or on one.
    """
    rng = random.Random(seed)
    fixed: Iterator[Mutant]
    if each:
        fixed = itertools.chain(*(attacks(sound, outside) for sound in seeds))
        fixed = itertools.chain(fixed, *map(truncations, seeds))
    else:
        fixed = _in_turn(seeds, outside)
        cut = (rng.choice([*truncations(sound)]) for sound in seeds for _ in range(5))
        fixed = itertools.chain(fixed, cut)
    made = 0
    for mutant in itertools.islice(fixed, count):
        yield mutant
        made += 1
    yield from itertools.islice(random_mutants(seeds, rng), count - made)


def random_mutants(seeds: Sequence[Seed], rng: random.Random) -> Iterator[Mutant]:
    """Yield random changes of the files in turn, without end."""
    for sound in itertools.cycle(seeds):
        yield _random(sound, seeds, rng)


def _in_turn(seeds: Sequence[Seed], outside: str) -> Iterator[Mutant]:
    """Take each attack once, from the files of its format in turn.

    They have the same attacks in the same order, but for those on loops, at the end of some.
    """
    for format in ("onnx", "tflite"):
        lists = [attacks(seed, outside) for seed in seeds if seed.format == format]
        for number, same in enumerate(itertools.zip_longest(*lists)):
            there = [mutant for mutant in same if mutant is not None]
            yield there[number % len(there)]


def attacks(seed: Seed, outside: str) -> Iterator[Mutant]:
    """Yield all attacks on one file."""
    yield from attachment_attacks(seed)
    yield from container_attacks(seed)
    if seed.format == "onnx":
        yield from onnx_attacks(seed, outside)
    else:
        yield from tflite_attacks(seed)


def truncations(seed: Seed) -> Iterator[Mutant]:
    """Yield the file cut off at every kilobyte, and one byte short."""
    for length in (*range(0, len(seed.data), KILOBYTE), len(seed.data) - 1):
        yield Mutant(f"{seed.name}/first {length} bytes", seed.data[:length], "", damaged=True)


def _random(sound: Seed, seeds: Sequence[Seed], rng: random.Random) -> Mutant:
    kind = rng.random()
    if kind < 0.45:
        name, data = rng.choice(_DAMAGE)(sound.data, rng, sound, seeds)
        return Mutant(f"{sound.name}/{name}", data, damaged=True)
    if kind < 0.6:
        name, data = random_attachments(sound, rng)
    elif kind < 0.75:
        name, data = _flipped_graph(sound, rng)
    else:
        name, data = (random_onnx if sound.format == "onnx" else random_tflite)(sound, rng)
    return Mutant(f"{sound.name}/sealed {name}", data)


def _flipped_graph(sound: Seed, rng: random.Random) -> tuple[str, bytes]:
    """Bits of the graph flipped, with a checksum that fits where it can be made."""
    graph, _ = _flip(sound.graph, rng, 0, len(sound.graph))
    try:
        return "flips", sealed(sound, graph=graph)
    except ModelFileError:  # An .onnx that is no message cannot be sealed.
        return "flips, unsealed", graph + sound.data[len(sound.graph) :]


def _flip(data: bytes, rng: random.Random, start: int, stop: int) -> tuple[bytes, int]:
    changed, count = bytearray(data), rng.choice([1, 1, 1, 2, 4, 32])
    for _ in range(count):
        changed[rng.randrange(start, stop)] ^= 1 << rng.randrange(8)
    return bytes(changed), count


Damage = Callable[[bytes, random.Random, Seed, Sequence[Seed]], tuple[str, bytes]]


def _truncated(data: bytes, rng: random.Random, *_: object) -> tuple[str, bytes]:
    length = rng.randrange(len(data))
    return f"first {length} bytes", data[:length]


def _flips(data: bytes, rng: random.Random, *_: object) -> tuple[str, bytes]:
    changed, count = _flip(data, rng, 0, len(data))
    return f"{count} flips", changed


def _flips_behind(
    data: bytes, rng: random.Random, sound: Seed, _: Sequence[Seed]
) -> tuple[str, bytes]:
    changed, count = _flip(data, rng, len(sound.graph), len(data))
    return f"{count} flips in the attachments", changed


def _block(data: bytes, rng: random.Random) -> tuple[int, int]:
    size = rng.choice([1, 4, 16, 64, 512, 4096, len(data) // 2])
    start = rng.randrange(max(len(data) - size, 1))
    return start, start + size


def _overwritten(data: bytes, rng: random.Random, *_: object) -> tuple[str, bytes]:
    start, stop = _block(data, rng)
    size = len(data[start:stop])
    filling = rng.choice([bytes(size), b"\xff" * size, rng.randbytes(size)])
    return f"bytes {start} to {stop} overwritten", data[:start] + filling + data[stop:]


def _removed(data: bytes, rng: random.Random, *_: object) -> tuple[str, bytes]:
    start, stop = _block(data, rng)
    return f"bytes {start} to {stop} gone", data[:start] + data[stop:]


def _inserted(data: bytes, rng: random.Random, *_: object) -> tuple[str, bytes]:
    start, stop = _block(data, rng)
    place = rng.randrange(len(data))
    block = rng.choice([data[start:stop], rng.randbytes(stop - start), bytes(stop - start)])
    return f"{len(block)} bytes more at {place}", data[:place] + block + data[place:]


def _swapped(data: bytes, rng: random.Random, *_: object) -> tuple[str, bytes]:
    size = rng.choice([1, 4, 16, 256, 4096])
    one, other = sorted(rng.sample(range(0, len(data) - size), 2))
    if other - one < size:
        other = one
    changed = bytearray(data)
    changed[one : one + size], changed[other : other + size] = (
        data[other : other + size],
        data[one : one + size],
    )
    return f"{size} bytes at {one} and {other} swapped", bytes(changed)


def _spliced(
    data: bytes, rng: random.Random, sound: Seed, seeds: Sequence[Seed]
) -> tuple[str, bytes]:
    other = rng.choice([seed for seed in seeds if seed is not sound])
    cut = rng.choice([(len(sound.graph), len(other.graph)), (rng.randrange(len(data)),) * 2])
    return f"ends as {other.name} at {cut[0]}", data[: cut[0]] + other.data[cut[1] :]


_DAMAGE: tuple[Damage, ...] = (
    *(_truncated, _flips, _flips, _flips_behind, _flips_behind),
    *(_overwritten, _removed, _inserted, _swapped, _spliced),
)
