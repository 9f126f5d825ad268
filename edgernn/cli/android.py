"""`edgernn android`: put a model file into an Android project, after looking at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from edgernn.audit import find_oldest_runtime, read_graph
from edgernn.bundle import CONTAINERS, ModelFile, read_model_file
from edgernn.bundle.container import missing
from edgernn.choose.limits import parse_size
from edgernn.cli.console import done, say
from edgernn.errors import ModelFileError, UsageError
from edgernn.files import write_bytes
from edgernn.runtime import SHIPPED_MODEL
from edgernn.runtime.backends import xnnpack_fails
from edgernn.runtime.native import Native, RefusedError

__all__ = ["run_android"]

_MAIN: Final = Path("app", "src", "main")
"""Where Android's projects keep what goes into an app."""

_TENSORFLOW_LITE: Final = "2.16"
"""The newest TensorFlow Lite for Android on Maven Central; LiteRT is on Google's repository."""


def run_android(path: Path | None, project: Path, max_size: str) -> None:
    """Check a model file and copy it into a project's assets, as `model.onnx` or `model.tflite`.

    Args:
        path: the model file; None is the pretrained one.
        project: folder of an Android project whose app is in `app`.
        max_size: largest file taken, such as 16MiB.

    Raises:
        ModelFileError: the file is broken, of unknown rules, or larger.
        UsageError: there is no app in the folder, or `max_size` is no size.
    """
    largest = parse_size(max_size)
    if not (project / _MAIN).is_dir():
        raise UsageError(
            f"--project {project}: no Android app there (it has no folder {_MAIN.as_posix()}): "
            "name the folder that holds android_demo's files, or those of a project like it"
        )
    file = read_model_file(SHIPPED_MODEL if path is None else path)
    if file.format not in ASSETS:
        problem = missing(file.format, "runtime in the app", "ASSETS in edgernn/cli/android.py")
        raise ModelFileError(f"{file.path}: {problem}")
    if len(file.data) > largest:
        raise ModelFileError(
            f"{file.path}: {len(file.data):,} bytes, allowed {largest:,}: raise it with --max-size"
        )
    contract = file.bundle.contract
    done(
        f"{file.format}, {len(file.data):,} bytes; text contract version {contract.version}, "
        f"vocabulary of {contract.vocabulary_size:,} ids"
    )
    for line in _warnings(file):
        say(f"warning: {line}")
    target = project / _MAIN / "assets" / f"model{file.container.suffix}"
    write_bytes(target, file.data)
    done(f"{target}: copied from {file.path}")
    others = [target.with_suffix(CONTAINERS[name].suffix) for name in ASSETS if name != file.format]
    both = [other for other in others if other.exists()]
    for other in both:
        say(f"{other} is there too: in the app a switch chooses")
    script = project / "build_apk.sh"
    if script.exists():
        option = f" --runtime {file.format}" if _engine_problem(file) else ""
        say(f"next: {script}{option}, or Run in Android Studio")


def _engine_problem(file: ModelFile) -> str | None:
    """Say why edgernn's engine, which is the app's by default, does not run a file."""
    try:
        Native(file, "cpu", 1)
    except UsageError:
        # There is none on this machine to ask; the app says so itself.
        return None
    except RefusedError as error:
        return error.reason
    return None


def _warnings(file: ModelFile) -> Iterator[str]:
    """Yield what in a file an Android runtime gets wrong, refuses or has nothing to do with."""
    problem = _engine_problem(file)
    if problem is not None:
        yield f"edgernn's engine, the app's by default, does not run it: {problem}"
    if file.bundle.golden is None:
        yield "it carries no golden vectors, so the app cannot check itself: export it again"
    yield from ASSETS[file.format](file)


def _onnx_warnings(file: ModelFile) -> Iterator[str]:
    return iter(())


def _tflite_warnings(file: ModelFile) -> Iterator[str]:
    if xnnpack_fails(file):
        yield (
            "a GRU in TFLite is a loop that the delegate XNNPACK scores wrong now and then: the "
            "app must call setUseXNNPACK(false), or take the ONNX file"
        )
    oldest = find_oldest_runtime(read_graph(file))
    needed = oldest.tensorflow_lite
    if oldest.name == "ai-edge-litert" and (
        not needed or _parts(needed) > _parts(_TENSORFLOW_LITE)
    ):
        why = "; ".join(reason.text for reason in oldest.reasons)
        yield (
            f"TensorFlow Lite {_TENSORFLOW_LITE}, the newest on Maven Central, is too old for it "
            f"({why}): take LiteRT from Google's repository"
        )


ASSETS: Final[dict[str, Callable[[ModelFile], Iterator[str]]]] = {
    "onnx": _onnx_warnings,
    "tflite": _tflite_warnings,
}
"""The formats that the app runs; with what an Android runtime gets wrong or refuses in a file."""


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
