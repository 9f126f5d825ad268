"""engine/build.py, which belongs to no package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

_PATH = Path(__file__).resolve().parents[2] / "engine" / "build.py"


def load_build_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("engine_build", _PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
