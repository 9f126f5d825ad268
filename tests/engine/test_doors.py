"""Both doors, for files and for texts, under sanitizers: whatever the bytes, no fault.

The quick test replays seeds, their beginnings and changes of them; libFuzzer looks for more in the
slow ones: `pytest -m slow tests/engine/test_doors.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.spawns

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent
SEEDS = {
    "files": [
        *sorted((FOLDER / "seeds").glob("*.onnx")),
        *sorted((ROOT / "runtimes" / "graphs").glob("*.tflite")),
    ],
    "texts": sorted((FOLDER / "seeds" / "texts").glob("*.bin")),
}
FLAGSHIP = ROOT / "edgernn" / "models" / "flagship" / "model.onnx"
CHECKS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
ENVIRONMENT = os.environ | {"UBSAN_OPTIONS": "print_stacktrace=1"}


def link(compiler: list[str], door: str, library: Path, flags: tuple[str, ...]) -> Path:
    """Compile a door's program beside the library that it is linked with."""
    program = library.with_name(door)
    sources = [FOLDER / "fuzz" / f"{door}.c"]
    if "fuzzer" not in flags[0]:
        sources.append(FOLDER / "fuzz" / "replay.c")
    # Not optimized: compiling would take longer than running.
    command = [*compiler, "-O0", "-g", *flags, *map(str, sources), str(library), "-o", str(program)]
    subprocess.run([*command, f"-Wl,-rpath,{library.parent}"], check=True)
    return program


@pytest.fixture(scope="module")
def sanitized(
    compiler: list[str],
    build_engine: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], Path]:
    """Makes the program of a door that replays files."""
    library = tmp_path_factory.mktemp("sanitized") / "libedgernn_sanitized.so"
    try:
        flags = ("-fPIC", "-O0", "-g", *CHECKS)
        build_engine(library, flags=flags, link=("-lm",), freestanding=False)
    except subprocess.CalledProcessError:
        pytest.skip(f"{compiler[-1]} is here without AddressSanitizer and UBSan")
    return lambda door: link(compiler, door, library, CHECKS)


@pytest.mark.parametrize(
    ("door", "rounds", "files", "least"),
    [
        ("files", 4, SEEDS["files"], 3 * len(SEEDS["files"])),
        ("files", 0, [FLAGSHIP], 2),
        ("texts", 400, SEEDS["texts"], 400),
    ],
)
def test_seeds(
    door: str, rounds: int, files: list[Path], least: int, sanitized: Callable[[str], Path]
) -> None:
    """Whole on every level, cut off, changed: opened and scored, or refused in one line."""
    command = [str(sanitized(door)), str(rounds), *map(str, files)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) >= least


@pytest.mark.slow
@pytest.mark.parametrize("door", SEEDS)
def test_fuzz(door: str, build_engine: Callable[..., Path], tmp_path: Path) -> None:
    """Two minutes of libFuzzer from the seeds on, which finds its way through the readers."""
    if shutil.which("clang") is None:
        pytest.skip("libFuzzer is Clang's: there is no clang")
    library = tmp_path / "libedgernn_fuzzed.so"
    flags = ("-fPIC", "-O1", "-g", "-fsanitize=fuzzer-no-link,address,undefined", CHECKS[1])
    try:
        build_engine(library, flags=flags, cc=["clang"], link=("-lm",), freestanding=False)
        program = link(["clang"], door, library, ("-fsanitize=fuzzer,address,undefined", CHECKS[1]))
    except subprocess.CalledProcessError:
        pytest.skip("clang is here without libFuzzer")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for seed in SEEDS[door]:
        shutil.copy(seed, corpus)
    options = ("-max_total_time=120", "-seed=1", "-timeout=20", "-rss_limit_mb=2048")
    done = subprocess.run(
        [str(program), *options, str(corpus)],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=ENVIRONMENT,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list(corpus.iterdir())) > len(SEEDS[door])
