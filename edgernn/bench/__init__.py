"""Measuring model files on the runtimes of a machine, and reading what others measured.

What is measured, and how, is in docs/bench.md.
"""
