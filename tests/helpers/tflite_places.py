"""The schema that ai-edge-litert ships, as places of fields."""

from __future__ import annotations

import inspect
import re

from ai_edge_litert import schema_py_generated as schema


def places_of(table: str) -> dict[str, int]:
    """The fields of a table of LiteRT's schema, in capitals, by their place."""
    found = {}
    for name, method in vars(getattr(schema, table)).items():
        if inspect.isfunction(method) and not name.endswith(("Length", "AsNumpy", "IsNone")):
            offset = re.search(r"self\._tab\.Offset\((\d+)\)", inspect.getsource(method))
            if offset is not None:
                words = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", name).upper()
                found[words] = (int(offset[1]) - 4) // 2
    return found
