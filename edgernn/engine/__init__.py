"""The C engine, called through ctypes: ids or texts in, probabilities out.

Its source is in `engine`.
"""

from edgernn.engine.library import LEVELS, EngineError, Library, Model, installed
from edgernn.engine.texts import FORMS, Encoder, Found, TextRules

__all__ = [
    "FORMS",
    "LEVELS",
    "Encoder",
    "EngineError",
    "Found",
    "Library",
    "Model",
    "TextRules",
    "installed",
]
