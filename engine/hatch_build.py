"""Puts the compiled engine into wheels and editable installations.

Where there is no compiler for it, the package is installed without the engine, and scores with
the others.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class EngineBuildHook(BuildHookInterface):
    """Compiles with `ziglang`, a build requirement on platforms that it has wheels for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is packed; `version` is `standard` or `editable`."""
        script = _build_script("build")
        target = script.this_target()
        if target is None or importlib.util.find_spec("ziglang") is None:
            machine = f"{sys.platform}-{platform.machine()} is no target of it"
            reason = machine if target is None else "the package ziglang is not installed"
            self.app.display_warning(f"edgernn is built without its C engine: {reason}")
            return
        script.build_for(target, script.PACKAGE / target.library)
        build_data["artifacts"].append(f"/edgernn/engine/{target.library}")
        script.build_wasm(script.JAVASCRIPT)
        build_data["artifacts"] += [f"/runtimes/js/src/{name}" for name in script.MODULES]
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{target.wheel}"


def _build_script(name: str) -> ModuleType:
    """Return one of the scripts beside this one, under a name that no package has."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"edgernn_engine_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
