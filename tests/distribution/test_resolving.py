"""What the extras install: one cuDNN, one ONNX Runtime, on each Python; and what is the oldest.

`pytest -m slow -n0 tests/distribution` asks a package index, and downloads for the oldest ONNX
Runtimes; nothing else is downloaded.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from index_pip import Pip, run
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import edgernn

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
OPTIONAL = PROJECT["optional-dependencies"]
PINNED, PINNED_CUDA12 = ROOT / "constraints.txt", ROOT / "constraints-cuda12.txt"

linux_x86 = pytest.mark.skipif(
    not (sys.platform == "linux" and os.uname().machine == "x86_64"),
    reason="TensorFlow and ONNX Runtime have CUDA wheels for Linux on x86-64",
)


def pins(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text("utf-8").splitlines() if "==" in line]
    return {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}


def starting(found: dict[str, str], *starts: str) -> dict[str, str]:
    return {name: version for name, version in found.items() if name.startswith(starts)}


def test_pinned_versions() -> None:
    """Both files pin the same versions, but for what CUDA 12 asks for.

    What a new line of constraints.txt needs in the other one, the slow tests find.
    """
    pinned, cuda12 = pins(PINNED), pins(PINNED_CUDA12)
    different = {name for name in pinned.keys() & cuda12.keys() if pinned[name] != cuda12[name]}
    assert different == {"onnxruntime-gpu"}
    assert cuda12.keys() - pinned.keys() == starting(cuda12, "nvidia-").keys() != set()
    assert not starting(pinned, "nvidia-")


def test_python_versions() -> None:
    """What the classifiers name begins where `requires-python` does."""
    named = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if ":: Python :: 3" in c]
    assert named == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={named[0]}"


def wheels_of(extras: str) -> set[str]:
    """The wheels of ONNX Runtime that extras name, on Linux on x86-64."""
    found = set()
    for text in [text for extra in extras.split(",") for text in OPTIONAL[extra]]:
        asked = Requirement(text)
        if asked.name == "edgernn":
            found |= wheels_of(",".join(asked.extras))
        elif asked.name.startswith("onnxruntime"):
            machine = {"sys_platform": "linux", "platform_machine": "x86_64"}
            if asked.marker is None or asked.marker.evaluate(machine):
                found.add(asked.name)
    return found


def test_one_onnx_runtime() -> None:
    """No combination that a page names has two, and each that runs files of others has one."""
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "benchmarks").rglob("*.py"),
    ]
    named = {
        extras.replace(" ", "")
        for page in pages
        for line in page.read_text("utf-8").splitlines()
        if "pip install" in line
        for extras in re.findall(r"(?:\.|edgernn)\[([\w, -]+)\]", line)
    }
    assert {"dev", "export", "cpu", "gpu", "train-gpu", "cpu,train,export"} <= named
    with_one = {"cpu", "gpu", "train-gpu", "dev", "peers", "cuda-wheel"}
    for extras in named:
        assert len(wheels_of(extras)) == bool(with_one & {*extras.split(",")}), extras
    assert not [text for text in PROJECT["dependencies"] if "onnxruntime" in text]


@pytest.mark.slow
@linux_x86
@pytest.mark.parametrize(
    ("extras", "constraints", "cudnn"),
    [
        ("gpu", (), "nvidia-cudnn-cu13"),
        ("gpu", (PINNED,), "nvidia-cudnn-cu13"),
        ("gpu,train,export", (PINNED,), "nvidia-cudnn-cu13"),
        ("train-gpu", (), "nvidia-cudnn-cu12"),
        ("train-gpu", (PINNED_CUDA12,), "nvidia-cudnn-cu12"),
        ("train-gpu,files,export", (PINNED_CUDA12,), "nvidia-cudnn-cu12"),
        ("files,dev", (PINNED,), None),
        ("cpu,train,export", (PINNED,), None),
        ("export", (PINNED,), None),
    ],
)
def test_one_cudnn(pip: Pip, extras: str, constraints: tuple[Path, ...], cudnn: str | None) -> None:
    """Each combination has one cuDNN or none, and so of ONNX Runtime; what is pinned is all."""
    found = pip.resolve(extras, *(part for path in constraints for part in ("-c", path)))
    assert isinstance(found, dict), found
    assert list(starting(found, "nvidia-cudnn")) == ([] if cudnn is None else [cudnn])
    wheels = [] if extras == "export" else ["onnxruntime" + "-gpu" * ("cpu" not in extras)]
    assert list(starting(found, "onnxruntime")) == wheels
    if constraints and cudnn != "nvidia-cudnn-cu13":
        unpinned = {canonicalize_name(name) for name in found} - pins(constraints[0]).keys()
        assert unpinned <= {"edgernn", "setuptools", "wheel"}


@pytest.mark.slow
@linux_x86
@pytest.mark.parametrize(
    ("extras", "constraints", "asked"),
    [
        # Without bounds that exclude each other this would be two cuDNNs.
        ("train-gpu,gpu", None, "onnxruntime-gpu"),
        ("train-gpu", PINNED, "onnxruntime-gpu==1.31.1"),
        ("gpu", PINNED_CUDA12, "onnxruntime-gpu==1.26.0"),
    ],
)
def test_pip_refuses(pip: Pip, extras: str, constraints: Path | None, asked: str) -> None:
    """What would mix CUDA 12 and 13 is an error that names both sides."""
    found = pip.resolve(extras, *(() if constraints is None else ("-c", constraints)))
    assert isinstance(found, str), found
    assert "conflicting dependencies" in found
    assert asked in found


@pytest.mark.slow
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_every_package_has_wheels(pip: Pip, python: str) -> None:
    """All extras but `peers` install on the Pythons that are named, from wheels."""
    # A source distribution alone, which every platform can build: a need of tensorflow-datasets.
    promise = run(pip.python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", pip.folder, "promise")
    assert promise.returncode == 0, promise.stderr
    extras = PROJECT["optional-dependencies"].keys() - {"peers", "train-gpu"}
    for named in ("", ",".join(sorted(extras)), "train-gpu"):
        options = ("--only-binary", ":all:", "--python-version", python)
        found = pip.resolve(named, *options, "--find-links", pip.folder)
        assert isinstance(found, dict), found


def lowest(requirement: str) -> str:
    """The oldest release that a requirement allows, as pip takes it."""
    parsed = Requirement(requirement)
    (version,) = (s.version for s in parsed.specifier if s.operator == ">=")
    # `2.0` is the release 2.0.0; pip takes them for the same.
    return f"{parsed.name}=={version}"


SCORE = """
import json, sys
import numpy
import edgernn
texts = json.load(sys.stdin)
found = {}
engine, *paths = sys.argv[1:]
for path in paths:
    with edgernn.load(path, "auto", engine=engine) as classifier:
        found[path] = [score.probability for score in classifier.score(texts)]
version = getattr(sys.modules.get("onnxruntime"), "__version__", None)
print(json.dumps([numpy.__version__, version, found]))
"""


def scores_as_here(
    python: Path,
    files: dict[tuple[str, str], Path],
    folder: Path,
    source: Path | None,
    engine: str,
) -> tuple[str, str | None]:
    """Hold the scores of another environment against this one's, of each kind of .onnx file.

    Args:
        python: its interpreter.
        files: exported files by format and precision.
        folder: where to run.
        source: what edgernn is imported from, or None for what is installed there.
        engine: what scores there, of all files that it runs.

    Returns:
        The versions of its NumPy and ONNX Runtime, None where that is not loaded.
    """
    from edgernn import load
    from exporters.rules import FORMATS
    from exporters.sample_texts import SAMPLE_TEXTS

    precisions = [*FORMATS["onnx"].precisions]
    if engine == "native":
        precisions.remove("int8-dynamic")
    paths = [str(files["onnx", precision]) for precision in precisions]
    paths.append(str(ROOT / "edgernn" / "models" / "flagship" / "model.onnx"))
    # Words that the flagship knows.
    texts = [text for text in SAMPLE_TEXTS if re.search(r"\b(a|and|film|is|of|the)\b", text)]
    assert len(texts) >= 15
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", SCORE, engine, *paths],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        cwd=folder,
        env=own if source is None else {**own, "PYTHONPATH": str(source)},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    numpy, onnxruntime, found = json.loads(done.stdout)
    assert len(found) == len(paths)
    for path, scores in found.items():
        here = load(path, "cpu", engine="onnxruntime")
        expected = [score.probability for score in here.score(texts)]
        assert len(set(expected)) > 10
        assert scores == pytest.approx(expected, abs=1e-5)
    return numpy, onnxruntime


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["onnxruntime", "onnxruntime-gpu"])
def test_the_oldest_that_is_allowed(
    pip: Pip, tiny_files: dict[tuple[str, str], Path], tmp_path: Path, engine: str
) -> None:
    """With the oldest NumPy and ONNX Runtime of the bounds, scores are those of today's."""
    extra = {"onnxruntime": "cpu", "onnxruntime-gpu": "cuda-wheel"}[engine]
    asked = [*PROJECT["dependencies"], *OPTIONAL[extra]]
    bounds = {Requirement(text).name: text for text in asked}
    packages = [lowest(bounds[name]) for name in ("numpy", engine, "typer")]
    python = pip.environment(tmp_path / "venv", packages)
    numpy, onnxruntime = scores_as_here(python, tiny_files, tmp_path, ROOT, "onnxruntime")
    assert [f"numpy=={numpy}", f"{engine}=={onnxruntime}"] == [
        f"{package}.0" for package in packages[:2]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_on_each_python(
    pip: Pip, tiny_files: dict[tuple[str, str], Path], tmp_path: Path, version: str
) -> None:
    """The wheel, with the newest of what it needs alone, scores and has its command."""
    pytest.importorskip("ziglang", reason="needs the compiler: pip install ziglang")
    interpreter = shutil.which(f"python{version}")
    # Where several are managed, the name may be there and not the interpreter.
    if interpreter is None or run(interpreter, "--version").returncode:
        pytest.skip(f"no python{version} on the path")
    python = pip.environment(tmp_path / "venv", [pip.wheel], interpreter)
    _, onnxruntime = scores_as_here(python, tiny_files, tmp_path, None, "native")
    assert onnxruntime is None
    said = run(python, "-m", "edgernn", "--version")
    assert said.stdout == f"edgernn {edgernn.__version__}\n"
    scored = run(python.with_name("edgernn"), "score", "Great movie!")
    assert scored.stdout.startswith("positive ")
    assert run(python, "--version").stdout.startswith(f"Python {version}.")
