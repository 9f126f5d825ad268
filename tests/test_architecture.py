"""The rooms import one way, TensorFlow stays where it belongs, files stay short."""

import ast
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    path for package in ("edgernn", "exporters") for path in (ROOT / package).rglob("*.py")
)
MAX_LINES = 450

ALLOWED: dict[str, tuple[str, ...]] = {
    "edgernn": ("edgernn.runtime", "edgernn.errors", "edgernn.privacy"),
    "edgernn.__main__": ("edgernn.cli",),
    "edgernn.errors": (),
    "edgernn.files": (),
    "edgernn.native_logs": (),
    "edgernn.ngrams": ("edgernn.errors",),
    "edgernn.nvidia": (),
    "edgernn.pictures": ("edgernn.errors", "edgernn.files", "edgernn.privacy"),
    "edgernn.privacy": (),
    "edgernn.progress": (),
    "edgernn.text": ("edgernn.errors",),
    "edgernn.rows": ("edgernn.errors",),
    "edgernn.bundle": ("edgernn.text", "edgernn.errors"),
    "edgernn.audit": ("edgernn.bundle", "edgernn.text", "edgernn.errors"),
    "edgernn.runtime": (
        "edgernn.nvidia",
        "edgernn.bundle",
        "edgernn.text",
        "edgernn.errors",
        "edgernn.privacy",
    ),
    "edgernn.data": (
        "edgernn.rows",
        "edgernn.text",
        "edgernn.errors",
        "edgernn.native_logs",
        "edgernn.privacy",
    ),
    "edgernn.recipes": ("edgernn.text", "edgernn.errors"),
    "edgernn.distillation": (
        "edgernn.data",
        "edgernn.ngrams",
        "edgernn.recipes",
        "edgernn.text",
        "edgernn.errors",
        "edgernn.files",
        "edgernn.progress",
    ),
    "edgernn.training": (
        "edgernn.data",
        "edgernn.distillation",
        "edgernn.ngrams",
        "edgernn.recipes",
        "edgernn.text",
        "edgernn.errors",
        "edgernn.files",
        "edgernn.native_logs",
        "edgernn.nvidia",
        "edgernn.pictures",
        "edgernn.privacy",
        "edgernn.progress",
    ),
    "edgernn.training.imported": (
        "edgernn.training",
        "edgernn.rows",
        "edgernn.bundle.onnx.protowire",
        "edgernn.text",
        "edgernn.errors",
        "edgernn.files",
        "edgernn.native_logs",
        "edgernn.privacy",
        "edgernn.progress",
    ),
    "edgernn.evaluation": (
        "edgernn.data",
        "edgernn.recipes",
        "edgernn.runtime",
        "edgernn.text",
        "edgernn.training",
        "edgernn.errors",
        "edgernn.files",
        "edgernn.pictures",
        "edgernn.privacy",
    ),
    "exporters": (
        "edgernn.audit",
        "edgernn.bundle",
        "edgernn.data.batches",
        "edgernn.ngrams",
        "edgernn.recipes",
        "edgernn.text",
        "edgernn.errors",
        "edgernn.files",
        "edgernn.native_logs",
        "edgernn.privacy",
        "edgernn.training.models",
        "edgernn.training.run",
    ),
    "edgernn.choose": (
        "edgernn.bundle",
        "edgernn.data",
        "edgernn.evaluation",
        "edgernn.recipes",
        "edgernn.runtime",
        "edgernn.text",
        "edgernn.training",
        "edgernn.errors",
        "edgernn.files",
        "edgernn.native_logs",
        "edgernn.pictures",
        "edgernn.privacy",
        "edgernn.progress",
        "exporters",
    ),
    "edgernn.bench": (
        "edgernn.bundle",
        "edgernn.data",
        "edgernn.rows",
        "edgernn.runtime",
        "edgernn.text",
        "edgernn.training",
        "edgernn.errors",
        "edgernn.native_logs",
        "edgernn.privacy",
    ),
    "edgernn.cli": ("edgernn", "exporters"),
}
"""What a room may import beside itself; a room is the longest of these names that fits."""

HEAVY = {"tensorflow", "tf_keras", "keras", "tensorflow_datasets", "tf2onnx"}
# `edgernn verify` runs a file on TensorFlow's own interpreter, too, where it is installed.
HEAVY_ROOMS = (
    "edgernn.data.tfds",
    "edgernn.training",
    "edgernn.evaluation.diagram",
    "exporters",
    "edgernn.runtime.engines",
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lies_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> str:
    # `edgernn` by itself is its __init__ alone: a module of no room must be put into the table.
    rooms = [room for room in ALLOWED if room != "edgernn" and lies_in(module, room)]
    return max(rooms, key=len, default="edgernn" if module == "edgernn" else "")


def imports(tree: ast.AST) -> list[tuple[str, int]]:
    """All modules that a file imports, wherever it does, with the line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            # `from edgernn.training import run` imports a module too.
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.append((inner if is_module(inner) else module, node.lineno))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_quietly":
            assert isinstance(node.args[0], ast.Constant), "the name of a package stands there"
            found.append((str(node.args[0].value), node.lineno))
    return found


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


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


files = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


@files
def test_imports_point_one_way(path):
    """A module imports its own room, those that the table allows, and nothing else of ours."""
    module = module_of(path)
    room = room_of(module)
    assert room, f"{module} lies in no room of the table"
    for name, line in imports(ast.parse(path.read_text("utf-8"))):
        if name.partition(".")[0] not in ("edgernn", "exporters", "benchmarks", "tests"):
            continue
        own = room_of(name) == room
        allowed = any(lies_in(name, other) for other in ALLOWED[room])
        assert own or allowed, f"{path}, line {line}: {module} imports {name}"


@files
def test_tensorflow_stays_in_its_rooms(path):
    """Outside training and exporters nothing imports it; inside, only a function that needs it."""
    tree = ast.parse(path.read_text("utf-8"))
    module = module_of(path)
    inside = any(lies_in(module, room) for room in HEAVY_ROOMS)
    heavy = [(n, line) for n, line in imports(tree) if n.partition(".")[0] in HEAVY]
    assert inside or not heavy, f"{path}: imports {heavy}"
    for node in top_level(tree):
        if is_import(node) or isinstance(node, ast.Call):
            names = {name.partition(".")[0] for name, _ in imports(node)}
            assert not names & HEAVY, f"{path}, line {node.lineno}: at module level"


@pytest.mark.parametrize(
    "name",
    [str(path.relative_to(ROOT)) for path in FILES],
)
def test_files_stay_short(name):
    """A reader can hold one file in mind."""
    lines = len((ROOT / name).read_text("utf-8").splitlines())
    assert lines <= MAX_LINES, f"{name} has {lines} lines"


def test_every_room_is_there():
    """A name in the table that is no module would allow nothing and forbid nothing."""
    for room, others in ALLOWED.items():
        assert all(is_module(name) for name in (room, *others))


@files
def test_what_a_module_offers(path):
    """Each name in `__all__` can be imported; a package offers what it imports, and no more."""
    tree = ast.parse(path.read_text("utf-8"))
    module = importlib.import_module(module_of(path))
    offered = getattr(module, "__all__", [])
    assert len(set(offered)) == len(offered)
    assert [name for name in offered if not hasattr(module, name)] == []
    if path.name == "__init__.py":
        imported = {
            alias.asname or alias.name
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module != "__future__"
            for alias in node.names
        }
        assert imported == set(offered) - {"__version__"}


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("import tensorflow as tf", "tensorflow"),
        ("def f():\n    from edgernn.cli import main", "edgernn.cli.main"),
        ("from edgernn.training import run as names", "edgernn.training.run"),
        ("from edgernn.errors import DataError", "edgernn.errors"),
        ("keras = import_quietly('keras')", "keras"),
    ],
)
def test_the_reader_of_imports(source, module):
    """These tests see an import wherever it stands, and modules imported from a package."""
    assert imports(ast.parse(source))[0][0] == module


def test_the_reader_of_top_levels():
    """Imports for type checkers and inside functions do not run; those in a `try` do."""
    source = (
        "if TYPE_CHECKING:\n    import keras\n"
        "def f():\n    import keras\n"
        "try:\n    import tensorflow\nexcept ImportError:\n    import onnx\n"
        "class C:\n    import numpy\n    def f(self):\n        import keras\n"
    )
    found = [node.names[0].name for node in top_level(ast.parse(source)) if is_import(node)]
    assert sorted(found) == ["numpy", "onnx", "tensorflow"]
