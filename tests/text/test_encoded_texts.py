"""What `encode_texts` says beside the ids: the share of known tokens, and the cut."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgernn.text import SubwordEncoder, WordEncoder

WORDS = ["a", "b", "c", "the"]
texts = st.lists(
    st.lists(st.sampled_from([*WORDS, "x", "yy", "a-very-long-unknown-word"]), max_size=9).map(
        " ".join
    ),
    min_size=1,
    max_size=30,
)


def by_hand(
    text: str, kept: slice, *, unknown: int | None, start: int | None, stop: Sequence[str]
) -> tuple[list[int], float, bool]:
    """The definition: tokens one by one, each with its id if it has one."""
    tokens = [word for word in text.split() if word not in stop]
    has = {word: number for number, word in enumerate(WORDS, start=3)}
    pairs = [(i, word in has) for i, word in enumerate(tokens)]
    placed = [(i, has.get(tokens[i], unknown)) for i, _ in pairs]
    placed = [(i, number) for i, number in placed if number is not None]
    whole = [(-1, start)] * (start is not None) + placed
    left = whole[kept]
    seen = [i for i, _ in left if i >= 0]
    part = pairs
    if len(left) < len(whole):
        # The words from the first to the last that is kept, and those without an id on the side
        # that is not cut.
        first, last = (seen[0], seen[-1]) if seen else (0, -1)
        part = (
            pairs[: last + 1] if kept.stop is not None else pairs[first if seen else len(pairs) :]
        )
    share = sum(known for _, known in part) / len(part) if part else 0.0
    return [number for _, number in left if number is not None], share, len(left) < len(whole)


@settings(max_examples=2 * settings.default.max_examples)
@given(
    unknown=st.sampled_from([None, 2, 4]),
    start=st.sampled_from([None, 1]),
    stop=st.sampled_from([(), ("the", "x")]),
    texts=texts,
    length=st.integers(1, 6),
    from_end=st.booleans(),
)
def test_words(
    unknown: int | None,
    start: int | None,
    stop: tuple[str, ...],
    texts: list[str],
    length: int,
    from_end: bool,
) -> None:
    """As the definition has it, of few texts and of many; an unknown word may share an id."""
    kept = slice(-length, None) if from_end else slice(length)
    encoder = WordEncoder(
        WORDS, first_word_id=3, unknown_id=unknown, start_id=start, stop_words=stop
    )
    found = encoder.encode_texts([text.replace("-", "'") for text in texts], kept)
    for text, ids, known, truncated in zip(texts, *found, strict=True):
        expected = by_hand(text, kept, unknown=unknown, start=start, stop=stop)
        assert (ids.tolist(), pytest.approx(known), truncated) == expected
        assert type(known) is float
        assert type(truncated) is bool
        assert ids.tolist() == encoder.encode(text.replace("-", "'"))[kept]


def test_all_words_by_default() -> None:
    """Without a cut nothing is truncated."""
    found = WordEncoder(WORDS, unknown_id=0).encode_texts(["a x b the", ""])
    assert [ids.tolist() for ids in found.ids] == [[1, 0, 2, 4], []]
    assert found.known == [0.75, 0.0]
    assert found.truncated == [False, False]


@pytest.mark.parametrize("copies", [1, 20_000])
def test_subwords(copies: int) -> None:
    """Spelled letters and foreign characters are unknown; digits, marks and spaces are not."""
    encoder = SubwordEncoder(["good_", "film", "..."])
    texts = ["good film", "good film!", "  ...", "film é7", "", "z7"]
    found = encoder.encode_texts(texts * copies, slice(3))
    assert found.known == [1.0, 1.0, 1.0, pytest.approx(2 / 3), 0.0, 0.5] * copies
    assert found.truncated == [False, False, False, True, False, False] * copies
    assert [ids.tolist() for ids in found.ids[:6]] == [encoder.encode(text)[:3] for text in texts]
