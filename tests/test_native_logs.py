"""Holding back what native code writes to standard error, with Python's own still working."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import logging, os, sys
from edgernn.native_logs import held_back

def write(number):
    os.write(2, b"native %d\\n" % number)
    logging.getLogger("lib").warning("logged %d", number)
    print("python", number, file=sys.stderr)

with held_back():
    # As TensorFlow does when it is imported.
    logging.getLogger("lib").addHandler(logging.StreamHandler())
    write(1)
write(2)
with held_back():
    write(3)
write(4)
"""


@pytest.mark.spawns
def test_a_logger_made_meanwhile_works_on() -> None:
    """The stream that it was given is not closed under it, nor does it lead elsewhere."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    said = {
        number: [line.split()[0] for line in done.stderr.splitlines() if line.endswith(number)]
        for number in "1234"
    }
    assert len(done.stderr.splitlines()) == 10, done.stderr
    assert said["1"] == said["3"] == ["logged", "python"]
    assert said["2"] == said["4"] == ["native", "logged", "python"]


@pytest.mark.spawns
def test_what_was_held_back_is_told_with_an_error() -> None:
    """It may say why."""
    program = (
        "import os\nfrom edgernn.native_logs import held_back\n"
        "with held_back():\n    os.write(2, b'why\\n')\n    raise ValueError"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.startswith("why\n")
    assert done.stderr.rstrip().endswith("ValueError")
