"""The packages import one way, TensorFlow stays where it belongs, files stay short."""

import ast
import importlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path for package in ("edgernn", "exporters") for path in (ROOT / package).rglob("*.py")
)
MAX_LINES = 450

HEAVY = {"tensorflow", "tf_keras", "keras", "tensorflow_datasets", "tf2onnx"}
# `edgernn verify` runs a file on TensorFlow's own interpreter, too, where it is installed.
HEAVY_PACKAGES = (
    "edgernn.data.tfds",
    "edgernn.training",
    "edgernn.evaluation.diagram",
    "exporters",
    "edgernn.runtime.engines",
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> set[str]:
    """The packages that a file imports, wherever it does."""
    packages = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            packages.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_quietly":
            assert isinstance(node.args[0], ast.Constant), "a literal name, which this can read"
            packages.add(str(node.args[0].value).partition(".")[0])
    return packages


def top_level(tree: ast.Module) -> list[ast.AST]:
    """The statements that run when a file is imported."""
    pending: list[ast.AST] = list(tree.body)
    found = []
    while pending:
        node = pending.pop(0)
        found.append(node)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            pending += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            pending += ast.iter_child_nodes(node)
    return found


def is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def test_imports_point_one_way() -> None:
    """The contracts of .importlinter hold: layers, no circles, who may import each package."""
    linter = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", linter, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_tensorflow_stays_in_its_rooms() -> None:
    """Outside training and exporters nothing imports it; inside, only a function that needs it.

    The import linter sees neither `import_quietly` nor whether an import runs at once.
    """
    outside, at_once = [], []
    for path in FILES:
        tree, module = ast.parse(path.read_text("utf-8")), module_of(path)
        in_package = any(f"{module}.".startswith(f"{package}.") for package in HEAVY_PACKAGES)
        if not in_package and imports(tree) & HEAVY:
            outside.append(module)
        for node in top_level(tree):
            if (is_import(node) or isinstance(node, ast.Call)) and imports(node) & HEAVY:
                at_once.append(f"{module}, line {node.lineno}")
    assert outside == []
    assert at_once == []


def test_files_stay_short() -> None:
    """A reader can hold one file in mind."""
    lines = {str(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_what_a_module_offers() -> None:
    """Each name in `__all__` can be imported; a package offers what it imports, and no more."""
    for path in FILES:
        module = importlib.import_module(module_of(path))
        offered = getattr(module, "__all__", [])
        assert len(set(offered)) == len(offered), path
        assert [name for name in offered if not hasattr(module, name)] == [], path
        if path.name == "__init__.py":
            body = ast.parse(path.read_text("utf-8")).body
            # The public face is loaded when it is used: type checkers see where from.
            body += [inner for node in body if isinstance(node, ast.If) for inner in node.body]
            imported = {
                alias.asname or alias.name
                for node in body
                if isinstance(node, ast.ImportFrom) and node.module not in ("__future__", "typing")
                for alias in node.names
            }
            assert imported == set(offered) - {"__version__"}, path


def comparisons_with_a_threshold(tree: ast.AST) -> list[int]:
    """Lines where scores are told apart: `x >= threshold`, `logits > 0`, `probability > 0.5`.

    A check of the threshold itself, `0 < threshold < 1`, is none.
    """
    lines = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        named = [re.search("threshold|logit|probabilit", ast.unparse(side)) for side in sides]
        ordered = any(isinstance(op, ast.Gt | ast.GtE | ast.Lt | ast.LtE) for op in node.ops)
        if ordered and any(named) and (len(sides) == 2):
            lines.append(node.lineno)
    return lines


def test_one_module_decides():
    """Only `edgernn.text.decision` compares scores with a threshold."""
    deciding = {
        module_of(path)
        for path in FILES
        if comparisons_with_a_threshold(ast.parse(path.read_text("utf-8")))
    }
    assert deciding == {"edgernn.text.decision"}


def test_the_reader_of_decisions():
    """It sees each way of telling scores apart, and nothing else."""
    for source in ("x >= run.threshold", "p.logits > 0", "0.5 <= probability", "a > threshold(c)"):
        assert comparisons_with_a_threshold(ast.parse(source)) == [1]
    for source in ("0 < threshold < 1", "logit == 1", "probability is None", "x >= least"):
        assert comparisons_with_a_threshold(ast.parse(source)) == []


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("import tensorflow as tf", "tensorflow"),
        ("def f():\n    from keras.layers import GRU", "keras"),
        ("keras = import_quietly('keras')", "keras"),
    ],
)
def test_the_reader_of_imports(source: str, package: str) -> None:
    """These tests see an import wherever it stands."""
    assert imports(ast.parse(source)) == {package}


def test_the_reader_of_top_levels() -> None:
    """Imports for type checkers and inside functions do not run; those in a `try` do."""
    source = (
        "if TYPE_CHECKING:\n    import keras\n"
        "def f():\n    import keras\n"
        "try:\n    import tensorflow\nexcept ImportError:\n    import onnx\n"
        "class C:\n    import numpy\n    def f(self):\n        import keras\n"
    )
    found = [node.names[0].name for node in top_level(ast.parse(source)) if is_import(node)]
    assert sorted(found) == ["numpy", "onnx", "tensorflow"]


def test_names_of_test_files() -> None:
    """None is there twice: pytest imports them by their names alone."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


def test_nobody_imports_a_conftest() -> None:
    """Several folders have one, and which of them the name means depends on what is collected."""
    importing = {
        path.name
        for path in (ROOT / "tests").rglob("*.py")
        if "conftest" in imports(ast.parse(path.read_text("utf-8")))
    }
    assert importing == set()


ARITHMETIC = (
    *("cells.h", "functions.h", "level.c", "ngrams.h", "plan.h", "prepare.h", "product.h"),
    *("recurrent.h", "rows.h", "texts.h", "vector.h", "windows.h"),
)
"""What of the C engine computes, and is compiled for each level of instructions."""


def test_the_engine_can_be_read_in_an_evening() -> None:
    """Its arithmetic stays under 1,500 lines of code, beside the readers of files."""
    source = ROOT / "engine" / "src"
    code = [
        line
        for name in ARITHMETIC
        for line in re.sub(r"/\*.*?\*/", "", (source / name).read_text("utf-8"), flags=re.S).split(
            "\n"
        )
        if line.strip()
    ]
    assert 0 < len(code) < 1500
