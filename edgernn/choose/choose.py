"""The job of `edgernn choose`: data, measuring, training, and a folder with what was chosen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from edgernn.choose.finish import finish
from edgernn.choose.front_plot import plot_front
from edgernn.choose.halving import Search, Settings
from edgernn.choose.limits import Limits
from edgernn.choose.measure import Untrained, latency_texts
from edgernn.choose.result import Result, result_of
from edgernn.choose.space import Point, Space, fit_settings, text_rules
from edgernn.choose.state import STATE, State, read_state, write_state
from edgernn.choose.trainer import KerasTrainer
from edgernn.choose.vocabularies import Vocabularies
from edgernn.data import DataOptions, describe, load_splits, validation_split
from edgernn.data.left_out import rows_with_tokens
from edgernn.data.options import DEFAULTS
from edgernn.data.split import FEWEST_TO_HOLD_OUT
from edgernn.errors import TrainingError, UsageError
from edgernn.files import write_text
from edgernn.training.coverage import check_letters
from edgernn.training.keras_setup import prepare_keras
from edgernn.training.prepare import NO_TEST
from edgernn.training.rare_words import least_texts
from exporters.rules import find_format

__all__ = ["PLOT", "RESULT", "ChooseOptions", "choose"]

PLOT = "front.png"
RESULT = "result.json"

_SUBWORDS_A_WORD = 1.3
_MOST_OF_BUDGET = 0.25
"""Share of the budget that is kept for exporting at most."""


@dataclass(frozen=True, kw_only=True)
class ChooseOptions:
    """What a search is asked for."""

    output: Path
    limits: Limits
    budget: float
    """Seconds of wall-clock time, with those before a search was resumed."""
    data: str | None = None
    reading: DataOptions = DEFAULTS
    """How a labelled file is read."""
    min_df: int | None = None
    """How many texts must hold a word for it to be in a vocabulary; None: see `least_texts`."""
    limit: int | None = None
    test_fraction: float | None = None
    """How much of each class of a labelled file is kept out of the search."""
    seed: int = 1
    format: str = "onnx"
    space: Space = field(default_factory=Space)


def choose(
    options: ChooseOptions,
    *,
    resume: bool = False,
    say: Callable[[str], None] = lambda line: None,
    busy: Callable[[str], AbstractContextManager[object]] = lambda title: nullcontext(),
    on_batch: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.monotonic,
) -> Result:
    """Search for the model that meets limits, and leave it in a folder.

    The folder holds `chosen`, a run folder with its exported file, `front.png`, `result.json`, the
    candidates' own run folders, their vocabularies, and the state to resume from.

    Args:
        options: what to look for, where, how long.
        resume: go on with the search in `options.output`.
        say: gets a line for each step.
        busy: called with a title, gives a context to show that a long step is under way.
        on_batch: hears now and then what is being trained.
        clock: seconds that count towards the budget.

    Returns:
        What was found; `Result.chosen.misses` names the limits that it breaks, if any.

    Raises:
        DataError, ExportError, MissingPackageError, UsageError: as their messages say.
        KeyboardInterrupt: Ctrl-C; the folder holds what was reached.
        TrainingError: the budget was too short for any candidate.
    """
    began = clock()
    rules = find_format(options.format)
    folder = options.output
    if not resume and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"--output {folder}: is there already; choose another, or go on with --resume"
        )
    if resume and not (folder / STATE).exists():
        raise UsageError(f"--resume: {folder} holds no search: {STATE} is missing")
    with busy("reading the training split"):
        asked = _asked(options)
        state = read_state(folder, asked) if resume else State(asked)
        splits = load_splits(
            options.data,
            options.reading,
            test_fraction=options.test_fraction,
            seed=options.seed,
            limit=options.limit,
            say=say,
        )
    word = next(point for point in options.space.all_points() if point.tokenizer == "words")
    check_letters(text_rules(word), splits.train.texts, str(options.data))
    few = len(splits.train) < FEWEST_TO_HOLD_OUT
    if options.test_fraction is None and not splits.has_own_test and not few:
        say(NO_TEST)
    fit = fit_settings(len(splits.train))
    examples, kept, held = validation_split(
        splits, fit.validation_fraction, options.seed, whole_groups=fit.whole_groups
    )
    with busy("counting words"):
        learnt = [examples.texts[i] for i in kept]
        min_df = least_texts(options.min_df, examples.is_published)
        vocabularies = Vocabularies(
            folder / "vocabularies", examples.texts, options.space, min_df, say
        )
        counts = np.array(vocabularies.word_counts(max(options.space.max_lengths)))
        # A text without a word cannot be scored; the training job leaves it out as well.
        filled = rows_with_tokens(
            examples, counts, str(options.data), say=say, strict=options.reading.strict
        )
        held_out = examples.at(np.intersect1d(held, filled))
        space = options.space.within(vocabularies.words(), int(np.quantile(counts, 0.98)))
    say(
        f"{len(examples):,} training examples, {len(held_out):,} of them held out; "
        f"{len(space.all_points()):,} points to choose from"
    )
    with busy("loading TensorFlow"):
        say(f"training on {prepare_keras(options.seed)}")

    @cache
    def mean_tokens(point: Point) -> float:
        factor = 1.0 if point.tokenizer == "words" else _SUBWORDS_A_WORD
        return float(np.minimum(counts * factor, point.max_length).mean())

    spoken = latency_texts(learnt)
    untrained = Untrained(vocabularies, rules, fit, spoken, asked["data"])
    trainer = KerasTrainer(
        folder=folder / "candidates",
        splits=splits,
        data={
            "data": options.data,
            "limit": options.limit,
            "seed": options.seed,
            "min_df": min_df,
            "test_fraction": options.test_fraction,
            **vars(options.reading),
        },
        fit=fit,
        vocabularies=vocabularies,
        clock=clock,
        on_batch=on_batch,
    )
    reserve = min(_MOST_OF_BUDGET * options.budget, 12.0 + 0.01 * len(held_out))
    settings = Settings(
        limits=options.limits,
        budget=options.budget,
        reserve=reserve,
        epochs=fit.epochs,
        texts=len(kept),
        mean_tokens=mean_tokens,
        seed=options.seed,
    )
    # Reading the data took some of the budget, too.
    state.spent += clock() - began

    def measure(points: Any) -> Any:
        with busy(f"measuring {len(points)} untrained candidates"):
            return untrained.measure(points)

    search = Search(
        state,
        settings,
        space,
        measure,
        trainer,
        clock,
        save=lambda: write_state(folder, state),
        say=say,
    )
    search.run()
    if not any(c.accuracy is not None for c in state.candidates):
        raise TrainingError(
            f"the budget of {options.budget:g} s ended before any candidate had learnt from all "
            f"examples once: go on with --resume and a longer --budget"
        )
    before = clock()
    with busy("exporting and checking"):
        chosen = finish(
            state.candidates,
            options.limits,
            rules,
            folder,
            trainer.run_folder,
            held_out,
            spoken,
            say,
        )
    state.spent += clock() - before
    write_state(folder, state)
    result = result_of(state, options.limits, options.budget, chosen, len(space.all_points()))
    plot_front(result, folder / PLOT)
    write_text(folder / RESULT, json.dumps(result.to_json(), indent=2) + "\n")
    return result


def _asked(options: ChooseOptions) -> dict[str, Any]:
    limits = options.limits
    more = {"test-fraction": options.test_fraction} | options.reading.to_json()
    del more["text_column"], more["label_column"], more["format"]
    more["data-format"] = options.reading.format
    return {
        "max-size": limits.bytes,
        "max-latency": limits.milliseconds,
        "min-accuracy": limits.accuracy,
        "format": options.format,
        "seed": options.seed,
        "limit": options.limit,
        "min-df": options.min_df,
        "text-column": options.reading.text_column,
        "label-column": options.reading.label_column,
        "data": describe(options.data),
        # A search of an earlier version does not have these.
        **{
            name.replace("_", "-"): value
            for name, value in more.items()
            if value not in (None, [], True)
        },
    }
