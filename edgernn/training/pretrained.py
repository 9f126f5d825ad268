"""Starting from a model that is there: which it may be, its recipe and its words."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path

from edgernn.errors import ModelFileError, UsageError
from edgernn.ngrams import HASHES
from edgernn.progress import Say
from edgernn.recipes.catalogue import RECIPES
from edgernn.recipes.recipe import Ngrams, Recipe
from edgernn.text.words import read_words, write_words
from edgernn.training.models import NGRAMS
from edgernn.training.run import PRETRAINED, Run
from edgernn.training.vocabulary import build_vocabulary

__all__ = ["extended", "open_start", "start_recipe"]

_SHIPPED = Path(__file__).parent.parent / "models" / "flagship"
_MOST_WORDS = 20_000
_ALIKE = 0.7
"""Ratio of `difflib` from which on a name may be meant for another."""


def open_start(name: str, recipe: str) -> Run:
    """Open the run that a training starts from.

    Args:
        name: `PRETRAINED`, or a run folder.
        recipe: the one that is to be trained.

    Raises:
        ModelFileError: it is no run folder.
        UsageError: the run is of a kind that training cannot start from.
    """
    folder = _SHIPPED if name == PRETRAINED else Path(name)
    if folder.is_file():
        raise UsageError(
            f"--from {name}: is a file, which holds no weights that can be trained: name the run "
            "folder that it was exported from"
        )
    if not folder.exists() and difflib.get_close_matches(name, [PRETRAINED], cutoff=_ALIKE):
        raise ModelFileError(
            f"{folder}: no such run folder; the model of the package is --from {PRETRAINED}"
        )
    run = Run.open(folder)
    trained = str(run.config.get("recipe"))
    has = RECIPES.get(trained)
    if has is None or not isinstance(has.ngrams, Ngrams) or not run.contract.decides.is_binary:
        raise UsageError(
            f"--from {name}: is of the recipe {trained}; to start from takes a run of two labels "
            "with a table of n-grams, such as --from pretrained"
        )
    if recipe != trained:
        raise UsageError(
            f"--recipe {recipe}: --from {name} is of the recipe {trained}; leave one of the two out"
        )
    return run


def start_recipe(run: Run, recipe: Recipe) -> Recipe:
    """Return a run's recipe, with the run's text rules and another's settings.

    Args:
        run: what training starts from.
        recipe: of its name, with this training's own settings.
    """
    own = RECIPES[run.config["recipe"]]
    contract = run.contract
    given = {
        field.name: getattr(contract, field.name)
        for field in dataclasses.fields(own.text)
        if field.name != "target_vocabulary_size"
    }
    return dataclasses.replace(own, text=dataclasses.replace(own.text, **given), fit=recipe.fit)


def extended(run: Run, recipe: Recipe, texts: Sequence[str], min_df: int, say: Say) -> bytes:
    """Return the vocabulary of a run with the words of new texts behind its own.

    Args:
        run: what training starts from.
        recipe: its recipe; see `start_recipe`.
        texts: the new ones.
        min_df: how many of them must hold a word.
        say: gets a line of how many words are new.
    """
    own = read_words(run.encoder.vocabulary)
    rules = dataclasses.replace(recipe.text, target_vocabulary_size=_MOST_WORDS)
    known = set(own)
    found = read_words(build_vocabulary(rules, texts, min_df, say))
    assert isinstance(recipe.ngrams, Ngrams)
    first = run.contract.first_word_id or 0
    hash = HASHES[run.load_model().get_layer(NGRAMS).hash]
    room = min(_MOST_WORDS, hash.most_ids(recipe.ngrams.longest)) - first - len(own)
    new = [word for word in found if word not in known][: max(0, room)]
    say(f"words of the texts that are new to the model: {len(new):,}")
    return write_words([*own, *new])
