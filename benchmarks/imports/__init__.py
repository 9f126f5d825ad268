"""Models as other people make them, of five Keras versions: imported, exported and compared.

A case is a folder, which `cases.Case` describes: a model and a vocabulary as somebody would have
saved them, the options of `edgernn import`, and each text with the score that Keras's predict
gives. `networks` and `vocabularies` list the kinds of cases; `make` runs inside an environment of
one Keras version, without edgernn, and writes them. `measure` imports every case, exports it to
both formats, and compares. `python -m benchmarks.imports` does all of it.
"""
