"""Read-outs of experiments: equal to other libraries, honest about what is undefined."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from conftest import PROJECT
from footfall.evaluation.corrections import benjamini_hochberg, holm
from footfall.experiments import always_valid, fixed, health, outcomes, planning
from footfall.experiments.boundaries import bounds, spent
from footfall.experiments.fixed import compare
from footfall.experiments.moments import Moments, from_sums, merged
from footfall.experiments.planned_looks import read_looks
from footfall.experiments.readouts import read_always_valid, read_fixed, read_planned_looks
from footfall.experiments.reasons import Reason
from footfall.experiments.verdicts import Contender, Guardrail, winner
from footfall.pages.theme.words import read_words

pytestmark = pytest.mark.library

WORDS = read_words(PROJECT / "seeds/words/en.csv")

#: Written by benchmarks/peer_experiments.py, whose head says how.
PEERS: dict[str, Any] = json.loads((PROJECT / "tests/data/experiments/peers.json").read_text())


def arm(sums: dict[str, float], kind: str) -> Moments:
    names = ["units", "y", "yy"]
    names += ["x", "xx", "xy"] if kind.endswith("cuped") else []
    names += ["d", "dd", "yd"] if kind.startswith("ratio") else []
    names += ["xd"] if kind == "ratio_cuped" else []
    return from_sums(**{name: sums[name] for name in names})


def said(reason: Reason | None) -> str | None:
    return None if reason is None else WORDS.filled(reason.key, reason.values)


def near(found: object, expected: object) -> None:
    assert np.allclose(
        np.asarray(found, dtype=float), np.asarray(expected, dtype=float), rtol=1e-9, atol=1e-9
    ), (found, expected)


def test_closed_forms_equal_those_of_gbstats_and_tea_tasting() -> None:
    kinds = set()
    for case in PEERS["cases"]:
        kind = case["kind"]
        control, treated = arm(case["control"], kind), arm(case["treated"], kind)
        found = compare(control, treated, with_covariate=kind.endswith("cuped"))
        width = fixed.half_width(found)
        rho = always_valid.tuned_rho(PEERS["tuning"])
        sequence = always_valid.half_width(found.units, rho)
        answers = {("tea_tasting", "absolute"): case["tea_tasting"]} | {
            ("gbstats", name): answer for name, answer in case.get("gbstats", {}).items()
        }
        for (peer, name), answer in answers.items():
            kinds.add((kind, peer, name))
            estimate, error = (
                (found.difference, found.standard_error)
                if name == "absolute"
                else (found.lift, found.lift_standard_error)
            )
            near(estimate, answer["estimate"])
            near([estimate - width * error, estimate + width * error], answer["interval"])
            if name == "absolute":
                near(fixed.p_value(found), answer["p"])
            if peer == "gbstats":
                near([estimate - sequence * error, estimate + sequence * error], answer["sequence"])
            if peer == "gbstats" and name == "absolute":
                near(always_valid.p_value(found, rho), answer["sequence_p"])
                if kind.endswith("cuped"):
                    near(found.theta, answer["theta"])
    assert len(PEERS["cases"]) == 100
    assert len(kinds) == 8 + 7 + 6


def test_planned_looks_have_the_published_bounds() -> None:
    # gsDesign and ldbounds, five equal looks, spending of the kind of O'Brien and Fleming.
    known = [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]
    even = np.arange(1, 6) / 5
    assert np.allclose(bounds(even, even, 0.05), known, atol=1e-4)
    # All is spent, whatever came of it: against simulated walks with uneven information.
    fractions = np.array([0.1, 0.3, 0.5, 0.6, 0.8, 1.0])
    information = np.array([1.0, 1.01, 1.02, 1.5, 1.6, 4.0])
    limits = bounds(fractions, information, 0.05)
    steps = np.random.default_rng(7).normal(size=(200_000, 6))
    walk = np.cumsum(steps * np.sqrt(np.diff(information, prepend=0)), axis=1)
    beyond = np.abs(walk / np.sqrt(information)) >= limits
    stopped = np.maximum.accumulate(beyond, axis=1).mean(axis=0)
    assert np.allclose(stopped, spent(fractions, 0.05), atol=0.0015)
    # A bound knows nothing of later looks; a look that could not be read leaves its share.
    assert np.allclose(bounds(fractions[:3], information[:3], 0.05), limits[:3])
    missed = np.where(np.arange(6) == 2, np.nan, information)
    kept = [0, 1, 3, 4, 5]
    assert np.isinf(bounds(fractions, missed, 0.05)[2])
    assert np.allclose(
        bounds(fractions, missed, 0.05)[kept], bounds(fractions[kept], information[kept], 0.05)
    )


def running(effect: float, looks: int, seed: int = 3) -> tuple[list[Moments], list[Moments]]:
    """Both arms at each look: 400 more units of each a look."""
    rng = np.random.default_rng(seed)
    outcomes_ = rng.gamma(1, 2, size=(2, looks * 400)) + np.array([[0.0], [effect]])
    arms: tuple[list[Moments], list[Moments]] = ([], [])
    for look in range(1, looks + 1):
        for of_arm, y in zip(arms, outcomes_[:, : look * 400], strict=True):
            of_arm.append(from_sums(y.shape[0], y.sum(), (y * y).sum()))
    return arms


def test_a_planned_look_that_decided_stands() -> None:
    controls, treated = running(0.25, 5)
    fractions = [0.2, 0.4, 0.6, 0.8, 1.0]
    found = read_planned_looks(fractions, controls, treated)
    assert found is not None
    assert found.is_decided
    assert found.p is not None
    assert found.p < 0.05
    assert found.units < 2_000
    at = [one.units for one in treated].index(np.float64(found.units)) + 1
    assert read_planned_looks(fractions[:at], controls[:at], treated[:at]) == found
    # Later data that say the contrary change nothing.
    reversed_ = treated[:at] + controls[at:]
    others = controls[:at] + treated[at:]
    assert read_planned_looks(fractions, others, reversed_) == found
    before = read_planned_looks(fractions[: at - 1], controls[: at - 1], treated[: at - 1])
    assert before is None or not before.is_decided
    # p says what the bounds say, and a single look is the fixed test.
    last = read_planned_looks([1.0], controls[-1:], treated[-1:])
    assert last is not None
    near(last.lower, read_fixed(controls[-1], treated[-1]).lower)
    assert last.p == pytest.approx(read_fixed(controls[-1], treated[-1]).p, rel=1e-3)
    null = read_planned_looks(fractions, *running(0.0, 5))
    assert null is not None
    assert null.p is not None
    assert null.p >= 0.05
    assert not null.is_decided
    looks = read_looks(fractions[:at], compare_all(controls[:at], treated[:at]))
    again = bounds(
        np.array(fractions[:at]), 1.0 / errors(controls[:at], treated[:at]) ** 2, found.p
    )
    assert again[-1] == pytest.approx(abs(looks.z[-1]), rel=2e-3)


def compare_all(controls: list[Moments], arms: list[Moments]) -> fixed.Comparison:
    stacked = [
        from_sums(
            np.array([one.units for one in each]),
            np.array([one.mean * one.units for one in each]),
            np.array([one.variance * (one.units - 1) + one.units * one.mean**2 for one in each]),
        )
        for each in (controls, arms)
    ]
    return compare(*stacked)


def errors(controls: list[Moments], arms: list[Moments]) -> np.ndarray:
    return compare_all(controls, arms).standard_error


def test_what_is_undefined_is_none_with_a_reason() -> None:
    some, none = from_sums(200, 20, 20), from_sums(200, 0, 0)
    ratio = from_sums(50, 9, 40, d=0, dd=0, yd=0)
    cases = [
        (some, from_sums(1, 1, 1), "an arm has fewer than two units"),
        (from_sums(0, 0, 0), some, "an arm has fewer than two units"),
        (none, none, "the outcome does not vary"),
        (none, some, "the control's mean is 0, so there is no lift"),
        (ratio, ratio, "the denominator is 0 in an arm"),
        (from_sums(9, 0.9, 0.09 + 1e-17), from_sums(9, 0.9, 0.09), "the outcome does not vary"),
        (some, none, None),
    ]
    for control, treated, reason in cases:
        for found in (read_fixed(control, treated), read_planned_looks([1], [control], [treated])):
            assert found is not None
            if reason is None or found.method == "fixed":
                assert said(found.reason) == reason
            assert (found.reason is None) == (None not in (found.p, found.lower, found.lift))
            numbers = [one for one in vars(found).values() if isinstance(one, float)]
            assert all(math.isfinite(one) for one in numbers)
    # The difference to a control without conversions is known; only the lift is not.
    found = read_fixed(none, some)
    assert (found.difference, found.lift) == (pytest.approx(0.1), None)
    assert found.p is not None
    early = read_always_valid(from_sums(99, 50, 50), from_sums(500, 50, 50))
    assert (early.lower, early.p, early.is_decided) == (None, None, False)
    assert "fewer than 100 units" in str(said(early.reason))
    few = read_always_valid(from_sums(500, 24, 24), from_sums(500, 50, 50))
    assert few.lower is None
    opened = read_always_valid(from_sums(500, 25, 25), from_sums(500, 50, 50))
    assert opened.lower is not None
    plain = read_fixed(from_sums(500, 25, 25), from_sums(500, 50, 50))
    assert plain.lower is not None
    assert opened.lower < plain.lower
    # A covariate that does not vary changes nothing.
    flat = [from_sums(200, y, y, x=200, xx=200, xy=y) for y in (20, 40)]
    adjusted, raw = read_fixed(*flat, adjustment="cuped"), read_fixed(*flat)
    assert (adjusted.theta, adjusted.variance_kept) == (0, 1)
    assert (adjusted.p, adjusted.lower) == (raw.p, raw.lower)
    with pytest.raises(ValueError, match="the sum xx, xy of the covariate is missing"):
        from_sums(1, 1, 1, x=3)
    with pytest.raises(ValueError, match="needs the sums of a covariate"):
        read_fixed(some, some, adjustment="cuped")


def test_arms_together_are_as_if_their_units_were_one() -> None:
    rng = np.random.default_rng(5)
    y, x, d = rng.gamma(1, 9, size=(3, 90))

    def of(part: slice) -> Moments:
        a, b, c = y[part], x[part], d[part]
        return from_sums(
            len(a), a.sum(), (a * a).sum(), x=b.sum(), xx=(b * b).sum(), xy=(a * b).sum(),
            d=c.sum(), dd=(c * c).sum(), yd=(a * c).sum(), xd=(b * c).sum(),
        )  # fmt: skip

    whole, parts = of(slice(None)), merged(of(slice(30)), of(slice(30, None)))
    for name in Moments.__dataclass_fields__:
        if name != "nonzero":
            near(getattr(parts, name), getattr(whole, name))


def test_chances_to_be_best_add_up_and_agree_with_two_arms() -> None:
    means, spreads = np.array([1.0, 1.2, 0.9]), np.array([0.1, 0.2, 1e-4])
    draws = np.random.default_rng(1).normal(means, spreads, size=(200_000, 3))
    for higher in (True, False):
        found = fixed.chances_to_be_best(means, spreads, higher_is_better=higher)
        best = (draws if higher else -draws).argmax(axis=1)
        assert found.sum() == pytest.approx(1)
        assert np.allclose(found, np.bincount(best, minlength=3) / len(draws), atol=0.005)
    control, treated = from_sums(900, 90, 90), from_sums(900, 110, 110)
    one = compare(control, treated)
    pair = fixed.chances_to_be_best(
        np.array([one.control_mean, one.treated_mean]),
        np.sqrt([control.variance / 900, treated.variance / 900]),
    )
    assert pair[1] == pytest.approx(float(fixed.chance_to_beat(one)))
    loss = float(fixed.expected_loss(one))
    effects = np.random.default_rng(2).normal(one.difference, one.standard_error, 400_000)
    assert loss == pytest.approx(np.maximum(-effects, 0).mean(), rel=0.05)


def test_corrections_are_those_of_the_books() -> None:
    p = [0.01, None, 0.04, 0.03, 0.005]
    assert holm(p) == [pytest.approx(v) if v is not None else None
                       for v in (0.03, None, 0.06, 0.06, 0.02)]  # fmt: skip
    expected = stats.false_discovery_control([v for v in p if v is not None])
    assert [v for v in benjamini_hochberg(p) if v is not None] == pytest.approx(list(expected))
    assert benjamini_hochberg(p)[1] is None
    assert holm([]) == []
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.5])


def test_a_winner_needs_all_that_is_asked_of_it() -> None:
    held = Guardrail("refunds", -0.02, 0.01, margin=0.015, higher_is_better=False)
    broken = Guardrail("sessions", -0.02, 0.05, margin=0.015)
    unknown = Guardrail("orders", None, None, margin=1)
    arms = [
        Contender("a", 0.3, 0.001, [held]),
        Contender("b", 0.5, 0.001, [held, broken]),
        Contender("c", 0.4, 0.2, [held]),
        Contender("d", -0.4, 0.0001),
        Contender("e", None, None),
        Contender("f", 0.2, 0.002, [unknown]),
        Contender("g", 0.1, 0.0001),
    ]
    found = winner(arms, health_passed=True)
    assert found.arm == "a"
    assert {arm: said(reason) for arm, reason in found.reasons.items()} == {
        "b": "guardrail not held: sessions",
        "c": "no difference on the primary metric",
        "d": "worse on the primary metric",
        "e": "the primary metric is undefined",
        "f": "guardrail not held: orders",
        "g": "better than the control, less so than a",
    }
    assert winner(arms, health_passed=False).arm is None
    assert winner(arms, health_passed=True, higher_is_better=False).arm == "d"
    # Two arms at .03 are none after Holm.
    pair = [Contender("a", 1, 0.03), Contender("b", 1, 0.03)]
    assert winner(pair, health_passed=True).arm is None


def test_shares_are_tested_against_the_design() -> None:
    assert health.sample_ratio([5_000, 5_200], None).verdict == "not testable"
    assert health.sample_ratio([1_000, 9_000], [0.1, 0.9]).verdict == "passed"
    found = health.sample_ratio([5_000, 5_400], [0.5, 0.5])
    assert found.verdict == "failed"
    assert found.p_value == pytest.approx(stats.chisquare([5_000, 5_400]).pvalue)
    with pytest.raises(ValueError, match="add up to 1"):
        health.sample_ratio([1, 1], [0.5, 0.6])
    # The factor is the Dirichlet-multinomial against the multinomial.
    prior, units = 1_000 * np.array([0.3, 0.7]), np.array([4, 6])
    ratio = stats.dirichlet_multinomial.logpmf(units, prior, 10) - stats.multinomial.logpmf(
        units, 10, [0.3, 0.7]
    )
    assert float(health.sample_ratio_log_bayes_factor(units, [0.3, 0.7])) == pytest.approx(ratio)
    assert health.sample_ratio_bayes_factor([0, 10**6], [0.5, 0.5]) < 1e301
    days = np.arange(1, 31)[:, None]
    assert health.sequential_sample_ratio(days * [250, 250], [0.5, 0.5]).verdict == "passed"
    skewed = health.sequential_sample_ratio(days * [263, 237], [0.5, 0.5])
    assert skewed.verdict == "failed"
    # An alarm stays, even if later days even out.
    evened = np.vstack([days * [263, 237], [[15_000, 15_000]]])
    assert health.sequential_sample_ratio(evened, [0.5, 0.5]).verdict == "failed"
    assert health.sequential_sample_ratio(days * [1, 1], None).verdict == "not testable"


def test_balance_and_switchers() -> None:
    alike = from_sums(1_000, 0, 9, x=1_000, xx=3_000, xy=0)
    other = from_sums(1_000, 0, 9, x=1_300, xx=3_500, xy=0)
    assert health.balance(alike, alike).verdict == "passed"
    assert health.balance(alike, other).verdict == "failed"
    assert health.balance(from_sums(9, 1, 1), from_sums(9, 1, 1)).verdict == "not testable"
    assert health.switchers(1_000, 5, [2, 3], [500, 500]).verdict == "passed"
    assert health.switchers(1_000, 11, [5, 6], [500, 500]).verdict == "failed"
    lopsided = health.switchers(10_000, 60, [55, 5], [5_000, 5_000])
    assert lopsided.verdict == "failed"
    assert said(lopsided.reason) == "arms lost different parts (p 9.5e-11)"
    untestable = health.sample_ratio([1, 1], None)
    sound = health.sample_ratio([50, 50], [0.5, 0.5])
    assert health.all_pass([sound, health.balance(alike, alike)])
    assert not health.all_pass([untestable])
    assert not health.all_pass([sound, lopsided])


def test_caps_are_one_quantile_of_all_units_and_never_of_flags() -> None:
    spend = np.array([0.0] * 90 + [10.0] * 9 + [1_000.0])
    assert outcomes.cap(spend, 0.99) == pytest.approx(19.9)
    assert outcomes.capped(spend, 0.99).max() == pytest.approx(19.9)
    assert outcomes.cap((spend > 0).astype(float), 0.5) is None
    assert outcomes.cap(spend, 1) is None
    assert outcomes.cap(spend, 0.5) is None
    with pytest.raises(ValueError, match="above 0"):
        outcomes.cap(spend, 0)


def test_planned_units_find_what_they_are_planned_for() -> None:
    units = planning.units_needed(variance=4, difference=0.2, share=0.4)
    control, treated = int(units * 0.6), int(units * 0.4)
    found = compare(
        from_sums(control, 0, 4.0 * (control - 1)), from_sums(treated, 0, 4.0 * (treated - 1))
    )
    assert float(fixed.detectable_effect(found)) == pytest.approx(0.2, rel=2e-3)
    assert planning.units_needed(4, 0.2, variance_kept=0.5) * 2 == pytest.approx(
        planning.units_needed(4, 0.2), abs=2
    )
    # Three arms: the control has half of all units, each other one a quarter.
    third = planning.units_needed(4, 0.2, share=0.25, control_share=0.5)
    found = compare(
        from_sums(third / 2, 0, 2.0 * third - 4), from_sums(third / 4, 0, 1.0 * third - 4)
    )
    assert float(fixed.detectable_effect(found)) == pytest.approx(0.2, rel=2e-3)
    for wrong in ({"difference": 0}, {"share": 1}, {"control_share": 0.6}, {"power": 0.01}):
        with pytest.raises(ValueError, match="planning takes"):
            planning.units_needed(**{"variance": 4, "difference": 0.2, **wrong})


def test_a_plan_reckons_with_variance_and_traffic() -> None:
    rng = np.random.default_rng(4)
    x = rng.gamma(1, 5, 4_000)
    y = x * 0.5 + rng.gamma(1, 5, 4_000)
    one = from_sums(4_000, y.sum(), (y * y).sum(), x=x.sum(), xx=(x * x).sum(), xy=(x * y).sum())
    running = np.cumsum(100 / np.arange(1, 41))
    found = planning.plan(one, running, 0.1, power=0.9)
    assert found.variance_kept == pytest.approx(1 - np.corrcoef(x, y)[0, 1] ** 2)
    assert found.units == planning.units_needed(y.var(ddof=1), 0.1 * y.mean(), power=0.9)
    assert found.units_cuped == pytest.approx(found.units * found.variance_kept, abs=1)
    # Beyond the 40 days that were seen: at the pace of the last 14.
    pace = (running[-1] - running[-15]) / 14
    assert found.is_reckoned
    assert found.days == 40 + math.ceil((found.units - running[-1]) / pace)
    assert planning.days_needed(150, running) == (2, False)
    assert planning.days_needed(500, np.full(30, 9.0)) == (None, True)
    with pytest.raises(ValueError, match="a mean above 0"):
        planning.plan(from_sums(9, 0, 0), running, 0.1)
