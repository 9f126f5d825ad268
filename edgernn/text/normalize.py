"""The first step of the text contract: one string in, one string out, by named rules.

Each rule is small enough to be written again in Java or JavaScript. They are applied in the
order of `normalize`'s body.
"""

from __future__ import annotations

import re
import unicodedata
from functools import partial
from typing import Literal

__all__ = [
    "BREAK",
    "Case",
    "ControlCharacters",
    "HtmlBreaks",
    "Normalizer",
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


def normalize(
    text: str,
    *,
    unicode_form: UnicodeForm = "none",
    html_breaks: HtmlBreaks = "keep",
    control_characters: ControlCharacters = "keep",
    case: Case = "keep",
) -> str:
    """Apply the normalization rules of a text contract to one text, in a fixed order."""
    text = well_formed(text)
    if unicode_form == "NFC":
        text = unicodedata.normalize("NFC", text)
    if html_breaks == "space":
        text = BREAK.sub(" ", text)
    if control_characters == "space":
        text = _CONTROL.sub(" ", text)
    if case == "lower":
        text = text.lower()
    return text


class Normalizer:
    """The normalization rules of one text contract."""

    def __init__(
        self,
        *,
        unicode_form: UnicodeForm = "none",
        html_breaks: HtmlBreaks = "keep",
        control_characters: ControlCharacters = "keep",
        case: Case = "keep",
    ) -> None:
        """Take the rules of `normalize`."""
        self.html_breaks = html_breaks
        self._normalize = partial(
            normalize,
            unicode_form=unicode_form,
            html_breaks=html_breaks,
            control_characters=control_characters,
            case=case,
        )

    def __call__(self, text: str) -> str:
        """Return the normalized text; it is well formed."""
        return self._normalize(text)
