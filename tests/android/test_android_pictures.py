"""Each screen of the app, drawn by Android's own graphics, looks as when somebody last looked."""

from __future__ import annotations

import pytest
from android_build import DEMO, maven, need_tools

PICTURES = DEMO / "app" / "src" / "test" / "pictures"
SCREENS = ("empty", "result", "long", "refused", "model", "benchmark", "labels", "list", "several")
WAYS = ("light", "dark", "rtl", "large", "landscape", "small", "tablet")


def test_there_is_a_small_picture_of_each_screen():
    """Each in each way, all of them together in less than 300 kB."""
    names = {path.stem for path in PICTURES.glob("*.png")}
    assert {f"{way}-{screen}" for way in WAYS for screen in (*SCREENS, "none")} <= names
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 300_000


@pytest.mark.slow
def test_the_screens_look_as_before():
    """Where they are to look otherwise: android_demo/README.md has the command that renews them."""
    need_tools()
    only = ("-pl", "app", "-am", "-Dtest=PicturesTest", "-Dsurefire.failIfNoSpecifiedTests=false")
    maven("-f", DEMO / "pom.xml", "-Ppictures", *only, "verify")
