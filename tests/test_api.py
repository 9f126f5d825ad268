"""`import edgernn`: what it offers, when that is loaded, and the jobs as functions."""

from __future__ import annotations

import doctest
from pathlib import Path
from types import ModuleType

import pytest

import edgernn
from edgernn.errors import __all__ as errors

FUNCTIONS = ("audit_model", "evaluate_model", "export_model", "train_model", "verify_model")
TEXTS = [("A great film", "5"), ("Boring and far too long", "1"), ("I loved it", "4"), ("?", "3")]


def test_what_it_offers() -> None:
    """The names of `__all__`, in order; each is there, and `dir` shows it."""
    offered = edgernn.__all__
    assert sorted(offered) == offered
    assert {*errors, *FUNCTIONS} < set(offered)
    for name in offered:
        assert getattr(edgernn, name) is not None
    assert set(offered) <= set(dir(edgernn))
    public = {name for name in dir(edgernn) if not name.startswith("_")} - {"TYPE_CHECKING"}
    others = {name for name in public - set(offered)}
    assert all(isinstance(getattr(edgernn, name), ModuleType) for name in others), others


def test_no_function_has_the_name_of_a_module() -> None:
    """An import of the module would put itself in the function's place."""
    folder = Path(edgernn.__file__).parent
    modules = {path.stem for path in folder.iterdir() if path.suffix in ("", ".py")}
    assert modules.isdisjoint(edgernn.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module .edgernn. has no attribute .nothing.$"):
        _ = edgernn.nothing  # type: ignore[attr-defined]


def test_the_tree_of_errors() -> None:
    """The docstring draws it whole: each error is a child of EdgernnError."""
    assert edgernn.__doc__ is not None
    drawn = [
        line.strip("* -")
        for line in edgernn.__doc__.splitlines()
        if "Error" in line[:6] or line.lstrip().startswith(("* ", "- "))
    ]
    assert sorted(drawn) == sorted(errors)
    assert all(issubclass(getattr(edgernn, name), edgernn.EdgernnError) for name in errors)


def run_examples(of: object, name: str) -> None:
    """Run the examples of a docstring; there must be some."""
    (found,) = doctest.DocTestFinder(recurse=False).find(of, name, globs={})
    assert found.examples, f"{name} has no example"
    told: list[str] = []
    doctest.DocTestRunner().run(found, out=told.append)
    assert not told, "".join(told)


@pytest.mark.parametrize("name", ["Classifier", "load", "audit_model", "evaluate_model", "__doc__"])
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each runs as it stands, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    run_examples(edgernn if name == "__doc__" else getattr(edgernn, name), name)


@pytest.mark.keras
@pytest.mark.parametrize("name", ["export_model", "train_model", "verify_model"])
@pytest.mark.filterwarnings("ignore:.*too few to tell", "ignore:the model is not .*better than")
def test_examples_with_keras(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Likewise; verifying takes TensorFlow's own interpreter, too, for .tflite files."""
    monkeypatch.chdir(tmp_path)
    run_examples(getattr(edgernn, name), name)
