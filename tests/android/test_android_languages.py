"""The app's messages in people's languages: each has all of them, whole, with its own plurals."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from android_build import DEMO

RESOURCES = DEMO / "app" / "src" / "main" / "res"
LANGUAGES = {
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "de": {"one", "other"},
    "es": {"one", "many", "other"},
    "fr": {"one", "many", "other"},
    "hi": {"one", "other"},
    "ja": {"other"},
    "zh": {"other"},
}
"""Each with its plural categories, https://www.unicode.org/cldr/charts/46/supplemental/language_plural_rules.html."""
PLACES = re.compile(r"%(\d)\$[ds]")


def messages(language: str = "") -> dict[str, dict[str, str]]:
    """Return the texts of a language by name and plural category; of one without, by ''."""
    path = RESOURCES / f"values-{language}".removesuffix("-") / "strings.xml"
    found = {}
    for element in ElementTree.parse(path).getroot():
        if element.get("translatable") == "false":
            continue
        if element.tag == "plurals":
            texts = {item.attrib["quantity"]: item.text or "" for item in element}
        else:
            texts = {"": element.text or ""}
        found[element.attrib["name"]] = texts
    return found


def test_these_are_the_languages():
    """A folder of texts that this test does not know would be checked by none."""
    folders = {path.parent.name for path in RESOURCES.glob("values-*/strings.xml")}
    assert folders == {f"values-{language}" for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_message_is_there(language):
    """Not one is missing, empty, left in English, or of no use."""
    english, own = messages(), messages(language)
    assert own.keys() == english.keys()
    assert all(text.strip() for texts in own.values() for text in texts.values())
    same = {
        name
        for name, texts in own.items()
        if texts == english[name]
        and len(re.findall(r"[^\W\d_]{4,}", PLACES.sub("", str(texts)))) > 2
    }
    assert same == set()


@pytest.mark.parametrize("language", ["", *LANGUAGES])
def test_plurals_and_places(language):
    """The categories are those of the language; each sentence has the places that English has."""
    english = messages()
    for name, texts in messages(language).items():
        if "" not in texts:
            assert texts.keys() == LANGUAGES.get(language, {"one", "other"}), name
        expected = sorted(PLACES.findall(next(iter(english[name].values()))))
        for text in texts.values():
            assert sorted(PLACES.findall(text)) == expected, (name, text)
            assert "%" not in PLACES.sub("", text), (name, text)


def test_every_message_is_used():
    """By name in Kotlin, a layout or the manifest."""
    main = RESOURCES.parent
    paths = [*main.glob("kotlin/**/*.kt"), *main.glob("res/**/*.xml"), main / "AndroidManifest.xml"]
    used = set()
    for path in paths:
        used |= set(re.findall(r"(?:R\.(?:string|plurals)\.|@string/)(\w+)", read(path)))
    assert messages().keys() - used == set()


def test_kotlin_puts_no_sentence_together():
    """What people read is in the resources; Kotlin joins lines at most."""
    for path in (RESOURCES.parent / "kotlin").glob("**/*.kt"):
        assert re.findall(r"getString\([^)]*\)\s*\+|\+\s*getString\(", read(path)) == [], path


def read(path: Path) -> str:
    return path.read_text("utf-8")
