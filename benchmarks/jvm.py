"""Time of one text on a JVM: edgernn's engine beside ONNX Runtime, in turns.

    mvn -q -f runtimes/kotlin/pom.xml package -DskipTests
    python -m benchmarks.jvm

From the text to its probability, the Kotlin library's own work included, one thread each, by the
protocol of `edgernn bench`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.environment import describe_machine, write_result
from edgernn.errors import UsageError
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["main", "summary"]

RESULT = Path("benchmarks/results/jvm.json")
_TARGET = Path(__file__).resolve().parents[1] / "runtimes" / "kotlin" / "edgernn-jvm" / "target"


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jvm", description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED_MODEL)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    jars = sorted(_TARGET.glob("edgernn-jvm-*.jar"))
    if len(jars) != 1:
        raise UsageError(f"{_TARGET}: no jar there: build it with Maven first")
    command = ["java", "-cp", str(jars[0]), "org.edgernn.jvm.CompareEnginesKt"]
    quiet = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [*command, str(arguments.model)], check=True, stdout=subprocess.PIPE, text=True, env=quiet
    )
    write_result(arguments.output, summary(json.loads(done.stdout)))


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a bench on the JVM: medians of each length, and their ratio."""
    rows = {row["runtime"]: row for row in report["rows"]}
    own, other = rows["native"], rows["onnxruntime"]
    by_tokens = {one["tokens"]: one["p50_ms"] for one in other["latency"]}
    java = report["machine"]["versions"]["java"]
    return {
        "machine": describe_machine(("edgernn",)),
        "java": java,
        "onnxruntime": other["runtime_version"],
        "level": own["options"],
        "threads": own["threads"],
        "rows": [
            {
                "tokens": one["tokens"],
                "native_ms": one["p50_ms"],
                "onnxruntime_ms": by_tokens[one["tokens"]],
                "ratio": one["p50_ms"] / by_tokens[one["tokens"]],
            }
            for one in own["latency"]
        ],
    }


if __name__ == "__main__":
    main()
