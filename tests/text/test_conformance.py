"""The conformance cases: replayed here, complete, up to date, and true for TFDS and Keras."""

import hashlib
import importlib.util
import itertools
import json
import re
import string
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from edgernn.text import TextContract, TextEncoder, normalize, subwords
from edgernn.text.decision import NO_LABEL, Decision

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "runtimes" / "conformance"
GENERATOR = ROOT / "tests" / "conformance" / "generate.py"
KINDS = ("subwords", "words", "stop_words")
NO_WORD = "out of vocabulary"
"""Keras's name for unknown words: no word, since it has spaces."""

HASH_ORDER = "TFDS splits by whichever of two reserved subwords Python's hash order puts first"


class Corpus:
    """One file of cases."""

    def __init__(self, kind):
        header, *cases = (FOLDER / f"{kind}.jsonl").read_text("ascii").splitlines()
        self.header = json.loads(header)
        self.cases = [json.loads(line) for line in cases]
        self.texts = [whole(case) for case in self.cases]
        self.contracts = self.header["contracts"]
        self.encoders = {
            name: TextEncoder(
                TextContract.from_json(json.dumps(entry["contract"])),
                self.vocabulary(entry["vocabulary"]),
            )
            for name, entry in self.contracts.items()
        }

    def vocabulary(self, name):
        """Return the content of a vocabulary file."""
        return self.header["vocabularies"][name]["text"].encode()

    def of(self, name):
        """Return the cases of a contract with their texts."""
        pairs = zip(self.cases, self.texts, strict=True)
        return [(case, text) for case, text in pairs if case["contract"] == name]


def whole(case):
    if "text" in case:
        return case["text"]
    units = case["repeat"]
    return "".join(unit * times for unit, times in zip(units[::2], units[1::2], strict=True))


def assert_ids(case, ids):
    if "ids" in case:
        assert ids == case["ids"], case
    else:
        digest = hashlib.sha256(",".join(map(str, ids)).encode()).hexdigest()
        assert (len(ids), digest) == (case["ids_count"], case["ids_sha256"]), case


@pytest.fixture(scope="module")
def corpora():
    """All files by kind."""
    return {kind: Corpus(kind) for kind in KINDS}


@pytest.fixture(scope="module")
def generator():
    """The module `tests/conformance/generate.py`."""
    spec = importlib.util.spec_from_file_location("generate", GENERATOR)
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", KINDS)
def test_every_case_holds(corpora, kind):
    """One text at a time."""
    corpus = corpora[kind]
    for case, text in zip(corpus.cases, corpus.texts, strict=True):
        assert_ids(case, corpus.encoders[case["contract"]].encode(text))


def test_decisions():
    """A float32 score is compared in float64: with a threshold of 0.7, that of 0.7 is below it."""
    header, *cases = map(json.loads, (FOLDER / "decision.jsonl").read_text("ascii").splitlines())
    assert header == {"format": "edgernn conformance", "version": 2, "kind": "decision"}
    narrow = dict.fromkeys(("threshold", "largest", "each"), 0)
    for case in cases:
        rule, thresholds, none_below = case["decision"], case["thresholds"], case["none_below"]
        scores = np.array(case["probabilities"], np.float32)
        assert scores.astype(float).tolist() == case["probabilities"]
        decision = Decision(case["threshold"], rule, tuple(thresholds), none_below)
        found = decision.answers(scores[None] if rule != "threshold" else scores)[0]
        given = [int(found)] if rule != "each" else np.flatnonzero(found).tolist()
        given = [number for number in given if number != NO_LABEL]
        assert given == case["given"], case
        narrow[rule] += case["given"] != narrow_answer(decision, scores)
    assert all(narrow.values()), f"cases that 32 bits get wrong: {narrow}"


def narrow_answer(decision, scores):
    """Return the labels that comparing in float32 would give."""
    if decision.rule == "each":
        return np.flatnonzero(scores >= np.float32(decision.thresholds)).tolist()
    number = int(scores.argmax())
    confidence = scores[number]
    if decision.is_binary:
        number = int(scores[0] >= np.float32(decision.threshold))
        confidence = scores[0] if number else np.float32(1) - scores[0]
    least = decision.none_below
    return [number] if least is None or confidence >= np.float32(least) else []


@pytest.mark.unmeasured
@pytest.mark.parametrize("way", ["scalar", "tables"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_case_holds_in_a_batch(corpora, kind, way, monkeypatch):
    """All texts of a contract at once, as small batches go and as large ones do."""
    monkeypatch.setattr(subwords, "_SMALL_BATCH_CHARACTERS", 0 if way == "tables" else 1 << 40)
    corpus = corpora[kind]
    for name, encoder in corpus.encoders.items():
        cases = corpus.of(name)
        rows = encoder.encode_batch([text for _, text in cases])
        for (case, _), row in zip(cases, rows, strict=True):
            assert_ids(case, row.tolist())


@pytest.mark.parametrize("kind", KINDS)
def test_the_files(corpora, kind):
    """Their kind, their size, at least 400 cases of as many texts, none twice; ids of their own."""
    corpus = corpora[kind]
    assert (FOLDER / f"{kind}.jsonl").stat().st_size < 1_500_000
    assert corpus.header["kind"] == kind
    assert len(corpus.cases) >= len(set(corpus.texts)) >= 400
    pairs = [
        (case["contract"], text) for case, text in zip(corpus.cases, corpus.texts, strict=True)
    ]
    assert len(set(pairs)) == len(pairs)
    assert len({case["id"] for case in corpus.cases}) == len(corpus.cases)
    assert all(case["id"].startswith(f"{kind}/{case['contract']}/") for case in corpus.cases)
    for entry in corpus.contracts.values():
        contract = entry["contract"]
        assert contract["tokenizer"] == ("subwords" if kind == "subwords" else "words")
        assert bool(contract["stop_words"]) == (kind == "stop_words")


def in_script(name):
    return lambda text: any(unicodedata.name(c, "").startswith(name) for c in text)


CONTENT = {
    "empty": lambda text: not text,
    "blanks": lambda text: text and not text.strip(),
    **{f"punctuation {mark}": re.compile(re.escape(mark)).search for mark in string.punctuation},
    "<br />": lambda text: "<br />" in text,
    "HTML entities": re.compile("&(#[0-9]+|[a-z]+);").search,
    "composed accents": lambda text: unicodedata.normalize("NFD", text) != text,
    "decomposed accents": lambda text: unicodedata.normalize("NFC", text) != text,
    "dotted I": lambda text: "\u0130" in text,
    "sharp s": lambda text: "\u00df" in text,
    "final sigma": lambda text: "\u03c2" in text.lower() and "\u03a3" in text,
    "CJK": in_script("CJK"),
    "Arabic": in_script("ARABIC"),
    "Devanagari": in_script("DEVANAGARI"),
    "emoji with a modifier": re.compile("\U0001f44d[\U0001f3fb-\U0001f3ff]").search,
    "emoji joined": re.compile("[\U0001f300-\U0001faff]\u200d[\U0001f300-\U0001faff]").search,
    "lone surrogates": re.compile("[\ud800-\udfff]").search,
    **{f"control {i:#x}": re.compile(chr(i)).search for i in (*range(32), *range(0x7F, 0xA0))},
    "very long words": re.compile("[a-z]{1000}").search,
    "100 kB": lambda text: len(text.encode("utf-8", "replace")) >= 100_000,
}
"""What a text must hold to be about something."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_texts_hold(corpora, kind):
    """Each kind is tried on all that is known to go wrong, whatever the cases say of themselves."""
    texts = corpora[kind].texts
    assert [about for about, holds in CONTENT.items() if not any(map(holds, texts))] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("padding", ["none", "start", "end"])
@pytest.mark.parametrize("cut", ["start", "end"])
def test_the_limit(corpora, kind, cut, padding):
    """Exactly at the limit, one below and one above it, by each way to cut and to pad."""
    corpus = corpora[kind]
    found = 0
    for name, encoder in corpus.encoders.items():
        contract = encoder.contract
        if (contract.cut, contract.padding) != (cut, padding):
            continue
        counts = set(encoder.token_counts([text for _, text in corpus.of(name)]))
        if contract.max_length > 2:
            found += 1
            assert counts >= {contract.max_length + i for i in (-1, 0, 1)}, name
    assert found


@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_matter(corpora, kind):
    """Any two contracts that share enough texts give one of them different ids."""
    corpus = corpora[kind]
    ids = {
        name: {text: case.get("ids", case) for case, text in corpus.of(name)}
        for name in corpus.contracts
    }
    compared = 0
    for one, other in itertools.combinations(ids.values(), 2):
        shared = one.keys() & other.keys()
        if len(shared) > 20:
            assert any(one[text] != other[text] for text in shared)
            compared += 1
    assert compared >= 50


def test_no_newer_characters(corpora):
    """Unicode versions agree on the texts: what is newer than 3.2 has kept what it was given."""
    old = unicodedata.ucd_3_2_0
    later = {"\u1e9e", "\U00010000"}  # Unicode 5.1 and 4.0
    for character in {c for corpus in corpora.values() for text in corpus.texts for c in text}:
        word = unicodedata.category(character)[0] in "LN"
        if old.category(character) == "Cn":
            assert character in later or unicodedata.category(character) in ("So", "Sk")
        else:
            assert (old.category(character)[0] in "LN") == word


def test_the_files_are_up_to_date():
    """The committed generator writes these files, run as a script."""
    command = [sys.executable, str(GENERATOR), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stale_file_is_told(generator, tmp_path, monkeypatch, capsys):
    """Written, a file is up to date; changed or gone, it is named."""
    monkeypatch.setattr(generator, "content", lambda kind: f"{kind}\n".encode())
    assert generator.main(["--check"], tmp_path) == 1
    assert not list(tmp_path.iterdir())
    assert generator.main([], tmp_path) == generator.main(["--check"], tmp_path) == 0
    assert (tmp_path / "words.jsonl").read_text() == "words\n"
    capsys.readouterr()
    (tmp_path / "words.jsonl").write_text("word\n")
    (tmp_path / "subwords.jsonl").unlink()
    assert generator.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().err.startswith("not up to date: subwords.jsonl, words.jsonl;")


def rules_of(contract, **changes):
    """Return the normalization rules of a contract."""
    names = ("unicode_form", "html_breaks", "control_characters", "case")
    return {name: getattr(contract, name) for name in names} | changes


def cut_and_padded(contract, ids):
    length = contract.max_length
    ids = ids[:length] if contract.cut == "end" else ids[-length:]
    missing = [contract.padding_id] * (length - len(ids) if ids else 0)
    return {"none": ids, "start": missing + ids, "end": ids + missing}[contract.padding]


@pytest.fixture(scope="module")
def tfds():
    """TFDS's text package; importing it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
        return pytest.importorskip("tensorflow_datasets").deprecated.text


@pytest.mark.unmeasured
@pytest.mark.parametrize("order", ["its own", "longest first"])
def test_tfds_gives_the_same_subwords(corpora, tfds, order):
    """All cases, but those that TFDS leaves to chance; with its chance taken away, all."""
    corpus = corpora["subwords"]
    skipped = dict.fromkeys(corpus.contracts, 0)
    theirs = {}
    for name in corpus.header["vocabularies"]:
        lines = corpus.vocabulary(name).decode().split("\n")[2:-1]
        theirs[name] = tfds.SubwordTextEncoder([line[1:-1] for line in lines])
    for name, entry in corpus.contracts.items():
        assert entry["defined_by"] == "tfds"
        encoder, contract = theirs[entry["vocabulary"]], corpus.encoders[name].contract
        reserved = sorted(encoder._tokenizer.reserved_tokens, key=len, reverse=True)
        if order == "longest first":
            pattern = "(" + "|".join(map(re.escape, reserved)) + ")"
            encoder._tokenizer._reserved_tokens_re = re.compile(pattern)
            by_chance = []
        else:
            by_chance = [b for b in reserved if any(b.startswith(a) and a != b for a in reserved)]
        for case, text in corpus.of(name):
            text = normalize(text, **rules_of(contract))
            if any(subword in text for subword in by_chance):
                skipped[name] += 1  # HASH_ORDER
                continue
            assert_ids(case, cut_and_padded(contract, encoder.encode(text)))
    kept = len(corpus.of("overlapping")) - skipped.pop("overlapping")
    assert kept >= 40, HASH_ORDER
    assert not any(skipped.values())


@pytest.mark.unmeasured
@pytest.mark.parametrize("kind", ["words", "stop_words"])
def test_keras_gives_the_same_words(corpora, kind):
    """All cases of the contracts that split at separators; Keras splits, lowers and looks up."""
    keras = pytest.importorskip("tf_keras.preprocessing.text")
    corpus = corpora[kind]
    compared = 0
    for name, entry in corpus.contracts.items():
        contract = corpus.encoders[name].contract
        assert (entry["defined_by"] == "keras") == bool(contract.separators)
        if not contract.separators:
            continue
        settings = {"filters": contract.separators, "lower": contract.case == "lower"}
        unknown = {} if contract.unknown_id is None else {NO_WORD: contract.unknown_id}
        tokenizer = keras.Tokenizer(oov_token=next(iter(unknown), None), **settings)
        words = corpus.vocabulary(entry["vocabulary"]).decode().split("\n")[:-1]
        tokenizer.word_index = {w: i for i, w in enumerate(words, contract.first_word_id)} | unknown
        start = [] if contract.start_id is None else [contract.start_id]
        for case, text in corpus.of(name):
            text = normalize(text, **rules_of(contract, case="keep"))
            if contract.stop_words:
                # Keras has none: they are left out between its splitting and its looking up.
                found = keras.text_to_word_sequence(text, **settings)
                text = [word for word in found if word not in contract.stop_words]
            (ids,) = tokenizer.texts_to_sequences([text])
            assert_ids(case, cut_and_padded(contract, start + ids))
            compared += 1
    assert compared >= 400
