"""Size and test accuracy of the shipped model in every format and precision that it is written in.

    python -m benchmarks.shipped_model --data aclImdb_v1.tar.gz

Exports each file with `edgernn export` and measures it with `edgernn evaluate --json` on the full
test split, in processes of their own. Which are written, `benchmarks.exports` has found.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.command import edgernn
from benchmarks.environment import describe_machine, write_result
from edgernn.measured import read_exports
from edgernn.runtime import SHIPPED_MODEL
from exporters.rules import FORMATS

__all__ = ["main"]

RESULT = Path("benchmarks/results/shipped_model.json")
_MEASURES = ("accuracy", "f1", "roc_auc", "log_loss", "expected_calibration_error", "examples")
_PACKAGES = ("edgernn", "tensorflow", "tf2onnx", "onnx", "ai-edge-litert", "numpy", "onnxruntime")


def main() -> None:
    """Measure all files and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    keras = {"format": "keras", "precision": "float32"}
    rows = [keras | _evaluate(SHIPPED_MODEL.parent, arguments.data)]
    with tempfile.TemporaryDirectory() as folder:
        for cell in read_exports().values():
            if cell["recipe"] != SHIPPED_MODEL.parent.name or not cell["written"]:
                continue
            wanted = {name: cell[name] for name in ("format", "precision")}
            file = Path(folder) / f"{cell['precision']}{FORMATS[cell['format']].suffix}"
            options = [f"--{name}={value}" for name, value in wanted.items()]
            edgernn("export", *options, f"--output={file}", f"--data={arguments.data}")
            row = wanted | {"bytes": file.stat().st_size}
            rows.append(row | _evaluate(file, arguments.data))
    machine = describe_machine(_PACKAGES)
    write_result(arguments.output, {"machine": machine, "rows": rows})


def _evaluate(model: Path, data: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        edgernn("evaluate", "--model", str(model), "--data", data, "--device", "cpu", "--json")
    )
    return {name: found[name] for name in _MEASURES}


if __name__ == "__main__":
    main()
