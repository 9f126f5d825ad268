"""Values that mean positive and negative whoever reads them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

__all__ = ["PLAIN", "plain"]

_NEGATIVE = (
    *("neg", "negative", "false", "no", "bad"),
    *("negativ", "négatif", "negatif", "negativo", "nein", "non", "não"),
)
_POSITIVE = (
    *("pos", "positive", "true", "yes", "good"),
    *("positiv", "positif", "positivo", "ja", "oui", "si", "sí", "sì", "sim"),
)
PLAIN: Mapping[str, int] = {
    **dict.fromkeys((*_NEGATIVE, "0"), 0),
    **dict.fromkeys((*_POSITIVE, "1"), 1),
}
"""Values that mean the same in any company of each other."""

_PAIRS: tuple[tuple[str, str], ...] = (
    ("1", "2"),
    ("-1", "1"),
    ("0", "4"),
    ("n", "y"),
    ("f", "t"),
    ("n", "p"),
)
"""Values that mean negative and positive where a column holds these two and no other."""


def plain(values: Collection[str]) -> dict[str, int] | None:
    """Return what folded values mean where that is plain, or else None."""
    if all(value in PLAIN for value in values):
        return {value: PLAIN[value] for value in values}
    for pair in _PAIRS:
        if set(values) == set(pair):
            return {pair[0]: 0, pair[1]: 1}
    return None
