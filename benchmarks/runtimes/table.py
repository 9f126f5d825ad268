"""Tables of docs/runtimes.md and docs/export.md, from `runtimes.json` and `recurrent.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["recurrent_table", "runtimes_table", "runtimes_wrong"]

_TITLES: Final = {
    "onnx": "ONNX, several texts a call",
    "onnx, one text": "ONNX, one text a call (`--batch one`)",
    "tflite, loop": "TFLite, LSTM and SimpleRNN as a loop",
    "tflite, fused": "TFLite, LSTM and SimpleRNN as the fused operator",
}

_READERS: Final = {"last": "the last step", "pool": "pooling", "layer": "a second layer"}
"""By what reads a layer in `benchmarks.recurrent`."""

_NOTE: Final = 160
"""Characters of a note that are kept."""
_INTEGERS: Final = "it computes integers in float32, which the older hash of n-grams exceeds"
_BFLOAT16: Final = "it computes in bfloat16 where the processor has it"
_WHY: Final[Sequence[tuple[str, str, str | None, str]]] = (
    ("openvino", "one_by_one", "int32", f"{_INTEGERS}; and {_BFLOAT16.removeprefix('it ')}"),
    ("openvino", "one_by_one", None, _BFLOAT16),
    ("openvino, f32", "one_by_one", "int32", _INTEGERS),
    ("MNN", "one_by_one", "int32", _INTEGERS),
    ("IREE", "one_by_one", None, "not known; right in a graph for one text"),
    ("", "in_a_batch", None, "`sequence_lens` is ignored: padding enters the state"),
    ("onnxruntime, default options", "one_by_one", None, "it quantizes activations by itself"),
)
"""Why a runtime is wrong: its name, one by one or only in a batch, the hash of n-grams where it is
that, and the reason."""


def recurrent_table(result: dict[str, Any]) -> str:
    """Return the time of loops over that of fused operators, for docs/export.md."""
    lengths = list(dict.fromkeys(row["tokens"] for row in result["rows"]))
    lines = [
        "| layer | read by | precision | " + " | ".join(f"{n} tokens" for n in lengths) + " |",
        "| --- | --- | --- |" + " ---: |" * len(lengths),
    ]
    kinds = dict.fromkeys(
        (row["cell"], row["units"], row["reader"], row["precision"]) for row in result["rows"]
    )
    for kind in kinds:
        cell, units, reader, precision = kind
        found = {
            row["tokens"]: row["loop_to_fused"]
            for row in result["rows"]
            if (row["cell"], row["units"], row["reader"], row["precision"]) == kind
        }
        shown = " | ".join(f"{found[length]:.2f}" for length in lengths)
        lines.append(f"| {cell} of {units} | {_READERS[reader]} | {precision} | {shown} |")
    return "\n".join([*lines, ""])


def runtimes_table(result: dict[str, Any]) -> str:
    """Return the page's tables: a form of file each, and the usual ways."""
    lines: list[str] = []
    for form, title in _TITLES.items():
        files = [file for file in result["files"] if file["form"] == form]
        if files:
            lines += [f"### {title}", "", *_matrix(files), ""]
    if result["missing"]:
        could_not = "; ".join(f"{name}: {why}" for name, why in result["missing"].items())
        lines += [f"Could not be had: {could_not}", ""]
    if result["roads"]:
        lines += ["### Other ways from the same Keras models", "", *_roads(result["roads"]), ""]
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines.append(
        f"<sub>{machine['processor']}, one core, Python {machine['python']}, {versions}; "
        f"{result['tokens']} tokens, the median of {result['turns']} turns.</sub>"
    )
    return "\n".join([*lines, ""])


def runtimes_wrong(result: dict[str, Any]) -> str:
    """Return one line for the README: who is wrong on files that ONNX Runtime and LiteRT run."""
    alone, batch = (
        sorted({row["runtime"].split(",")[0] for row in _rows(result) if _is_off(row, way)})
        for way in ("one_by_one", "in_a_batch")
    )
    said = [f"{', '.join(alone)} on single texts"] if alone else []
    said += [f"{', '.join(only)} in a batch"] if (only := sorted({*batch} - {*alone})) else []
    return f"Other runtimes may be wrong without a word: {'; '.join(said) or 'none is'}."


def _rows(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [row for file in result["files"] for row in file["runtimes"]]


def _is_off(row: Mapping[str, Any], way: str) -> bool:
    """Tell whether a runtime that is wrong is so in this way."""
    value = row[way]
    return row["right"] is False and value is not None and not value <= 1e-4


def _matrix(files: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(row["runtime"] for file in files for row in file["runtimes"]))
    versions = {row["runtime"]: row["version"] for file in files for row in file["runtimes"]}
    notes: list[str] = []
    lines = [
        "| runtime | " + " | ".join(f"`{file['recipe']}`" for file in files) + " |",
        "| --- |" + " --- |" * len(files),
    ]
    for name in names:
        cells = []
        for file in files:
            found = [row for row in file["runtimes"] if row["runtime"] == name]
            cells.append(_cell(found[0], file["hash"], notes) if found else "-")
        lines.append(f"| {name}<br>{versions[name] or ''} | " + " | ".join(cells) + " |")
    numbered = [f"<sup>{number}</sup> {note}" for number, note in enumerate(notes, start=1)]
    return [*lines, "", *(line for note in numbered for line in (note, ""))]


def _cell(row: Mapping[str, Any], hash: str | None, notes: list[str]) -> str:
    if row["refused"]:
        return f"refused {_note(str(row['reason']), notes)}"
    time = row.get("time_to_onnxruntime")
    timed = "" if time is None else f"<br>{time:g} x"
    if row["right"]:
        return f"right{timed}"
    parts = [
        f"{row[way]:.2g} off{said} {_note(_why(row, way, hash), notes)}"
        for way, said in (("one_by_one", ""), ("in_a_batch", " in a batch"))
        if _is_off(row, way)
    ]
    return f"**{'<br>'.join(parts)}**{timed}" if parts else f"**fails** {_failed(row, notes)}"


def _failed(row: Mapping[str, Any], notes: list[str]) -> str:
    return _note(str(row["reason"]), notes)


def _why(row: Mapping[str, Any], way: str, hash: str | None) -> str:
    return next(
        (
            why
            for name, where, of, why in _WHY
            if where == way and name in ("", row["runtime"]) and of in (None, hash)
        ),
        "not known",
    )


def _note(text: str, notes: list[str]) -> str:
    if len(text) > _NOTE:
        text = f"{text[:_NOTE].rpartition(' ')[0]} ..."
    shown = text.replace("|", "\\|").replace("<", "&lt;")
    if shown not in notes:
        notes.append(shown)
    return f"<sup>{notes.index(shown) + 1}</sup>"


def _roads(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    notes: list[str] = []
    lines = [
        "| recipe | way | converts | runs | largest difference | keeps state | time |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        cells = ["yes" if row["converts"] else f"no {_note(row['reason'], notes)}"]
        if not row["converts"]:
            cells += ["-"] * 4
        elif not row["runs"]:
            cells += [f"no {_note(row['reason'], notes)}", "-", "-", "-"]
        else:
            off = f"{row['off']:.1e}"
            tokens = row.get("tokens")
            runs = "yes" if tokens is None else f"{tokens} tokens, no other length"
            cells += [runs, off if row["right"] else f"**{off}**"]
            cells += ["**yes**" if row["keeps_state"] else "no", f"{row['time_to_onnxruntime']} x"]
        lines.append(f"| `{row['recipe']}` | {row['road']} | " + " | ".join(cells) + " |")
    numbered = [f"<sup>{number}</sup> {note}" for number, note in enumerate(notes, start=1)]
    return [*lines, "", *(line for note in numbered for line in (note, ""))]
