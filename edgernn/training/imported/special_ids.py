"""The ids that are no words': of unknown words, in front of a text, and of padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edgernn.errors import UsageError
from edgernn.training.imported.markers import Role, doubtful_role, role_of
from edgernn.training.imported.options import IdOption, OpenQuestion, WordOptions
from edgernn.training.imported.settings import shown
from edgernn.training.imported.word_files import WordFile
from edgernn.training.imported.word_rules import WordRules

__all__ = ["SpecialIds", "special_ids"]

_NO_WORDS_YET = 3
"""Below this id, `oov` without brackets is hardly a word, which frequent words stand before."""


@dataclass(frozen=True)
class SpecialIds:
    """The ids that stand for no word; None where there is none."""

    unknown: int | None
    start: int | None
    padding: int
    notes: tuple[str, ...]
    """What the entries of the file were taken for."""


def special_ids(
    file: WordFile, options: WordOptions, ids: Sequence[tuple[int, str]], rules: WordRules
) -> SpecialIds:
    """Settle special ids from the entries of a vocabulary and the options.

    Args:
        file: the vocabulary.
        options: what was asked for.
        ids: ids and words, in the order of ids.
        rules: tell which words can stand in a text.

    Raises:
        OpenQuestion: entries leave open whether a program uses them.
        UsageError: an option goes against the file.
    """
    if file.complete:
        return _of_a_complete_file(file, options)
    named: dict[Role, list[tuple[int, str]]] = {}
    for i, word in ids:
        role = role_of(word)
        if role is not None:
            named.setdefault(role, []).append((i, word))
    lowest = ids[0][0] if ids else 1
    unknown = _unknown(file, options, ids, named.get("unknown", []), rules)
    start = _start(file, options, named.get("start", []), lowest)
    padding = _padding(file, options, named.get("padding", []))
    words = {i: word for i, word in ids}
    notes = []
    if unknown is not None and options.unknown_id is None:
        notes.append(f"unknown words have the id {unknown}, {shown(words.get(unknown))}")
    if unknown is None:
        notes.append("unknown words are left out")
    ends = [f"{shown(word)} ({i})" for i, word in named.get("end", [])]
    if ends:
        notes.append(f"no id is put behind a text; the vocabulary has {', '.join(ends)}")
    return SpecialIds(unknown, start, padding, tuple(notes))


def _of_a_complete_file(file: WordFile, options: WordOptions) -> SpecialIds:
    start: int | None = file.start_id
    for name in ("start_id", "unknown_id", "first_id", "index_from", "padding_id"):
        given = getattr(options, name)
        if given is None or given == getattr(file, name, None):
            continue
        if name == "start_id" and given == "none" and file.start_id is not None:
            start = None  # encode(add_special_tokens=False)
            continue
        raise UsageError(
            f"--{name.replace('_', '-')}: does not apply to a {file.kind} ({file.path})"
        )
    return SpecialIds(file.unknown_id, start, 0, ())


def _unknown(
    file: WordFile,
    options: WordOptions,
    ids: Sequence[tuple[int, str]],
    named: Sequence[tuple[int, str]],
    rules: WordRules,
) -> int | None:
    given = _given("unknown-id", file, options.unknown_id, named)
    if given is not None:
        return None if given == "none" else given
    if len(named) == 1:
        return named[0][0]
    if named:
        either = " or ".join(f"--unknown-id {i} ({shown(word)})" for i, word in named)
        raise OpenQuestion(
            f"{file.path}: names more than one id of unknown words: {either}",
            [options.changed(unknown_id=i) for i, _ in named],
        )
    words = [(i, word) for i, word in ids if role_of(word) is None]
    if words and words[0][0] <= _NO_WORDS_YET:
        i, word = words[0]
        # An `oov_token` may have any name; Keras gives it the id before all words.
        if not rules.reaches(word) and all(rules.reaches(other) for _, other in words[1:]):
            return i
        if doubtful_role(word) == "unknown":
            raise OpenQuestion(
                f"{file.path}: {shown(word)} has the id {i}, before all other words: --unknown-id "
                f"{i} if unknown words have it in your program, --unknown-id none if they are left "
                "out",
                [options.changed(unknown_id=i), options.changed(unknown_id="none")],
            )
    if ids and ids[0][0] > 1:
        below = ids[0][0] - 1
        likely = sorted({1, 2, below} & set(range(1, below + 1)), reverse=True)
        raise OpenQuestion(
            f"{file.path}: the first word, {shown(ids[0][1])}, has the id {ids[0][0]}: which of "
            f"the ids below it do unknown words have: --unknown-id ID, or --unknown-id none if "
            "your program leaves them out",
            [options.changed(unknown_id=i) for i in (*likely, "none")],
        )
    return None


def _start(
    file: WordFile, options: WordOptions, named: Sequence[tuple[int, str]], lowest: int
) -> int | None:
    given = _given("start-id", file, options.start_id, named)
    if given is not None:
        return None if given == "none" else given
    if named:
        either = " or ".join(f"--start-id {i} ({shown(word)})" for i, word in named)
        raise OpenQuestion(
            f"{file.path}: names an id for the start of a text: {either} if your program puts it "
            "in front of every text, --start-id none if it does not",
            [options.changed(start_id=i) for i in (*(i for i, _ in named), "none")],
        )
    if lowest > 2:
        raise OpenQuestion(
            f"{file.path}: the first word has the id {lowest}: --start-id ID if your program puts "
            "one of the ids below it in front of every text, --start-id none if it does not",
            [options.changed(start_id=i) for i in (1, "none")],
        )
    return None


def _padding(file: WordFile, options: WordOptions, named: Sequence[tuple[int, str]]) -> int:
    if options.padding_id is not None:
        return options.padding_id
    others = [(i, word) for i, word in named if i != 0]
    if others and len(others) == len(named):
        i, word = others[0]
        raise OpenQuestion(
            f"{file.path}: {shown(word)} has the id {i}: --padding-id {i} if your program pads "
            f"texts with it, --padding-id 0 if with zeros (pad_sequences has value=0)",
            [options.changed(padding_id=i), options.changed(padding_id=0)],
        )
    return 0


def _given(
    option: str, file: WordFile, given: IdOption, named: Sequence[tuple[int, str]]
) -> IdOption:
    """Check an id that was asked for against the entries that name one."""
    if isinstance(given, int) and named and given not in [i for i, _ in named]:
        i, word = named[0]
        raise UsageError(f"--{option} {given}: {file.path} has {shown(word)}, whose id is {i}")
    return given
