"""The first step of the text contract: one string in, one string out, by named rules.

Each rule is small enough to be written again in Java or JavaScript. They are applied in the
order of `normalize`'s body.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, partial
from typing import Literal, Protocol

from edgernn.text.code_points import as_class, ranges_of

__all__ = [
    "BREAK",
    "Case",
    "ControlCharacters",
    "Hashtags",
    "HtmlBreaks",
    "HtmlEntities",
    "NormalizationRules",
    "Normalizer",
    "Quotes",
    "UnicodeForm",
    "normalize",
    "well_formed",
]

UnicodeForm = Literal["none", "NFC"]
"""Unicode normalization form (Unicode Standard Annex 15), or none."""

HtmlBreaks = Literal["keep", "space"]
"""What becomes of `<br>`, `<br/>` and `<br />` in any case: kept, or one space each."""

ControlCharacters = Literal["keep", "space"]
"""What becomes of U+0000 to U+001F and U+007F to U+009F: kept, or one space each."""

Case = Literal["keep", "lower"]
"""Letter case: kept, or the full lower-case mapping of the Unicode Character Database."""

HtmlEntities = Literal["keep", "decode"]
"""What becomes of `&#39;` and `&amp;`: kept, or the characters that they stand for."""

Quotes = Literal["keep", "ascii"]
"""Typographic apostrophes and quotation marks: kept, or `'` and `"`."""

Hashtags = Literal["keep", "open"]
"""`#BestFilmEver`: kept, or its words."""

# Not IGNORECASE, with which the search for `<` takes longer; no other letter folds to these two.
BREAK = re.compile(r"<[bB][rR] ?/?>")
"""What `HtmlBreaks` speaks of."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def well_formed(text: str) -> str:
    """Read surrogate code points as UTF-16 does: pairs are joined, lone ones become U+FFFD.

    Python strings may hold surrogates (from JSON escapes, file names); UTF-8 cannot carry them,
    and Java and JavaScript would join a pair that Python keeps apart.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


class NormalizationRules(Protocol):
    """What has the rules of the first step: a contract, a recipe's text rules."""

    @property
    def unicode_form(self) -> UnicodeForm:
        """A field."""

    @property
    def html_breaks(self) -> HtmlBreaks:
        """A field."""

    @property
    def control_characters(self) -> ControlCharacters:
        """A field."""

    @property
    def case(self) -> Case:
        """A field."""

    @property
    def html_entities(self) -> HtmlEntities:
        """A field."""

    @property
    def quotes(self) -> Quotes:
        """A field."""

    @property
    def hashtags(self) -> Hashtags:
        """A field."""

    @property
    def deleted_characters(self) -> str:
        """A field."""


def normalize(
    text: str,
    *,
    unicode_form: UnicodeForm = "none",
    html_breaks: HtmlBreaks = "keep",
    control_characters: ControlCharacters = "keep",
    case: Case = "keep",
    html_entities: HtmlEntities = "keep",
    quotes: Quotes = "keep",
    hashtags: Hashtags = "keep",
    deleted_characters: str = "",
) -> str:
    """Apply the normalization rules of a text contract to one text, in a fixed order."""
    text = well_formed(text)
    if html_entities == "decode" and "&" in text:
        # The table of names takes a while to be loaded.
        from edgernn.text.entities import decode

        text = decode(text)
    if unicode_form == "NFC":
        text = unicodedata.normalize("NFC", text)
    if html_breaks == "space":
        text = BREAK.sub(" ", text)
    if control_characters == "space":
        text = _CONTROL.sub(" ", text)
    if quotes == "ascii" and not text.isascii():
        for quote, mark in _quotes():
            text = quote.sub(mark, text)
    if hashtags == "open" and "#" in text:
        hashtag, border = _hashtags()
        text = hashtag.sub(lambda tag: " " + border.sub(" ", tag[1].replace("_", " ")), text)
    if case == "lower":
        text = text.lower()
    if deleted_characters:
        text = _any_of(deleted_characters).sub("", text)
    return text


# These take a while to be made, which texts of version 1 do not wait for.
@cache
def _quotes() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(f"[{as_class(ranges_of(name))}]"), mark)
        for name, mark in (("apostrophes", "'"), ("quotes", '"'))
    )


@cache
def _hashtags() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches a hashtag, and the borders of its words.

    They are between a small letter and a capital one, before the last of several capitals, and at
    digits.
    """
    upper, lower = (f"[{as_class(ranges_of(name))}]" for name in ("upper", "lower"))
    return (
        re.compile(f"(?<!&)#([{as_class(ranges_of('letters'))}_]+)"),
        re.compile(
            f"(?<={lower})(?={upper})|(?<={upper})(?={upper}{lower})"
            "|(?<=[0-9])(?=[^0-9 ])|(?<=[^0-9 ])(?=[0-9])"
        ),
    )


@cache
def _any_of(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(characters)}]+")


class Normalizer:
    """The normalization rules of one text contract."""

    def __init__(
        self,
        *,
        unicode_form: UnicodeForm = "none",
        html_breaks: HtmlBreaks = "keep",
        control_characters: ControlCharacters = "keep",
        case: Case = "keep",
        html_entities: HtmlEntities = "keep",
        quotes: Quotes = "keep",
        hashtags: Hashtags = "keep",
        deleted_characters: str = "",
    ) -> None:
        """Take the rules of `normalize`."""
        self.html_breaks = html_breaks
        self.looked_at = "&" * (html_entities == "decode") + "#" * (hashtags == "open")
        """ASCII characters whose neighbours decide what becomes of them, besides those of a
        break."""
        self._normalize = partial(
            normalize,
            unicode_form=unicode_form,
            html_breaks=html_breaks,
            control_characters=control_characters,
            case=case,
            html_entities=html_entities,
            quotes=quotes,
            hashtags=hashtags,
            deleted_characters=deleted_characters,
        )

    @classmethod
    def of(cls, rules: NormalizationRules) -> Normalizer:
        """Take the rules of a contract or a recipe."""
        return cls(
            unicode_form=rules.unicode_form,
            html_breaks=rules.html_breaks,
            control_characters=rules.control_characters,
            case=rules.case,
            html_entities=rules.html_entities,
            quotes=rules.quotes,
            hashtags=rules.hashtags,
            deleted_characters=rules.deleted_characters,
        )

    def __call__(self, text: str) -> str:
        """Return the normalized text; it is well formed."""
        return self._normalize(text)
