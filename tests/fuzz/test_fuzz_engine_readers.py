"""What the C engine reads of broken and hostile files is what Python's checks let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from fuzz_model_files import Mutant, Seed, mutants
from parsed import check_onnx, check_tflite
from read_networks import OK, Reader

from edgernn.errors import ModelFileError

Files = dict[tuple[str, str], Path]


@pytest.fixture(scope="module")
def seeds(tiny_files: Files, tiny_word_files: Files, tiny_wide_files: Files) -> list[Seed]:
    """Files of each format on subwords, on words (the .tflite has loops), and with n-grams."""
    return [
        Seed(f"{name}.{key[0]}", key[0], files[key].read_bytes())
        for name, files, key in (
            ("subwords", tiny_files, ("onnx", "int8")),
            ("words", tiny_word_files, ("onnx", "float32")),
            ("wide", tiny_wide_files, ("onnx", "int8")),
            ("subwords", tiny_files, ("tflite", "int8")),
            ("words", tiny_word_files, ("tflite", "float32")),
            ("wide", tiny_wide_files, ("tflite", "int8")),
        )
    ]


def problems(reader: Reader, tried: Iterable[Mutant], counts: Counter[str]) -> list[str]:
    """Names of files that the engine reads and Python refuses, with Python's reason."""
    found = []
    for mutant in tried:
        data = mutant.data
        status = reader.read(data).status
        is_tflite = data[4:8] == b"TFL3"
        counts[f"{'tflite' if is_tflite else 'onnx'} {status}"] += 1
        # Attachments are none of the engine's.
        if status != OK or mutant.name.endswith("/many entries"):
            continue
        try:
            (check_tflite if is_tflite else check_onnx)(data, "the file", 1)
        except ModelFileError as error:
            found.append(f"{mutant.name}: {error}")
    return found


def test_what_is_read_is_sound(seeds: list[Seed], engine_reader: Reader, tmp_path: Path) -> None:
    """Of attacks and random changes; sound files are read, and few of the others."""
    for seed in seeds:
        assert engine_reader.read(seed.data).status == OK
    outside = tmp_path / "outside.bin"
    outside.write_bytes(bytes(16))
    counts: Counter[str] = Counter()
    tried = mutants(seeds, 240, seed=11, outside=str(outside), each=False)
    assert problems(engine_reader, tried, counts) == []
    assert min(counts["onnx 0"], counts["tflite 0"]) > 0
    # Most attack attachments, beside which the graphs are sound.
    assert counts.total() - counts["onnx 0"] - counts["tflite 0"] > 40


@pytest.mark.slow
def test_every_attack(seeds: list[Seed], engine_reader: Reader, tmp_path: Path) -> None:
    """Each on each file, and thousands of random changes."""
    outside = tmp_path / "outside.bin"
    outside.write_bytes(bytes(16))
    tried = mutants(seeds, 6000, seed=12, outside=str(outside), each=True)
    assert problems(engine_reader, tried, Counter()) == []
