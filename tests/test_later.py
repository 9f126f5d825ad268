"""Packages that are imported when something of them is first used."""

import sys

import pytest

from edgernn.later import Later


def test_it_is_imported_at_the_first_use(tmp_path, monkeypatch):
    """Standing for a module imports nothing; asking for a name does, once."""
    (tmp_path / "asked_for_later.py").write_text("NAMES = []\n")
    monkeypatch.syspath_prepend(tmp_path)
    later = Later("asked_for_later")
    assert "asked_for_later" not in sys.modules
    try:
        names = later.NAMES
        assert names is sys.modules["asked_for_later"].NAMES
        del sys.modules["asked_for_later"]
        assert later.NAMES is names
        assert "asked_for_later" not in sys.modules
    finally:
        sys.modules.pop("asked_for_later", None)


def test_what_is_not_there():
    """A missing package and a missing name are the errors that they are otherwise."""
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        _ = Later("no_such_package").name
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = Later("json").no_such_name
