"""What a training run is asked for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from edgernn.data import DataOptions
from edgernn.errors import DataError, ModelFileError, TrainingError, UsageError
from edgernn.recipes.catalogue import DEFAULT_RECIPE, find_recipe
from edgernn.recipes.recipe import ClassWeight, Ngrams, Recipe
from edgernn.training import run as names
from edgernn.training.checkpoint import holds_epoch
from edgernn.training.run import NO_START, read_json

__all__ = ["DEFAULT_HARD_SHARE", "DEFAULT_TEMPERATURE", "TrainOptions"]

DEFAULT_TEMPERATURE = 1.0
"""By the `dev` texts of benchmarks/distil: others lose there."""
DEFAULT_HARD_SHARE = 0.3
"""There, one of two data sets does better with it and one without; with it, labels count where a
teacher knows less than they do."""
_FIT = ("epochs", "batch_size", "learning_rate")


@dataclass(frozen=True, kw_only=True)
class TrainOptions(DataOptions):
    """What a training run is asked for; None leaves the recipe's own value."""

    output: Path
    recipe: str = DEFAULT_RECIPE
    published: bool = False
    """Whether to do what the recipe's tutorial did, to the letter."""
    data: str | None = None
    start: str | None = None
    """What training starts from, `--from`: a run folder, `pretrained`, `none`; None: whatever the
    data takes, and with a recipe's name nothing."""
    vocabulary: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    class_weight: str | None = None
    """`balanced` lets all labels count alike; None: each text counts alike."""
    target_precision: float | None = None
    """How often the answers that are given have to be right; None: every answer is given."""
    max_length: int | None = None
    seed: int = 1
    limit: int | None = None
    min_df: int | None = None
    """How many texts must hold a word for it to be in the vocabulary; None: see `least_texts`."""
    test_fraction: float | None = None
    """How much of each class of a labelled file is kept out for a test."""
    temperature: float | None = None
    """What a teacher's logits and the model's are divided by, where they are compared; None: see
    `DEFAULT_TEMPERATURE`. For `soft_labels` alone; so is the next."""
    hard_share: float | None = None
    """How much of a text's loss is that of its label, in [0, 1]; None: see `DEFAULT_HARD_SHARE`."""
    teacher_logits: str | None = None
    """A file of what a teacher that reads says of the texts and of pieces of them; None: the
    flagship's own teacher is alone."""

    def check_soft_labels(self) -> None:
        """Make sure that what is said of soft labels goes together.

        Raises:
            DataError: the file of them does not exist.
            UsageError: there are none for it, a number is out of range, or they are in no file.
        """
        for name in ("soft_key", "temperature", "hard_share"):
            value = getattr(self, name)
            if value is not None and self.soft_labels is None:
                raise UsageError(
                    f"--{name.replace('_', '-')} {value}: is about a teacher's soft labels; name "
                    "their file with --soft-labels"
                )
        if self.soft_labels is None:
            return
        if self.published:
            raise UsageError(
                "--published: does what the recipe's tutorial did, which had no soft labels; leave "
                "one of the two out"
            )
        if self.data is None:
            raise UsageError("--soft-labels: are of the rows of a file; name it with --data")
        if not Path(self.soft_labels).exists():
            raise DataError(f"{self.soft_labels} does not exist")
        if not Path(self.soft_labels).is_file():
            raise UsageError(
                f"--soft-labels {self.soft_labels}: must be a file, which can be read again"
            )
        if self.temperature is not None and not 0.1 <= self.temperature <= 100:
            raise UsageError(
                f"--temperature {self.temperature:g}: must be from 0.1 to 100; 1 leaves the "
                "teacher's probabilities as they are"
            )
        if self.hard_share is not None and not 0 <= self.hard_share <= 1:
            raise UsageError(
                f"--hard-share {self.hard_share:g}: is a share of the loss, from 0 to 1"
            )

    def check_teacher_logits(self, recipe: Recipe) -> None:
        """Make sure that a teacher's logits are for a recipe and data that take them.

        Raises:
            UsageError: they are not.
        """
        if self.teacher_logits is None:
            return
        option = f"--teacher-logits {self.teacher_logits}"
        if not isinstance(recipe.ngrams, Ngrams):
            raise UsageError(
                f"{option}: is for --recipe flagship; what a teacher says of the texts of any "
                "recipe is read with --soft-labels"
            )
        others = {
            "--soft-labels": self.soft_labels is not None,
            "--limit": self.limit is not None,
            "--class-weight": self.class_weight is not None,
        }
        for other, given in others.items():
            if given:
                raise UsageError(f"{option}: does not go with {other}; leave one of the two out")

    def check_vocabulary(self) -> None:
        """Make sure that a vocabulary is either given or built.

        Raises:
            UsageError: there is a file of one, and an option for building it, or a model that has
                its own.
        """
        if self.starts and self.not_with_start:
            raise UsageError(
                f"{self.not_with_start[0]}: --from {self.start} keeps the model's words and "
                "layers, and learns labels alone; leave one of the two out"
            )
        if self.vocabulary is not None and self.min_df is not None:
            raise UsageError(
                f"--min-df {self.min_df}: the vocabulary of --vocab is taken as it is; leave one "
                "of the two out"
            )

    @property
    def distillation(self) -> dict[str, float]:
        """The temperature and the share of labels that soft labels are learned with."""
        asked = {"temperature": self.temperature, "hard_share": self.hard_share}
        defaults = {"temperature": DEFAULT_TEMPERATURE, "hard_share": DEFAULT_HARD_SHARE}
        return defaults | {name: value for name, value in asked.items() if value is not None}

    @property
    def not_with_start(self) -> list[str]:
        """The options that were given and mean nothing where training starts from a model."""
        options = {
            "--vocab": self.vocabulary is not None,
            "--published": self.published,
            "--soft-labels": self.soft_labels is not None,
            "--teacher-logits": self.teacher_logits is not None,
            "--max-length": self.max_length is not None,
            **{f"--{name.replace('_', '-')}": getattr(self, name) is not None for name in _FIT},
        }
        return [option for option, given in options.items() if given]

    @property
    def starts(self) -> bool:
        """Whether training starts from a model."""
        return self.start not in (None, NO_START)

    def resolved_recipe(self) -> Recipe:
        """Return the recipe with this run's own values put in.

        Raises:
            UsageError: no such recipe or class weights, or a precision that is none.
        """
        if self.class_weight not in (None, *get_args(ClassWeight)):
            raise UsageError(
                f"--class-weight {self.class_weight}: the only value is balanced; leave the option "
                "out and each text counts alike"
            )
        if self.target_precision is not None and not 0 < self.target_precision < 1:
            raise UsageError(
                f"--target-precision {self.target_precision:g}: is the share of answers that have "
                "to be right, more than 0 and less than 1, such as 0.95"
            )
        recipe = find_recipe(self.recipe)
        if self.published:
            recipe = recipe.as_published()
        settings: dict[str, Any] = {
            name: value
            for name in ("epochs", "batch_size", "learning_rate", "class_weight")
            if (value := getattr(self, name)) is not None
        }
        if recipe.fit.validation == "test":
            # Nothing is chosen by the test split, whatever the number of epochs.
            settings["patience"] = max(recipe.fit.patience, settings.get("epochs", 0))
        text = recipe.text
        if self.max_length is not None:
            text = dataclasses.replace(text, max_length=self.max_length)
        return dataclasses.replace(
            recipe, fit=dataclasses.replace(recipe.fit, **settings), text=text
        )

    def resumed(self) -> TrainOptions:
        """Return the options that the run in `output` was started with; its data may have moved.

        Raises:
            TrainingError: there is no run to go on with.
            UsageError: an option has another value than the run was started with.
        """
        checkpoint = self.output / names.CHECKPOINT
        if (self.output / names.MODEL).exists() and not holds_epoch(checkpoint):
            raise TrainingError(f"{self.output}: nothing to resume: the run is complete")
        try:
            config = read_json(self.output, names.CONFIG)
            splits = config.get("splits", {})
            reading = dataclasses.replace(DataOptions.from_json(config["data"]), strict=self.strict)
            taught = config.get("soft_labels")
            if taught is not None:
                reading = dataclasses.replace(
                    reading,
                    soft_labels=taught["source"] if self.soft_labels is None else self.soft_labels,
                    soft_key=taught["key"],
                )
            started = TrainOptions(
                **dataclasses.asdict(reading),
                recipe=config["recipe"],
                published=config["published"],
                output=self.output,
                data=config["data"]["source"] if self.data is None else self.data,
                # Earlier versions started from nothing.
                start=config.get("from"),
                vocabulary=self.vocabulary,
                epochs=config["fit"]["epochs"],
                batch_size=config["fit"]["batch_size"],
                learning_rate=config["fit"]["learning_rate"],
                # Earlier versions had none.
                class_weight=config["fit"].get("class_weight"),
                max_length=config["text"]["max_length"],
                seed=config["seed"],
                limit=config["limit"],
                # Runs of earlier versions do not say; their vocabulary is there.
                min_df=config.get("min_df"),
                test_fraction=splits.get("test_fraction"),
                target_precision=config.get("target_precision"),
                temperature=None if taught is None else taught["temperature"],
                hard_share=None if taught is None else taught["hard_share"],
                teacher_logits=self.teacher_logits or config.get("teacher_logits"),
            )
        except (ModelFileError, KeyError, TypeError) as error:
            reason = error if isinstance(error, ModelFileError) else f"{names.CONFIG} is broken"
            raise TrainingError(f"{self.output}: nothing to resume: {reason}") from error
        for field in dataclasses.fields(self):
            given, old = getattr(self, field.name), getattr(started, field.name)
            if given not in (field.default, old):
                name = {"start": "from"}.get(field.name, field.name)
                option = f"--{name.replace('_', '-')} {_spelled(given)}"
                raise UsageError(
                    f"{option}: the run was started with {_spelled(old)}; leave the option out"
                )
        return started


def _spelled(value: object) -> str:
    return ",".join(value) or "none" if isinstance(value, tuple) else str(value)
