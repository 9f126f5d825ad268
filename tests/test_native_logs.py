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


@pytest.mark.spawns
def test_blocks_of_several_threads() -> None:
    """Standard error is itself again after the last, in whatever order they end."""
    program = """
import os, sys, threading
from edgernn.native_logs import held_back

before, first, second = sys.stderr, threading.Event(), threading.Event()

def outlasted():
    with held_back(), held_back():
        first.set()
        second.wait(10)

def outlasting():
    first.wait(10)
    with held_back():
        second.set()
        one.join(10)
        os.write(2, b"held\\n")

one, two = threading.Thread(target=outlasted), threading.Thread(target=outlasting)
one.start(), two.start(), two.join(10)
assert sys.stderr is before
os.write(2, b"native\\n")
print("python", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "native\npython\n")
