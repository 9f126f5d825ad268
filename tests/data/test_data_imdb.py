"""The IMDB archive and folder, made small, and once as it is."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from edgernn.data import (
    DataOptions,
    check_source,
    describe,
    imdb,
    load_split,
    load_splits,
    unlabelled_texts,
)
from edgernn.errors import DataError, UsageError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "aclImdb_v1.tar.gz"

# Not in order, as the archive that Stanford publishes.
REVIEWS = {
    "aclImdb/README": b"not a review",
    "aclImdb/test/pos/0_10.txt": b"test good",
    "aclImdb/test/neg/0_2.txt": b"test bad",
    "aclImdb/train/unsup/1_0.txt": b"who knows",
    "aclImdb/train/unsup/0_0.txt": b"who cares",
    "aclImdb/train/pos/10_9.txt": b"good 10",
    "aclImdb/train/pos/1_7.txt": b" na\xc3\xafve <br />good 1\n",
    "aclImdb/train/neg/2_1.txt": b"bad 2",
    "aclImdb/train/neg/10_4.txt": b"bad 10",
    "aclImdb/train/pos/._1_7.txt": b"\0\5\x16\7",
    "aclImdb/train/urls_pos.txt": b"http://",
    "aclImdb/train/pos/deeper/1_1.txt": b"not here",
    "aclImdb/more/train/neg/1_1.txt": b"nor here",
    "aclImdb/train/neg/3_1.html": b"nor this",
}
TRAIN = [("bad 10", 0), ("bad 2", 0), ("good 10", 1), ("naïve <br />good 1", 1)]
TEST = [("test bad", 0), ("test good", 1)]


def tar_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def unpack(files: dict[str, bytes], place: Path) -> Path:
    for name, data in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place


@pytest.fixture(params=["a.tar", "a.tar.gz", "a.tgz", "dotted", "folder", "parent"])
def source(request, tmp_path):
    """The same reviews in every form that they may come in."""
    if request.param in ("folder", "parent"):
        place = unpack(REVIEWS, tmp_path)
        return place / "aclImdb" if request.param == "folder" else place
    dotted = request.param == "dotted"
    content = tar_of({f"./{name}" if dotted else name: data for name, data in REVIEWS.items()})
    path = tmp_path / ("a.tar" if dotted else request.param)
    path.write_bytes(content if path.suffix == ".tar" else gzip.compress(content))
    return path


@pytest.mark.parametrize(("split", "expected"), [("train", TRAIN), ("test", TEST)])
def test_archive_and_folder_give_the_same(source, split, expected):
    """Negative, then positive, by name; what is elsewhere is left out; white space is stripped."""
    examples = load_split(source, split)
    assert list(zip(examples.texts, examples.labels.tolist(), strict=True)) == expected


@pytest.mark.parametrize(("reviews", "is_published"), [(4, True), (25_000, False)])
def test_published_reviews(source, monkeypatch, reviews, is_published):
    """Those of the data set are as many as it has; of others a person may have the folders."""
    monkeypatch.setattr(imdb, "REVIEWS", reviews)
    assert load_split(source, "train").is_published is is_published


FILMS = {
    "aclImdb/train/urls_neg.txt": b"a/1\na/2\na/3\n" + b"a/4\n" * 8,
    "aclImdb/train/urls_pos.txt": b"a/9\n" * 2 + b"a/3\n" * 9,
}


@pytest.mark.parametrize("kind", ["archive", "folder"])
def test_reviews_of_one_film_are_a_group(kind, tmp_path):
    """The line of a review's number tells its film, whatever its class."""
    files = {**REVIEWS, **FILMS}
    path = unpack(files, tmp_path) / "aclImdb"
    if kind == "archive":
        path = tmp_path / "a.tar"
        path.write_bytes(tar_of(files))
    examples = load_split(path, "train")
    assert list(zip(examples.texts, examples.labels.tolist(), strict=True)) == TRAIN
    # bad 10, bad 2, good 10, good 1
    assert examples.groups.tolist() == [0, 1, 1, 2]
    assert load_split(path, "test").groups is None


def test_without_addresses_there_are_no_groups(source):
    """Where the films are not told each review stands for itself."""
    assert load_split(source, "train").groups is None


@pytest.mark.parametrize("files", [{"x.txt": b"good"}, {"3_1.txt": b"good"}])
def test_addresses_that_lack_a_review(files, tmp_path):
    """A file without a number, or with one beyond the last line, is told."""
    for name, data in {"neg/0_1.txt": b"bad", **{f"pos/{k}": v for k, v in files.items()}}.items():
        (tmp_path / "train" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "train" / name).write_bytes(data)
    for part in ("neg", "pos"):
        (tmp_path / "train" / f"urls_{part}.txt").write_bytes(b"a/1\na/2\n")
    with pytest.raises(DataError, match=r"urls_pos\.txt has no line for train/pos/"):
        load_split(tmp_path, "train")


def test_unlabelled_reviews(source):
    """All of them come, in the order in which they are stored."""
    texts = list(unlabelled_texts(source))
    stored = ["who cares", "who knows"] if source.is_dir() else ["who knows", "who cares"]
    assert texts == stored


def test_no_unlabelled_reviews(tmp_path):
    """An archive of labelled reviews only is told apart from a damaged one."""
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of({"a/train/pos/1_1.txt": b"x"}))
    with pytest.raises(DataError, match="holds no unlabelled reviews"):
        list(unlabelled_texts(path))


def test_an_archive_is_described_by_its_content(tmp_path):
    """Name without folder, size and SHA-256."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(PACKED)
    digest = hashlib.sha256(PACKED).hexdigest()
    assert describe(path) == {
        "kind": "archive",
        "name": "a.tar.gz",
        "bytes": len(PACKED),
        "sha256": digest,
    }


def test_a_limit_keeps_both_classes(source):
    """The first review of each class."""
    assert load_split(source, "train", limit=2).texts == ("bad 10", "good 10")


def test_columns_are_refused(source):
    """An archive has no columns, so naming one is a mistake."""
    with pytest.raises(UsageError, match="has no rows and columns; leave --label-column out"):
        load_split(source, "train", DataOptions(label_column="label"))
    for check in (check_source, load_splits):
        with pytest.raises(
            UsageError, match=r"--test-fraction 0\.2: the data has its own test split"
        ):
            check(source, test_fraction=0.2)


def test_a_change_shows_in_the_description(tmp_path):
    """The fingerprint of a folder follows its reviews, not the place where it lies."""
    first = unpack(REVIEWS, tmp_path / "first") / "aclImdb"
    second = unpack(REVIEWS, tmp_path / "second") / "aclImdb"
    assert describe(first) == describe(second)
    assert describe(first)["kind"] == "folder"
    assert describe(first)["bytes"] == len(
        b"test goodtest badgood 10 na\xc3\xafve <br />good 1\nbad 2bad 10http://"
    )
    (second / "train/pos/10_9.txt").write_bytes(b"good 11")
    assert describe(first)["sha256"] != describe(second)["sha256"]
    third = unpack(REVIEWS, tmp_path / "third") / "aclImdb"
    (third / "train/urls_pos.txt").write_bytes(b"a/1")
    assert describe(first)["sha256"] != describe(third)["sha256"]


PACKED = gzip.compress(tar_of(REVIEWS))
BLOCK = 512


@pytest.mark.parametrize("kept", [*range(1, len(PACKED), len(PACKED) // 40), len(PACKED) - 1])
def test_a_gzip_archive_that_is_cut_short(kept, tmp_path):
    """Wherever the download stopped, it is an error and never a smaller data set."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(PACKED[:kept])
    for split in ("train", "test"):
        with pytest.raises(DataError, match="is damaged, cut short or not a tar archive"):
            load_split(path, split)


@pytest.mark.parametrize("kept", range(1, 14 * 2 * BLOCK + 1, BLOCK // 2 + 1))
def test_a_plain_archive_that_is_cut_short(kept, tmp_path):
    """The same without gzip, where tarfile itself would take a cut for the end."""
    path = tmp_path / "a.tar"
    path.write_bytes(tar_of(REVIEWS)[:kept])
    with pytest.raises(DataError, match="is damaged, cut short or not a tar archive"):
        load_split(path, "test")


def test_a_review_that_is_cut_short_is_not_handed_out(tmp_path):
    """Streaming gives whole reviews, then the error."""
    path = tmp_path / "a.tar"
    files = {f"a/train/unsup/{i}_0.txt": b"whole" * 200 for i in range(2)}
    path.write_bytes(tar_of(files)[: 4 * BLOCK + 100])
    texts = []
    with pytest.raises(DataError, match="unexpected end of data"):
        texts.extend(unlabelled_texts(path))
    assert texts == ["whole" * 200]


def test_a_folder_is_read_by_name(tmp_path):
    """Not in the order in which the file system happens to keep it."""
    names = sorted(f"{i}_0.txt" for i in range(50))
    unpack({f"train/unsup/{name}": name.encode() for name in reversed(names)}, tmp_path)
    assert list(unlabelled_texts(tmp_path)) == names


def test_a_damaged_header_is_not_the_end(tmp_path):
    """A header with a wrong checksum in the middle of the archive ends it with an error."""
    content = bytearray(tar_of(REVIEWS))
    content[6 * BLOCK + 3] ^= 1
    path = tmp_path / "a.tar"
    path.write_bytes(content)
    with pytest.raises(DataError, match="no end of archive"):
        load_split(path, "test")


def test_a_wrong_checksum_of_gzip(tmp_path):
    """The sum behind the end of the archive is checked as well."""
    path = tmp_path / "a.tar.gz"
    path.write_bytes(PACKED[:-8] + bytes(8))
    with pytest.raises(DataError, match="CRC check failed"):
        load_split(path, "train")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"aclImdb/README": b"x"}, "holds no reviews at */train/neg/*.txt and */train/pos/*.txt"),
        ({"train/neg/1_1.txt": b"x"}, "holds no reviews at"),
        ({"a/train/neg/1_1.txt": b"x"}, "(train/neg and train/pos) has no positive example"),
        ({"a/train/pos/1_1.txt": b"x"}, "(train/neg and train/pos) has no negative example"),
        ({"a/train/pos/1_1.txt": b" \n"}, "a/train/pos/1_1.txt: the text is empty"),
        ({"a/train/pos/1_1.txt": b"\xff"}, "a/train/pos/1_1.txt is not UTF-8 text"),
        ({"a/train/pos/1_1.txt": b"x" * 51}, "a/train/pos/1_1.txt is larger than 50 bytes"),
        ({f"a/{i}": b"" for i in range(31)}, "holds more than 30 files"),
    ],
)
def test_archives_that_hold_something_else(files, message, tmp_path, monkeypatch):
    """What is wrong is told with the archive and the member."""
    monkeypatch.setattr("edgernn.data.imdb.MAX_REVIEW_BYTES", 50)
    monkeypatch.setattr("edgernn.data.imdb.MAX_MEMBERS", 30)
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(tar_of(files)))
    with pytest.raises(DataError) as caught:
        load_split(path, "train")
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"aclImdb/README": b"x"}, "has no folder train/ and 0 folders that have"),
        ({f"{a}/train/neg/1_1.txt": b"x" for a in "ab"}, "has no folder train/ and 2 folders"),
        ({"train/neg/1_1.txt": b"x"}, "has no positive example"),
        ({"train/neg/1_1.txt": b"\xff"}, "train/neg/1_1.txt is not UTF-8 text"),
        ({"train/neg/1_1.txt": b"x" * 51}, "train/neg/1_1.txt is larger than 50 bytes"),
        ({"train/neg/1_1.txt/x": b""}, "cannot be read: Is a directory"),
        ({"test/neg/1_1.txt": b"x"}, "holds no reviews at */train/neg"),
    ],
)
def test_folders_that_hold_something_else(files, message, tmp_path, monkeypatch):
    """A folder is checked as an archive is."""
    monkeypatch.setattr("edgernn.data.imdb.MAX_REVIEW_BYTES", 50)
    with pytest.raises(DataError) as caught:
        load_split(unpack(files, tmp_path), "train")
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_review_is_a_plain_file(kind, tmp_path):
    """A link in the place of a review is refused, not left out."""
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("aclImdb/train/pos/1_1.txt")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(DataError, match=r"1_1\.txt is not a plain file"):
        load_split(path, "train")


def test_a_review_stands_once(tmp_path):
    """Two members of one name are refused, as one of them would be lost."""
    path = tmp_path / "a.tar"
    one = tar_of({"a/train/pos/1_1.txt": b"x"})[: 2 * BLOCK]
    path.write_bytes(one + one + bytes(2 * BLOCK))
    with pytest.raises(DataError, match="more than once"):
        load_split(path, "train")


def test_a_huge_header_is_not_read(tmp_path):
    """An extended header that claims gigabytes is refused before memory is given to it."""
    path = tmp_path / "a.tar"
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 2**32
    path.write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(2 * BLOCK))
    with pytest.raises(DataError, match=r"a header of 4,294,967,296 bytes"):
        load_split(path, "train")


def test_nothing_is_written(tmp_path):
    """Hostile names have nowhere to go: reading an archive leaves no file behind."""
    path = tmp_path / "inner" / "a.tar"
    path.parent.mkdir()
    path.write_bytes(tar_of(REVIEWS | {"../train/pos/9_9.txt": b"up", "/train/pos/9_8.txt": b"x"}))
    assert len(load_split(path, "train")) == len(TRAIN) + 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [path]


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the IMDB archive is not in ../shared/data")
def test_the_real_archive():
    """25,000 reviews in each split, half of them positive, in the order of the archive."""
    for split in ("train", "test"):
        examples = load_split(REAL, split)
        assert len(examples) == 25_000
        assert examples.labels[:12_500].tolist() == [0] * 12_500
        assert examples.labels[12_500:].tolist() == [1] * 12_500
    with tarfile.open(REAL) as archive:
        names = [name for name in archive.getnames() if "/test/" in name]
        for place in (0, 1, 12_499, 12_500, 24_999):
            member = archive.extractfile(names[place])
            assert member is not None
            assert examples.texts[place] == member.read().decode().strip()
    assert sum(1 for _ in unlabelled_texts(REAL)) == 50_000
