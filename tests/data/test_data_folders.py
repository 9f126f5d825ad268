"""A folder for each label, and the stars of the IMDB reviews."""

import pytest

from edgernn.data import DataOptions, describe, load_split, load_splits, unlabelled_texts
from edgernn.errors import DataError, UsageError
from edgernn.text import TextContract


def fill(folder, texts):
    """Write files of texts."""
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


TOPICS = {f"{topic}/{i}.txt": f"{topic} {i}" for topic in ("Sport", "Art", "news") for i in "21"}


def test_a_folder_for_each_label(tmp_path):
    """By names; other files do not count, an empty one is named, and there are no rows."""
    folder = fill(tmp_path, {**TOPICS, "Art/.hidden.txt": "x", "Art/README.md": "x",
                             "Art/3.txt": " \n", "notes.txt": "x", ".git/a.txt": "x"})  # fmt: skip
    said = []
    examples = load_split(folder, "train", say=said.append)
    assert examples.classes == ("Art", "news", "Sport")
    assert examples.texts == ("Art 1", "Art 2", "Sport 1", "Sport 2", "news 1", "news 2")
    assert examples.labels.tolist() == [0, 0, 2, 2, 1, 1]
    assert examples.rows is None
    assert said == [
        f"{folder}: 1 of 7 files left out: the text is empty (file Art/3.txt)",
        "folders: 3 labels: Art (2), news (2), Sport (2)",
    ]
    with pytest.raises(DataError, match=r", file Art/3\.txt: the text is empty$"):
        load_split(folder, "train", DataOptions(strict=True))
    with pytest.raises(DataError, match="has no unlabelled texts"):
        unlabelled_texts(folder)


def test_splits_above_the_labels(tmp_path):
    """As scikit-learn's newsgroups and Keras's folders have them."""
    parts = {"train": "Train", "validation": "val", "test": "test"}
    folder = fill(tmp_path, {f"{part}/{name}": f"{text} {part}" for part in parts.values()
                             for name, text in TOPICS.items()})  # fmt: skip
    splits = load_splits(folder)
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [6, 6, 6]
    assert splits.has_own_test
    assert splits.test.texts[0] == "Art 1 test"
    with pytest.raises(UsageError, match="the data has its own test split"):
        load_splits(folder, test_fraction=0.2)


def test_positive_and_negative_folders(tmp_path):
    """Without splits above them they are no IMDB; options say what other names mean."""
    folder = fill(tmp_path / "a", {"pos/1.txt": "good", "neg/1.txt": "bad", "neg/2.txt": "dull"})
    splits = load_splits(folder)
    assert splits.train.classes == ("negative", "positive")
    assert splits.train.labels.tolist() == [0, 0, 1]
    assert not splits.has_own_test
    topics = fill(tmp_path / "b", TOPICS)
    options = DataOptions(positive=("art",), negative=("news",), drop=("sport",))
    assert load_split(topics, "train", options).labels.tolist() == [1, 1, 0, 0]
    named = load_split(topics, "train", DataOptions(labels=("news", "art", "sport")))
    assert named.classes == ("news", "art", "sport")


def test_texts_of_another_encoding(tmp_path):
    """They are UTF-8 where nothing is said; the error names the file and the option."""
    folder = fill(tmp_path, {**TOPICS, "Art/1.txt": "été".encode("cp1252")})
    with pytest.raises(DataError, match=r"1\.txt is not UTF-8 text.*--encoding names another"):
        load_split(folder, "train")
    assert load_split(folder, "train", DataOptions(encoding="cp1252")).texts[0] == "été"
    with pytest.raises(UsageError, match="no such text encoding"):
        load_split(folder, "train", DataOptions(encoding="nope"))
    with pytest.raises(UsageError, match="has no rows and columns; leave --label-column out"):
        load_split(folder, "train", DataOptions(label_column="x"))


def test_a_folder_is_described_by_its_texts(tmp_path):
    """Another text is other data; another name of the folder is not."""
    one, same = fill(tmp_path / "a", TOPICS), fill(tmp_path / "b", TOPICS)
    other = fill(tmp_path / "c", {**TOPICS, "Art/1.txt": "else"})
    found = describe(one)
    assert (found["kind"], found["name"], found["bytes"]) == ("label folders", "a", 36)
    assert describe(same)["sha256"] == found["sha256"] != describe(other)["sha256"]


REVIEWS = {
    "train/neg/0_1.txt": "awful",
    "train/neg/1_4.txt": "dull",
    "train/neg/2_2.txt": "bad",
    "train/neg/3_3.txt": "poor",
    "train/pos/0_10.txt": "grand",
    "train/pos/1_7.txt": "fine",
    "train/pos/2_8.txt": "good",
    "train/pos/3_9.txt": "great",
}


def test_stars_of_reviews(tmp_path):
    """Eight labels by the names of the files, in the order of the reviews; else the folders."""
    folder = fill(tmp_path, REVIEWS)
    stars = load_split(folder, "train", DataOptions(labels_from="stars"))
    assert stars.classes == ("1", "2", "3", "4", "7", "8", "9", "10")
    assert [stars.classes[n] for n in stars.labels] == ["1", "4", "2", "3", "10", "7", "8", "9"]
    plain = load_split(folder, "train")
    assert plain.labels.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert plain.texts == stars.texts
    sentiment = DataOptions(labels_from="sentiment")
    assert load_split(folder, "train", sentiment).classes == plain.classes
    model = TextContract(vocabulary_sha256="ab" * 32, vocabulary_size=9, max_length=9, cut="end",
                         labels=stars.classes, decision="largest", threshold=None)  # fmt: skip
    assert load_split(folder, "train", contract=model).labels.tolist() == stars.labels.tolist()
    three = TextContract(vocabulary_sha256="ab" * 32, vocabulary_size=9, max_length=9, cut="end",
                         labels=("positive", "neutral", "negative"), decision="largest",
                         threshold=None)  # fmt: skip
    found = load_split(folder, "train", contract=three)
    assert found.labels.tolist() == [2] * 4 + [0] * 4
    with pytest.raises(
        DataError, match=r"1 \(1\), 2 \(1\), .* are none of the model's labels, pos"
    ):
        load_split(folder, "train", DataOptions(labels_from="stars"), contract=three)


def test_what_has_no_stars(tmp_path):
    """Names without a number, other sources, and another word."""
    folder = fill(tmp_path / "imdb", {**REVIEWS, "train/pos/x.txt": "odd"})
    with pytest.raises(DataError, match=r"pos/x\.txt: the name does not end in the review's stars"):
        load_split(folder, "train", DataOptions(labels_from="stars"))
    with pytest.raises(UsageError, match="choose one of sentiment, stars"):
        load_split(folder, "train", DataOptions(labels_from="points"))
    path = tmp_path / "a.csv"
    path.write_text("text,label\nx,0\ny,1\n")
    with pytest.raises(UsageError, match="is none of the IMDB archive"):
        load_splits(path, DataOptions(labels_from="stars"))
    with pytest.raises(UsageError, match="has none; name aclImdb_v1"):
        load_splits(None, DataOptions(labels_from="stars"))
