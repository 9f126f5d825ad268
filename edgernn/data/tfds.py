"""The IMDB reviews as tensorflow_datasets fetches them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from edgernn.data.examples import Examples, checked
from edgernn.errors import DataError, MissingPackageError
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly

NAME = "imdb_reviews"
UNLABELLED_SPLIT = "unsupervised"


def load_tfds(split: str) -> Examples:
    """Read the labelled reviews of `split`, in the order in which tensorflow_datasets stores them.

    Raises:
        DataError: the data set cannot be fetched or read.
        MissingPackageError: tensorflow_datasets or TensorFlow is not installed.
    """
    texts: list[str] = []
    labels: list[int] = []
    with _fetching() as tfds:
        for example in _examples(tfds, split):
            texts.append(example["text"].decode())
            labels.append(int(example["label"]))
    return checked(texts, labels, name=NAME)


def stream_unlabelled() -> Iterator[str]:
    """Yield the unlabelled reviews of the training split."""
    with _fetching() as tfds:
        for example in _examples(tfds, UNLABELLED_SPLIT):
            yield example["text"].decode()


def version() -> str:
    """Return the version that tensorflow_datasets gives to the data set."""
    with _fetching() as tfds:
        return str(tfds.builder(NAME).version)


def _examples(tfds: Any, split: str) -> Any:
    return tfds.as_numpy(tfds.load(NAME, split=split, shuffle_files=False))


@contextmanager
def _fetching() -> Iterator[Any]:
    """Hand out tensorflow_datasets; what it raises becomes one line for people.

    It raises errors of TensorFlow, of requests and of its own, with nothing but Exception in
    common.
    """
    try:
        # It prints what it downloads to standard output, which is for results alone.
        with redirect_stdout(sys.stderr):
            with held_back():
                tfds = import_quietly("tensorflow_datasets")

            yield tfds
    except ImportError as exc:
        package = (exc.name or "tensorflow_datasets").partition(".")[0].replace("_", "-")
        raise MissingPackageError(package, "fetching the IMDB reviews", "train") from exc
    except Exception as exc:
        reason = str(exc).strip().partition("\n")[0] or type(exc).__name__
        raise DataError(
            f"the data set {NAME} could not be fetched ({reason}); "
            "--data PATH takes a local aclImdb_v1.tar.gz instead"
        ) from exc
