"""The subword encoder against TFDS's, against itself, and its file format."""

import copy
import pickle
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from text_cases import NASTY, TEXTS, TINY, UNICODE, read_reviews

from edgernn.errors import DataError
from edgernn.text import SubwordEncoder, subwords

HEADER = b"### SubwordTextEncoder\n### Metadata: {}\n"
SLIP = "\\&undsc "
"""The text whose space TFDS encodes twice, and so do we."""


@pytest.fixture(scope="session")
def tfds_class():
    """The class whose ids ours must equal; importing it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        return pytest.importorskip("tensorflow_datasets").deprecated.text.SubwordTextEncoder


@pytest.fixture(scope="session")
def tfds_encoder(tfds_class, imdb_vocabulary, tmp_path_factory):
    """TFDS's encoder with the vocabulary of the reviews."""
    path = tmp_path_factory.mktemp("tfds") / "vocabulary.subwords"
    path.write_bytes(imdb_vocabulary)
    return tfds_class.load_from_file(str(path.with_suffix("")))


@pytest.fixture(scope="session")
def tfds_tiny(tfds_class):
    """TFDS's encoder with the tiny vocabulary."""
    return tfds_class(TINY)


def test_the_golden_values(encoder):
    """Size and ids that the documentation of the vocabulary states."""
    assert encoder.vocab_size == 8185
    assert encoder.encode("Terrible Movie!.") == [3585, 3194, 7785, 7962, 7975]
    assert encoder.decode([3585, 3194, 7785, 7962, 7975]) == "Terrible Movie!."


@pytest.mark.unmeasured
def test_sampled_reviews_equal_tfds(encoder, tfds_encoder, reviews):
    """Every id of 200 reviews, and the way back."""
    assert len(reviews) == 2000
    for review in reviews[::10]:
        ids = encoder.encode(review)
        assert ids == tfds_encoder.encode(review)
        assert encoder.decode(ids) == review


@pytest.mark.slow
def test_all_reviews_equal_tfds(imdb_vocabulary, tfds_encoder, shared_dir):
    """Every id of all 100,000 reviews, one by one and in batches."""
    encoder = SubwordEncoder.from_bytes(imdb_vocabulary)
    reviews = list(read_reviews(shared_dir, every=1))
    assert len(reviews) == 100_000
    for review, batch_ids in zip(reviews, encoder.encode_batch(reviews), strict=True):
        expected = tfds_encoder.encode(review)
        assert encoder.encode(review) == expected
        assert batch_ids.tolist() == expected


@pytest.mark.unmeasured
@given(text=TEXTS)
@example(text="".join(NASTY))
@example(text=" ".join(NASTY))
def test_any_text_equals_tfds(encoder, tfds_encoder, text):
    """The vocabulary of the reviews, texts of pieces that meet the rules at their edges."""
    assert encoder.encode(text) == tfds_encoder.encode(text)
    assert encoder.decode(encoder.encode(text)) == tfds_encoder.decode(tfds_encoder.encode(text))


@pytest.mark.unmeasured
@given(text=TEXTS | st.lists(st.sampled_from(TINY + NASTY)).map("".join))
@example(text=" ".join(TINY))
def test_a_tiny_vocabulary_equals_tfds(tiny, tfds_tiny, text):
    """Subwords that are reserved, hold underscores or spaces, or are one byte."""
    assert tiny.vocab_size == tfds_tiny.vocab_size
    assert tiny.encode(text) == tfds_tiny.encode(text)


@pytest.mark.unmeasured
@given(data=st.data())
def test_any_vocabulary_equals_tfds(tfds_class, data):
    """Any subwords, but for reserved ones of which one begins another: TFDS follows hash order."""
    pieces = st.lists(st.sampled_from(NASTY) | UNICODE, min_size=1, max_size=3).map("".join)
    vocabulary = data.draw(st.lists(pieces, unique=True, max_size=12))
    ours = SubwordEncoder(vocabulary)
    reserved = {"\\&undsc", *(word for word in vocabulary if re.search(r"\w\W|\W\w", word))}
    assume(not any(a != b and b.startswith(a) for a in reserved for b in reserved))
    text = data.draw(st.lists(st.sampled_from([*NASTY, *vocabulary])).map("".join))
    assert ours.encode(text) == tfds_class(vocabulary).encode(text)


def test_of_reserved_subwords_the_longest_counts():
    """Where one reserved subword begins another, TFDS depends on hash order and we do not."""
    encoder = SubwordEncoder(["<br", "<br />", "<b"])
    assert encoder.encode("<br />") == [2]
    assert encoder.encode("<br/>")[0] == 1


@given(text=TEXTS.filter(lambda text: SLIP not in text))
def test_decoding_gives_the_text_back(encoder, tiny, text):
    """Every id is in the vocabulary, none is padding, and nothing is lost."""
    for one in (encoder, tiny):
        ids = one.encode(text)
        assert all(1 <= i < one.vocab_size for i in ids)
        assert one.decode(ids) == text
        assert one.decode([*ids, 0, 0]) == text


def test_the_inherited_slip(encoder, tfds_encoder):
    """A space behind the literal escape comes back twice, in TFDS as here; two spaces do not."""
    for text, back in (
        ("\\&undsc a", "\\&undsc  a"),
        ("\\&undsc  a", "\\&undsc  a"),
        ("\\&undsc", "\\&undsc"),
    ):
        ids = encoder.encode(text)
        assert ids == tfds_encoder.encode(text)
        assert encoder.decode(ids) == back


def test_surrogates_are_read_as_utf16(encoder):
    """A pair is its character; a lone one is U+FFFD."""
    assert encoder.encode("a \ud83d\ude00") == encoder.encode("a 😀")
    assert encoder.encode("a\udc00 b") == encoder.encode("a\ufffd b")


def test_the_empty_text(encoder):
    """No text, no ids; padding alone, no text."""
    assert encoder.encode("") == []
    assert encoder.decode([]) == encoder.decode([0, 0]) == ""


@pytest.mark.parametrize("ids", [[-1], [8185], [5, 0, 5], [1 << 40]])
def test_ids_outside_the_vocabulary(encoder, ids):
    """Padding in the midst and foreign ids are refused."""
    with pytest.raises(ValueError, match=r"is outside \[1, 8185\)"):
        encoder.decode(ids)


def test_broken_utf8_is_replaced(encoder):
    """Byte ids that are not UTF-8 decode to U+FFFD."""
    assert encoder.decode([encoder.vocab_size - 1]) == "\ufffd"


def test_the_cache_is_emptied(imdb_vocabulary, monkeypatch):
    """With room for three units the ids stay the same, and long units are not kept."""
    encoder = SubwordEncoder.from_bytes(imdb_vocabulary)
    monkeypatch.setattr(subwords, "_CACHE_ENTRIES", 3)
    text = "one two three one " + "x" * 65 + "!four one"
    expected = SubwordEncoder.from_bytes(imdb_vocabulary).encode(text)
    assert encoder.encode(text) == encoder.encode(text) == expected
    assert 0 < len(encoder._unit_ids) <= 3
    assert "x" * 65 not in encoder._unit_ids


def test_copies_carry_the_vocabulary_only(tiny):
    """Pickled and copied encoders give the same ids and start without a cache."""
    tiny.encode("the movie")
    for twin in (pickle.loads(pickle.dumps(tiny)), copy.deepcopy(tiny)):  # noqa: S301
        assert twin.subwords == tiny.subwords
        assert not twin._unit_ids
        assert twin.encode("the movie") == tiny.encode("the movie")


def test_the_file_is_read_and_written(imdb_vocabulary, tmp_path):
    """Reading and writing gives the same bytes; so does reading by path."""
    encoder = SubwordEncoder.from_bytes(imdb_vocabulary)
    assert encoder.to_bytes() == imdb_vocabulary
    path = tmp_path / "copy.subwords"
    path.write_bytes(imdb_vocabulary)
    assert SubwordEncoder.load(path).subwords == encoder.subwords


@pytest.mark.parametrize("vocabulary", [[], TINY], ids=["empty", "tiny"])
def test_the_file_equals_that_of_tfds(tfds_class, tmp_path, vocabulary):
    """Byte for byte what TFDS writes."""
    tfds_class(vocabulary).save_to_file(str(tmp_path / "theirs"))
    ours = SubwordEncoder(vocabulary)
    assert ours.to_bytes() == (tmp_path / "theirs.subwords").read_bytes()
    assert SubwordEncoder.from_bytes(ours.to_bytes()).subwords == ours.subwords


def test_a_line_break_does_not_fit_into_a_file():
    """TFDS would write a file that reads back as other subwords."""
    with pytest.raises(DataError, match="line break"):
        SubwordEncoder(["a\nb"]).to_bytes()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a SubwordTextEncoder file: line 1"),
        (b"### TokenTextEncoder\n### Metadata: {}\n", "not a SubwordTextEncoder file: line 1"),
        (b"### SubwordTextEncoder", "not a SubwordTextEncoder file"),
        (b"### SubwordTextEncoder\n'a'\n", "not a SubwordTextEncoder file"),
        (HEADER.replace(b"\n", b"\r\n"), "not a SubwordTextEncoder file"),
        (HEADER + b"'a'\n'b'", "cut short"),
        (HEADER + b"'a'\nb\n", "v, line 4: a subword must be in single quotes"),
        (HEADER + b"'a'\n\n'b'\n", "v, line 4: a subword must be in single quotes"),
        (HEADER + b"'\n", "v, line 3: a subword must be in single quotes"),
        (HEADER + b"'a'\n'b'\n'\xff'\n", "v, line 5: not UTF-8"),
        (HEADER + b"'\xed\xa0\x80'\n", "v, line 3: not UTF-8"),
    ],
)
def test_malformed_files(data, message):
    """Each is refused with the name of the file and, where there is one, the line."""
    with pytest.raises(DataError, match=re.escape(message)):
        SubwordEncoder.from_bytes(data, name="v")


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    """A file that is absent, a folder, or far too large."""
    with pytest.raises(DataError, match=r"none\.subwords: cannot be read: No such file"):
        SubwordEncoder.load(tmp_path / "none.subwords")
    with pytest.raises(DataError, match="cannot be read"):
        SubwordEncoder.load(tmp_path)
    path = tmp_path / "large.subwords"
    path.write_bytes(HEADER + b"'a'\n")
    monkeypatch.setattr(subwords, "_MAX_FILE_BYTES", 8)
    with pytest.raises(DataError, match="not a vocabulary"):
        SubwordEncoder.load(str(path))
