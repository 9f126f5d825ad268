"""Finished runs side by side: what their folders say, as rows of one table."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgernn.bundle import CONTAINERS
from edgernn.errors import ModelFileError, UsageError
from edgernn.evaluation.proposals import propose_test
from edgernn.text import TextContract
from edgernn.training.history import Epoch, History, read_history
from edgernn.training.run import CONFIG, EVALUATION, METRICS, Run, evaluation_split, figures_of_test

__all__ = [
    "PRECISIONS",
    "ComparedRun",
    "ExportedFile",
    "TestResult",
    "differences",
    "missing",
    "read_runs",
]

PRECISIONS = (
    *("float32", "float16", "int8-embedding", "int8", "int8-dynamic", "int16x8", "int8-full"),
)
"""Those of the exporters, which this package does not import; a test compares them."""
_NO_TESTS = {
    "train": "edgernn evaluate measured the training texts",
    "validation": "edgernn evaluate measured the texts that chose the epoch",
    "not known": "it is not known whether the texts were trained on that edgernn evaluate measured",
}
"""What to say of an evaluation that is none of a test split."""
_LABELS_READ = (
    *("positive", "negative", "drop", "label_names"),
    *("label_separator", "label_columns", "labels_from"),
)
"""Of a run's config: what decides which labels its texts have."""
_MAX_NAME = 200
_LABELS_NAMED = 3


@dataclass(frozen=True)
class ExportedFile:
    """A model file that lies in a run folder."""

    name: str
    bytes: int

    @property
    def precision(self) -> str | None:
        """The precision that the name says, as `edgernn export` names its files."""
        stem = Path(self.name).stem
        said = [name for name in PRECISIONS if stem == name or stem.endswith(f"-{name}")]
        return max(said, key=len, default=None)


@dataclass(frozen=True)
class TestResult:
    """What `edgernn evaluate` measured of a run on texts that are new to it."""

    accuracy: float
    """A share in [0, 1]."""
    macro_f1: float | None
    """Mean F1 over the labels; None of two labels, and where it was not measured."""
    examples: int
    data: object
    """Which data it was, as JSON values."""


@dataclass(frozen=True)
class ComparedRun:
    """What the folder of a finished run says about it."""

    name: str
    """The end of the folder's path: as much of it as tells the runs apart."""
    folder: Path
    contract: TextContract
    config: dict[str, Any]
    recipe: str
    published: bool
    """Whether the recipe was trained to the letter of its tutorial."""
    parameters: int
    history: History
    selected: Epoch
    """The epoch of the weights that the model has."""
    validation: tuple[float, float]
    """Accuracy and loss of the model that was written on held-out texts; of a model with n-grams
    they are not those of the epoch, which had its layers alone."""
    test: TestResult | None
    measured: str | None
    """Which split `edgernn evaluate` measured: test, train, validation, not known; None: none."""
    files: dict[str, ExportedFile | None]
    """By format: the int8 file, else the smallest; None where there is none."""

    @property
    def has_two_labels(self) -> bool:
        """Whether the model tells two labels apart, of which each text has one."""
        return self.contract.decides.is_binary

    @property
    def test_macro_f1(self) -> float | None:
        """Macro F1 on the test split; None where it was not measured."""
        return None if self.test is None else self.test.macro_f1

    @property
    def minutes(self) -> float:
        """How long training took, validation included."""
        return sum(epoch.seconds for epoch in self.history.epochs) / 60

    def as_row(self) -> dict[str, Any]:
        """Return what is compared, as JSON values; accuracies are shares in [0, 1]."""
        row: dict[str, Any] = {
            "run": self.name,
            "folder": str(self.folder),
            "recipe": self.recipe,
            "published": self.published,
            "parameters": self.parameters,
            "kept_epoch": self.selected.epoch,
            "epochs": len(self.history.epochs),
            "interrupted": self.history.interrupted,
            "validation_accuracy": self.validation[0],
            "validation_loss": self.validation[1],
            "test_accuracy": None if self.test is None else self.test.accuracy,
            "test_examples": None if self.test is None else self.test.examples,
            **({} if self.has_two_labels else {"test_macro_f1": self.test_macro_f1}),
            "measured_split": self.measured,
            "minutes": round(self.minutes, 2),
        }
        for format, file in self.files.items():
            row[format] = None if file is None else {"file": file.name, "bytes": file.bytes}
        return row


def read_runs(folders: Sequence[Path]) -> list[ComparedRun]:
    """Read run folders; no model is loaded.

    Raises:
        ModelFileError: a folder is not that of a finished run, or a file in it is broken.
        UsageError: a folder is named twice, or the runs have different labels.
    """
    runs = [Run.open(folder) for folder in folders]
    places = [run.folder.resolve() for run in runs]
    for i, place in enumerate(places):
        if place in places[:i]:
            raise UsageError(f"{folders[i]}: is named twice")
    for run in runs[1:]:
        _refuse_other_labels(run, runs[0])
    return [_read(run, _short(place, places)) for run, place in zip(runs, places, strict=True)]


def _refuse_other_labels(run: Run, first: Run) -> None:
    labels, expected = run.contract.labels, first.contract.labels
    several, expect_several = (one.contract.decision == "each" for one in (run, first))
    if set(labels) == set(expected) and several == expect_several:
        return
    if set(labels) == set(expected):
        has, lacks = (run, first) if several else (first, run)
        raise UsageError(
            f"{has.folder}: gives a text several labels, and {lacks.folder} one: their accuracies "
            "do not compare; compare each with runs of its kind"
        )
    only = [*(name for name in labels if name not in expected)][:_LABELS_NAMED]
    theirs = [*(name for name in expected if name not in labels)][:_LABELS_NAMED]
    differing = [
        *([f"only this one has {', '.join(only)}"] if only else []),
        *([f"only that one has {', '.join(theirs)}"] if theirs else []),
    ]
    raise UsageError(
        f"{run.folder}: has {len(labels):,} labels that are not the {len(expected):,} of "
        f"{first.folder} ({'; '.join(differing)}): only runs of the same labels compare"
    )


def missing(runs: Sequence[ComparedRun]) -> list[str]:
    """Return lines that say what the table lacks, each followed by the commands that supply it."""
    lines = []
    unmeasured = [run for run in runs if run.test is None]
    proposals = [propose_test(run.config, run.folder) for run in unmeasured]
    for words in dict.fromkeys(words for words, _ in proposals):
        of = [run for run, (own, _) in zip(unmeasured, proposals, strict=True) if own == words]
        lines.append(f"no test figure of {_share(of, runs)}: {words}:")
        lines += [f"  {command}" for own, command in proposals if own == words]
    unexported = [run for run in runs if None in run.files.values()]
    if unexported:
        lines.append(f"model files are missing of {_share(unexported, runs)}; to write them:")
        lines += [f"  {_export(run)}" for run in unexported]
    return lines


def differences(runs: Sequence[ComparedRun]) -> list[str]:
    """Return a line for each reason why the figures of the runs do not compare."""
    lines = []
    if _several(_training_data(run) for run in runs):
        lines.append("the runs were not trained on the same data")
    if _several(_validation_data(run) for run in runs):
        lines.append(
            "the runs were validated on different texts (data, seed or validation split differ)"
        )
    for split, what in _NO_TESTS.items():
        if of := [run for run in runs if run.measured == split]:
            lines.append(f"{what} of {_names(of)}: those are no test figures and not shown")
    tested = [run.test for run in runs if run.test is not None]
    if _several((result.examples, _without_name(result.data)) for result in tested):
        lines.append("the test accuracies are of different test data")
    on_test = [run for run in runs if _fit_setting(run, "validation") == "test"]
    if on_test:
        lines.append(f"validation of {_names(on_test)} was on the test split, as in the tutorial")
    return lines


def _read(run: Run, name: str) -> ComparedRun:
    history = read_history(run.folder)
    history.interrupted = run.metrics.get("interrupted") is True
    parameters = _count(run, "parameters", 1 << 40)
    name_of_kept = "kept_epoch" if "kept_epoch" in run.metrics else "best_epoch"
    selected = history.epochs[_count(run, name_of_kept, len(history.epochs)) - 1]
    accuracy = _number(run, "validation_accuracy", selected.validation_accuracy, largest=1.0)
    loss = _number(run, "validation_loss", selected.validation_loss, largest=math.inf)
    return ComparedRun(
        name=name,
        folder=run.folder,
        contract=run.contract,
        config=run.config,
        recipe=_recipe(run),
        published=run.config.get("published") is True,
        parameters=parameters,
        history=history,
        selected=selected,
        validation=(accuracy, loss),
        test=_test_result(run),
        measured=None if (found := run.evaluation) is None else evaluation_split(found, run.config),
        files={c.name: _smallest(run.folder, c.suffix) for c in CONTAINERS.values()},
    )


def _recipe(run: Run) -> str:
    recipe = run.config.get("recipe")
    if not isinstance(recipe, str) or not recipe.isprintable() or len(recipe) > _MAX_NAME:
        raise ModelFileError(f"{run.folder / CONFIG}: 'recipe' is not a name")
    return recipe


def _count(run: Run, name: str, largest: int) -> int:
    value = run.metrics.get(name)
    if type(value) is not int or not 1 <= value <= largest:
        raise ModelFileError(
            f"{run.folder / METRICS}: {name!r} is not a whole number from 1 to {largest:,}"
        )
    return value


def _number(run: Run, name: str, otherwise: float, largest: float) -> float:
    """Return a figure of `metrics.json`, or what earlier versions meant by having none."""
    value = run.metrics.get(name, otherwise)
    if type(value) not in (int, float) or not 0 <= value <= largest:
        raise ModelFileError(f"{run.folder / METRICS}: {name!r} is not a number of 0 or more")
    return float(value)


def _test_result(run: Run) -> TestResult | None:
    found = run.evaluation
    if found is None:
        return None
    _check_figures(run.folder, found)
    values = figures_of_test(found, run.config)
    if values is None:
        return None
    accuracy, examples = _check_figures(run.folder, values)
    macro_f1 = values.get("macro_f1")
    if macro_f1 is not None and not (isinstance(macro_f1, float) and 0 <= macro_f1 <= 1):
        raise ModelFileError(f"{run.folder / EVALUATION}: 'macro_f1' is not a share in [0, 1]")
    return TestResult(accuracy, macro_f1, examples, values.get("data"))


def _check_figures(folder: Path, values: dict[str, Any]) -> tuple[float, int]:
    accuracy, examples = values.get("accuracy"), values.get("examples")
    # In JSON a 1 may stand for 1.0; `true` may not.
    if type(accuracy) is int:
        accuracy = float(accuracy)
    if not isinstance(accuracy, float) or not 0 <= accuracy <= 1:
        raise ModelFileError(f"{folder / EVALUATION}: 'accuracy' is not a share in [0, 1]")
    if type(examples) is not int or examples < 1:
        raise ModelFileError(f"{folder / EVALUATION}: 'examples' is not a whole number above 0")
    return accuracy, examples


def _smallest(folder: Path, suffix: str) -> ExportedFile | None:
    files = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # A leading dot is the name of a file that is not written to its end.
                if entry.name.endswith(suffix) and entry.name[0] != "." and entry.is_file():
                    files.append(ExportedFile(entry.name, entry.stat().st_size))
    except OSError as error:
        raise ModelFileError(f"{folder}: cannot be read: {error.strerror}") from error
    return min(files, key=lambda f: (f.precision != "int8", f.bytes, f.name), default=None)


def _short(place: Path, places: Sequence[Path]) -> str:
    for parts in range(1, len(place.parts)):
        ends = [other.parts[-parts:] for other in places]
        if ends.count(place.parts[-parts:]) == 1:
            return _printable(str(Path(*place.parts[-parts:])))
    return _printable(str(place))


def _printable(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name)


def _names(runs: Sequence[ComparedRun]) -> str:
    return ", ".join(run.name for run in runs)


def _share(some: Sequence[ComparedRun], runs: Sequence[ComparedRun]) -> str:
    return _names(some) if len(some) == 1 else f"{len(some)} of the {len(runs)} runs"


def _export(run: ComparedRun) -> str:
    absent = [format for format, file in run.files.items() if file is None]
    format = absent[0] if len(absent) == 1 else "all"
    folder = str(run.folder)
    return shlex.join(
        ["edgernn", "export", "--format", format, "--run", folder, "--output", folder]
    )


def _several(values: Iterable[object]) -> bool:
    first, *others = [*values] or [None]
    return any(value != first for value in others)


def _without_name(description: object) -> object:
    """Return a description of data in which a file under another name is the same data."""
    if not isinstance(description, dict):
        return description
    return {name: value for name, value in description.items() if name != "name"}


def _training_data(run: ComparedRun) -> object:
    data = run.config.get("data")
    described = data.get("description") if isinstance(data, dict) else None
    how = data if isinstance(data, dict) else {}
    splits = run.config.get("splits")
    return [
        _without_name(described),
        run.config.get("limit"),
        # Earlier runs do not have these.
        [how.get(name) or None for name in _LABELS_READ],
        splits.get("test_fraction") if isinstance(splits, dict) else None,
    ]


def _validation_data(run: ComparedRun) -> object:
    names = ("validation", "validation_fraction", "validation_limit")
    return [
        *(_training_data(run), run.config.get("seed")),
        *(_fit_setting(run, name) for name in names),
    ]


def _fit_setting(run: ComparedRun, name: str) -> object:
    settings = run.config.get("fit")
    # Older runs do not say how they validated, since there was one way.
    before = {"validation": "held out", "validation_fraction": 0.1}
    return (settings if isinstance(settings, dict) else {}).get(name, before.get(name))
