"""Near-duplicates: which pairs are found, and which test reviews are left out for them."""

import json
import random

import numpy as np
import pytest

from benchmarks.accuracy import near_duplicates
from benchmarks.accuracy.near_duplicates import (
    FEWEST_SHARED,
    KINDS,
    SHINGLE,
    find_pairs,
    kept_tests,
    words,
)
from edgernn.errors import DataError


def text_of(seed: int, length: int = 60) -> str:
    """A text of random words, which shares no five in a row with another's."""
    rng = random.Random(seed)
    return " ".join(f"w{rng.randrange(10_000)}" for _ in range(length))


def shingles(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + SHINGLE]) for i in range(max(1, len(found) - SHINGLE + 1))}


def kinds_of(tests: list[str], sources: list[str]) -> dict[tuple[int, int], str]:
    pairs = find_pairs(tests, sources)
    places = zip(pairs.tests.tolist(), pairs.sources.tolist(), strict=True)
    return dict(zip(places, [KINDS[kind] for kind in pairs.kinds()], strict=True))


def test_words_forget_case_marks_and_breaks():
    """Two spellings of one text have the same words."""
    assert words("It's GREAT<br /><br/>really!") == words("it s great\n really ...")
    assert words("Émile Zola's 2nd") == ["émile", "zola", "s", "2nd"]


def test_the_same_but_for_marks():
    """Case, punctuation, white space and <br /> make no difference."""
    plain = text_of(1)
    dressed = plain.upper().replace(" ", ",  ", 9).replace(" ", "<br /><br />", 3) + "!!!"
    assert kinds_of([text_of(2), plain], [text_of(3), dressed]) == {(1, 1): "same"}


def test_same_short_texts():
    """Fewer words than a shingle has are enough for texts that are the same."""
    assert kinds_of(["Great film!"], ["great film", "great book"]) == {(0, 0): "same"}


def test_a_changed_word():
    """One other word of 60 takes five shingles away: near, by Jaccard."""
    changed = text_of(1).split()
    changed[30] = "changed"
    assert kinds_of([text_of(1)], [" ".join(changed)]) == {(0, 0): "near"}


def test_shifted():
    """Words lost at one end and gained at the other: most shingles stay."""
    lost_two = [*text_of(1).split()[2:], "the", "end"]
    assert kinds_of([text_of(1)], [" ".join(lost_two)]) == {(0, 0): "near"}
    lost_twenty = text_of(1).split()[20:] + text_of(7, 20).split()
    assert kinds_of([text_of(1)], [" ".join(lost_twenty)]) == {(0, 0): "partly"}


@pytest.mark.parametrize("turned", [False, True])
def test_contained(turned):
    """A text inside a far longer one is found from either side."""
    inner, outer = text_of(1), f"{text_of(2, 200)} {text_of(1)} {text_of(3, 200)}"
    tests, sources = ([outer], [inner]) if turned else ([inner], [outer])
    assert kinds_of(tests, sources) == {(0, 0): "contained"}


def test_different_texts():
    """Texts that share words, but few in a row, are no pair."""
    backwards = " ".join(reversed(text_of(1).split()))
    third = " ".join(text_of(1).split()[:20]) + " " + text_of(5, 40)
    assert kinds_of([text_of(1)], [text_of(2), backwards, third]) == {}


def test_stock_phrases():
    """A short text that is mostly a stock phrase is no double of every text that has it."""
    phrase = "this is one of the worst movies i have ever seen"
    tests = [f"{text_of(1)} {phrase} {text_of(2)}"]
    assert kinds_of(tests, [phrase]) == {}
    assert len(shingles(phrase)) < FEWEST_SHARED


def test_no_words():
    """Texts without a word are no pairs, not even of each other."""
    assert kinds_of(["...", text_of(1)], ["!!!", text_of(1)]) == {(1, 1): "same"}


def test_all_pairs_are_found():
    """The prefix filter loses no pair: the result is that of comparing all with all."""
    rng = random.Random(4)
    pieces = [text_of(seed, 12) for seed in range(20)]

    def some() -> str:
        return " ".join(rng.choice(pieces) for _ in range(rng.randrange(1, 9)))

    tests, sources = [some() for _ in range(60)], [some() for _ in range(80)]
    expected = {}
    for i, test in enumerate(tests):
        for j, source in enumerate(sources):
            mine, theirs = shingles(test), shingles(source)
            both = len(mine & theirs)
            same = words(test) == words(source)
            containment = both / min(len(mine), len(theirs))
            if containment >= 0.5 and (both >= FEWEST_SHARED or same):
                expected[i, j] = (both, both / len(mine | theirs), containment, same)
    found = find_pairs(tests, sources)
    assert len(expected) > 50
    places = list(zip(found.tests.tolist(), found.sources.tolist(), strict=True))
    assert places == sorted(expected)
    values = zip(found.shared, found.jaccard, found.containment, found.same, strict=True)
    for place, value in zip(places, values, strict=True):
        assert value == pytest.approx(expected[place])


def test_kept_tests(tmp_path):
    """The mask leaves out what any source and kind lists."""
    path = tmp_path / "tests.json"
    places = {"train": {"same": [3], "near": []}, "unsup": {"same": [0, 3], "near": [5]}}
    path.write_text(json.dumps({"tests": 7, "places": places}))
    assert kept_tests(path).tolist() == [False, True, True, False, True, False, True]
    with pytest.raises(DataError, match=r"absent\.json cannot be read .*near_duplicates --data"):
        kept_tests(tmp_path / "absent.json")


def test_the_command(tmp_path, monkeypatch):
    """Archive in, counts and places out; no word of a review is in the files."""
    folder = tmp_path / "aclImdb"
    texts = {
        "train/neg/0_1": text_of(1),
        "train/pos/0_9": text_of(2),
        "train/unsup/0_0": text_of(3) + " " + text_of(4),
        "test/neg/0_2": text_of(1).upper(),
        "test/neg/1_2": text_of(5),
        "test/pos/0_8": text_of(4),
    }
    for name, text in texts.items():
        path = folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    result, places = tmp_path / "result.json", tmp_path / "places.json"
    options = ["--data", str(folder), "--output", str(result), "--tests", str(places)]
    monkeypatch.setattr("sys.argv", ["near_duplicates", *options])
    near_duplicates.main()
    found = json.loads(result.read_text())
    assert found["test_reviews"]["train"] == {"same": 1, "near": 0, "contained": 0, "partly": 0}
    assert found["test_reviews"]["unsup"] == {"same": 0, "near": 0, "contained": 1, "partly": 0}
    assert found["test_reviews_with_any"] == 2
    assert kept_tests(places).tolist() == [False, True, False]
    assert not any(word in result.read_text() + places.read_text() for word in words(text_of(1)))


def test_the_committed_places():
    """The committed list is of the 25,000 reviews, and agrees with the committed counts."""
    kept = kept_tests()
    found = json.loads(near_duplicates.RESULT.read_text())
    assert len(kept) == found["tests"] == 25_000
    assert int(np.count_nonzero(~kept)) == found["test_reviews_with_any"]
