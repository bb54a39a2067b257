"""Aspects of reviews: sentences, words that name and judge, spans that are learned."""

from __future__ import annotations

import pytest

from footfall.reviews.aspects import seed_aspects
from footfall.reviews.sentences import sentences_of

pytestmark = pytest.mark.library


@pytest.mark.parametrize(
    ("text", "language", "parts"),
    [
        ("", "en", []),
        ("😀 !!! ...", "en", []),
        ("Nice. Works", "en", ["Nice.", "Works"]),
        ("It cost 3.5 dollars, e.g. less.", "en", ["It cost 3.5 dollars, e.g. less."]),
        ("Good sound but heavy", "en", ["Good sound", "but heavy"]),
        ("Good sound, yet heavy", "en", ["Good sound,", "yet heavy"]),
        ("It is not here yet", "en", ["It is not here yet"]),
        ("Nothing but trouble", "en", ["Nothing but trouble"]),
        ("Not only good but also cheap", "en", ["Not only good but also cheap"]),
        ("Although soft, it is thin", "en", ["Although soft,", "it is thin"]),
        ("质量好但是太贵", "zh", ["质量好", "但是太贵"]),
        ("质量好,不过太贵", "zh", ["质量好,", "不过太贵"]),
        ("不但便宜而且好用", "zh", ["不但便宜而且好用"]),
        ("再好不过了\u3002下次还来\uff01", "zh", ["再好不过了\u3002", "下次还来\uff01"]),
        ("虽然便宜\uff0c质量却好", "zh", ["虽然便宜\uff0c", "质量却好"]),
        ("但愿质量好", "zh", ["但愿质量好"]),
    ],
)
def test_sentences_end_at_stops_and_at_contrast(text: str, language: str, parts: list[str]) -> None:
    found = sentences_of(text, language)
    assert [one.text for one in found] == parts
    assert [text[one.start : one.end] for one in found] == parts


def judged(text: str, language: str) -> list[tuple[str, int]]:
    """Return aspects and polarities of all sentences of a text."""
    return [
        (mention.aspect, mention.polarity)
        for one in sentences_of(text, language)
        for mention in seed_aspects(one.text, language)
    ]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The screen is great.", "en", [("screen", 1)]),
        ("The screen is not great.", "en", [("screen", -1)]),
        ("The price is not high.", "en", [("price", 1)]),
        ("It is not expensive at all.", "en", [("price", 1)]),
        ("Not easy to use.", "en", [("ease_of_use", -1)]),
        ("Not only is the sound good but also the price.", "en", [("sound", 1), ("price", 1)]),
        ("The sound is good, but the battery is bad.", "en", [("sound", 1), ("battery", -1)]),
        ("Although the fabric is soft, the fit is awful", "en", [("material", 1), ("fit", -1)]),
        ("Great screen and terrible battery", "en", [("screen", 1), ("battery", -1)]),
        ("The battery lasts long.", "en", [("battery", 1)]),
        ("Delivery took long.", "en", [("delivery", -1)]),
        ("Not the screen, which is fine", "en", [("screen", 1)]),
        ("It has a screen", "en", [("screen", 0)]),
        ("物流很快", "zh", [("delivery", 1)]),
        ("质量很好,但是物流太慢了", "zh", [("quality", 1), ("delivery", -1)]),
        ("虽然价格不贵\uff0c质量却很差", "zh", [("price", 1), ("quality", -1)]),
        ("味道不怎么好", "zh", [("taste", -1)]),
        ("包装没有破损\uff0c味道不好", "zh", [("packaging", 1), ("taste", -1)]),
        ("不但便宜\uff0c而且质量也不错", "zh", [("price", 1), ("quality", 1)]),
        ("屏幕再好不过了", "zh", [("screen", 1)]),
        ("电池续航很长", "zh", [("battery", 1), ("battery", 1)]),
        ("好像是件衣服", "zh", []),
    ],
)
def test_polarity_follows_negation_contrast_and_the_aspect(
    text: str, language: str, expected: list[tuple[str, int]]
) -> None:
    assert judged(text, language) == expected


@pytest.mark.parametrize("language", ["en", "zh", "other"])
@pytest.mark.parametrize(
    "text",
    ["", "😀👍", "<b>not</b> <script>", "مرحبا جيد", "İ" * 40 + " battery good", "\ud800 price"],
)
def test_any_text_is_read_and_places_lie_in_it(text: str, language: str) -> None:
    for one in sentences_of(text, language):
        for mention in seed_aspects(one.text, language):
            assert 0 <= mention.start < mention.end <= len(one.text)


def test_evidence_is_where_the_word_lies_in_the_text_as_written() -> None:
    text = "İİ the Batteries are GOOD"
    (mention,) = seed_aspects(text, "en")
    assert (mention.aspect, mention.polarity) == ("battery", 1)
    assert text[mention.start : mention.end] == "Batteries"


@pytest.mark.parametrize("piece", ["battery not good, ", "电池不好\uff0c", "((", "虽然", "....a"])
def test_a_long_text_is_read_in_linear_time(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    for language in ("en", "zh"):
        for one in sentences_of(text, language):
            seed_aspects(one.text, language)
