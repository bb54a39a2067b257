"""The metrics agree with their definitions, and with scikit-learn where it has them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from footfall.evaluation import bootstrap as evaluation
from footfall.evaluation import calibration as calibration_tenths
from footfall.evaluation import score_metrics as metrics
from footfall.evaluation.leads import leads

pytestmark = pytest.mark.library


@pytest.fixture
def sample() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(3)
    # Rounded to one digit, so that there are many ties.
    scores = generator.random(500).round(1)
    labels = (generator.random(500) < scores).astype(float)
    return labels, scores


def once(count: int) -> np.ndarray:
    return np.ones((1, count))


def test_probability_metrics_match_scikit_learn(sample: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = sample
    w = once(len(labels))
    clipped = np.clip(scores, 1e-6, 1 - 1e-6)
    assert metrics.auc(labels, scores, w)[0] == pytest.approx(
        reference.roc_auc_score(labels, scores)
    )
    assert metrics.average_precision(labels, scores, w)[0] == pytest.approx(
        reference.average_precision_score(labels, scores)
    )
    assert metrics.brier(labels, scores, w)[0] == pytest.approx(
        reference.brier_score_loss(labels, scores)
    )
    assert metrics.log_loss(labels, scores, w)[0] == pytest.approx(
        reference.log_loss(labels, clipped)
    )


def test_weights_are_repetitions(sample: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = sample
    counts = np.random.default_rng(5).integers(0, 4, len(labels))
    repeated = np.repeat(np.arange(len(labels)), counts)
    weights = counts[None, :].astype(float)
    amounts = scores * 100.0
    for name, metric in {**metrics.probability_metrics(), **metrics.amount_metrics()}.items():
        weighted = metric(labels, amounts if name in {"mae", "rmse"} else scores, weights)[0]
        plain = metric(
            labels[repeated],
            (amounts if name in {"mae", "rmse"} else scores)[repeated],
            once(len(repeated)),
        )[0]
        assert weighted == pytest.approx(plain), name


def test_gini_is_one_for_the_perfect_ranking_and_nothing_for_a_constant() -> None:
    amounts = np.array([0.0, 0.0, 5.0, 20.0, 100.0])
    assert metrics.normalised_gini(amounts, amounts * 3 + 1, once(5))[0] == pytest.approx(1.0)
    assert metrics.normalised_gini(amounts, np.ones(5), once(5))[0] == pytest.approx(0.0)
    assert metrics.normalised_gini(amounts, -amounts, once(5))[0] == pytest.approx(-1.0)


def test_calibration_error_is_zero_where_groups_hold_what_they_promise() -> None:
    probabilities = np.repeat([0.25, 0.75], 100)
    labels = np.concatenate([np.tile([1, 0, 0, 0], 25), np.tile([0, 1, 1, 1], 25)]).astype(float)
    assert metrics.calibration_error(labels, probabilities, once(200))[0] == pytest.approx(0.0)
    shifted = metrics.calibration_error(labels, probabilities + 0.1, once(200))[0]
    assert shifted == pytest.approx(0.1)


def test_decile_error_and_total() -> None:
    actual = np.arange(1.0, 101.0)
    assert metrics.decile_error(actual, actual * 1.2, once(100))[0] == pytest.approx(0.2)
    assert metrics.total_ratio(actual, actual * 1.2, once(100))[0] == pytest.approx(1.2)


def test_tier_metrics_match_scikit_learn() -> None:
    generator = np.random.default_rng(7)
    actual, predicted = generator.integers(0, 3, (2, 300))
    w = once(300)
    assert metrics.macro_f1(actual, predicted, w)[0] == pytest.approx(
        reference.f1_score(actual, predicted, average="macro")
    )
    for name, ours in (("precision", metrics.precision), ("recall", metrics.recall)):
        theirs = getattr(reference, f"{name}_score")(actual, predicted, average="macro")
        assert ours(actual, predicted, w)[0] == pytest.approx(theirs)
    assert metrics.accuracy(actual, predicted, w)[0] == pytest.approx(
        reference.accuracy_score(actual, predicted)
    )


def test_top_decile_counts_the_tenth_with_the_largest_scores() -> None:
    labels = np.zeros(100)
    labels[[99, 98, 3]] = 1.0
    scores = np.arange(100.0)
    assert metrics.precision_top(labels, scores, once(100))[0] == pytest.approx(0.2)
    assert metrics.recall_top(labels, scores, once(100))[0] == pytest.approx(2 / 3)


def test_undefined_metrics_are_nan_not_an_error() -> None:
    labels, scores = np.ones(10), np.linspace(0, 1, 10)
    assert np.isnan(metrics.auc(labels, scores, once(10))[0])
    assert np.isnan(metrics.normalised_gini(np.zeros(10), scores, once(10))[0])
    assert np.isnan(metrics.total_ratio(np.zeros(10), scores, once(10))[0])
    assert evaluation.measure({"auc": metrics.auc}, np.zeros(0), {}, replicates=5, seed=1) == {}


def test_intervals_are_seeded_paired_and_cover_the_value(
    sample: tuple[np.ndarray, np.ndarray],
) -> None:
    labels, scores = sample
    models = {"ours": scores, "noise": np.random.default_rng(1).random(len(scores))}
    first, second = (
        evaluation.measure({"auc": metrics.auc}, labels, models, replicates=200, seed=4)
        for _ in range(2)
    )
    ours, noise = first["ours", "auc"], first["noise", "auc"]
    assert ours.lower < ours.value < ours.upper
    np.testing.assert_array_equal(ours.replicates, second["ours", "auc"].replicates)
    lead = evaluation.paired_lead(ours, noise, "auc")
    assert lead.value == pytest.approx(ours.value - noise.value)
    assert lead.lower > 0
    itself = evaluation.paired_lead(ours, ours, "auc")
    assert (itself.value, itself.lower, itself.upper) == (0.0, 0.0, 0.0)


def test_interval_has_its_nominal_coverage() -> None:
    generator = np.random.default_rng(11)
    inside = 0
    for trial in range(100):
        outcome = (generator.random(200) < 0.3).astype(float)
        measured = evaluation.measure(
            {"brier": metrics.brier},
            outcome,
            {"constant": np.full(200, 0.3)},
            replicates=200,
            seed=trial,
        )["constant", "brier"]
        inside += measured.lower <= 0.21 <= measured.upper
    assert 88 <= inside <= 100


def test_metrics_of_the_top_have_intervals_of_nominal_coverage() -> None:
    """Each resample has a top of its own: with that of the data recall varies half as much again.

    Standard deviations of 2,000 fresh samples: .058 (precision) and .021 (recall).
    """
    generator = np.random.default_rng(12)

    def shop() -> tuple[np.ndarray, np.ndarray]:
        chances = generator.beta(0.8, 2, 600)
        return (generator.random(600) < chances).astype(float), chances

    top = {"precision": metrics.precision_top, "recall": metrics.recall_top}
    fresh = {
        name: np.std([metric(*shop(), once(600))[0] for _ in range(2000)])
        for name, metric in top.items()
    }
    spreads: dict[str, list[float]] = {name: [] for name in top}
    for seed in range(60):
        labels, chances = shop()
        measured = evaluation.measure(top, labels, {"m": chances}, replicates=150, seed=seed)
        for name in top:
            spreads[name].append(float(measured["m", name].replicates.std()))
    for name, spread in spreads.items():
        assert np.mean(spread) == pytest.approx(fresh[name], rel=0.12), name


def test_rows_of_one_customer_are_drawn_together() -> None:
    """A hundred visitors with ten like sessions each say what a hundred sessions say."""
    generator = np.random.default_rng(13)
    outcome = (generator.random(100) < 0.3).astype(float)
    once_each, models = {"brier": metrics.brier}, {"constant": np.full(100, 0.3)}
    plain = evaluation.measure(once_each, outcome, models, replicates=400, seed=1)
    ten = np.tile(outcome, 10)
    repeated = evaluation.measure(
        once_each,
        ten,
        {"constant": np.full(1000, 0.3)},
        replicates=400,
        seed=1,
        clusters=np.tile(np.arange(100) * 7 + 3, 10),
    )
    np.testing.assert_allclose(
        repeated["constant", "brier"].replicates, plain["constant", "brier"].replicates
    )
    alone = evaluation.measure(
        once_each, outcome, models, replicates=400, seed=1, clusters=np.arange(100)[::-1]
    )
    np.testing.assert_allclose(
        alone["constant", "brier"].replicates, plain["constant", "brier"].replicates
    )


def test_means_over_customers_have_intervals_and_repeat() -> None:
    values = np.random.default_rng(0).random(500)
    mean = evaluation.measure_mean(values, replicates=1000, seed=1)
    assert mean.value == pytest.approx(values.mean())
    assert mean.upper - mean.lower == pytest.approx(3.92 * values.std() / np.sqrt(500), rel=0.1)
    again = evaluation.measure_mean(values, replicates=1000, seed=1)
    assert (mean.lower, mean.upper) == (again.lower, again.upper)
    nobody = evaluation.measure_mean(np.zeros(0), replicates=1000, seed=1)
    assert np.isnan([nobody.value, nobody.lower, nobody.upper]).all()


def test_leads_are_over_the_best_baseline_and_the_best_without_a_model() -> None:
    values = {"attention_scorer": 0.5, "popular": 0.3, "item_knn": 0.6, "personal_frequency": 0.4}
    measured = {
        (model, "ndcg_10"): evaluation.summarise(value, np.array([value, value + 0.01]))
        for model, value in values.items()
    }
    found = leads(measured, ("ndcg_10",))
    assert set(found) == {
        ("attention_scorer", "ndcg_10_lead"),
        ("attention_scorer", "ndcg_10_trivial_lead"),
    }
    assert found["attention_scorer", "ndcg_10_lead"].value == pytest.approx(-0.1)
    assert found["attention_scorer", "ndcg_10_trivial_lead"].value == pytest.approx(0.1)
    # Resampled together, so that what is hard for all has no say.
    assert found["attention_scorer", "ndcg_10_lead"].upper == pytest.approx(-0.1)
    nobody = {key: result for key, result in measured.items() if key[0] == "attention_scorer"}
    assert leads(nobody, ("ndcg_10",)) == {}


def test_chunks_of_weights_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.tile([0.0, 1.0], 50)
    scores = np.linspace(0, 1, 100)
    whole = evaluation.measure({"auc": metrics.auc}, labels, {"m": scores}, replicates=30, seed=2)
    monkeypatch.setattr(evaluation, "_CELLS_PER_CHUNK", 700)
    pieces = evaluation.measure({"auc": metrics.auc}, labels, {"m": scores}, replicates=30, seed=2)
    np.testing.assert_array_equal(whole["m", "auc"].replicates, pieces["m", "auc"].replicates)


def test_lead_of_a_loss_is_positive_when_smaller() -> None:
    small = evaluation.summarise(1.0, np.array([1.0, 1.1]))
    large = evaluation.summarise(2.0, np.array([2.0, 2.2]))
    assert evaluation.paired_lead(small, large, "mae").value == 1.0
    assert evaluation.paired_lead(small, large, "auc").value == -1.0


def test_tenths_hold_everybody_once_and_wilson_covers_the_rare() -> None:
    labels = np.concatenate([np.zeros(500), np.tile([0.0, 1.0], 250)])
    predicted = np.repeat([0.01, 0.5], 500)
    tenths = calibration_tenths.calibration_tenths(labels, predicted, is_probability=True)
    assert [(tenth.number, tenth.count) for tenth in tenths] == [(1, 500), (2, 500)]
    low, high = tenths
    assert (low.predicted, low.observed, low.lower) == (pytest.approx(0.01), 0.0, 0.0)
    # Wilson: 1.96^2 / (500 + 1.96^2)
    assert low.upper == pytest.approx(1.96**2 / (500 + 1.96**2))
    assert high.lower < 0.5 < high.upper
    amounts = calibration_tenths.calibration_tenths(labels * 10, predicted, is_probability=False)
    assert amounts[1].observed == pytest.approx(5.0)
    assert amounts[1].upper == pytest.approx(5.0 + 1.96 * 5.0 / np.sqrt(500))


def test_tenths_of_visitors_with_many_sessions_are_less_certain() -> None:
    labels = np.repeat(np.tile([0.0, 1.0, 1.0, 0.0], 25), 9)
    visitor = np.repeat(np.arange(100), 9)
    predicted = np.full(900, 0.5)
    (plain,) = calibration_tenths.calibration_tenths(
        labels[::9], predicted[::9], is_probability=True
    )
    (clustered,) = calibration_tenths.calibration_tenths(
        labels, predicted, is_probability=True, clusters=visitor
    )
    assert clustered == plain
    (independent,) = calibration_tenths.calibration_tenths(labels, predicted, is_probability=True)
    assert independent.count == 900
    width = clustered.upper - clustered.lower
    assert independent.upper - independent.lower == pytest.approx(width / 3, rel=0.05)


def test_stability_index_is_nothing_for_the_same_and_much_for_a_shift() -> None:
    before = np.random.default_rng(1).normal(size=4000)
    assert calibration_tenths.stability_index(before, before) == pytest.approx(0.0)
    assert calibration_tenths.stability_index(before, before + 1.0) > 0.5
    assert calibration_tenths.stability_index(before, np.full(10, np.nan)) is None
