"""The job of `edgernn choose`: data, measuring, training, and a folder with what was chosen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path

from edgernn.choose.data import SearchData, prepare_data
from edgernn.choose.finish import finish
from edgernn.choose.front_plot import plot_front
from edgernn.choose.halving import Search, Settings
from edgernn.choose.measure import Untrained, Variant
from edgernn.choose.names import CANDIDATES, PLOT, RESULT, STATE
from edgernn.choose.options import ChooseOptions, asked_for
from edgernn.choose.result import Result, result_of
from edgernn.choose.space import Point
from edgernn.choose.state import State, read_state, write_state
from edgernn.choose.trainer import KerasTrainer
from edgernn.data import load_splits
from edgernn.errors import TrainingError, UsageError
from edgernn.files import write_text
from edgernn.progress import Busy, Say
from edgernn.training.keras_setup import prepare_keras
from exporters.rules import find_format

__all__ = ["choose"]

_MOST_OF_BUDGET = 0.25
"""Share of the budget that is kept for exporting at most."""


def choose(
    options: ChooseOptions,
    *,
    resume: bool = False,
    say: Say = lambda line: None,
    busy: Busy = lambda title: nullcontext(),
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
    _check_folder(folder, resume)
    with busy("reading the training split"):
        asked = asked_for(options)
        state = read_state(folder, asked) if resume else State(asked)
        splits = load_splits(
            options.data,
            options.reading,
            test_fraction=options.test_fraction,
            seed=options.seed,
            limit=options.limit,
            say=say,
        )
    data = prepare_data(options, splits, say, busy)
    points = len(data.space.all_points())
    say(
        f"{data.examples:,} training examples, {len(data.held_out):,} of them held out; "
        f"{points:,} points to choose from"
    )
    with busy("loading TensorFlow"):
        say(f"training on {prepare_keras(options.seed)}")
    untrained = Untrained(data.vocabularies, rules, data.fit, data.latency_texts, asked["data"])
    trainer = _trainer(options, data, clock, on_batch)
    # Reading the data took some of the budget, too.
    state.spent += clock() - began

    def measure(candidates: Sequence[Point]) -> list[tuple[Variant, ...] | str]:
        with busy(f"measuring {len(candidates)} untrained candidates"):
            return untrained.measure(candidates)

    search = Search(
        state,
        _settings(options, data),
        data.space,
        measure,
        trainer,
        clock,
        save=lambda: write_state(folder, state),
        say=say,
    )
    search.run()
    if not any(candidate.accuracy is not None for candidate in state.candidates):
        raise TrainingError(
            f"the budget of {options.budget:g} s ended before any candidate had learnt from all "
            f"examples once: continue with --resume and a longer --budget"
        )
    before = clock()
    with busy("exporting and checking"):
        chosen = finish(
            state.candidates,
            options.limits,
            rules,
            folder,
            trainer.run_folder,
            data.held_out,
            data.latency_texts,
            say,
        )
    state.spent += clock() - before
    write_state(folder, state)
    result = result_of(state, options.limits, options.budget, chosen, points)
    plot_front(result, folder / PLOT)
    write_text(folder / RESULT, json.dumps(result.to_json(), indent=2) + "\n")
    return result


def _check_folder(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds something else, and one without a search to resume."""
    if not resume and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            f"--output {folder}: already exists; choose another, or continue it with --resume"
        )
    if resume and not (folder / STATE).exists():
        raise UsageError(f"--resume: {folder} holds no search: {STATE} is missing")


def _trainer(
    options: ChooseOptions,
    data: SearchData,
    clock: Callable[[], float],
    on_batch: Callable[[str], None],
) -> KerasTrainer:
    return KerasTrainer(
        folder=options.output / CANDIDATES,
        splits=data.splits,
        data={
            "data": options.data,
            "limit": options.limit,
            "seed": options.seed,
            "min_df": data.min_df,
            "test_fraction": options.test_fraction,
            **vars(options.reading),
        },
        fit=data.fit,
        vocabularies=data.vocabularies,
        clock=clock,
        on_batch=on_batch,
    )


def _settings(options: ChooseOptions, data: SearchData) -> Settings:
    reserve = min(_MOST_OF_BUDGET * options.budget, 12.0 + 0.01 * len(data.held_out))
    return Settings(
        limits=options.limits,
        budget=options.budget,
        reserve=reserve,
        epochs=data.fit.epochs,
        texts=data.learnt,
        mean_tokens=cache(data.mean_tokens),
        seed=options.seed,
    )
