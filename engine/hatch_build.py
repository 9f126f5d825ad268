"""Puts the compiled engine into wheels and editable installations.

Where there is no compiler for it, the package is installed without the engine, and scores with
the others.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

from build import PACKAGE, build_for, this_target


class EngineBuildHook(BuildHookInterface):  # type: ignore[misc, type-arg]
    """Compiles with `ziglang`, a build requirement on platforms that it has wheels for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the library before its wheel is packed; `version` is `standard` or `editable`."""
        target = this_target()
        if target is None or importlib.util.find_spec("ziglang") is None:
            missing = "a target" if target is None else "the package ziglang"
            self.app.display_warning(f"edgernn is built without its C engine: no {missing}")
            return
        build_for(target, PACKAGE / target.library)
        build_data["artifacts"].append(f"/edgernn/engine/{target.library}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{target.wheel}"
