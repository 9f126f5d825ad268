"""The export job: trained run, graph, bundle, checks, and only then a file of that name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from edgernn.audit import audit_file
from edgernn.bundle import Bundle, Golden, with_bundle
from edgernn.bundle.container import missing
from edgernn.bundle.model_file import count_operators, graph_sha256, learnt_sha256
from edgernn.errors import ExportError, MissingPackageError
from edgernn.files import new_file, write_text
from edgernn.text import Decision
from edgernn.training.models import probabilities
from edgernn.training.run import Run
from exporters import gate, model_card
from exporters.gate import Check, OpenFile, Scorer
from exporters.golden_texts import golden_vectors
from exporters.keras_model import network_of
from exporters.min_runtime import MinRuntime, oldest_supported
from exporters.network import Batch, Network, RecurrentForm
from exporters.representative import representative_ids
from exporters.rules import FormatRules, PrecisionRules, check_cells, find_precision
from exporters.sample_texts import spread

__all__ = [
    "CHECKED_TEXTS",
    "TrainedModel",
    "Validation",
    "convert_graph",
    "default_name",
    "export",
    "in_form",
    "open_trained",
]

CHECKED_TEXTS = 400
"""How many texts a file is checked on; enough for a limit of one label in two hundred."""

_A_FEW = 12
"""Tokens of the text that a second opinion is asked of: they are all that it costs."""

FEWEST_VALIDATION_TEXTS = 200
"""Fewer do not tell half a point of accuracy."""


@dataclass(frozen=True)
class Validation:
    """Texts with known labels that a run did not learn from, and its model's scores of them."""

    texts: Sequence[str]
    labels: npt.NDArray[Any]
    """The true ones, as `Decision.right` takes them."""
    expected: npt.NDArray[np.float32]
    """float32 [texts], or [texts, labels]: the Keras model's probabilities."""


@dataclass(frozen=True)
class TrainedModel:
    """A run's model, its layers, and its own scores of the texts that files are checked on."""

    run: Run
    network: Network
    texts: Sequence[str]
    expected: npt.NDArray[np.float32]
    """float32 [texts], or [texts, labels]: the Keras model's probabilities."""
    validation: Validation | None = None
    """None where the run's data is not at hand."""


def open_trained(
    run: Run, texts: Sequence[str], labels: npt.NDArray[Any] | None = None
) -> TrainedModel:
    """Load a run's Keras model and score the texts that its files will be checked on.

    Args:
        run: the run folder.
        texts: to choose from, from one token to the longest input.
        labels: the true ones, as `Decision.right` takes them, if the texts are the run's validation
            texts: the accuracy of quantized files is measured on all of them.

    Raises:
        ExportError: a layer cannot be exported exactly.
        MissingPackageError: TensorFlow is not installed.
        ModelFileError: the model cannot be read.
    """
    model = run.load_model()
    contract = run.contract
    network = network_of(model, contract)
    chosen = spread(texts, run.encoder, CHECKED_TEXTS, labels=labels)
    expected = probabilities(model, run.encoder.encode_batch(chosen), contract.decides)
    validation = None
    if labels is not None:
        ids = run.encoder.encode_batch(texts)
        known = [place for place, tokens in enumerate(ids) if len(tokens)]
        validation = Validation(
            [texts[place] for place in known],
            np.asarray(labels)[known],
            probabilities(model, [ids[place] for place in known], contract.decides),
        )
    return TrainedModel(run, network, chosen, expected, validation)


def default_name(run: Run, rules: FormatRules, precision: str) -> str:
    """Return the file name that an export gets when none is given."""
    return f"{run.config['recipe']}-{precision}{rules.suffix}"


def export(
    trained: TrainedModel,
    rules: FormatRules,
    precision: str,
    output: Path,
    open_file: OpenFile,
    say: Callable[[str], None] = lambda line: None,
    *,
    max_accuracy_drop: float = gate.MAX_ACCURACY_DROP,
    min_runtime: MinRuntime | None = None,
    recurrent: RecurrentForm | None = None,
    batch: Batch | None = None,
    card_file: Path | None = None,
) -> tuple[Check, ...]:
    """Write one model file, check it as its user would meet it, and give it its name.

    Args:
        trained: what to export.
        rules: the format.
        precision: a precision that the format has.
        output: the file to write; one that is there is replaced when all checks have passed.
        open_file: loads a file for scoring, as `edgernn.load` does.
        say: gets a line for each check that holds.
        max_accuracy_drop: points of accuracy that a quantized file may lose on the run's
            validation texts.
        min_runtime: the oldest runtime that the file must run on; None is the oldest supported.
        recurrent: the form of recurrent layers in a format that has several; None: see `in_form`.
        batch: how many texts a call the graph takes; None: the format's default.
        card_file: where to write the model card that is in the file, too.

    Returns:
        What was checked.

    Raises:
        ExportError: a check failed; no file was written. A line for each one that did.
        MissingPackageError: a package of the `export` extra is missing.
    """
    limits = find_precision(rules, precision)
    wanted = min_runtime or oldest_supported(rules.name)
    network = in_form(trained.network, rules, precision, recurrent)
    network = replace(network, batch=batch or rules.batches[0])
    trained = replace(trained, network=network)
    check_cells(rules, precision, trained.network.parts)
    run = trained.run
    card = model_card.describe(run, trained.network, rules.name, precision)
    card["batch"] = "one" if limits.one_text else network.batch
    checks: list[Check] = []

    def require(more: list[Check]) -> None:
        checks.extend(more)
        gate.require(more, output, say, gate.rounding_hint(rules, precision, trained.network))

    graph = _converted(trained, rules, precision, card, wanted)
    operators = count_operators(graph, rules.name)
    # The runtime refuses such a graph before it can be scored.
    require([gate.check_operators(operators, trained.network, rules.at(precision))])
    with new_file(output) as temporary:
        temporary.write_bytes(with_bundle(graph, rules.name, Bundle(run.encoder, card)))
        require(_check_runtimes(temporary, card, wanted))
        scorer = open_file(temporary)
        require(_check_scores(trained, scorer, limits, max_accuracy_drop))
        require(_second_opinion(trained, scorer, rules, graph))
        golden = golden_vectors(
            run.encoder,
            scorer.probabilities,
            limits.golden_tolerance,
            batched=card["batch"] == "many",
        )
        require([gate.check_c_engine(scorer, golden, run.contract.decides)])
        card["checks"] = {
            "tolerance": limits.tolerance,
            "lines": [f"{check.name}: {check.line}" for check in checks],
        }
        hashes = {
            "graph": graph_sha256(graph, rules.name),
            "vocabulary": run.contract.vocabulary_sha256,
        }
        page = model_card.page(card, run.contract, hashes)
        weights = learnt_sha256(graph, rules.name)
        bundle = Bundle(run.encoder, card, page, golden, weights)
        finished = with_bundle(graph, rules.name, bundle)
        temporary.write_bytes(finished)
        _check_finished(open_file(temporary), golden, output)
        say(_contents_line(run, golden))
        if card_file is not None:
            hashes = {output.name: hashlib.sha256(finished).hexdigest(), **hashes}
            write_text(card_file, model_card.page(card, run.contract, hashes))
    return tuple(checks)


def in_form(
    network: Network,
    rules: FormatRules,
    precision: str,
    recurrent: RecurrentForm | None = None,
) -> Network:
    """Return a network with its recurrent layers in the form that a file is to have.

    Args:
        network: what to convert.
        rules: the format.
        precision: a precision that the format has.
        recurrent: the form; None: loops, which keep no state between calls, where the precision
            can have them and they neither round more nor are slower than fused operators.
    """
    if not rules.has_forms or recurrent == "fused":
        return network
    looped = network.as_loops()
    if recurrent is None:
        from exporters.tflite_loops import is_slower

        limits = rules.precisions[precision]
        is_refused = any(part in limits.refused for part in looped.parts)
        if is_refused or limits.rounds_loops_more or is_slower(looped):
            return network
    return looped


def _converted(
    trained: TrainedModel,
    rules: FormatRules,
    precision: str,
    card: dict[str, Any],
    wanted: MinRuntime,
) -> bytes:
    """Return the graph; a package that is missing is named."""
    try:
        return convert_graph(trained, rules, precision, card, wanted)
    except ImportError as error:
        raise MissingPackageError(error.name or "tensorflow", "exporting", "export") from error


def _check_runtimes(path: Path, card: dict[str, Any], wanted: MinRuntime) -> list[Check]:
    """Audit a file, and put the oldest runtime that it needs into its card."""
    audit = audit_file(path)
    card["oldest_runtime"] = audit.oldest_runtime.text
    return [gate.check_problems(audit), gate.check_oldest_runtime(audit.oldest_runtime, wanted)]


def _contents_line(run: Run, golden: Golden) -> str:
    return (
        f"text contract version {run.contract.version}, vocabulary of "
        f"{run.contract.vocabulary_size:,} ids, model card and {len(golden.vectors)} golden "
        "vectors inside"
    )


def _check_scores(
    trained: TrainedModel, scorer: Scorer, limits: PrecisionRules, max_accuracy_drop: float
) -> list[Check]:
    texts, expected = trained.texts, trained.expected
    contract = trained.run.contract
    decision = contract.decides
    names = contract.labels if contract.outputs > 1 else ()

    def scores(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return _scores(scorer, texts, contract.outputs)

    together = scores(texts)
    backwards = scores(list(reversed(texts)))[::-1]
    alone = np.concatenate([scores([text]) for text in texts])
    checks = [
        gate.check_parity(together, expected, limits.tolerance, names),
        gate.check_labels(together, expected, decision),
        gate.check_same("order", backwards, together),
        gate.check_same("batch", alone, together),
        gate.check_padding(scorer, texts, together),
    ]
    if limits.quantized:
        checks.append(_check_accuracy(trained, scorer, decision, max_accuracy_drop))
    return checks


def _second_opinion(
    trained: TrainedModel, scorer: Scorer, rules: FormatRules, graph: bytes
) -> list[Check]:
    """Check a graph by a text of a few tokens in another program, where the format has one."""
    if rules.name not in SECOND_OPINIONS:
        return []
    texts = sorted(trained.run.encoder.encode_batch(trained.texts), key=len)
    ids = next((ids for ids in texts if len(ids) >= _A_FEW), texts[-1])
    check = SECOND_OPINIONS[rules.name](graph, ids, scorer.probabilities([ids]))
    return [] if check is None else [check]


def _check_accuracy(
    trained: TrainedModel, scorer: Scorer, decision: Decision, max_accuracy_drop: float
) -> Check:
    validation = trained.validation
    if validation is None:
        reason = "the run's data is not at hand"
    elif len(validation.texts) < FEWEST_VALIDATION_TEXTS:
        reason = (
            f"{len(validation.texts)} validation texts are too few; it takes "
            f"{FEWEST_VALIDATION_TEXTS}"
        )
    else:
        return gate.check_accuracy(
            _scores(scorer, validation.texts, trained.run.contract.outputs),
            validation.expected,
            validation.labels,
            decision,
            max_accuracy_drop,
        )
    return Check("accuracy", None, f"not measured against the trained model: {reason}")


def _check_finished(scorer: Scorer, golden: Golden, path: Path) -> None:
    """Check that the finished file, read back, says what it carries."""
    vectors = [vector for vector in golden.vectors if vector.scores is not None]
    ids = [np.array(vector.ids, np.int32) for vector in vectors]
    texts = scorer.encoder.encode_batch([vector.text for vector in vectors])
    if any(found.tolist() != wanted.tolist() for found, wanted in zip(texts, ids, strict=True)):
        raise ExportError(f"{path}: its texts do not give the ids of its golden vectors")
    expected = np.array([vector.scores for vector in vectors], np.float32)
    change = float(np.abs(scorer.probabilities(ids) - expected).max())
    if not change <= golden.tolerance:
        raise ExportError(f"{path}: its golden vectors are {change:.2g} off when read back")


def _scores(scorer: Scorer, texts: Sequence[str], outputs: int) -> npt.NDArray[np.float32]:
    """Score texts: float32 [texts], or [texts, outputs] of several."""
    scores = scorer.score(texts)
    # Where there is none, it becomes one that is not a number, which no check lets pass.
    if outputs == 1:
        return np.array([score.probability for score in scores], np.float32)
    missing = (np.nan,) * outputs
    return np.array([score.probabilities or missing for score in scores], np.float32)


def convert_graph(
    trained: TrainedModel,
    rules: FormatRules,
    precision: str,
    card: dict[str, Any],
    wanted: MinRuntime,
) -> bytes:
    """Return the model file without what it carries, unchecked: for `export`, and to measure.

    Raises:
        ExportError: the network cannot be converted.
    """
    if rules.name not in CONVERTERS:
        raise ExportError(missing(rules.name, "converter", "CONVERTERS in exporters/export.py"))
    return CONVERTERS[rules.name](trained, rules, precision, card, wanted)


def _to_onnx(
    trained: TrainedModel,
    rules: FormatRules,
    precision: str,
    card: dict[str, Any],
    wanted: MinRuntime,
) -> bytes:
    from exporters import onnx_graph, onnx_precisions

    graph = onnx_precisions.store(onnx_graph.convert(trained.network), precision)
    model: bytes = graph.SerializeToString()
    return model


def _to_tflite(
    trained: TrainedModel,
    rules: FormatRules,
    precision: str,
    card: dict[str, Any],
    wanted: MinRuntime,
) -> bytes:
    from exporters import tflite_graph
    from exporters.tflite_metadata import with_model_metadata

    contract = trained.run.contract
    representative = _representative(trained, rules, precision)
    names = contract.labels
    labels = " or ".join(names) if len(names) == 2 else f"{len(names):,} labels"
    return with_model_metadata(
        tflite_graph.convert(trained.network, precision, representative, newer=wanted.is_lifted()),
        name=str(card["recipe"]),
        description=f"Text classifier: {labels}. Text rules: contract.json.",
        version=str(contract.version),
        license="",
        files={contract.vocabulary_file: "VOCABULARY", "contract.json": "DESCRIPTIONS"},
    )


CONVERTERS: Final[
    dict[str, Callable[[TrainedModel, FormatRules, str, dict[str, Any], MinRuntime], bytes]]
] = {"onnx": _to_onnx, "tflite": _to_tflite}
"""What makes a format's file, without what it carries, of a trained model."""


def _reference(
    graph: bytes, ids: npt.NDArray[np.int32], expected: npt.NDArray[np.float32]
) -> Check | None:
    from exporters.onnx_reference import check_reference

    return check_reference(graph, ids, expected)


SECOND_OPINIONS: Final[
    dict[
        str,
        Callable[[bytes, npt.NDArray[np.int32], npt.NDArray[np.float32]], Check | None],
    ]
] = {"onnx": _reference}
"""What scores a text beside the format's engine, as `onnx_reference.check_reference` does."""


def _representative(
    trained: TrainedModel, rules: FormatRules, precision: str
) -> list[npt.NDArray[np.int32]]:
    """Texts to take activations' ranges from, other ones than scores are compared on if any are."""
    if not rules.precisions[precision].needs_representative:
        return []
    texts: Sequence[str] = trained.texts
    if trained.validation is not None:
        checked = set(texts)
        texts = [text for text in trained.validation.texts if text not in checked] or texts
    return representative_ids(texts, trained.run.encoder)
