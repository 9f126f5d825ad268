"""Texts of our own writing to check an export on where no data set is at hand."""

# ruff: noqa: RUF001 (some texts are there for their characters)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise, permutations

from edgernn.errors import ExportError
from edgernn.text import TextEncoder

__all__ = ["SAMPLE_TEXTS", "spread", "touching"]

SAMPLE_TEXTS: tuple[str, ...] = (
    "Great",
    "Awful.",
    "I loved it.",
    "Not for me.",
    "Two hours I will never get back.",
    "What a lovely surprise this small film is!",
    "The plot makes no sense, and nobody in it seems to mind.",
    "She carries every scene with a glance; the rest of the cast can only watch.",
    "I wanted to like it. I really did. But the jokes are old and the pace is older.",
    "Funny, warm and a little sad - the best thing I have seen this year.",
    "It isn't bad, it isn't good either; it's simply there, and then it's over.",
    "A MASTERPIECE!!! Everyone should see this at least once...",
    "boring boring boring, i left after forty minutes",
    "The book was better, as so often, yet the ending on screen made me cry twice.",
    "Wooden acting, a script full of holes, and music that tells you when to feel something.",
    "If you like slow films about quiet people in cold places, you will adore this one.",
    "Rated 3/10: one point for the dog, one for the landscape, one because it ended.",
    "My grandmother, my son (aged 9) and I all laughed at the same moments.",
    "The director said he spent ten years on it.<br /><br />It shows: every frame is a painting.",
    "The director said he spent ten years on it. Perhaps he should have spent eleven.",
    "Café scenes, naïve dialogue, déjà vu: we have been here before – and more often.",
    "Очень хороший фильм! 本当に面白かった。 😀👍🏽",
    "under_scores, #hashtags, e-mail@example.org and http://example.org/?q=1&r=2 in a review?",
    "The first half is a clever puzzle. The second half forgets that there ever was one, sends "
    "its hero through a series of chases that could come from any other film of the decade, and "
    "then asks us to be moved. I was not moved. I looked at the clock.",
    "I had read nothing about it and was glad of that. It begins like a comedy about a wedding, "
    "turns into something darker when the brother arrives, and never once cheats. The camera "
    "stays close to the faces, the dialogue sounds overheard rather than written, and the last "
    "ten minutes are as tense as anything I have seen without a gun in it. Wonderful.",
    "There are good ideas here: the city without clocks, the messenger who cannot read, the two "
    "sisters who have not spoken for years. Sadly none of them is followed to its end. Whenever "
    "a scene becomes interesting somebody explains it, and whenever somebody explains it the "
    "music swells, and whenever the music swells you know that the next scene will be a sunset.",
)


_OWN_WORDS = 200
_UNKNOWN = "\ufffd"
"""What the id of unknown words is decoded to."""
_KNOWN = 0.1
"""Share of our own texts' tokens that a vocabulary must have for a model to be asked about them."""


def touching(texts: Sequence[str], encoder: TextEncoder, *, own: bool = False) -> Sequence[str]:
    """Return texts that a model can tell apart: those given, or its vocabulary's own words.

    Args:
        texts: to choose from.
        encoder: of the model.
        own: whether they are texts as the model is for. One word that it knows is enough then; of
            other texts it must know a tenth of the words, as a German or Chinese model does not: it
            would score hardly more than unknown words, with one answer to all of them.

    Raises:
        ExportError: it knows no word of either.
    """
    given = _touch(texts, encoder)
    if given and (own or _known(texts, encoder) >= _KNOWN):
        return texts
    words = _own_words(encoder)
    words += [f"{one} {two}" for one, two in pairwise(words)]
    if _touch(words, encoder):
        return words
    if given:
        return texts
    raise ExportError(
        "no word of the vocabulary occurs in the texts that a file is checked on, nor in texts "
        "of its own words: it does not fit the text rules of contract.json"
    )


def _own_words(encoder: TextEncoder) -> list[str]:
    """Return words of the vocabulary: all, or some of every frequency."""
    size = encoder.contract.vocabulary_size
    ids = range(0, size, max(1, size // _OWN_WORDS))
    words = (encoder.decode([i]) for i in ids)
    return [word for word in words if word.strip() and word != _UNKNOWN]


def _known(texts: Sequence[str], encoder: TextEncoder) -> float:
    """Return the share of tokens that are in the vocabulary, the mean over texts."""
    shares = encoder.encode_texts(texts).known
    return sum(shares) / len(shares)


def _key(label: object) -> object:
    """Return a label as what can be compared at once: of several labels a text, which it has."""
    return tuple(label) if isinstance(label, Iterable) else label


def _touch(texts: Sequence[str], encoder: TextEncoder) -> bool:
    contract = encoder.contract
    others = {contract.unknown_id, contract.start_id, contract.padding_id}
    return any(i not in others for ids in encoder.encode_batch(texts) for i in set(ids.tolist()))


def spread(
    texts: Sequence[str],
    encoder: TextEncoder,
    count: int,
    *,
    labels: Iterable[object] | None = None,
) -> list[str]:
    """Choose texts from one token to the longest input.

    A quarter are single words and beginnings of texts, one is longer than the longest input, the
    rest are spread evenly over the lengths there are.

    Args:
        texts: to choose from, at least one; beginnings and joined texts make up for too few.
        encoder: tells the lengths.
        count: how many to choose, at least 8.
        labels: of each text the true label or labels, if they are texts as the model is for. Two
            of equal labels are joined then, and no more: dozens of opinions in a row are no such
            text. A model of texts of 20 tokens had a score there that weights 1e-4 off moved by
            0.1, so that no precision came close to it; and of praise and blame in one text a model
            has no answer, so that any rounding may turn it.

    Returns:
        `count` texts, each with at least one token; the first has as few as a text can have, the
        last at least `encoder.contract.max_length`.

    Raises:
        ExportError: no text holds a word of the vocabulary, nor do its own words.
    """
    longest = encoder.contract.max_length
    own = labels is not None
    label_of = {} if labels is None else dict(zip(texts, map(_key, labels), strict=True))

    def with_tokens(texts: Iterable[str]) -> list[str]:
        texts = list(texts)
        counts = encoder.token_counts(texts)
        kept = [(count, text) for count, text in zip(counts, texts, strict=True) if count]
        return [text for _, text in sorted(kept, key=lambda pair: pair[0])]

    texts = touching(texts, encoder, own=own)
    ordered = with_tokens(text for text in texts if text.strip())
    # A character of ASCII is one subword at most; a word of a text is one word at most.
    shortest = with_tokens(
        [
            *(text.strip()[:1] for text in ordered if text.strip()[:1].isascii()),
            *(text.split()[0] for text in ordered),
            "a",
        ]
    )
    # Another beginning of a text each time round.
    rounds = 1 + count // (4 * len(ordered))
    beginnings = [
        " ".join(text.split()[: 1 + (i + round) % 8])
        for round in range(rounds)
        for i, text in enumerate(ordered)
    ]
    words = [
        part for part, n in zip(beginnings, encoder.token_counts(beginnings), strict=True) if n
    ]
    chosen = [shortest[0]]
    chosen += [words[i % len(words)] for i in range(count // 4 - 1)]
    room = count - len(chosen) - 1
    step = len(ordered) / room
    if step >= 1:
        chosen += [ordered[int(i * step)] for i in range(room)]
    else:
        chosen += ordered
        pairs: Iterator[tuple[str, str]]
        if own:
            # Each with the next, then each with the one behind that.
            turned = (ordered[shift:] + ordered[:shift] for shift in range(1, len(ordered)))
            all_pairs = chain.from_iterable(zip(ordered, others, strict=True) for others in turned)
            pairs = (two for two in all_pairs if len({label_of.get(text) for text in two}) == 1)
            joined = []
        else:
            pairs = permutations(ordered, 2)
            joined = [" ".join(ordered[: i + 2]) for i in range(len(ordered) - 1)]
        joined += [f"{one} {two}" for one, two in islice(pairs, room)] or ordered
        chosen += [joined[i % len(joined)] for i in range(room - len(ordered))]
    endless = ordered[-1] if own else " ".join(ordered)
    while encoder.token_counts([endless])[0] < longest:
        endless = f"{endless} {endless}"
    return [*chosen, endless]
