"""What other implementations of the text contract are measured by: the corpus, and the check."""

from edgernn.conformance.check import Check, Tally, Wrong, check_answers
from edgernn.conformance.corpus import Case, corpus_files, read_corpus

__all__ = ["Case", "Check", "Tally", "Wrong", "check_answers", "corpus_files", "read_corpus"]
