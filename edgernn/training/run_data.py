"""The examples of a run, loaded again from its config.json and the data that it was trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.data import (
    DataOptions,
    Description,
    Examples,
    Splits,
    describe,
    load_split,
    load_splits,
    validation_split,
)
from edgernn.data.examples import first
from edgernn.data.label_options import LabelRule
from edgernn.data.label_values import LabelsError, OneLabelError
from edgernn.data.model_labels import as_labels_of
from edgernn.data.options import option_of
from edgernn.data.source_kinds import described
from edgernn.errors import DataError, ModelFileError, UsageError
from edgernn.text import TextContract, TextEncoder

__all__ = [
    "as_started",
    "check_data",
    "check_soft_labels",
    "describe_soft_labels",
    "measured_split",
    "options_of",
    "run_splits",
    "validation_examples",
]


def options_of(config: Mapping[str, Any]) -> DataOptions:
    """Return how a run read its data.

    Raises:
        ModelFileError: the config does not say.
    """
    try:
        return DataOptions.from_json(config["data"])
    except (KeyError, TypeError) as error:
        raise ModelFileError(f"config.json is broken: data: {error!r}") from error


def run_splits(config: Mapping[str, Any], data: str | None) -> Splits:
    """Load the splits of a run again: the same training, validation and test texts.

    Args:
        config: the run's `config.json`.
        data: where the data is, or None for where it was in training.

    Raises:
        DataError: the data is not at hand, or is not the data of the run.
        ModelFileError: the config is broken.
    """
    location = data if data is not None else config["data"]["source"]
    check_data(config, location)
    splits = load_splits(
        location,
        options_of(config),
        test_fraction=_split_setting(config, "test_fraction"),
        seed=config["seed"],
        limit=config["limit"],
    )
    return as_started(config, splits)


def as_started(config: Mapping[str, Any], splits: Splits) -> Splits:
    """Return splits of a file as a run has them; an earlier version took each text for itself."""
    if "splits" in config or splits.train.reading is None:
        return splits
    return dataclasses.replace(splits, train=splits.train.ungrouped(), validation=None)


def measured_split(
    config: Mapping[str, Any],
    data: str,
    options: DataOptions,
    *,
    contract: TextContract | None = None,
    limit: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Examples:
    """Load the test split of a file for a run: the rows that it kept out, if it is the run's file.

    Args:
        config: the run's `config.json`.
        data: the file.
        options: how it is read. What they leave open is read as in training: all of it of the
            run's own file, and of another file what its labels mean, if the run's options settle
            all of them.
        contract: the run's; see `load_split`.
        limit: see `load_split`.
        say: likewise.

    Raises:
        DataError: the data cannot be read.
        ModelFileError: the config is broken.
        UsageError: the run read its file otherwise.
    """
    # An imported run has no data.
    if config.get("data") is None:
        return load_split(data, "test", options, contract=contract, limit=limit, say=say)
    started = options_of(config)
    if not _is_data_of(config, data):
        if not options.label_column:
            options = _with_places_of(started, options)
        load = partial(load_split, data, "test", contract=contract, limit=limit)
        if started.label_rule and not options.label_rule:
            return _with_rule_of_run(started.label_rule, data, options, load, say)
        return load(options, say=say)
    given = {name: getattr(options, name) for name in options.set_fields()}
    merged = dataclasses.replace(started, **given)
    if _split_setting(config, "test_fraction") is None:
        return load_split(data, "test", merged, contract=contract, limit=limit, say=say)
    test = run_splits(config, data).test
    assert test is not None
    if given and merged != dataclasses.replace(started, strict=merged.strict):
        asked = load_splits(
            data,
            merged,
            test_fraction=_split_setting(config, "test_fraction"),
            seed=config["seed"],
        ).test
        if asked is None or not _are_same(asked, test):
            raise UsageError(
                f"{', '.join(map(option_of, given))}: the run read {data} otherwise, and kept rows "
                "of it out for a test; leave the options out"
            )
    say(f"measuring the {len(test):,} rows that the run held out for a test")
    return first(test if contract is None else as_labels_of(contract, test, data), limit)


def _are_same(examples: Examples, others: Examples) -> bool:
    """Tell whether both are the same texts with the same labels."""
    return (
        examples.texts == others.texts
        and examples.classes == others.classes
        and np.array_equal(examples.labels, others.labels)
    )


def _with_places_of(started: DataOptions, options: DataOptions) -> DataOptions:
    """Return options with the places where a run found its labels, where they name none."""
    places = ("label_columns", "label_separator", "labels_from")
    if any(getattr(options, name) for name in places):
        return options
    return dataclasses.replace(options, **{name: getattr(started, name) for name in places})


def _with_rule_of_run(
    rule: LabelRule,
    data: str,
    options: DataOptions,
    load: Callable[..., Examples],
    say: Callable[[str], None],
) -> Examples:
    """Load a file that is not the run's: by the run's rule if it fits, or by what is plain."""
    given = rule.options()
    by_rule = dataclasses.replace(
        options, positive=rule.positive, negative=rule.negative, drop=rule.drop, labels=rule.labels
    )
    try:
        lines: list[str] = []
        found = load(by_rule, say=lines.append)
    except OneLabelError as error:
        raise DataError(
            f"{error}; those options are the run's: say with --positive and --negative what the "
            "labels of this file mean, or name a file that has both"
        ) from error
    except LabelsError as error:
        try:
            own = load(options, say=lines.append)
        except LabelsError as unclear:
            raise LabelsError(
                f"the run's own {given} does not fit the labels of this file; {unclear}"
            ) from error
        say(f"{data}: the run's {given} does not fit its labels, which are read by themselves")
        found = own
    else:
        say(f"{data}: its labels are read as the run's were: {given}")
    for line in lines:
        say(line)
    return found


def validation_examples(
    config: Mapping[str, Any], data: str | None, encoder: TextEncoder | None = None
) -> Examples:
    """Load again what a run measured after each epoch, from the data that it was trained on.

    Args:
        config: the run's `config.json`.
        data: where the data is, or None for where it was in training.
        encoder: the run's; texts of which it leaves no token are left out, as they were then.

    Raises:
        DataError: the data is not at hand, or is not the data of the run.
        ModelFileError: the config is broken.
    """
    settings = config["fit"]
    if settings["validation"] == "test":
        found = first(_test_split(config, data), settings["validation_limit"])
    else:
        examples, _, held_out = validation_split(
            run_splits(config, data),
            settings["validation_fraction"],
            config["seed"],
            # Runs of earlier versions do not say.
            whole_groups=settings.get("whole_groups", False),
        )
        found = examples.at(held_out)
    if encoder is None:
        return found
    return found.at(np.flatnonzero(encoder.token_counts(found.texts)))


def check_data(config: Mapping[str, Any], location: str | None) -> None:
    """Make sure that data is that of a run; its name may have changed.

    Raises:
        DataError: it is not, or is not at hand.
    """
    if not _is_data_of(config, location):
        raise DataError(f"{location}: not the data that the run was trained on")


def describe_soft_labels(location: str) -> Description:
    """Return what tells a file of soft labels from another, for a run's config.json.

    Raises:
        DataError: it cannot be read.
    """
    return described("file", Path(location))


def check_soft_labels(config: Mapping[str, Any], location: str | None) -> None:
    """Make sure that soft labels are those of a run; the file's name may have changed.

    Raises:
        DataError: they are not, or are not at hand.
    """
    if location is None:
        return
    found, expected = describe_soft_labels(location), config["soft_labels"]["description"]
    if {**found, "name": None} != {**expected, "name": None}:
        raise DataError(f"{location}: not the soft labels that the run was started with")


def _is_data_of(config: Mapping[str, Any], location: str | None) -> bool:
    found, expected = describe(location), config["data"]["description"]
    return {**found, "name": None} == {**expected, "name": None}


def _test_split(config: Mapping[str, Any], data: str | None) -> Examples:
    if _split_setting(config, "test_fraction") is not None:
        test = run_splits(config, data).test
        assert test is not None
        return test
    location = data if data is not None else config["data"]["source"]
    check_data(config, location)
    return load_split(location, "test", options_of(config))


def _split_setting(config: Mapping[str, Any], name: str) -> Any:
    """Return a setting of how a run divided its data; earlier versions have none."""
    settings = config.get("splits")
    return settings.get(name) if isinstance(settings, dict) else None
