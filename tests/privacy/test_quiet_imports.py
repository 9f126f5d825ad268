"""Packages that write when they are imported are imported in one place, which prevents it."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from edgernn import privacy
from edgernn.privacy import import_quietly

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("edgernn", "exporters", "benchmarks")
WITHOUT_EDGERNN = {"benchmarks/imports/make.py", "edgernn/runtime/adapters.py"}
"""Run in environments of other packages' versions, by hand; and in a child process with telemetry
switched off and a home folder that is gone afterwards."""
QUIETLY = {
    *("keras", "matplotlib", "onnxruntime", "tensorflow", "tensorflow_datasets", "tf2onnx"),
    "tf_keras",
}
BY_NAME = ("import_module", "__import__")


def imported(tree: ast.AST) -> set[str]:
    """The packages that a file imports by a statement or by name, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = ast.unparse(node.func).rpartition(".")[2]
            found |= {str(node.args[0].value)} if function in BY_NAME else set()
    return {name.partition(".")[0] for name in found}


def test_one_place_imports_them():
    """A second one would be the way around."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 200
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (found := imported(ast.parse(path.read_text("utf-8"))) & QUIETLY)
    }
    assert wrong.pop("edgernn/privacy.py") == {"tensorflow"}
    assert wrong.keys() <= WITHOUT_EDGERNN


@pytest.mark.parametrize(
    "source",
    [
        "import onnxruntime as ort",
        "def f():\n    from onnxruntime.quantization import quantize_dynamic",
        "importlib.import_module('onnxruntime')",
        "__import__('onnxruntime.capi')",
    ],
)
def test_the_reader_of_imports(source):
    """These tests see an import however it is written."""
    assert "onnxruntime" in imported(ast.parse(source))


def test_matplotlib_alone_would_write(home):
    """A list of fonts and two folders: this is what the next test would see."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    home.python("import matplotlib.figure")
    assert any("home/.cache/matplotlib/fontlist" in name for name in home.left)


def test_matplotlib(home):
    """It draws all the same."""
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'edgernn[data]'")
    home.python(
        "from pathlib import Path\n"
        "from edgernn.privacy import import_quietly\n"
        "from edgernn.pictures import save_picture\n"
        "figure = import_quietly('matplotlib.figure').Figure()\n"
        "figure.subplots().set_title('a title')\n"
        "save_picture(figure, Path('picture.png'))\n"
    )
    assert home.left == []
    assert (home.work / "picture.png").stat().st_size > 1000


@pytest.mark.slow
@pytest.mark.parametrize("package", ["keras", "tensorflow", "tf_keras", "tensorflow_datasets"])
def test_keras(home, package):
    """Neither Keras, nor what imports it."""
    pytest.importorskip(package, reason=f"needs {package}: pip install 'edgernn[train]'")
    use = "module.deprecated.text.SubwordTextEncoder" if package == "tensorflow_datasets" else ""
    home.python(f"from edgernn import privacy\nmodule = privacy.import_quietly({package!r})\n{use}")
    assert home.left == []


@pytest.mark.slow
def test_keras_alone_would_write(home):
    """Its settings: this is what the test before would see."""
    pytest.importorskip("keras", reason="needs Keras: pip install 'edgernn[train]'")
    home.python("import keras")
    assert "home/.keras/keras.json" in home.left


@pytest.fixture
def settings(monkeypatch, tmp_path):
    """The home folder of somebody who has named no folders."""
    for name in ("MPLCONFIGDIR", "KERAS_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_the_environment_is_as_before(settings):
    """Both folders are gone after an import, and so are the variables."""
    with privacy._settings_elsewhere():
        folders = [Path(os.environ[name]) for name in ("MPLCONFIGDIR", "KERAS_HOME")]
        assert folders[0].parent == folders[1].parent
        assert folders[0].is_dir()
    assert not folders[0].parent.exists()
    assert not {"MPLCONFIGDIR", "KERAS_HOME"} & os.environ.keys()
    assert list(settings.iterdir()) == []


def test_what_a_person_has_is_used(settings, monkeypatch):
    """Settings of Keras, folders that were named, and a list of fonts, which is only read."""
    (settings / ".keras").mkdir()
    (settings / ".keras" / "keras.json").write_text("{}")
    fonts = settings / ".cache" / "matplotlib" / "fontlist-v390.json"
    fonts.parent.mkdir(parents=True)
    fonts.write_text("fonts")
    with privacy._settings_elsewhere():
        assert "KERAS_HOME" not in os.environ
        copy = Path(os.environ["MPLCONFIGDIR"]) / fonts.name
        assert copy.read_text() == "fonts"
    monkeypatch.setenv("MPLCONFIGDIR", "/somewhere")
    with privacy._settings_elsewhere():
        assert os.environ["MPLCONFIGDIR"] == "/somewhere"
    assert os.environ["MPLCONFIGDIR"] == "/somewhere"


def test_what_is_not_installed():
    """The error is the usual one, and the folder is gone."""
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        import_quietly("no_such_package.part")
