"""Values of a label column as the options of a command line hold them."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Sequence

__all__ = ["as_option"]


def as_option(values: Sequence[str]) -> str:
    """Return values as an option takes them, quoted for a shell where that is needed."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return shlex.quote(line.getvalue())
