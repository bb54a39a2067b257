"""Scores of risk: whatever comes in later moves no score that was given."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.ensemble import IsolationForest

from footfall.core.progress import silent
from footfall.evaluation.leads import BOOSTED_TREES as OURS
from footfall.risk.attempts import MICROSECONDS_A_DAY, read_attempts
from footfall.risk.judging import Figures, area, days_of_warning
from footfall.risk.model import RiskSettings
from footfall.risk.oddness import oddness
from footfall.risk.published import PUBLISHED
from footfall.risk.scores import backtest, serving, training
from footfall.risk.scores.applying import (
    are_delays_known,
    calibrating_blocks,
    served_model,
    settling_days,
)
from footfall.risk.scores.calendar import Calendar, start_of
from footfall.risk.scores.rivals import rival_scores
from footfall.risk.scores.settings import ScoreSettings
from footfall.risk.scores.source import ArrowPayments
from footfall.risk.scores.stored import load_risk
from risk_baselines import baseline_scores

DAY = datetime.timedelta(days=1)
BEGAN = datetime.datetime(2024, 3, 7, tzinfo=datetime.UTC)
AS_OF = datetime.date(2024, 7, 2)
SETTINGS = ScoreSettings(bootstrap_replicates=20, rules_days=60)
RULES = pa.table(
    {
        "rule": ["large", "twice"],
        "reason": ["A large amount", "Twice within an hour"],
        "feature_1": ["amount", "attempts_1h"],
        "operator_1": [">=", ">="],
        "value_1": [3.0, 2.0],
        "points": [40.0, 30.0],
        "is_active": [True, True],
    }
)
CALLED = ("cutoff_date", "run_metadata")
CHANCES = {"brier", "log_loss", "ece", "total_ratio"}


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grow few trees: what is tested is what they are grown from."""
    monkeypatch.setattr(
        ScoreSettings,
        "of_trees",
        lambda self, _: RiskSettings(self.seed, 12, 7, 2, learning_rate=0.3),
    )


def shop(weeks: int = 18, a_week: int = 90, share: float = 0.08, customers: int = 200) -> pa.Table:
    """Attempts with what was known of each, and features; frauds are large and come in bursts."""
    generator = np.random.default_rng(8)
    count = weeks * a_week
    fraud = generator.random(count) < share
    at = [BEGAN + DAY * float(day) for day in np.sort(generator.uniform(0, 7 * weeks, count))]
    labelled = [
        moment + DAY * float(wait)
        for moment, wait in zip(at, generator.choice([2, 5, 20, 40], count), strict=True)
    ]
    failed = generator.random(count) < np.where(fraud, 0.4, 0.1)
    is_labelled = fraud & ~failed
    large = np.round(generator.normal(size=count) + 2.5 * fraud, 3)
    return pa.table(
        {
            "attempt_id": [f"{number:032x}" for number in range(count)],
            "visitor_no": pa.array(generator.integers(0, customers, count)),
            "attempted_at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "known_at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "shop_day": pa.array([moment.date() for moment in at]),
            "amount": np.round(np.exp(large), 2),
            "outcome": np.where(failed, "error", "order").tolist(),
            "outcome_known_at": pa.array(at, pa.timestamp("us", tz="UTC")),
            "is_fraud": pa.array(fraud, mask=~is_labelled),
            "labelled_at": pa.array(labelled, pa.timestamp("us", tz="UTC"), mask=~is_labelled),
            "fraud_known_at": pa.array(labelled, pa.timestamp("us", tz="UTC"), mask=~is_labelled),
            "fraud_cleared_at": pa.nulls(count, pa.timestamp("us", tz="UTC")),
            "fraud_again_at": pa.nulls(count, pa.timestamp("us", tz="UTC")),
            "f_amount": large,
            "f_attempts_1h": pa.array(
                generator.poisson(0.3 + fraud).astype(float), mask=generator.random(count) < 0.2
            ),
            "f_hour": generator.integers(0, 24, count).astype(float),
        }
    )


def seen(everything: pa.Table, as_of: datetime.date) -> pa.Table:
    """Return what the shop knows on a day: rows and labels that had come in by then."""
    moment = pa.scalar(datetime.datetime.combine(as_of, datetime.time(), datetime.UTC))
    rows = everything.filter(pc.less(everything["known_at"], moment))
    is_known = pc.less(rows["labelled_at"], moment)
    for name in ("is_fraud", "labelled_at", "fraud_known_at"):
        kept = pc.if_else(is_known, rows[name], None)
        rows = rows.set_column(rows.column_names.index(name), name, kept)
    return rows


def source(rows: pa.Table) -> ArrowPayments:
    """Return rows as the two tables that scores read."""
    features = rows.select(["attempt_id", *(n for n in rows.column_names if n.startswith("f_"))])
    names = [name.removeprefix("f_") for name in features.column_names]
    return ArrowPayments(rows, features.rename_columns(names))


def trained(
    rows: pa.Table, as_of: datetime.date, previous: pa.Table | None = None
) -> tuple[pa.Table, list[str]]:
    """Return the models of a day, and what was said meanwhile."""
    lines: list[str] = []
    heads = training.train(
        source(rows), as_of, settings=SETTINGS, previous=previous, progress=lines.append
    )
    return heads, lines


def scored(heads: pa.Table, rows: pa.Table, as_of: datetime.date) -> dict[str, dict]:
    """Return the scores of a day by attempt, without what every row says of the run."""
    table = serving.score(
        heads, source(rows), RULES, as_of, settings=SETTINGS, progress=silent
    ).drop_columns(CALLED)
    return {row["attempt_id"]: row for row in table.to_pylist()}


def replaced(rows: pa.Table, name: str, where: pa.ChunkedArray, value: object) -> pa.Table:
    """Return rows with another value in a column, where a condition holds."""
    column = pc.if_else(where, pa.scalar(value, rows[name].type), rows[name])
    return rows.set_column(rows.column_names.index(name), name, column)


def test_neither_a_late_label_nor_a_training_moves_a_score_that_was_given() -> None:
    everything, later = shop(), AS_OF + 8 * DAY
    before, after = seen(everything, AS_OF), seen(everything, later)
    heads, lines = trained(before, AS_OF)
    assert len(lines) == 17
    assert trained(before, AS_OF, heads)[0] is heads
    given = scored(heads, before, AS_OF)

    # A week on: a new week is learned for, labels of old attempts have come in, some of payments
    # that had failed, others were taken back, and a feature is filled that nobody had before.
    moment = datetime.datetime.combine(AS_OF, datetime.time(12), datetime.UTC)
    is_old = pc.less(after["shop_day"], AS_OF - 20 * DAY)
    has_failed = pc.and_(pc.equal(after["outcome"], "error"), pc.is_null(after["is_fraud"]))
    is_late = pc.and_(is_old, has_failed)
    is_taken_back = pc.and_(is_old, pc.fill_null(after["is_fraud"], False))
    assert min(pc.sum(is_late).as_py(), pc.sum(is_taken_back).as_py()) > 20
    for name, value in (("is_fraud", True), ("labelled_at", moment), ("fraud_known_at", moment)):
        after = replaced(after, name, is_late, value)
    after = replaced(after, "fraud_cleared_at", is_taken_back, moment)
    is_again = pc.and_(is_taken_back, pc.greater(after["f_amount"], 2.5))
    after = replaced(after, "fraud_again_at", is_again, moment + DAY)
    after = replaced(after, "is_fraud", pc.and_not(is_taken_back, is_again), False)
    is_new = pc.greater_equal(after["shop_day"], AS_OF)
    after = after.append_column("f_new", pc.if_else(is_new, 1.0, pa.scalar(None, pa.float64())))
    newer, lines = trained(after, later, heads)
    assert [line.partition(" done ")[2][:8] for line in lines] == ["(1 of 1)"]
    now = scored(newer, after, later)
    both = [key for key in given if "history" not in {given[key]["scored_by"], by(now, key)}]
    assert len(both) > 200
    for key in both:
        assert now[key] == given[key]
    # Made from nothing on that day, the scores are the same.
    assert scored(trained(after, later)[0], after, later) == now

    # What was taken for fraud, cleared, and taken for fraud again is honest in between.
    attempts = read_attempts(*source(after.filter(is_again)).read(None))
    times = [moment, moment + DAY, moment + 2 * DAY]
    labels = [attempts.labels(int(time.timestamp() * 1_000_000)).mean() for time in times]
    assert labels == [1, 0, 1]

    # Who is erased is not learned from: all models that knew them are fitted again.
    gone = after.filter(pc.not_equal(after["visitor_no"], after["visitor_no"][0]))
    _, lines = trained(gone, later, newer)
    # All but those of the first two weeks, which learned from nobody.
    assert len(lines) == 16


def by(rows: dict[str, dict], key: str) -> str:
    """Return how an attempt was scored; history where it is not there."""
    return rows.get(key, {"scored_by": "history"})["scored_by"]


def test_scores_say_where_they_come_from_and_reasons_add_up() -> None:
    rows = seen(shop(), AS_OF)
    heads, _ = trained(rows, AS_OF)
    table = serving.score(heads, source(rows), RULES, AS_OF, settings=SETTINGS, progress=silent)
    assert table.schema == serving.SCHEMA
    found = table.to_pylist()
    model = [row for row in found if row["scored_by"] != "history"]
    first = AS_OF - 28 * DAY
    assert len(model) == pc.sum(pc.greater_equal(rows["shop_day"], first)).as_py()
    assert {row["scored_by"] for row in model} == {"model_level"}
    for row in model:
        named = [row[f"contribution_{place}"] or 0.0 for place in (1, 2, 3)]
        total = row["base_log_odds"] + sum(named) + row["other_contribution"]
        assert total == pytest.approx(row["log_odds"], abs=1e-9)
        assert row["risk_score"] == row["probability"]
        assert row["probability"] == pytest.approx(1 / (1 + np.exp(-row["log_odds"])))
    history = [row for row in found if row["scored_by"] == "history"]
    assert history
    assert all(row["rule_hits"] and row["risk_score"] is None for row in history)
    assert any(row["rule_hits"] == "large,twice" for row in found)
    run = json.loads(found[0]["run_metadata"])
    assert run["metrics"]["0d"]["score_psi"] > 0

    figures = backtest.backtest(
        heads, source(rows), RULES, AS_OF, settings=SETTINGS, progress=silent
    )
    again = backtest.backtest(
        heads, source(rows), RULES, AS_OF, settings=SETTINGS, previous=figures, progress=silent
    )
    assert again is figures
    value = {
        (row["model"], row["metric"]): row["value"]
        for row in figures.to_pylist()
        if row["bin"] is None
    }
    assert {model for model, _ in value} == {OURS, "rules", "logistic", "random_forest"}
    assert value[OURS, "auc"] > 0.8
    # Fewer than a hundred customers pay a day: all are reviewed, which says nothing.
    assert value[OURS, "money_caught"] is value[OURS, "precision_of_100_customers"] is None
    assert 5 < value[OURS, "reviewed_a_day"] < 20
    assert 2 < value[OURS, "days_of_warning"] < 40
    # A tenth of the labels take 40 days, and there was no model as long ago as that: the newest
    # weeks rank, but their labels are too few to judge chances by.
    assert {row["cutoff_date"] for row in figures.to_pylist()} == {datetime.date(2024, 5, 23)}
    assert {metric for _, metric in value}.isdisjoint(CHANCES)


def drift_found(rows: pa.Table) -> dict:
    """Return what the scores of a day say of how far they have moved."""
    heads, _ = trained(rows, AS_OF)
    table = serving.score(heads, source(rows), RULES, AS_OF, settings=SETTINGS, progress=silent)
    run: dict = json.loads(table["run_metadata"][0].as_py())
    return run["metrics"]["0d"]


def test_scores_of_a_steady_shop_have_not_drifted_and_those_of_another_have() -> None:
    rows = shop(share=0.15)
    # People pay as ever, but at first few frauds are charged back: early models have a low level.
    is_unlabelled = pc.and_(
        pc.less(rows["shop_day"], (BEGAN + 40 * DAY).date()), pc.greater(rows["f_hour"], 4.0)
    )
    for name in ("is_fraud", "labelled_at", "fraud_known_at"):
        rows = replaced(rows, name, is_unlabelled, None)
    rows = seen(rows, AS_OF)
    steady = drift_found(rows)
    assert steady["score_psi"] < 0.1
    assert steady["score_psi_since"] == "2024-05-09"
    is_new = pc.greater_equal(rows["shop_day"], AS_OF - 28 * DAY)
    moved = rows.set_column(
        rows.column_names.index("f_amount"),
        "f_amount",
        pc.if_else(is_new, pc.add(rows["f_amount"], 2.0), rows["f_amount"]),
    )
    assert drift_found(moved)["score_psi"] > 0.5
    # Of a few attempts chance moves the tenths.
    few = seen(shop(share=0.5, a_week=20), AS_OF)
    assert drift_found(few)["score_psi"] is None


def test_a_shop_too_young_to_know_how_long_labels_take_is_tested_on_its_ranking() -> None:
    """Its first labels are of payments of the last 60 days."""
    rows = seen(shop(share=0.3), AS_OF)
    is_old = pc.less(rows["shop_day"], AS_OF - 60 * DAY)
    for name in ("is_fraud", "labelled_at", "fraud_known_at"):
        rows = replaced(rows, name, is_old, None)
    attempts = read_attempts(*source(rows).read(None))
    calendar = Calendar.of(AS_OF, SETTINGS.label_delay_days, SETTINGS.scored_days)
    assert not are_delays_known(attempts, calendar)
    assert settling_days(attempts, calendar) == 7
    heads, _ = trained(rows, AS_OF)
    figures = backtest.backtest(
        heads, source(rows), RULES, AS_OF, settings=SETTINGS, progress=silent
    ).to_pylist()
    metrics = {row["metric"] for row in figures}
    assert "auc" in metrics
    assert metrics.isdisjoint(CHANCES)


def test_enough_frauds_set_the_slope_and_labels_that_have_come_judge_the_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the newest closed week half of the labels are known: too few for a slope."""
    as_of = BEGAN.date() + (7 * 34 - 2) * DAY
    rows = seen(shop(weeks=34, a_week=450, share=0.25, customers=9000), as_of)
    heads, _ = trained(rows, as_of)
    attempts = read_attempts(*source(rows).read(None))
    calendar = Calendar.of(as_of, SETTINGS.label_delay_days, SETTINGS.scored_days)
    stored, newest = load_risk(heads), calendar.last - calendar.lag
    blocks, has_enough = calibrating_blocks(attempts, calendar, calendar.last)
    assert has_enough
    assert newest - 8 < blocks.start < newest == blocks.stop - 1
    closed = attempts.is_closed(start_of(calendar.last), 7)
    frauds = attempts.labels(start_of(calendar.last)) * closed
    of_week = [int(frauds[calendar.block(attempts) == block].sum()) for block in blocks]
    assert of_week[0] >= 50 > max(of_week[1:])
    model = served_model(stored, attempts, calendar, calendar.last)
    assert model is not None
    assert model.is_calibrated
    assert model.scaling.slope != 1
    assert by_model(scored(heads, rows, as_of)) == {"model"}
    # The third week of the shop has one closed week before it, with half of its labels.
    third = int(calendar.block(attempts)[0]) + 2
    assert not calibrating_blocks(attempts, calendar, third)[1]

    figures = backtest.backtest(
        heads, source(rows), RULES, as_of, settings=SETTINGS, progress=silent
    ).to_pylist()
    # Nine of ten labels take 40 days, and six weeks are the first whole ones after that.
    assert settling_days(attempts, calendar) == 40
    assert {row["cutoff_date"] for row in figures} == {BEGAN.date() + 7 * (33 - 6 - 4) * DAY}
    value = {(row["model"], row["metric"]): row["value"] for row in figures if row["bin"] is None}
    for one in (OURS, "logistic", "random_forest"):
        # By labels so far, of the newest weeks, it would be 1.5.
        assert 0.8 < value[one, "total_ratio"] < 1.25
        assert {metric for model, metric in value if model == one} > CHANCES
    assert {metric for model, metric in value if model == "rules"}.isdisjoint(CHANCES)

    # Had only every second label come by now, half of what is expected would be due.
    now, known = calendar.as_of * MICROSECONDS_A_DAY, backtest.seen_share
    monkeypatch.setattr(
        backtest,
        "seen_share",
        lambda some, moment, ages: known(some, moment, ages) * (0.5 if moment == now else 1.0),
    )
    half = {
        (row["model"], row["metric"]): row["value"]
        for row in backtest.backtest(
            heads, source(rows), RULES, as_of, settings=SETTINGS, progress=silent
        ).to_pylist()
        if row["bin"] is None
    }
    for one in (OURS, "logistic", "random_forest"):
        assert half[one, "total_ratio"] == pytest.approx(value[one, "total_ratio"] / 2, rel=0.02)
        assert half[one, "auc"] == value[one, "auc"]


def test_chances_are_raised_in_their_order() -> None:
    chances = np.array([0.0, 0.01, 0.2, 0.9, 1.0])
    higher = backtest.raised(chances, 1.1)
    assert higher.sum() == pytest.approx(1.1 * chances.sum())
    assert (np.diff(higher) > 0).all()
    assert backtest.raised(chances, 1.0) is chances


def by_model(rows: dict[str, dict]) -> set[str]:
    """Return how the attempts of the scored days were scored."""
    return {row["scored_by"] for row in rows.values()} - {"history"}


def test_without_labels_rules_decide_and_what_is_odd_among_equal_points() -> None:
    everything = shop()
    is_labelled = pc.is_valid(everything["is_fraud"])
    for name in ("is_fraud", "labelled_at", "fraud_known_at"):
        everything = replaced(everything, name, is_labelled, None)
    days = (AS_OF, AS_OF + 8 * DAY)
    heads = [trained(seen(everything, day), day)[0] for day in days]
    given, now = (
        scored(one, seen(everything, day), day) for one, day in zip(heads, days, strict=True)
    )
    shared = [key for key in given if by(given, key) == by(now, key) == "rules"]
    assert len(shared) > 200
    for key in shared:
        assert now[key] == given[key]
        assert given[key]["probability"] is given[key]["model_id"] is None
        assert 0 <= given[key]["risk_score"] < 1
    points = {"large,twice": 70 / 120, "large": 40 / 90, "twice": 30 / 80, None: 0.0}
    for key in shared:
        assert abs(given[key]["risk_score"] - points[given[key]["rule_hits"]]) < 2e-3
    assert len({given[key]["risk_score"] for key in shared}) > 50
    nothing = backtest.backtest(
        heads[0], source(seen(everything, AS_OF)), RULES, AS_OF, settings=SETTINGS, progress=silent
    )
    assert nothing.num_rows == 0
    # Nobody has ever paid.
    assert (
        training.train(source(everything[:0]), AS_OF, settings=SETTINGS, progress=silent).num_rows
        == 0
    )


def test_warning_counts_from_the_day_of_the_review_to_the_first_label() -> None:
    figures = Figures(np.nan, np.nan, np.nan, np.nan, np.nan, (), ((4, 10), (9, 12)))
    day = 86_400_000_000
    customer = np.array([4, 4, 9, 5])
    fraud = np.array([True, True, True, False])
    known = np.array([20, 16, 13, 0]) * day
    assert days_of_warning(figures, customer, fraud, known) == pytest.approx((6 + 1) / 2)
    assert np.isnan(days_of_warning(replace(figures, found=()), customer, fraud, known))


def test_oddness_is_that_of_an_isolation_forest() -> None:
    generator = np.random.default_rng(3)
    common = generator.normal(size=(400, 5)).astype(np.float32)
    asked = np.concatenate([common[:100], common[100:110] * 5])
    ours = oddness(common, asked, 1)
    theirs = -IsolationForest(random_state=1, n_jobs=1).fit(common).score_samples(asked)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=0.02)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.95
    assert oddness(common[:1], asked, 1).tolist() == [0.5] * len(asked)


def test_baselines_of_a_build_are_as_good_as_those_of_the_benchmark() -> None:
    generator = np.random.default_rng(7)
    rows = generator.normal(size=(1600, len(PUBLISHED)))
    odds = rows[:, 0] + rows[:, 1] * rows[:, 2] - 2
    labels = (generator.random(1600) < 1 / (1 + np.exp(-odds))).astype(np.float64)
    given = (list(PUBLISHED), rows[:800], labels[:800], rows[800:], 7)
    ours, theirs = rival_scores(*given), baseline_scores(*given)
    assert ours.keys() == theirs.keys() == {"logistic", "random_forest"}
    # Only features beyond what was learned part the two regressions.
    inside = np.all((rows[800:] >= rows[:800].min(0)) & (rows[800:] <= rows[:800].max(0)), axis=1)
    assert np.abs(ours["logistic"] - theirs["logistic"])[inside].max() < 0.005
    for name, least in (("logistic", 0.6), ("random_forest", 0.68)):
        areas = [area(labels[800:], scores[name]) for scores in (ours, theirs)]
        assert min(areas) > least
        assert areas[0] == pytest.approx(areas[1], abs=0.03)
    far = np.vstack([rows[:800].max(axis=0), np.full(len(PUBLISHED), 1e6)])
    at_the_edge, beyond = rival_scores(*given[:3], far, 7)["logistic"]
    assert at_the_edge == beyond
