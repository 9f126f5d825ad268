"""Write the Kotlin library's table of TFLite operators from the one of edgernn.

python tests/conformance/tflite_forms.py            # writes TfliteForms.kt
python tests/conformance/tflite_forms.py --check    # exit 1 when it is not up to date
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from edgernn.bundle.tflite import forms, hashes, schema, structure

__all__ = ["TARGET", "content", "main"]

TARGET = (
    Path(__file__)
    .resolve()
    .parents[2]
    .joinpath(
        *("runtimes", "kotlin", "edgernn-kotlin", "src", "main", "kotlin"),
        *("org", "edgernn", "bundle", "TfliteForms.kt"),
    )
)

_TEMPLATE = """package org.edgernn.bundle

// Written by tests/conformance/tflite_forms.py from edgernn/bundle/tflite; change it there.

/** The operators that an exported .tflite file may hold, and in which form each. */
internal object TfliteForms {
    /** Letters of tensors by the number of their type; in upper case they are constants. */
    val LETTERS: Map<Int, Char> = mapOf(@LETTERS@)

    /** The letters of tensors with one scale, in which 0 stands for 0. */
    val QUANTIZED: Map<Int, Char> = mapOf(@QUANTIZED@)

    /** The letters of tensors with one scale, in which another number stands for 0. */
    val SHIFTED: Map<Int, Char> = mapOf(@SHIFTED@)

    /** The letters of variables, by what they would be. */
    val VARIABLES: Map<Char, Char> = mapOf(@VARIABLES@)

    /** Bytes of an element by the number of its type. */
    val SIZES: Map<Int, Int> = mapOf(@SIZES@)

    /** Metadata that the converter and the exporter write; the engine acts on others. */
    val METADATA: Set<String> =
        setOf(
@METADATA@
        )

    /** What ids become: the operator and the kinds of its inputs, and the kind that it gives. */
    val HASHES: Map<List<String>, String> by lazy {
        HASH_LINES.split("\\n").associate {
            it.substringBefore("=").split(",") to it.substringAfter("=")
        }
    }

    /** Forms by the number of their operator. */
    val FORMS: Map<Int, Form> by lazy {
        FORM_LINES.split("\\n").map { Form.read(it) }.associateBy { it.code }
    }

    private const val HASH_LINES =
        \"\"\"@HASHES@\"\"\"

    /** See [Form.read]. */
    private const val FORM_LINES =
        \"\"\"@FORMS@\"\"\"
}
"""


def main(arguments: list[str] | None = None, target: Path = TARGET) -> int:
    """Write the file, or compare it with what would be written; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    if not parser.parse_args(arguments).check:
        target.write_text(content(), "utf-8")
    elif not target.is_file() or target.read_text("utf-8") != content():
        print(f"not up to date: {target.name}; run {Path(__file__).name}", file=sys.stderr)
        return 1
    return 0


def content() -> str:
    """Return the Kotlin source."""
    parts = {
        "LETTERS": _by_type(forms.LETTERS),
        "QUANTIZED": _by_type(forms.QUANTIZED),
        "SHIFTED": _by_type(forms.SHIFTED),
        "VARIABLES": ", ".join(f"'{a}' to '{b}'" for a, b in forms.VARIABLES.items()),
        "SIZES": ", ".join(f"{_number(name)} to {n}" for name, n in structure._SIZES.items()),
        "METADATA": "\n".join(f'            "{name}",' for name in sorted(structure._METADATA)),
        "HASHES": "\n".join(f"{','.join(a)}={b}" for a, b in hashes._HASHES.items()),
        "FORMS": "\n".join(map(_line, forms.FORMS)),
    }
    source = _TEMPLATE
    for name, part in parts.items():
        source = source.replace(f"@{name}@", part)
    return source


def _number(name: str) -> int:
    return schema.TENSOR_TYPES.index(name)


def _by_type(letters: Mapping[str, str]) -> str:
    return ", ".join(f"{_number(name)} to '{letter}'" for name, letter in letters.items())


def _line(name: str) -> str:
    form = forms.FORMS[name]
    # At the end of a set, Android's regular expressions want it escaped.
    pattern = form.tensors.replace("-]", r"\-]")
    words = [schema.BUILTIN_OPERATORS.index(name), name, pattern, int(form.options_type)]
    return " ".join(map(str, [*words, *map(_option, form.options)]))


def _option(option: forms.Option) -> str:
    return option.kind + ("#" if option.is_count else _allowed(option.allowed))


def _allowed(values: Iterable[int] | None) -> str:
    numbers = sorted(values or ())
    if len(numbers) > 8 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}..{numbers[-1]}"
    return ",".join(map(str, numbers))


if __name__ == "__main__":
    sys.exit(main())
