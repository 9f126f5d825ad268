"""The picture of docs/architecture.md is that of the imports."""

import pytest

from benchmarks.architecture import PICTURE, draw, imports


def test_the_picture_is_up_to_date() -> None:
    """If not: python -m benchmarks.architecture."""
    assert PICTURE.read_text("utf-8") == draw(imports())


def test_arrows_that_others_imply_are_left_out() -> None:
    graph = {"cli": {"runtime", "text"}, "runtime": {"text"}, "text": {"errors"}, "errors": set()}
    assert draw(graph).count("marker-end") == 2
    assert draw(graph | {"cli": {"runtime"}}) == draw(graph)
    assert draw(graph | {"runtime": set()}) != draw(graph)


def test_a_package_that_imports_others_needs_a_place() -> None:
    with pytest.raises(KeyError, match="speech needs a place"):
        draw({"speech": {"text"}, "text": set()})
