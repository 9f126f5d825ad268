"""`edgernn --version`, and the command line as a module."""

import subprocess
import sys

import edgernn as package


def test_version(console):
    """One line, on standard output."""
    done = console("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"edgernn {package.__version__}\n"


def test_as_a_module(console, tmp_path):
    """`python -m edgernn` is the same program: results, errors and exit codes."""
    module = [sys.executable, "-m", "edgernn"]
    for arguments in (["--version"], ["score"], ["score", "A good film.", "--json"]):
        script = console(*arguments, cwd=tmp_path)
        done = subprocess.run(
            [*module, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=console.environment,
            timeout=120,
        )
        assert (done.returncode, done.stdout) == (script.returncode, script.stdout)
        assert done.stderr == script.stderr
    usage = subprocess.run(
        [*module, "--help"], capture_output=True, text=True, env=console.environment, timeout=120
    )
    assert "python -m edgernn [OPTIONS] COMMAND" in " ".join(usage.stdout.split())
