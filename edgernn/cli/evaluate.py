"""`edgernn evaluate`."""

from __future__ import annotations

from edgernn.cli.console import busy, progress, say, write_line
from edgernn.cli.evaluation_lines import evaluation_lines
from edgernn.evaluation.job import EvaluationOptions, evaluate
from edgernn.evaluation.report import to_json_text

__all__ = ["run_evaluation"]


def run_evaluation(options: EvaluationOptions, as_json: bool) -> None:
    """Measure a run or a model file, and print the figures."""
    # Files are written by then: a reader of our output that has had enough, such as head, ends
    # the command.
    found = evaluate(options, say=say, busy=busy, progress=progress)
    if as_json:
        write_line(to_json_text(found.to_json()))
    else:
        for line in evaluation_lines(found):
            write_line(line)
