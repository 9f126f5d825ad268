"""The C engine, called through ctypes: ids in, probabilities out. Its source is in `engine`."""

from edgernn.engine.library import LEVELS, EngineError, Library, Model, installed

__all__ = ["LEVELS", "EngineError", "Library", "Model", "installed"]
