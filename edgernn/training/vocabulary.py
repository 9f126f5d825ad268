"""Vocabularies: building one from training texts, reading one, joining it to a contract."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from edgernn.errors import DataError, MissingPackageError
from edgernn.files import read_bounded
from edgernn.native_logs import held_back
from edgernn.privacy import import_quietly
from edgernn.progress import Say
from edgernn.recipes.recipe import TextRules
from edgernn.text import SubwordEncoder, TextContract
from edgernn.text.contract import Tokenizer
from edgernn.text.decision import DecisionRule
from edgernn.text.normalize import Normalizer
from edgernn.text.word_rule import WordRule
from edgernn.text.words import read_words, write_words
from edgernn.training.rare_words import MIN_DF, Holders, without_rare

__all__ = ["VOCABULARY_FILES", "build_vocabulary", "make_contract", "read_vocabulary"]

VOCABULARY_FILES: dict[Tokenizer, str] = {
    "subwords": "vocabulary.subwords",
    "words": "vocabulary.words",
}
"""Name of the vocabulary file in a run folder and a model file, by tokenizer."""

_MAX_FILE_BYTES = 16 << 20
_KEEP_ALL = "--min-df 1 keeps all, names and numbers among them"


def build_vocabulary(
    rules: TextRules,
    texts: Sequence[str],
    min_df: int = MIN_DF,
    say: Say = lambda line: None,
) -> bytes:
    """Build the vocabulary of a recipe from training texts.

    Args:
        rules: the recipe's text rules.
        texts: training texts; where words are equally frequent, the first met comes first.
        min_df: how many different texts must hold a word or subword.
        say: gets a line where that leaves any out.

    Returns:
        The content of the vocabulary file.

    Raises:
        DataError: no word is left of the texts.
        MissingPackageError: tensorflow-datasets, which builds subwords, is not installed.
    """
    if rules.tokenizer == "subwords":
        normal = list(map(Normalizer.of(rules), texts))
        return _build_subwords(normal, rules.target_vocabulary_size, min_df, say)
    return _build_words(rules, texts, min_df, say)


def read_vocabulary(rules: TextRules, path: str | Path) -> bytes:
    """Read and check a vocabulary file of the kind that a recipe takes.

    Raises:
        DataError: the file cannot be read or is malformed.
    """
    if rules.tokenizer == "subwords":
        return SubwordEncoder.load(path).to_bytes()
    data = read_bounded(path, _MAX_FILE_BYTES, DataError, ", not a vocabulary")
    return write_words(read_words(data, name=str(path)))


def make_contract(
    rules: TextRules,
    vocabulary: bytes,
    labels: tuple[str, ...] = ("negative", "positive"),
    rule: DecisionRule = "threshold",
) -> TextContract:
    """Join a recipe's text rules and a vocabulary to a text contract.

    Args:
        rules: the recipe's.
        vocabulary: the content of its file.
        labels: their names, in the order of their numbers.
        rule: how scores become labels; the thresholds of `each` are one half.
    """
    if rules.tokenizer == "subwords":
        size = SubwordEncoder.from_bytes(vocabulary).vocab_size
    else:
        size = (rules.first_word_id or 0) + len(read_words(vocabulary))
    given = {
        field.name: getattr(rules, field.name)
        for field in fields(rules)
        if field.name != "target_vocabulary_size"
    }
    return TextContract(
        **given,
        vocabulary_file=VOCABULARY_FILES[rules.tokenizer],
        vocabulary_size=size,
        vocabulary_sha256=hashlib.sha256(vocabulary).hexdigest(),
        labels=labels,
        threshold=0.5 if rule == "threshold" else None,
        decision=rule,
        thresholds=(0.5,) * len(labels) if rule == "each" else (),
    )


def _build_subwords(texts: Sequence[str], target_size: int, min_df: int, say: Say) -> bytes:
    """Build with TFDS's own builder: minutes on the 25,000 IMDB training reviews."""
    try:
        with held_back():
            tfds = import_quietly("tensorflow_datasets")
    except ImportError as error:
        raise MissingPackageError(
            "tensorflow-datasets", "building a vocabulary", "train"
        ) from error
    built = tfds.deprecated.text.SubwordTextEncoder.build_from_corpus(
        texts, target_vocab_size=target_size
    )
    subwords = built.subwords
    kept = without_rare(subwords, texts, min_df) if min_df > 1 else subwords
    _say_rare(len(subwords) - len(kept), "subwords", min_df, say)
    return SubwordEncoder(kept).to_bytes()


def _build_words(rules: TextRules, texts: Sequence[str], min_df: int, say: Say) -> bytes:
    """Rank words by how often they stand in the texts, as Keras's `Tokenizer` does."""
    normalizer, rule = Normalizer.of(rules), WordRule.of(rules)
    counts: Counter[str] = Counter()
    holders = Holders()
    for text in texts:
        normal = normalizer(text)
        words = rule.words(normal)
        counts.update(words)
        if min_df > 1:
            holders.add(normal, words)
    for word in rules.stop_words:
        counts.pop(word, None)
    if not counts:
        raise DataError("no word is left of the training texts: there is no vocabulary to build")
    room = rules.target_vocabulary_size - (rules.first_word_id or 0)
    ranked = [word for word, _ in counts.most_common()]
    kept = [word for word in ranked if min_df == 1 or holders[word] >= min_df]
    if not kept:
        raise DataError(
            f"no word is in {min_df} of the {len(texts):,} training texts: there is no "
            f"vocabulary to build; {_KEEP_ALL}"
        )
    _say_rare(len(set(ranked[:room]) - set(kept)), "words", min_df, say)
    return write_words(kept[:room])


def _say_rare(count: int, what: str, min_df: int, say: Say) -> None:
    if count:
        say(
            f"{what} left out of the vocabulary, since fewer than {min_df} texts hold them: "
            f"{count:,}; {_KEEP_ALL}"
        )
