"""The model card: what a file is, what it was made of, how it was checked, and its limits.

`describe` gives the facts, the file's `card.json`; `page` writes them out for people, the file's
`card.md`. Sections after Mitchell et al., Model Cards for Model Reporting (2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from edgernn.ngrams import HASHES
from edgernn.recipes.catalogue import RECIPES
from edgernn.text import TextContract
from edgernn.training.run import NO_START, PRETRAINED, Run
from exporters.network import (
    Activation,
    Conv,
    Dense,
    Embedding,
    Layer,
    MaxPool,
    Network,
    Ngrams,
    Pool,
    Recurrent,
    Scale,
)

__all__ = ["describe", "page"]

_IMDB = {
    "name": "Large Movie Review Dataset (IMDB)",
    "licence": "none is stated with the data; its authors ask for a citation of Maas et al., "
    "Learning Word Vectors for Sentiment Analysis (ACL 2011)",
    "language": "English film reviews",
}
_OWN = {
    "name": "data of the person who trained it",
    "licence": "not known to edgernn: ask that person",
    "language": "not known to edgernn",
}
_LABELS_NAMED = 12
_LABELS_WORST = 5
_PACKAGES = ("edgernn", "keras", "tensorflow", "numpy")


def describe(run: Run, network: Network, format: str, precision: str) -> dict[str, Any]:
    """Return what is known of a file before it is checked.

    Args:
        run: the run folder that it is made of.
        network: the run's layers.
        format: name of the format.
        precision: name of the precision.
    """
    name = run.config["recipe"]
    figures = run.test_figures
    recipe = RECIPES.get(name)
    data = run.config["data"] and run.config["data"]["description"]
    return {
        "recipe": name,
        **({"title": recipe.title, "source": recipe.source} if recipe is not None else {}),
        "format": format,
        "precision": precision,
        "batch": network.batch,
        "layers": _layers(network),
        "training": {**run.metrics, "seed": run.config["seed"], "data": data},
        "data": _IMDB if run.is_of_imdb else _OWN,
        # What a run that was not trained here was made of.
        **({"imported": run.config["imported"]} if "imported" in run.config else {}),
        # What training started from, whose data the model has learned from, too.
        **({"from": started} if (started := _started(run.config.get("from"))) else {}),
        # Of texts that are new to the model: other figures are none of a test.
        **({"evaluation": _without_tables(figures)} if figures else {}),
        "limits": [*_limits(run.contract, run.is_of_imdb), *_limits_elsewhere(network, format)],
        "versions": {name: metadata.version(name) for name in _PACKAGES},
    }


def page(card: Mapping[str, Any], contract: TextContract, hashes: Mapping[str, str]) -> str:
    """Write a card for people.

    Args:
        card: what `describe` gave, with `checks`.
        contract: the file's text contract.
        hashes: SHA-256 in hexadecimal by what it is of.

    Returns:
        Markdown.
    """
    training, data = card["training"], card["data"]
    lines = [
        f"# {_escaped(card.get('title', card['recipe']))}",
        "",
        _decision(contract),
        "",
        *_table(
            {
                "recipe": card["recipe"],
                "source": card.get("source", "not a recipe of edgernn"),
                "format": card["format"],
                "precision": card["precision"],
                "texts a call": {"many": "any number", "one": "one"}[card["batch"]],
                "layers": ", ".join(_layer_text(layer) for layer in card["layers"]),
                "oldest runtime": card["oldest_runtime"],
            }
        ),
        "## Data",
        "",
        *_table(
            {
                "data": data["name"],
                "language": data["language"],
                "file": _data_file(training["data"]),
                **({"started from": card["from"]} if "from" in card else {}),
                "learnt from": _count(training.get("training_examples"), "texts"),
                "chosen on": _count(training.get("validation_examples"), "texts held out"),
                "licence of the data": data["licence"],
            }
        ),
        "## Figures",
        "",
        *_table(
            {
                "validation accuracy": _percent(training.get("validation_accuracy")),
                "validation loss": _number(training.get("validation_loss")),
                **_held_out(training.get("held_out"), contract.labels),
                **_evaluation(card.get("evaluation")),
                "parameters": _count(training.get("parameters"), ""),
                "seed": "not known" if training["seed"] is None else str(training["seed"]),
            }
        ),
        "## Checks that this file passed",
        "",
        *(f"- {check}" for check in card["checks"]["lines"]),
        "",
        "## Limits",
        "",
        *(f"- {limit}" for limit in card["limits"]),
        "",
        "## Made with",
        "",
        *_table(dict(card["versions"])),
        "## SHA-256",
        "",
        *_table(dict(hashes)),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _decision(contract: TextContract) -> str:
    """Say which labels there are, and how a text gets one."""
    names = [_escaped(label) for label in contract.labels]
    unless = ""
    if contract.none_below is not None:
        unless = f"; a label less probable than {contract.none_below:g} is not given"
    if contract.decision == "threshold":
        return (
            f"A text classifier: {' or '.join(names)}, the second from a probability of "
            f"{contract.threshold:g} on{unless}."
        )
    more = len(names) - _LABELS_NAMED
    listed = ", ".join(names[:_LABELS_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    if contract.decision == "largest":
        return f"A text classifier: the likeliest of {len(names):,} labels, {listed}{unless}."
    low, high = min(contract.thresholds), max(contract.thresholds)
    since = f"{low:g}" if low == high else f"{low:g} to {high:g}, as the label may be,"
    return (
        f"A text classifier: any of {len(names):,} labels, {listed}; each is given from a "
        f"probability of {since} on, so that a text may get several or none."
    )


def _without_tables(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return test figures for a file: of many labels those found worst, and no confusion."""
    kept = {name: value for name, value in figures.items() if name not in ("by_label", "confused")}
    rows = figures.get("by_label")
    if isinstance(rows, list):
        known = [row for row in rows if isinstance(row, dict) and _is_share(row.get("f1"))]
        worst = sorted(known, key=lambda row: row["f1"])[:_LABELS_WORST]
        kept["lowest_f1"] = [{"label": row.get("label"), "f1": row["f1"]} for row in worst]
    return kept


def _layers(network: Network) -> list[dict[str, Any]]:
    """Return the layers, n-grams beside them last, as plain values."""
    found: list[dict[str, Any]] = []
    units = 0
    for layer in network.layers:
        described = _layer(layer, units)
        units = layer.outputs if isinstance(layer, Recurrent) else described["units"]
        found.append(described)
    if network.ngrams is not None:
        hashed = network.ngrams
        units = 1 if isinstance(hashed, Ngrams) else hashed.table.shape[1]
        described = {"layer": "Ngrams", "rows": hashed.buckets, "units": units}
        found.append({**described, "longest": hashed.longest, "hash": hashed.hash})
    return found


def _layer(layer: Layer, units: int) -> dict[str, Any]:
    """Return a layer as plain values; `units`: the number of features that it reads."""
    match layer:
        case Embedding():
            rows, columns = layer.table.shape
            return {"layer": "Embedding", "rows": rows, "units": columns}
        case Recurrent():
            directions = len(layer.directions)
            return {"layer": layer.cell, "units": layer.units, "directions": directions}
        case Dense():
            return {"layer": "Dense", "units": layer.kernel.shape[1]}
        case Conv():
            return {"layer": "Conv1D", "units": layer.kernel.shape[2]}
        case Pool():
            return {"layer": "Pool", "units": len(layer.of) * units}
        case MaxPool():
            return {"layer": "MaxPooling1D", "units": units}
        case Activation():
            return {"layer": layer.function, "units": units}
        case Scale():
            return {"layer": "Scale", "units": units}


def _layer_text(layer: Mapping[str, Any]) -> str:
    if "longest" in layer:
        vectors = f" x {layer['units']}" if layer["units"] > 1 else ""
        return (
            f"beside them n-grams of up to {layer['longest']} ids in {layer['rows']:,} "
            f"buckets{vectors}"
        )
    size = f"{layer['rows']:,} x {layer['units']}" if "rows" in layer else str(layer["units"])
    two = " in both directions" if layer.get("directions") == 2 else ""
    return f"{layer['layer']} {size}{two}"


def _limits(contract: TextContract, is_imdb: bool) -> list[str]:
    end = "start" if contract.cut == "start" else "end"
    limits = [
        f"Of a text longer than {contract.max_length:,} tokens the {end} is not read.",
        _limit_of_labels(contract),
        "The probability is the network's own; how well it agrees with what comes true stands "
        "under Figures where it was measured.",
    ]
    if is_imdb:
        limits.insert(
            0,
            "It learnt from English film reviews of a paragraph or more. Other subjects, other "
            "languages and single sentences are judged by what they share with those.",
        )
        limits.append(
            "Reviews of 2011 and before: later words, names and films are not in the vocabulary."
        )
    else:
        limits.insert(0, "What it learnt from is not known to edgernn: judge it on your own texts.")
    return limits


def _limits_elsewhere(network: Network, format: str) -> list[str]:
    """Return what programs without edgernn get wrong; `benchmarks.runtimes` measures it."""
    if format == "onnx" and network.recurrent_layers:
        batch = [
            "Several texts a call are right in ONNX Runtime. Other runtimes (OpenVINO, MNN, IREE, "
            "rten, the reference of onnx) leave `lengths` out of account, without a word: give "
            "them one text a call, at its own length, or export with --batch one."
        ]
        integers = [
            "OpenVINO and MNN compute the hash of its n-grams in float32, which cannot hold it: "
            "they are wrong, without a word. A model trained anew has another hash."
        ]
        old = network.ngrams is not None and HASHES[network.ngrams.hash].largest >= 1 << 24
        return [
            *(batch if network.batch == "many" else []),
            *(integers if old else []),
            "OpenVINO computes in bfloat16 where the processor has it: set "
            "INFERENCE_PRECISION_HINT to f32.",
        ]
    if any(layer.is_fused for layer in network.recurrent_layers) and format == "tflite":
        return [
            "Its recurrent layers keep their state from one call to the next: a program resets the "
            "variables before each text (reset_all_variables(), resetVariableTensors()).",
        ]
    return []


def _limit_of_labels(contract: TextContract) -> str:
    if contract.none_below is not None:
        return (
            f"A text gets no label where the likeliest is less probable than "
            f"{contract.none_below:g}; texts that are none of the labels may still get one."
        )
    if contract.decision == "threshold":
        return (
            f"Every text gets one of two labels, {' or '.join(contract.labels)}: there is none for "
            "texts that are neither."
        )
    if contract.decision == "largest":
        return (
            f"Every text gets one of its {len(contract.labels):,} labels: there is none for texts "
            "that are none of them."
        )
    return (
        f"It knows its {len(contract.labels):,} labels alone; of each it is decided by itself "
        "whether a text gets it."
    )


def _evaluation(values: Mapping[str, Any] | None) -> dict[str, str]:
    if not values:
        return {"test accuracy": "not measured on new texts before this file was written"}
    texts = _count(values.get("examples"), "test texts")
    said = f"{_percent(values.get('accuracy'))} of {texts}, before export{_interval(values)}"
    found = {"test accuracy": said}
    if "macro_f1" in values:
        found |= _of_many(values)
    return found | {
        "test log loss": _number(values.get("log_loss")),
        "expected calibration error": _number(values.get("expected_calibration_error")),
    }


def _of_many(values: Mapping[str, Any]) -> dict[str, str]:
    """Return what only an evaluation of more than two labels, or of several a text, has."""
    found = {"test macro F1": _number(values["macro_f1"])}
    for name, title in (
        ("micro_f1", "micro F1"),
        ("mean_average_precision", "mean average precision"),
    ):
        if name in values:
            found[f"test {title}"] = _number(values[name])
    answered = values.get("answered")
    if isinstance(answered, dict):
        found["texts that get a label"] = _percent(answered.get("coverage"))
        found["test accuracy of those"] = _percent(answered.get("accuracy"))
    worst = values.get("lowest_f1")
    if isinstance(worst, list):
        rows = [row for row in worst if isinstance(row, dict)]
        found["labels with the lowest F1"] = ", ".join(
            f"{row.get('label')} ({_number(row.get('f1'))})" for row in rows
        )
    return found


def _held_out(values: object, labels: Sequence[str]) -> dict[str, str]:
    """Return more of what was measured on held-out texts; earlier versions did not."""
    if not isinstance(values, dict):
        return {}
    if "macro_f1" in values:
        return {
            "most frequent alone": _percent(values.get("larger_class")),
            "validation macro F1": _number(values["macro_f1"]),
        }
    f1 = values.get("f1_of_each")
    of_each = f1 if isinstance(f1, list) and len(f1) == len(labels) else [None] * len(labels)
    return {
        "larger class alone": _percent(values.get("larger_class")),
        "validation balanced accuracy": _percent(values.get("balanced_accuracy")),
        **{
            f"validation F1 of {label}": _number(value)
            for label, value in zip(labels, of_each, strict=True)
        },
    }


def _interval(values: Mapping[str, Any]) -> str:
    match values.get("accuracy_interval"):
        case [int() | float() as low, int() | float() as high]:
            return f"; 95% interval {low:.2%} to {high:.2%}"
    return ""


def _started(name: Any) -> str:
    """Return in words what training started from, by the run's config; empty where from nothing."""
    if name in (None, NO_START):
        return ""
    if name == PRETRAINED:
        return "the pretrained model of edgernn, which has learned from IMDB reviews"
    return f"the run {name}, and what it has learned from"


def _table(rows: Mapping[str, str]) -> Sequence[str]:
    return [
        "| | |",
        "| --- | --- |",
        *(f"| {_escaped(k)} | {_escaped(v)} |" for k, v in rows.items()),
        "",
    ]


def _escaped(text: Any) -> str:
    """Keep a name from a run folder from being read as Markdown or HTML."""
    plain = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in "|<>`*[]\\" else c for c in plain)


def _data_file(data: Mapping[str, Any] | None) -> str:
    if data is None:
        return "not known"
    digest = f", SHA-256 {data['sha256']}" if "sha256" in data else ""
    return f"{data.get('name', data.get('kind', 'not known'))}{digest}"


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def _percent(value: Any) -> str:
    return f"{value:.2%}" if isinstance(value, int | float) else "not known"


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "not known"


def _count(value: Any, what: str) -> str:
    return f"{value:,} {what}".strip() if isinstance(value, int) else "not known"
