"""Scores of texts: what is learned, by whom a text is scored, what stands, and what is judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from footfall.core.progress import silent
from footfall.reviews.scores import backtest, dates, lessons, serving, stored, training
from footfall.reviews.scores.rows import columns_of
from footfall.reviews.scores.settings import TextSettings
from footfall.reviews.texts import language_of

pytestmark = pytest.mark.library

PRAISE = ("lovely", "roundish", "solid", "bluish", "handy", "woven", "neat", "quilted")
BLAME = ("cracked", "squarish", "dull", "yellowish", "sour", "knitted", "slow", "dotted")
THINGS = ("mug", "lamp", "chair", "kettle", "towel", "basket", "plate", "clock", "brush", "knife")
SETTINGS = TextSettings(bootstrap_replicates=20)
CUTOFFS = pa.table(
    {
        "cutoff_date": [date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1), date(2026, 6, 20)],
        "is_as_of": [False, False, False, True],
    }
)
AS_OF = date(2026, 6, 20)


def row(number: int, body: str, rating: float | None, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "text_id": f"t{number:05d}",
        "customer_no": number % 40,
        "language": language_of(body),
        "title": None,
        "body": body,
        "text_digest": f"d{body}",
        "rating": rating,
        "has_words": language_of(body) != "other",
        "written_at": at,
        **more,
    }


def made(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    kinds = {
        "text_id": pa.string(),
        "customer_no": pa.int64(),
        "language": pa.string(),
        "title": pa.string(),
        "body": pa.string(),
        "text_digest": pa.string(),
        "rating": pa.float64(),
        "has_words": pa.bool_(),
        "written_at": pa.timestamp("us", tz="UTC"),
    }
    return pa.Table.from_pylist(list(rows), schema=pa.schema(kinds))


def shop(count: int = 400, seed: int = 3) -> list[dict[str, Any]]:
    """Reviews from January to June whose adjectives go with their stars."""
    draw = np.random.default_rng(seed)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    found = []
    for number in range(count):
        is_good = draw.random() < 0.6
        first, second = draw.choice(PRAISE if is_good else BLAME, 2)
        body = f"the {draw.choice(THINGS)} is {first} and {second}, number {number % 97}"
        rating = float(draw.choice([4, 5] if is_good else [1, 2]))
        found.append(row(number, body, rating, begin + timedelta(days=170 * number / count)))
    return found


@pytest.fixture(scope="module")
def texts() -> pa.Table:
    return made(shop())


@pytest.fixture(scope="module")
def heads(texts: pa.Table) -> pa.Table:
    return training.train(texts, CUTOFFS, settings=SETTINGS, progress=silent)


def scored(heads: pa.Table, texts: pa.Table, previous: pa.Table | None = None) -> pa.Table:
    return serving.score(heads, texts, AS_OF, settings=SETTINGS, previous=previous, progress=silent)


def by_id(table: pa.Table) -> dict[str, dict[str, Any]]:
    return {one["text_id"]: one for one in table.to_pylist()}


def test_stars_teach_what_is_positive(heads: pa.Table, texts: pa.Table) -> None:
    found, rows = by_id(scored(heads, texts)), texts.to_pylist()
    assert {one["method"] for one in found.values()} == {"ratings"}
    right = [found[one["text_id"]]["is_positive"] == (one["rating"] >= 4) for one in rows]
    assert np.mean(right) > 0.95
    stars = {good: [] for good in (True, False)}  # type: dict[bool, list[float]]
    for one in rows:
        stars[one["rating"] >= 4].append(found[one["text_id"]]["expected_rating"])
    assert np.mean(stars[True]) > 4 > 2 > np.mean(stars[False])
    assert all(0 <= one["confidence"] <= 1 for one in found.values())


def test_a_text_with_the_wrong_stars_is_found_though_it_was_learned_from(texts: pa.Table) -> None:
    """A model that had seen it might have learned it by heart."""
    rows = texts.to_pylist()
    wrong = row(9_000, "a lovely and woven plate, solid too", 1.0, rows[10]["written_at"])
    read = made([*rows, wrong])
    found = by_id(scored(training.train(read, CUTOFFS, settings=SETTINGS, progress=silent), read))
    assert found["t09000"]["contradicts_rating"]
    assert sum(one["contradicts_rating"] for one in found.values()) <= 5


def test_a_text_without_stars_contradicts_nothing(heads: pa.Table) -> None:
    read = made([row(1, "a lovely mug", None, datetime(2026, 6, 10, tzinfo=UTC))])
    (one,) = scored(heads, read).to_pylist()
    assert one["contradicts_rating"] is None
    assert one["is_positive"]


def test_with_few_ratings_the_lexicon_decides_and_says_so() -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    read = made(
        [
            row(1, "a great mug, very good", 5.0, at),
            row(2, "质量很好,非常满意", None, at),
            row(3, "bad and broken, terrible", None, at),
        ]
    )
    found = by_id(scored(training.train(read, CUTOFFS, settings=SETTINGS, progress=silent), read))
    assert {one["method"] for one in found.values()} == {"lexicon"}
    assert found["t00001"]["is_positive"]
    assert found["t00002"]["is_positive"]
    assert not found["t00003"]["is_positive"]
    assert found["t00003"]["expected_rating"] < 3


def test_models_stand_until_what_they_learned_from_moves(heads: pa.Table, texts: pa.Table) -> None:
    later = row(7_000, "sour and bent", 1.0, datetime(2026, 6, 15, tzinfo=UTC))
    more = made([*texts.to_pylist(), later])
    assert again(more, heads) is heads
    assert again(made(texts.to_pylist()[::-1]), heads) is heads
    # Whoever is erased was learned from until then.
    without = again(made(texts.to_pylist()[1:]), heads)
    assert stored.load_models(without).run_id != stored.load_models(heads).run_id
    edited = texts.to_pylist()
    edited[0] = {**edited[0], "text_digest": "another"}
    assert stored.load_models(again(made(edited), heads)).run_id != stored.load_models(heads).run_id


def again(texts: pa.Table, previous: pa.Table) -> pa.Table:
    return training.train(texts, CUTOFFS, settings=SETTINGS, previous=previous, progress=silent)


def test_a_stored_model_scores_as_it_did(heads: pa.Table, texts: pa.Table) -> None:
    shuffled = heads.take(pa.array(np.random.default_rng(1).permutation(heads.num_rows)))
    assert scored(shuffled, texts).equals(scored(heads, texts))


def test_only_new_texts_are_scored(
    heads: pa.Table, texts: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = scored(heads, texts)
    rows = texts.to_pylist()
    rows[5] = {**rows[5], "body": "torn and sour", "text_digest": "edited"}
    new = row(8_000, "a lovely clock", None, datetime(2026, 6, 15, tzinfo=UTC))
    read = made([*rows, new])
    counted: list[int] = []

    def counting(asked: pa.Table) -> list[list[str]]:
        counted.append(asked.num_rows)
        return columns_of(asked)

    monkeypatch.setattr(serving, "columns_of", counting)
    second = scored(heads, read, first)
    assert counted == [2]
    monkeypatch.undo()
    assert second.equals(scored(heads, read))


def test_a_shop_that_wants_no_scores_has_none(texts: pa.Table) -> None:
    off = TextSettings(is_on=False)
    heads = training.train(texts, CUTOFFS, settings=off, progress=silent)
    found = serving.score(heads, texts, AS_OF, settings=off, progress=silent)
    judged = backtest.backtest(texts, CUTOFFS, settings=off, progress=silent)
    assert heads.num_rows == found.num_rows == judged.num_rows == 0


@pytest.mark.parametrize("count", [0, 1])
def test_a_shop_without_texts_gets_empty_tables(count: int) -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    read = made([row(1, "👍", 5.0, at)][:count])
    heads = training.train(read, CUTOFFS, settings=SETTINGS, progress=silent)
    assert heads.num_rows == 0
    assert scored(heads, read).num_rows == 0
    assert backtest.backtest(read, CUTOFFS, settings=SETTINGS, progress=silent).num_rows == 0
    empty = training.train(read, CUTOFFS.slice(0, 0), settings=SETTINGS, progress=silent)
    assert empty.num_rows == 0


HOSTILE = (
    *("<script>alert(1)</script> good", "<b", "&amp;&#x0;", "a" * 1_000_000),
    *("\u202eنص\u202c good", "\x00bad", "好" * 5_000, "<![CDATA[ good", "ﷺ" * 3_000),
)


def test_hostile_texts_are_scored_like_others(heads: pa.Table) -> None:
    at = datetime(2026, 6, 10, tzinfo=UTC)
    rows = [
        {**row(number, text, None, at), "has_words": True} for number, text in enumerate(HOSTILE)
    ]
    found = scored(heads, made(rows)).to_pylist()
    assert len(found) == len(HOSTILE)
    assert all(0 <= one["probability"] <= 1 for one in found)
    assert all(1 <= one["expected_rating"] <= 5 for one in found)


def test_equal_wordings_are_one_and_ties_have_no_label() -> None:
    at = datetime(2026, 2, 1, tzinfo=UTC)
    read = made(
        [
            row(1, "Nice  mug", 5.0, at),
            row(2, "nice mug", 4.0, at),
            row(3, "NICE MUG", 1.0, at),
            row(4, "so so", 5.0, at),
            row(5, "so so", 1.0, at),
            row(6, "not rated", None, at),
            row(7, "three stars", 3.0, at),
        ]
    )
    found = lessons.lesson_of(read)
    assert found.columns[1] == ["nice mug"]
    assert found.labels.tolist() == [1.0]
    assert found.stars.tolist() == pytest.approx([10 / 3])
    assert sorted(found.others[1]) == ["not rated", "so so", "three stars"]


def test_a_back_test_begins_where_enough_labels_follow() -> None:
    read = made(shop(400))
    found = dates.dates_of(CUTOFFS, read)
    assert found == dates.Dates(AS_OF, date(2026, 6, 1), date(2026, 4, 1))
    young = CUTOFFS.slice(3)
    assert dates.dates_of(young, read) == dates.Dates(AS_OF, AS_OF, None)


def test_the_back_test_compares_with_baselines_on_texts_that_came_later(
    texts: pa.Table,
) -> None:
    found = backtest.backtest(texts, CUTOFFS, settings=SETTINGS, progress=silent)
    value = {
        (one["population"], one["model"], one["metric"]): one["value"]
        for one in found.to_pylist()
        if one["bin"] is None
    }
    assert value["all", "text_regression", "auc"] > 0.98
    assert value["all", "majority", "auc"] == pytest.approx(0.5)
    assert value["all", "text_regression", "macro_f1"] > value["all", "majority", "macro_f1"]
    assert value["all", "text_regression", "auc_trivial_lead"] > 0
    models = {model for _, model, _ in value}
    assert models == {"text_regression", "majority", "lexicon", "word_tfidf"}
    assert {one for one, _, _ in value} == {"all", "new wording"}
    same = backtest.backtest(texts, CUTOFFS, settings=SETTINGS, previous=found, progress=silent)
    assert same is found


def test_a_back_test_learns_nothing_of_what_came_later(texts: pa.Table) -> None:
    """Later stars turned round make the figures bad, and leave the models as they were."""
    rows = texts.to_pylist()
    begin = datetime(2026, 4, 1, tzinfo=UTC)
    turned = [
        {**one, "rating": 6 - one["rating"] if one["written_at"] >= begin else one["rating"]}
        for one in rows
    ]
    found = backtest.backtest(made(turned), CUTOFFS, settings=SETTINGS, progress=silent)
    value = {
        (one["population"], one["model"], one["metric"]): one["value"]
        for one in found.to_pylist()
        if one["bin"] is None
    }
    assert value["all", "text_regression", "auc"] < 0.05


def test_runs_say_what_they_were_made_of(heads: pa.Table, texts: pa.Table) -> None:
    run = json.loads(scored(heads, texts)["run_metadata"][0].as_py())
    assert run["score"] == "reviews"
    assert run["cutoff_date"] == "2026-06-01"
    assert run["metrics"]["0d"]["texts_scored"] == texts.num_rows
