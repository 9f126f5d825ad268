"""`edgernn summary`: the layers of a run's model, its text rules, its diagram."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from edgernn.cli.compare import aligned
from edgernn.cli.console import busy, say, write_line
from edgernn.evaluation.diagram import LayerRow, draw_diagram, read_layers
from edgernn.pictures import picture_format
from edgernn.runtime import SHIPPED_MODEL
from edgernn.text import TextContract
from edgernn.training.run import MODEL, Run

__all__ = ["run_summary"]


def run_summary(folder: Path | None, plot: Path | None, as_json: bool) -> None:
    """Print what a run's model is made of, and draw it."""
    if plot is not None:
        picture_format(plot)
    run = Run.open(SHIPPED_MODEL.parent if folder is None else folder)
    with busy("loading the trained model"):
        model = run.load_model()
    layers = read_layers(model, run.folder / MODEL)
    parameters = sum(layer.parameters for layer in layers)
    if plot is not None:
        draw_diagram(layers, plot, f"{run.folder.resolve().name}: {parameters:,} parameters")
    if as_json:
        write_line(json.dumps(_as_json(run, layers, parameters), ensure_ascii=False))
    else:
        for line in [*_table(layers, parameters), "", *_text_rules(run.contract)]:
            write_line(line)
    sys.stdout.flush()
    if plot is not None:
        say(f"wrote {plot}")


def _as_json(run: Run, layers: list[LayerRow], parameters: int) -> dict[str, object]:
    return {
        "run": str(run.folder),
        "layers": [
            {
                "name": layer.name,
                "type": layer.type,
                "output_shape": layer.output_shape,
                "parameters": layer.parameters,
            }
            for layer in layers
        ],
        "parameters": parameters,
        "contract": json.loads(run.contract.to_json()),
    }


def _table(layers: list[LayerRow], parameters: int) -> list[str]:
    rows = [(x.name, x.type, x.shape, f"{x.parameters:,}") for x in layers]
    header = ("layer", "type", "output shape", "parameters")
    return aligned([header, *rows, ("total", "", "", f"{parameters:,}")], left=3)


def _text_rules(contract: TextContract) -> list[str]:
    """Say in two lines what becomes of a text before the first layer."""
    vocabulary = f"vocabulary of {contract.vocabulary_size:,} ids"
    cut = f"at most {contract.max_length:,} tokens, the {contract.cut} of longer texts is cut off"
    padding = "" if contract.padding == "none" else f", padding at the {contract.padding}"
    rules = {
        "unicode form": contract.unicode_form,
        "line break tags": contract.html_breaks,
        "control characters": contract.control_characters,
        "case": contract.case,
        "stop words": f"{len(contract.stop_words):,}" if contract.stop_words else "none",
        **{
            name.replace("_", " "): value
            for name in ("html_entities", "quotes", "hashtags", "symbols", "unspaced_scripts")
            if (value := getattr(contract, name)) != "keep"
        },
        **({"words of": "letters"} if contract.word_class == "letters" else {}),
        **({"deleted": f"{n} characters"} if (n := len(contract.deleted_characters)) else {}),
    }
    return [
        f"text: {contract.tokenizer}, {vocabulary}; {cut}{padding}",
        "rules: " + ", ".join(f"{name} {value}" for name, value in rules.items()),
    ]
