"""Which text rules are taken for texts in other languages, and what vocabulary they give."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from languages import LANGUAGES, reviews

from edgernn.recipes.catalogue import RECIPES
from edgernn.text import TextEncoder
from edgernn.training.coverage import check_letters
from edgernn.training.options import TrainOptions
from edgernn.training.prepare import _fitting
from edgernn.training.text_rules import fitting_rules
from edgernn.training.vocabulary import build_vocabulary, make_contract

FLAGSHIP = RECIPES["flagship"].text
WORD_RECIPES = [name for name, recipe in RECIPES.items() if recipe.text.tokenizer == "words"]

SENTENCES = {
    "German": [
        "Der Film war großartig, und die Schauspieler überzeugten alle.",
        "Die Straße am Anfang ist schön, das Ende aber gar nicht.",
        "Ich fände es schade, wenn er keine Zuschauer hätte.",
    ],
    "French": [
        "Ce n'est pas un mauvais film, l'histoire m'a plu.",
        "L’été dernier, j’ai vu l’opéra et d’autres pièces.",
        "Une œuvre très belle, qu'il faut voir à l'écran.",
    ],
    "Russian": ["Это хороший фильм, но конец плохой.", "Актёры играют очень хорошо!"],
    "Arabic": ["هذا الفيلم جميل، أليس كذلك؟", "الخِدْمَة كانت سيئة جدا.", "الخدمة ممتـــازة"],
    "Chinese": ["这部电影很好，我喜欢。", "服务太无聊了！这个产品不值得推荐。"],
    "Japanese": ["この映画はとても良かった！", "ラーメンがおいしくなかったです。"],
    "Thai": ["หนังเรื่องนี้ดีมาก", "ภาพยนตร์ไทยเรื่องนี้แย่มาก"],
    "Korean": ["이 영화는 정말 좋았어요.", "배우들이 별로였습니다!"],
}
WORDS = {
    "German": {"großartig", "überzeugten", "straße", "ich", "hätte"},
    "French": {"l", "histoire", "été", "opéra", "œuvre", "est", "écran", "j"},
    "Russian": {"хороший", "фильм", "актёры", "но"},
    "Arabic": {"الفيلم", "جميل", "كذلك", "الخدمة", "ممتازة"},
    "Chinese": {"电", "影", "好", "喜", "无"},
    "Japanese": {"映", "画", "ラ", "ー", "良"},
    "Thai": {"หนั", "นัง"},
    "Korean": {"영화는", "정말", "별로였습니다"},
}


@pytest.mark.parametrize("recipe", ["flagship", "bigru"])
@pytest.mark.parametrize("language", SENTENCES)
def test_languages(language: str, recipe: str) -> None:
    """Words of the language, without marks and quotes; the line says which rule and why."""
    texts = [" ".join(pair) for pair in itertools.permutations(SENTENCES[language], 2)]
    rules, said = fitting_rules(RECIPES[recipe].text, texts)
    check_letters(rules, texts, "a.csv")
    words = set(build_vocabulary(rules, texts, min_df=1).decode().split("\n")) - {""}
    assert words >= WORDS[language]
    assert not any(set(word) & set(".,!?،؟。！«»„“”’-") for word in words)
    assert said.startswith("text rules: words are letters of any script (")
    assert "\n" not in said
    kind = {"Chinese": "characters", "Japanese": "characters", "Thai": "bigrams"}
    assert rules.unspaced_scripts == kind.get(language, "keep")
    assert ("each character of" in said) == (language in ("Chinese", "Japanese"))
    assert rules.max_length == RECIPES[recipe].text.max_length


@pytest.mark.parametrize("language", LANGUAGES)
def test_new_texts_are_known(language: str) -> None:
    """Of texts that were not learned from, the vocabulary has nearly all words."""
    texts = [text for text, _ in reviews(language)]
    rules, _ = fitting_rules(FLAGSHIP, texts[:240])
    vocabulary = build_vocabulary(rules, texts[:240])
    encoder = TextEncoder(make_contract(rules, vocabulary), vocabulary)
    known = encoder.encode_texts(texts[240:]).known
    assert min(known) > 0.8
    assert sum(known) / len(known) > 0.98
    # A word each for what a text is about and for how it was, at least.
    assert min(map(len, encoder.encode_batch(texts[240:]))) >= 2


def test_thai_is_cut_into_pairs() -> None:
    """A vowel above a letter stays with it."""
    rules, _ = fitting_rules(FLAGSHIP, SENTENCES["Thai"])
    words = build_vocabulary(rules, ["ดีมาก"], min_df=1).decode().split()
    assert words == ["ดีม", "มา", "าก"]


def test_rules_that_a_recipe_has_are_not_named() -> None:
    """They change nothing."""
    rules = dataclasses.replace(FLAGSHIP, quotes="ascii", html_entities="decode")
    assert fitting_rules(rules, ["It\u2019s good &amp; great."]) == (rules, "")


def test_apostrophes() -> None:
    """They belong to contracted words, and end articles."""
    english = [
        "I don't think it's naïve, café owners wouldn't.",
        "They'll say you're wrong, résumé.",
    ]
    assert fitting_rules(FLAGSHIP, english)[0].word_characters == "'"
    assert fitting_rules(FLAGSHIP, SENTENCES["French"])[0].word_characters == ""
    ukrainian = ["Моє ім’я та п’ять зірок."]
    assert fitting_rules(FLAGSHIP, ukrainian)[0].word_characters == "'"


def test_words_that_spaces_tell_apart_already() -> None:
    """Somebody has cut the Chinese into words: those are kept."""
    texts = ["这部 电影 很 好 ， 我 喜欢 。"]
    rules, _ = fitting_rules(FLAGSHIP, texts)
    assert rules.unspaced_scripts == "keep"
    assert "电影" in build_vocabulary(rules, texts, min_df=1).decode().split()


@pytest.mark.parametrize(
    ("text", "rule", "value", "word"),
    [
        ("so good \U0001f44d\U0001f3fd", "symbols", "words", "\U0001f44d\U0001f3fd"),
        ("five \u2605\u2605", "symbols", "words", "\u2605"),
        ("I don\u2019t like it", "quotes", "ascii", "don't"),
        ("I don&#39;t like it", "html_entities", "decode", "don't"),
        ("what a #GoodFilm", "hashtags", "open", "film"),
    ],
)
def test_one_rule_alone(text: str, rule: str, value: str, word: str) -> None:
    """English with one thing besides: the recipe's rule for words stays."""
    texts = [text] * 3 + ["A plain text, isn't it?"] * 97
    plain = dataclasses.replace(FLAGSHIP, **{rule: "keep"})
    rules, said = fitting_rules(plain, texts)
    assert getattr(rules, rule) == value
    assert (rules.word_class, rules.word_characters) == ("listed", plain.word_characters)
    assert said.endswith("(in 3% of the texts)")
    assert word in build_vocabulary(rules, texts, min_df=1).decode().split()
    assert fitting_rules(plain, [text, *["A plain text, isn't it?"] * 99]) == (plain, "")


@pytest.mark.parametrize("name", RECIPES)
def test_english_changes_nothing(name: str) -> None:
    """In ASCII, with an accent here and there: the rules are the recipe's."""
    texts = ["It isn't bad at all: 10/10!<br />A great cast, really."] * 60 + ["A na\u00efve film."]
    rules = RECIPES[name].text
    assert fitting_rules(rules, texts) == (rules, "")
    assert (fitting_rules(rules, SENTENCES["German"])[0] == rules) == (name not in WORD_RECIPES)


def test_stop_words_are_english() -> None:
    """Those of the recipe mean something else in other languages."""
    rules, said = fitting_rules(RECIPES["stopword-bilstm"].text, SENTENCES["German"])
    assert rules.stop_words == ()
    assert "no stop words are left out" in said


def test_no_texts() -> None:
    """What has no word changes nothing."""
    assert fitting_rules(FLAGSHIP, []) == (FLAGSHIP, "")
    assert fitting_rules(FLAGSHIP, ["", "..."]) == (FLAGSHIP, "")


def test_what_is_published_stays() -> None:
    """A tutorial's rules are followed to the letter; a recipe's are fitted, and that is said."""
    said: list[str] = []
    options = TrainOptions(output=Path("run"), published=True)
    recipe = RECIPES["bigru"]
    assert _fitting(options, recipe, SENTENCES["German"], said.append) is recipe
    assert said == []
    fitted = _fitting(TrainOptions(output=Path("run")), recipe, SENTENCES["German"], said.append)
    assert (fitted.text.word_class, fitted.layers) == ("letters", recipe.layers)
    assert len(said) == 1
