"""What the folder of a search holds."""

__all__ = ["CANDIDATES", "CHOSEN", "PLOT", "RESULT", "STATE", "VOCABULARIES"]

CANDIDATES = "candidates"
"""The candidates' own run folders."""
CHOSEN = "chosen"
"""The run folder that holds the model and its file."""
PLOT = "front.png"
RESULT = "result.json"
STATE = "state.json"
"""What a search has reached, from which it is resumed."""
VOCABULARIES = "vocabularies"
