"""Aspects of reviews: sentences, words that name and judge, spans that are learned."""

from __future__ import annotations

import json
from itertools import pairwise
from itertools import product as all_pairs
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array

import bench_aspects
import bench_spans
from footfall.experiments.files.problems import ExperimentProblem
from footfall.reviews.aspects import seed_aspects
from footfall.reviews.chain import Chain, Layout, learn_chain
from footfall.reviews.files.marked import MarkedSpan, read_marked, read_sentences
from footfall.reviews.learned_aspects import LabelledSentence, Study
from footfall.reviews.matching import (
    head_of,
    located,
    names_product,
    one_to_one,
    plain_aspect,
    product_level,
)
from footfall.reviews.proposals import proposed_aspects
from footfall.reviews.sentences import sentences_of
from footfall.reviews.span_polarity import learn_span_polarity
from footfall.reviews.tagger import decoded, learn_tagger, tags_of
from footfall.reviews.tokens import kind_of, tokens_of
from footfall.reviews.word_classes import word_classes

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
        ("My old one never managed such prompt delivery.", "en", [("delivery", 1)]),
        ("I have never had such bad service.", "en", [("service", -1)]),
        ("从没吃过这么好吃的味道", "zh", [("taste", 1)]),
        ("从来没有这么快的送餐", "zh", [("delivery", 1)]),
        ("味道没这么好吃", "zh", [("taste", -1)]),
        ("好像是件衣服", "zh", []),
        # Denies a whole statement, and not just the next words.
        ("The delivery is far from slow.", "en", [("delivery", 1)]),
        ("I would not call the delivery of this shop fast.", "en", [("delivery", -1)]),
        ("The price is anything but reasonable.", "en", [("price", -1)]),
        ("Hard to find fault with the packaging.", "en", [("packaging", 1)]),
        ("不能说这个说明书简单", "zh", [("ease_of_use", -1)]),
        ("价格挑不出毛病", "zh", [("price", 1)]),
        # A comma ends that, too.
        ("Far from home, the delivery was slow.", "en", [("delivery", -1)]),
        ("The website is slow and the checkout is easy.", "en", [("website", -1), ("checkout", 1)]),
        ("网站很流畅\uff0c付款很麻烦", "zh", [("website", 1), ("checkout", -1)]),
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


def test_tokens_lie_where_they_lay_and_chinese_ones_are_characters() -> None:
    text = "It doesn't cost $3.50, 很好 Ω-X"
    found = tokens_of(text)
    assert [one.word for one in found][:6] == ["it", "does", "n't", "cost", "$", "3.50"]
    assert [one.word for one in found][-5:] == ["很", "好", "\u03c9", "-", "x"]
    assert all(text[one.start : one.end].lower() == one.word for one in found)
    assert [kind_of(word) for word in ("the", "n't", "great", "resolution", "9", ".")] == [
        "article",
        "negation",
        "praise",
        "noun",
        "number",
        "mark",
    ]


def by_hand(chain: Chain, rows: np.ndarray) -> np.ndarray:
    """Return marginals of one sequence by trying all paths."""
    scores, count = rows @ chain.weights, len(chain.begins)
    found = np.zeros((len(rows), count))
    for path in all_pairs(range(count), repeat=len(rows)):
        total = chain.begins[path[0]] + sum(scores[place, tag] for place, tag in enumerate(path))
        total += sum(chain.moves[one, other] for one, other in pairwise(path))
        for place, tag in enumerate(path):
            found[place, tag] += np.exp(total)
    return found / found.sum(axis=1, keepdims=True)


def test_marginals_of_a_chain_are_those_of_all_paths() -> None:
    generator = np.random.default_rng(0)
    chain = Chain(*(generator.normal(size=size) for size in ((4, 3), (3, 3), (3,))))
    lengths = np.array([2, 5, 1, 3])
    rows = generator.normal(size=(lengths.sum(), 4))
    found = chain.marginals(csr_array(rows), Layout.of(lengths))
    for end, length in zip(lengths.cumsum(), lengths, strict=True):
        part = slice(end - length, end)
        assert found[part] == pytest.approx(by_hand(chain, rows[part]))


def test_a_chain_learns_what_follows_what() -> None:
    """The second token looks the same everywhere; only what stands before it differs."""
    rows = csr_array(np.array([[1.0, 0, 0], [0, 0, 1.0], [0, 1.0, 0], [0, 0, 1.0]] * 20))
    tags, lengths = np.array([0, 0, 1, 1] * 20), np.full(40, 2)
    chain = learn_chain(rows, tags, 2, Layout.of(lengths), penalty=0.1)
    likely = chain.marginals(rows, Layout.of(lengths))
    assert likely.argmax(axis=1).tolist() == tags.tolist()


def test_classes_part_words_by_their_neighbours() -> None:
    things = [f"thing{number}" for number in range(20)]
    kinds = [f"kind{number}" for number in range(20)]
    sentences = [
        ["the", thing, "is", kind] for number, thing in enumerate(things) for kind in kinds
    ]
    (found,) = word_classes(sentences, (4,), 0)
    assert len({found[one] for one in things} & {found[one] for one in kinds}) == 0
    assert word_classes([["a", "b"]], (4,), 0) == [{}]


def test_no_span_continues_what_did_not_begin() -> None:
    tokens = tokens_of("one two three")
    likely = np.array([[0.9, 0.0, 0.1], [0.3, 0.1, 0.6], [0.2, 0.1, 0.7]])
    assert [(one.start, one.end) for one in decoded(tokens, likely, 1.0)] == [(4, 13)]
    assert decoded(tokens, likely, 100.0) == []
    assert decoded([], np.empty((0, 3)), 1.0) == []
    assert tags_of(tokens, [(4, 13)]).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("phrase", "plain", "head"),
    [
        ("The Pictures", "picture", "picture"),
        ("ease of use", "ease of use", "ease"),
        ("Battery-Life!", "battery life", "life"),
        ("", "", ""),
        ("!", "", ""),
    ],
)
def test_aspects_are_compared_in_one_form(phrase: str, plain: str, head: str) -> None:
    assert plain_aspect(phrase) == plain
    assert head_of(plain) == head


def test_aspects_match_once_and_equal_ones_first() -> None:
    found, labelled = ["picture quality", "quality"], ["quality", "sound quality"]
    assert one_to_one(found, labelled, exact=True) == [(1, 0)]
    assert one_to_one(found, labelled, exact=False) == [(1, 0), (0, 1)]
    assert one_to_one(["size"], ["size", "size"], exact=False) == [(0, 0)]
    assert names_product("dvd player", "Apex_AD2600_DVD player")
    assert not names_product("dvd tray", "Apex_AD2600_DVD player")
    assert located(tokens_of("Two batteries, one battery"), "Battery") == [(4, 13), (19, 26)]


def test_precision_is_over_any_label_and_recall_over_frequent_ones() -> None:
    labelled = ["size"] * 3 + ["menu"] * 4 + ["colour"]
    figures = product_level(["size", "colour", "weather"], labelled)
    assert figures["precision"] == pytest.approx(2 / 3)
    assert figures["recall"] == pytest.approx(1 / 2)
    assert product_level([], labelled) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


THINGS = ("strap", "buckle", "zip", "lid", "hinge", "knob", "cord", "rim")
FRAMES = (
    ("the {} is great", 1),
    ("the {} is terrible", -1),
    ("i love the {}", 1),
    ("a broken {} arrived", -1),
    ("the {} is not good", -1),
)


def marked_sentences(things: tuple[str, ...]) -> list[tuple[str, str, int, int]]:
    """Return sentence, thing, its place and its polarity."""
    return [
        (frame.format(thing), thing, frame.index("{"), sign)
        for thing in things
        for frame, sign in FRAMES
    ]


def write_marked(path: Path, things: tuple[str, ...]) -> None:
    rows = [
        {"sentence": text, "spans": [{"start": at, "end": at + len(thing), "polarity": sign}]}
        for text, thing, at, sign in marked_sentences(things)
    ]
    rows += [{"sentence": "it came on monday", "spans": []}] * 10
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_the_command_of_spans_prints_one_object(tmp_path: Path) -> None:
    train, test = tmp_path / "train.parquet", tmp_path / "test.parquet"
    write_marked(train, THINGS[:6])
    write_marked(test, THINGS[6:])
    options = bench_spans.options_of([f"--train={train}", f"--test={test}"])
    answer = json.loads(json.dumps(bench_spans.judge(options), allow_nan=False))
    assert list(answer) == ["precision", "recall", "f1", "polarity", "polarity_of_found"]
    assert answer["f1"] > 0.9
    assert answer["polarity"] > 0.9


def test_spans_that_lie_outside_are_named(tmp_path: Path) -> None:
    path = tmp_path / "spans.parquet"
    for rows, said in (
        ([{"sentence": "abc", "spans": [{"start": 1, "end": 9, "polarity": 1}]}], "does not lie"),
        ([{"sentence": "abc", "spans": [{"start": 0, "end": 2, "polarity": "x"}]}], "polarity 'x'"),
        ([{"sentence": "abc", "spans": [1]}], "list of structs"),
        ([{"text": "abc"}], "no column 'sentence'"),
    ):
        pq.write_table(pa.Table.from_pylist(rows), path)
        with pytest.raises(ExperimentProblem, match=said):
            read_marked(path, "TRAIN")
    rows = [{"sentence": "abc", "spans": [{"start": 0, "end": 2, "polarity": "Negative"}]}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert read_marked(path, "TRAIN")[0].spans[0].polarity == -1
    pq.write_table(pa.Table.from_pylist([{"sentence": "abc", "spans": [["0", "2", "-3"]]}]), path)
    assert read_marked(path, "TRAIN")[0].spans == (MarkedSpan(0, 2, -1),)


def write_products(path: Path) -> None:
    rows = []
    for product, things in (("One", THINGS[:4]), ("Two", THINGS[2:6]), ("Three", THINGS[4:])):
        for text, thing, _, sign in marked_sentences(things):
            named = [{"aspect": thing, "polarity": 2 * sign}]
            rows.append({"product": product, "sentence": text, "aspects": named})
        rows += [{"product": product, "sentence": "it came on monday", "aspects": []}] * 15
    pq.write_table(pa.Table.from_pylist(rows), path)


def test_the_command_of_aspects_prints_one_object(tmp_path: Path) -> None:
    path = tmp_path / "sentences.parquet"
    write_products(path)
    answer = json.loads(json.dumps(bench_aspects.judge(path), allow_nan=False))
    assert list(answer) == [
        "mention",
        "mention_exact",
        "product",
        "polarity",
        "sentence_polarity",
    ]
    assert list(answer["mention"]) == ["precision", "recall", "f1"]
    assert answer["product"]["f1"] > 0.8
    assert answer["mention_exact"]["f1"] > 0.8
    assert answer["polarity"]["gold"] > 0.9
    assert answer["sentence_polarity"]["auc"] > 0.9


def test_labels_of_the_product_that_is_judged_play_no_part(tmp_path: Path) -> None:
    path = tmp_path / "sentences.parquet"
    write_products(path)
    sentences = read_sentences(path)
    hidden = [
        LabelledSentence(one.product, one.text, () if one.product == "Three" else one.aspects)
        for one in sentences
    ]
    assert Study(sentences).without_labels_of("Three") == Study(hidden).without_labels_of("Three")


def test_labels_without_a_word_in_their_sentence_teach_no_spans(tmp_path: Path) -> None:
    path = tmp_path / "sentences.parquet"
    rows = [
        {"product": product, "sentence": text, "aspects": [{"aspect": "size", "polarity": sign}]}
        for product in "abc"
        for text, sign in (("too big", -1), ("just right", 1), ("", 1), ("\U0001f600", 1))
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    answer = bench_aspects.judge(path)
    assert answer["product"] == {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    assert answer["mention"]["f1"] == 0.0


def test_two_products_are_too_few(tmp_path: Path) -> None:
    path = tmp_path / "sentences.parquet"
    rows = [{"product": "a", "sentence": "x", "aspects": [{"aspect": "x", "polarity": 1}]}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    with pytest.raises(ExperimentProblem, match="three are needed"):
        read_sentences(path)
    pq.write_table(pa.Table.from_pylist([{**rows[0], "product": one} for one in "abc"]), path)
    with pytest.raises(ExperimentProblem, match="below and above 0"):
        bench_aspects.judge(path)


def test_a_tagger_of_nothing_finds_nothing() -> None:
    tagger = learn_tagger(["no span here", "nor here"], [[], []])
    assert tagger.spans(["", "no span", "😀"]) == [[], [], []]


def test_polarity_of_a_span_is_that_of_its_clause() -> None:
    texts = [text for text, *_ in marked_sentences(THINGS)]
    places = [(at, at + len(thing)) for _, thing, at, _ in marked_sentences(THINGS)]
    model = learn_span_polarity(texts, places, [sign for *_, sign in marked_sentences(THINGS)])
    text = "the dial is great but the foot is terrible"
    asked = [(text.index(word), text.index(word) + 4) for word in ("dial", "foot")]
    assert model.polarities([text, text], list(asked)) == [1, -1]
    assert model.polarities([], []) == []


def test_frequent_terms_are_proposed_and_grouped() -> None:
    english = [
        *(f"the zoom lens is {word} today" for word in ("great", "bad", "good", "awful")),
        *(f"a {word} hinge" for word in ("great", "bad", "good", "awful")),
        *(["we went home yesterday"] * 20),
    ]
    found = {one.term: one for one in proposed_aspects(english, "en")}
    assert found["zoom lens"].group == "picture"
    assert found["hinge"].group == "hinge"
    assert (found["hinge"].sentence_count, found["hinge"].judged_share) == (4, 1.0)
    assert "lens" not in found
    assert "home" not in found
    chinese = [f"这个表盘{word}" for word in ("很好", "不好", "漂亮", "难看", "很差")]
    assert "表盘" in {one.term for one in proposed_aspects(chinese, "zh")}
    assert proposed_aspects(["", "😀"], "en") == []
