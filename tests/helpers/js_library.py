"""Where the JavaScript library is, and the engine beside it that installing compiles."""

from pathlib import Path

__all__ = ["LIBRARY", "WASM"]

LIBRARY = Path(__file__).resolve().parents[2] / "runtimes" / "js"
WASM = ("engine.wasm", "engine-plain.wasm")
