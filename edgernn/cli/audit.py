"""`edgernn audit`: what is in a model file, what fails elsewhere, where its bytes go."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

from edgernn.audit import Audit, Finding, OldestRuntime, audit_file
from edgernn.audit.weights import Weight
from edgernn.cli.console import write_line
from edgernn.runtime import SHIPPED_MODEL

__all__ = ["reasons", "run_audit"]

_LARGE = 256
"""Constants of fewer bytes are not listed."""

_MOST_LINES = 12
_MOST_ROWS = 48
"""Of lists that a hostile file can make long, in words and in tables."""

_WIDTH = 100
_LABEL = 24


def run_audit(path: Path | None, as_json: bool) -> bool:
    """Print what is in a model file, and tell whether it has problems."""
    audit = audit_file(SHIPPED_MODEL if path is None else path)
    if as_json:
        write_line(audit.to_json())
    else:
        for line in _lines(audit):
            write_line(line)
    return bool(audit.problems)


def reasons(runtime: OldestRuntime) -> list[str]:
    """Return a line for each thing that needs more than the oldest runtime supported."""
    return _cut([reason.text for reason in runtime.reasons])


def _lines(audit: Audit) -> Iterable[str]:
    yield "file"
    yield from _labelled("file", str(audit.path))
    yield from _labelled("format", audit.format)
    yield from _labelled("bytes", f"{audit.bytes:,}")
    yield from _labelled("carries a bundle", _bundle(audit))
    yield from _labelled("source", _source(audit))
    found = [f"{count} {name}" for name, count in audit.recurrent_operators.items()]
    yield from _labelled("recurrent operators", ", ".join(found) or "none")
    yield from _labelled("oldest runtime", audit.oldest_runtime.text)
    for line in reasons(audit.oldest_runtime):
        yield from _labelled("", line)
    yield from _labelled("problems", _problems(audit))
    if audit.findings:
        yield "findings"
        for finding in audit.findings[:_MOST_ROWS]:
            yield from _finding(finding)
        if len(audit.findings) > _MOST_ROWS:
            yield f"  and {len(audit.findings) - _MOST_ROWS:,} more; --json has them all"
    yield "operators"
    operators = [_row(name, f"{count:>7,}") for name, count in audit.operators.items()]
    yield from _cut(operators, most=_MOST_ROWS)
    yield "weights"
    yield from _weights(audit)
    yield "bytes"
    for part in audit.parts:
        yield _row(part.name, f"{part.bytes:>11,}  {part.bytes / audit.bytes:>6.1%}")
    yield _row("all", f"{audit.bytes:>11,}")


def _bundle(audit: Audit) -> str:
    if not audit.carries_bundle:
        return "no: not written by `edgernn export`"
    if audit.bundle is None:
        return "yes, but it is broken"
    contract = audit.bundle.contract
    return f"yes: text contract version {contract.version}, {contract.vocabulary_size:,} ids"


def _source(audit: Audit) -> str:
    if audit.layers is None:
        return "not known: no card of this file names its layers"
    layers = ", ".join(_cut([layer.text for layer in audit.layers]))
    return f"{layers}: {audit.counted_layers}"


def _problems(audit: Audit) -> str:
    places = sum(max(1, len(finding.places)) for finding in audit.problems)
    kinds = len(audit.problems)
    if places == kinds:
        return f"{kinds}" if kinds else "none"
    return f"{places} of {kinds} kinds" if kinds > 1 else f"{places} of one kind"


def _finding(finding: Finding) -> Iterable[str]:
    count = len(finding.places)
    times = f", {count} times" if count > 1 else ""
    yield f"  {finding.severity}: {finding.subject}{times}"
    yield from _labelled("why", finding.why, indent=4)
    yield from _labelled("change", finding.change, indent=4)
    for number, place in enumerate(_cut(finding.places)):
        yield from _labelled("" if number else "at", place, indent=4)


def _weights(audit: Audit) -> Iterable[str]:
    groups: dict[tuple[str, str, tuple[int, ...], bool, str, tuple[str, ...]], list[Weight]] = {}
    for weight in audit.weights:
        if weight.bytes >= _LARGE:
            key = (weight.role, weight.type, weight.shape)
            how = (weight.is_quantized, weight.decoded_by, weight.used_by)
            groups.setdefault((*key, *how), []).append(weight)
    rows = []
    for (role, type, shape, is_quantized, decoder, users), weights in groups.items():
        times = f", {len(weights)} times" if len(weights) > 1 else ""
        sizes = " x ".join(_cut([f"{size}" for size in shape], most=6)) or "scalar"
        notes = ["quantized"] if is_quantized else []
        notes += [f"decoded by {decoder}"] if decoder else []
        notes += [f"used by {', '.join(_cut(users, most=4))}"] if users else ["used by nothing"]
        size = sum(weight.bytes for weight in weights)
        rows.append(_row(role, f"{size:>11,}  {type} {sizes}{times}; {', '.join(notes)}"))
    yield from _cut(rows, most=_MOST_ROWS)
    small = [weight for weight in audit.weights if weight.bytes < _LARGE]
    if small:
        size = sum(weight.bytes for weight in small)
        yield _row("smaller ones", f"{size:>11,}  {len(small)} of under {_LARGE} bytes")
    share = audit.quantized_share
    if share is not None:
        numbers = sum(weight.numbers for weight in audit.weights if weight.is_weight)
        yield _row(
            "quantized", f"{share:>11.1%}  of {numbers:,} numbers of embeddings, kernels and biases"
        )


def _row(label: str, value: str) -> str:
    return f"  {label:<{_LABEL + 4}} {value}"


def _labelled(label: str, text: str, indent: int = 2) -> Iterable[str]:
    """Yield a text beside its label, broken into lines."""
    column = _LABEL if indent == 2 else 8
    width = _WIDTH - indent - column
    wrapped = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]
    for number, line in enumerate(wrapped):
        yield f"{' ' * indent}{'' if number else label:<{column}}{line}".rstrip()


def _cut(lines: Iterable[str], most: int = _MOST_LINES) -> list[str]:
    """Return the first lines, and a line that says how many more there are."""
    listed = list(lines)
    more = len(listed) - most
    return [*listed[:most], f"and {more:,} more"] if more > 0 else listed
