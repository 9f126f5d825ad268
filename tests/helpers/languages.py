"""Reviews in seven languages, made from a few parts each: 300 texts of two labels, none twice."""

from __future__ import annotations

import csv
import itertools
import random
from pathlib import Path
from typing import NamedTuple

__all__ = ["LANGUAGES", "reviews", "write_reviews"]


class _Parts(NamedTuple):
    """What a review is made of, with `/` between; every part goes with every other."""

    about: str
    praise: str
    blame: str
    end: str


LANGUAGES = {
    "German": _Parts(
        "Der Film ist /Das Frühstück war /Die Bedienung ist /Der Akku ist /"
        "Die Straße ist /Das Buch ist ",
        "großartig/hervorragend/wunderschön/überzeugend/prächtig",
        "fürchterlich/enttäuschend/schlecht/überflüssig/schäbig",
        "./, finde ich./ – wirklich!/, und das für den Preis./; meine Frau sieht’s genauso.",
    ),
    "French": _Parts(
        "Le film, c'est /L'hôtel, c’était /La série, c'est /L’appli, c'est /"
        "Le café, c’était /L'écran, c'est ",
        "génial/très réussi/épatant/d'une grande qualité/agréable",
        "raté/décevant/médiocre/trop long/gâché",
        "./ à mon goût./, qu'on se le dise !/, « vraiment »./, et j'ai payé cher.",
    ),
    "Russian": _Parts(
        "Этот фильм — /Наш заказ — /Новый телефон — /Обед был /Сервис здесь /Номер был ",
        "отличный/прекрасный/хороший/замечательный/удобный",
        "ужасный/плохой/скучный/отвратительный/неудобный",
        "./, честно говоря./!/, так и знайте./, подумайте ещё.",
    ),
    "Arabic": _Parts(
        "هذا الفيلم /هذا المنتج /الفندق /هذا الكتاب /الطعام هنا /الهاتف ",
        "رائع/ممتاز/جميل/مُذهل/مفيد",
        "سيئ/ممل/رديء/مخيب للآمال/ضعيف",
        "./ جدًا!/، صدقوني./ حقًا./، أليس كذلك؟",
    ),
    "Chinese": _Parts(
        "这部电影/这家饭店/这个产品/客服的态度/房间/这本书",
        "很好/非常精彩/太棒了/令人满意/值得推荐",
        "很差/太无聊了/糟糕透了/让人失望/不值得买",
        "。/，真的。/！/，我这么觉得。/，下次再说吧。",
    ),
    "Japanese": _Parts(
        "この映画は/料理は/この商品は/サービスは/ホテルの部屋は/この本は",
        "とても良かった/最高だった/素晴らしかった/楽しめた/気に入った",
        "とても悪かった/最低だった/つまらなかった/がっかりした/期待外れだった",
        "。/！/と思います。/、本当に。/、正直に言うと。",
    ),
    "Thai": _Parts(
        "หนังเรื่องนี้/อาหารที่นี่/สินค้าตัวนี้/พนักงาน/ห้องพัก/หนังสือเล่มนี้",
        "ดีมาก/ยอดเยี่ยม/น่าประทับใจ/สนุกมาก/คุ้มค่า",
        "แย่มาก/น่าเบื่อ/น่าผิดหวัง/ไม่คุ้ม/ห่วยมาก",
        "/ จริงๆ/ครับ/ นะคะ/ ขอบอก",
    ),
}


def reviews(language: str) -> list[tuple[str, str]]:
    """Return the texts of a language, each with `positive` or `negative`, in a random order."""
    about, praise, blame, end = (part.split("/") for part in LANGUAGES[language])
    rows = [
        ("".join(parts), label)
        for label, words in (("positive", praise), ("negative", blame))
        for parts in itertools.product(about, words, end)
    ]
    random.Random(1).shuffle(rows)
    return rows


def write_reviews(path: Path, language: str) -> Path:
    """Write the texts of a language as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *reviews(language)])
    return path
