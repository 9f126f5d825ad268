"""Broken and hostile model files: each is refused in one line, or scores as a sound file does.

The rules, for a file that differs in any way from what `edgernn export` wrote:

* damage (bits, blocks, truncation; checksums left as they were): `ModelFileError`, or, where the
  change touches nothing that is read, such as a time in the ZIP directory, the same scores;
* an attack on the list: `ModelFileError` that says why;
* any other change with checksums made to fit: an `EdgernnError` (`TextError` where a text has no
  token by the changed rules), or finite probabilities in [0, 1];
* never another exception, a crash, more than 2 s or 512 MB, or anything opened besides the file.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from fuzz_model_files import Mutant, Seed, mutants
from fuzz_pool import Outcome, Worker
from fuzz_watch import Watch

Files = dict[tuple[str, str], Path]

SECONDS = 2.0
MEMORY = 512 << 20
_LONGEST_MESSAGE = 1000
# A refusal for want of memory is none: without the child's bound it would have taken it.
_NO_MEMORY = re.compile(r"bad.?alloc|memory|allocate", re.IGNORECASE)

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the child process is measured through /proc"
)


@pytest.fixture(scope="module")
def seeds(tiny_files: Files, tiny_word_files: Files, tiny_wide_files: Files) -> list[Seed]:
    """Files of each format on subwords, on words (the .tflite has loops), and with n-grams."""
    return [
        Seed(f"{name}.{key[0]}", key[0], files[key].read_bytes())  # type: ignore[arg-type]
        for name, files, key in (
            ("subwords", tiny_files, ("onnx", "int8")),
            ("words", tiny_word_files, ("onnx", "float32")),
            ("wide", tiny_wide_files, ("onnx", "int8")),
            ("subwords", tiny_files, ("tflite", "int8")),
            ("words", tiny_word_files, ("tflite", "float32")),
            ("wide", tiny_wide_files, ("tflite", "int8")),
        )
    ]


class Run:
    """One run over many files, and what it found."""

    def __init__(self, seeds: list[Seed], folder: Path) -> None:
        self.path = folder / "mutant.model"
        self.work = folder / "work"
        self.work.mkdir()
        self.outside = folder / "outside.bin"
        self.outside.write_bytes(bytes(4096))
        self.sound: dict[str, Path] = {}
        for seed in seeds:
            self.sound[seed.name] = folder / f"sound-{seed.name}"
            self.sound[seed.name].write_bytes(seed.data)
        self.worker = Worker([*self.sound.values()], self.work)
        self.watch = Watch(self.outside, self.work)
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, "")
        self.largest = (0, "")

    def check(self, mutant: Mutant, scores: dict[str, tuple[float, ...]]) -> None:
        """Run one file and note what is wrong with what became of it."""
        self.path.write_bytes(mutant.data)
        outcome = self.worker.ask(self.path)
        kind = "damage" if mutant.damaged else "sealed" if mutant.refusal is None else "attack"
        self.counts[f"{kind}, {outcome.status}"] += 1
        self.slowest = max(self.slowest, (outcome.seconds, mutant.name))
        self.largest = max(self.largest, (outcome.memory, mutant.name))
        problem = _problem(outcome, mutant, scores[mutant.name.partition("/")[0]], self.path)
        if seen := self.watch.seen():
            problem = f"native code opened something else: {seen}"
        if problem:
            self.problems.append(f"{mutant.name}: {problem}: {outcome}")

    def report(self) -> str:
        """Describe the run in a few lines."""
        lines = [f"{sum(self.counts.values())} files"]
        lines += [f"{count:6} {what}" for what, count in sorted(self.counts.items())]
        lines.append(f"slowest {self.slowest[0]:.2f} s of processor time: {self.slowest[1]}")
        lines.append(f"largest {self.largest[0] >> 20} MB: {self.largest[1]}")
        return "\n".join([*lines, *self.problems])


def _problem(outcome: Outcome, mutant: Mutant, scores: tuple[float, ...], path: Path) -> str | None:
    """Say which rule was broken."""
    if outcome.status not in ("loaded", "refused"):
        return outcome.status
    if outcome.seconds > SECONDS:
        return "too slow"
    if outcome.memory > MEMORY:
        return "too much memory"
    if outcome.touched:
        return "touched something else"
    if outcome.status == "loaded":
        if mutant.refusal is not None:
            return f"not refused for {mutant.refusal!r}"
        if mutant.damaged and outcome.probabilities != pytest.approx(scores, abs=1e-6):
            return "other scores from a damaged file"
        if not all(0.0 <= probability <= 1.0 for probability in outcome.probabilities):
            return "no probability"
        return None
    message = outcome.message
    if not message.isprintable() or len(message) > _LONGEST_MESSAGE + len(str(path)):
        return "no short line"
    if outcome.kind == "TextError" and mutant.refusal is None and not mutant.damaged:
        return None
    if outcome.kind != "ModelFileError" or not message.startswith(f"{path}: "):
        return "another error, or one that does not name the file"
    if mutant.refusal is not None and not re.search(mutant.refusal, message):
        return f"not refused for {mutant.refusal!r}"
    return "refused for want of memory" if _NO_MEMORY.search(message) else None


def run(seeds: list[Seed], folder: Path, count: int, *, seed: int, each: bool) -> Run:
    """Run `count` files; the folder holds afterwards what it held before."""
    found = Run(seeds, folder)
    before = sorted(folder.rglob("*"))
    with found.worker as worker:
        scores = {name: worker.ask(path).probabilities for name, path in found.sound.items()}
        assert all(len(set(one)) > 1 for one in scores.values())
        # The listing above opened the folder.
        found.watch.seen()
        outside = str(found.outside)
        for mutant in mutants(seeds, count, seed=seed, outside=outside, each=each):
            found.check(mutant, scores)
    found.path.unlink()
    assert sorted(folder.rglob("*")) == before
    return found


def test_400_files(seeds: list[Seed], tmp_path: Path) -> None:
    """Every attack once, which are 341, some truncations, and random damage."""
    found = run(seeds, tmp_path, 400, seed=1, each=False)
    assert not found.problems, found.report()
    print(found.report())


@pytest.mark.slow
def test_10000_files(seeds: list[Seed], tmp_path: Path) -> None:
    """Every attack on every file, truncation at every kilobyte, and thousands at random."""
    found = run(seeds, tmp_path, 10_000, seed=2, each=True)
    print(found.report())
    assert not found.problems, found.report()
