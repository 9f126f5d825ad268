"""The text contract and its parts: standard library and numpy, one for trainer and device."""

from edgernn.text.contract import CONTRACT_VERSIONS, TextContract
from edgernn.text.decision import EVEN, NO_LABEL, Decision
from edgernn.text.encoded import EncodedTexts
from edgernn.text.encoder import TextEncoder
from edgernn.text.normalize import normalize, well_formed
from edgernn.text.subwords import SubwordEncoder
from edgernn.text.word_rule import WordRule
from edgernn.text.words import WordEncoder

__all__ = [
    "CONTRACT_VERSIONS",
    "EVEN",
    "NO_LABEL",
    "Decision",
    "EncodedTexts",
    "SubwordEncoder",
    "TextContract",
    "TextEncoder",
    "WordEncoder",
    "WordRule",
    "normalize",
    "well_formed",
]
