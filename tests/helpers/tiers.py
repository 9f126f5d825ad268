"""Which tier a test belongs to, from what it uses, and a guard that holds it to that.

The code of a test, of its fixtures and of all functions of this repository that they name is
searched for what imports TensorFlow or starts a process; that sets the markers `keras`, `spawns`
and `jvm`. What no name shows, such as a command line run in this process, the guard finds when
the test runs: it then fails until its marker is written above it. Without the marker `keras` a test
runs as where TensorFlow is not installed.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest
from _pytest.mark.expression import Expression

HEAVY = frozenset({"keras", "tensorflow", "tensorflow_datasets", "tf2onnx", "tf_keras"})
"""Packages that import TensorFlow, or are it."""

TIERS = ("keras", "jvm", "spawns")
"""The markers that are set here."""

_IMPORTERS = frozenset({"importorskip", "import_module", "import_quietly"})
_STARTERS = frozenset({"subprocess", "multiprocessing", "ProcessPoolExecutor", "fork"})
_JAVA = frozenset({"java", "javac", "mvn"})
_STARTS = frozenset(
    {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system"}
)
"""Audit events, https://docs.python.org/3/library/audit_events.html."""

_OURS = ("edgernn", "exporters", "benchmarks")
_OURS_INSIDE = tuple(f"{package}." for package in _OURS)

_HELPERS = Path(__file__).resolve().parent


def mark(items: Sequence[pytest.Item]) -> None:
    """Give each test the markers of what it uses."""
    functions = [_functions(item) for item in items]
    known = uses({function for several in functions for function in several})
    for item, several in zip(items, functions, strict=True):
        markers = {marker for function in several for marker in known.get(function, ())}
        if imports_heavy(item.path):
            markers.add("keras")
        for marker in sorted(markers):
            item.add_marker(marker)


def _functions(item: pytest.Item) -> list[FunctionType]:
    """Return a test and its fixtures, also those that its code or its parameters name."""
    assert isinstance(item, pytest.Function)
    known = item.session._fixturemanager
    names = [*item.fixturenames]
    for code in _codes(inspect.unwrap(item.function).__code__):
        names += _texts(code.co_consts)
    if hasattr(item, "callspec"):
        names += [value for value in item.callspec.params.values() if isinstance(value, str)]
    functions = [item.function]
    seen = set()
    while names:
        name = names.pop()
        if name not in seen:
            seen.add(name)
            for definition in known.getfixturedefs(name, item) or ():
                functions.append(definition.func)
                names += definition.argnames
    return [function for function in functions if isinstance(function, FunctionType)]


def leaves_out(expression: str, marker: str) -> bool:
    """Say whether `pytest -m EXPRESSION` runs no test with the marker, whatever else it has."""
    others = [name for name in (*TIERS, "slow") if name != marker]
    compiled = Expression.compile(expression)
    return bool(expression) and not any(
        compiled.evaluate(lambda name, /, has=(marker, *more), **_: name in has)
        for count in range(len(others) + 1)
        for more in combinations(others, count)
    )


@cache
def imports_heavy(path: Path) -> bool:
    """Say whether a file of tests, or a helper that it imports, imports TensorFlow at once."""
    for node in ast.parse(path.read_text("utf-8")).body:
        names: set[str] = set()
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {node.module or ""}
        elif isinstance(node, ast.Expr | ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            if ast.unparse(call.func) == "pytest.importorskip":
                names = {ast.literal_eval(call.args[0])}
        if {name.partition(".")[0] for name in names} & HEAVY:
            return True
        beside = (folder / f"{name}.py" for folder in (path.parent, _HELPERS) for name in names)
        if any(imports_heavy(helper) for helper in beside if helper.exists()):
            return True
    return False


def uses(functions: Iterable[FunctionType]) -> dict[FunctionType | type, set[str]]:
    """Return the markers of what each of the functions uses, itself or through others."""
    pending: list[FunctionType | type] = list(functions)
    known: set[FunctionType | type] = set()
    users: defaultdict[FunctionType | type, list[FunctionType | type]] = defaultdict(list)
    markers: defaultdict[FunctionType | type, set[str]] = defaultdict(set)
    while pending:
        each = pending.pop()
        if each not in known:
            known.add(each)
            markers[each], named = _read(each)
            for other in named:
                users[other].append(each)
            pending += named
    pending = [each for each, own in markers.items() if own]
    while pending:
        each = pending.pop()
        for user in users[each]:
            if not markers[each] <= markers[user]:
                markers[user] |= markers[each]
                pending.append(user)
    return markers


def _read(each: FunctionType | type) -> tuple[set[str], list[FunctionType | type]]:
    """Return the markers of what a function uses itself, and what of ours it names."""
    if isinstance(each, type):
        members = vars(each).values()
        named = _ours(getattr(m, "fget", None) or getattr(m, "__func__", m) for m in members)
        # What no name in its code shows, a class may say itself.
        return set(vars(each).get("uses", ())), named
    codes = list(_codes(each.__code__))
    names = {name for code in codes for name in code.co_names}
    texts = {text for code in codes for text in _texts(code.co_consts)}
    markers = set()
    packages = {name.partition(".")[0] for name in names}
    if names & _IMPORTERS:
        packages |= {text.partition(".")[0] for text in texts}
    if packages & HEAVY:
        markers.add("keras")
    if packages & _STARTERS:
        markers.add("spawns")
    if texts & _JAVA:
        markers.add("jvm")
    inside = [importlib.import_module(name) for name in names if name.startswith(_OURS_INSIDE)]
    # `from package import module`, which nothing may have imported yet.
    inside += [
        importlib.import_module(f"{package.__name__}.{name}")
        for package in inside
        for name in names
        if hasattr(package, "__path__") and (Path(package.__path__[0]) / f"{name}.py").exists()
    ]
    near = [value for name in names if isinstance(value := each.__globals__.get(name), ModuleType)]
    spaces = [each.__globals__, *(vars(m) for m in (*inside, *near) if _is_ours(m.__name__))]
    values = [space[name] for space in spaces for name in names if name in space]
    return markers, _ours([*values, *inspect.getclosurevars(each).nonlocals.values()])


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code and that of all functions inside it."""
    yield code
    for value in code.co_consts:
        if isinstance(value, CodeType):
            yield from _codes(value)


def _texts(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from _texts(value)


def _ours(values: Iterable[object]) -> list[FunctionType | type]:
    bare = (inspect.unwrap(value) if callable(value) else value for value in values)
    return [
        value
        for value in bare
        if isinstance(value, FunctionType | type) and _is_ours(value.__module__)
    ]


@cache
def _is_ours(module: str) -> bool:
    if module.partition(".")[0] in _OURS:
        return True
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return file.startswith(str(_HELPERS.parent))


class Guard:
    """Notes what the running test does that needs a marker; TensorFlow it hides without one."""

    def __init__(self) -> None:
        self._seen: dict[str, str] | None = None
        self._hidden: dict[str, ModuleType] = {}
        sys.addaudithook(self._note)

    def start(self, *, hide: bool) -> None:
        """Begin with a test; with `hide` it runs as where TensorFlow is not installed."""
        # A test whose fixtures fail when they end is not stopped.
        self.stop()
        self._seen = {}
        if hide:
            self._hidden = {name: sys.modules[name] for name in HEAVY & sys.modules.keys()}
            sys.modules.update(dict.fromkeys(HEAVY))  # type: ignore[arg-type]

    def stop(self) -> dict[str, str]:
        """End with it; return what it did, by the marker that allows it."""
        seen, self._seen = self._seen or {}, None
        for name in HEAVY:
            if name in sys.modules and sys.modules[name] is None:
                del sys.modules[name]
        sys.modules.update(self._hidden)
        self._hidden = {}
        return seen

    def note_skip(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note a test that was skipped for want of what was hidden from it."""
        for entry in excinfo.traceback:
            if self._seen is not None and entry.name == "importorskip":
                package = str(entry.locals["modname"])
                if package.partition(".")[0] in HEAVY:
                    self._seen.setdefault("keras", f"needs {package}")

    def _note(self, event: str, values: tuple[object, ...]) -> None:
        if self._seen is None:
            return
        if event == "import":
            if str(values[0]).partition(".")[0] in HEAVY:
                self._seen.setdefault("keras", f"imports {values[0]}")
        elif event in _STARTS:
            program = Path(str(values[0])).name if values else event
            # `platform` asks it, for packages that want to know the machine.
            if program == "uname":
                return
            self._seen.setdefault("spawns", f"starts {program}")
            if program in _JAVA:
                self._seen.setdefault("jvm", f"starts {program}")
