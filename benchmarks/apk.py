"""Size of the Android app: what is in its APK beside the runtimes' native libraries.

    python -m benchmarks.apk
    python -m benchmarks.apk --onnx-aar ARCHIVE

Builds it with edgernn's own engine, with each other runtime and with both of these by
`android_demo/build_apk.sh`, around the pretrained model, and reads the files with
`android_demo/tools/check_apk.py`. `--onnx-aar` takes ONNX Runtime from an archive where Maven does
not have it, such as that of npm's package com.github.asus4.onnxruntime.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.command import EDGERNN
from benchmarks.environment import write_result
from edgernn.cli.console import say

__all__ = ["main"]

RESULT = Path("benchmarks/results/apk.json")
_DEMO = Path(__file__).resolve().parents[1] / "android_demo"
_VARIANTS = (
    ("--runtime", "engine"),
    ("--runtime", "engine", "--abi", "arm64-v8a"),
    ("--runtime", "tflite"),
    ("--runtime", "tflite", "--abi", "arm64-v8a"),
    ("--runtime", "onnx"),
    ("--runtime", "both"),
)


def main() -> None:
    """Build and read all variants, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--onnx-aar", type=Path, help="an archive of ONNX Runtime for Android")
    parser.add_argument("--only", action="append", help="a runtime; others' rows stay as they are")
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    wanted = [one for one in _VARIANTS if not arguments.only or one[1] in arguments.only]
    known: dict[str, dict[str, Any]] = {}
    if arguments.only and arguments.output.exists():
        before = json.loads(arguments.output.read_text("utf-8"))
        known = {row["options"]: row for row in before["rows"]}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for variant in wanted:
            holds_onnx = not {"engine", "tflite"} & set(variant)
            options = [*variant]
            if holds_onnx and arguments.onnx_aar is not None:
                # The script tells archives apart by their names.
                options += ["--aar", str(arguments.onnx_aar)]
            if rows:
                options.append("--no-compile")
            report = _report(Path(folder) / "demo.apk", options)
            row: dict[str, Any] = {
                "options": " ".join(variant),
                "total": report["total"],
                "native": report["native"],
                "models": sum(report["models"].values()),
                "own": report["own"],
            }
            rows.append(row)
            say(f"{row}")
    known |= {row["options"]: row for row in rows}
    order = [" ".join(variant) for variant in _VARIANTS]
    write_result(arguments.output, {"rows": [known[one] for one in order if one in known]})


def _report(apk: Path, options: list[str]) -> dict[str, Any]:
    """Build an APK; return what `check_apk.py` finds in it.

    Raises:
        subprocess.CalledProcessError: it could not be built, or is not as it must be.
    """
    # The script exports the pretrained model by the `edgernn` that it finds.
    path = os.pathsep.join((str(Path(EDGERNN).parent), os.environ["PATH"]))
    build = [str(_DEMO / "build_apk.sh"), "--output", str(apk), *options]
    subprocess.run(build, check=True, stdout=sys.stderr, env={**os.environ, "PATH": path})
    check = [sys.executable, str(_DEMO / "tools" / "check_apk.py"), str(apk), "--json"]
    found = subprocess.run(check, check=True, stdout=subprocess.PIPE, text=True).stdout
    report: dict[str, Any] = json.loads(found)
    return report


if __name__ == "__main__":
    main()
