"""`edgernn web`: a page for any static server, with a model file in it."""

from __future__ import annotations

from pathlib import Path

from edgernn.bundle import read_model_file
from edgernn.cli.console import done, quoted, say
from edgernn.runtime import SHIPPED_MODEL
from edgernn.web import write_site

__all__ = ["run_web"]


def run_web(path: Path | None, output: Path) -> None:
    """Check a model file and write a folder that shows it in a page.

    Args:
        path: the model file; None is the pretrained one.
        output: the folder to write.

    Raises:
        ModelFileError: the file is broken, of unknown rules, or the page's engine does not run it.
        UsageError: the folder has other files.
    """
    file = read_model_file(SHIPPED_MODEL if path is None else path)
    if file.bundle.golden is None:
        say("warning: it carries no golden vectors, so the page cannot verify it: export it again")
    site = write_site(file, output)
    done(
        f"{output}: page and engine, {site.page_bytes:,} bytes; {site.model}, "
        f"{len(file.data):,} bytes"
    )
    say(
        f"next: python -m http.server --directory {quoted(output)}, then open http://localhost:8000"
    )
