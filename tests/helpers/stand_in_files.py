"""Model files that say other things of themselves than what is in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from edgernn.bundle import ModelFile


class _OtherOperators:
    """The content of a file, in all but its operators."""

    def __init__(self, content: object, operators: Mapping[str, int]) -> None:
        self._content = content
        self.operators = operators

    def __getattr__(self, name: str) -> object:
        return getattr(self._content, name)


def with_operators(file: ModelFile, operators: Mapping[str, int]) -> ModelFile:
    """The same file, whose graph would hold these operators; the graph itself stays."""
    content: Any = _OtherOperators(file.content, operators)
    return dataclasses.replace(file, content=content)
