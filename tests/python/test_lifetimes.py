"""The buy-till-you-die models: right against a reference, and able to find what made the data.

The expected values were computed once with the package `lifetimes` 0.11.3 for the parameters and
customers below. Its Pareto/NBD goes through a hypergeometric series that loses digits, so the two
agree to a millionth there.
"""

from __future__ import annotations

import numpy as np
import pytest

from footfall.heads.learners.lifetimes import (
    OrderValue,
    ParetoBuying,
    RepeatBuying,
    fit_order_value,
    fit_pareto_buying,
    fit_repeat_buying,
)

pytestmark = pytest.mark.library

REPEATS = np.array([0, 0, 1, 2, 5, 20.0])
LAST = np.array([0, 0, 30, 100, 200, 290.0])
AGE = np.array([10, 300, 90, 150, 250, 300.0])
HISTORY = (REPEATS, LAST, AGE)


def test_bg_nbd_matches_the_reference() -> None:
    model = RepeatBuying(r=0.4, alpha=10.0, a=0.7, b=4.5, leaves_at_once=False)
    np.testing.assert_allclose(
        model.probability_alive(*HISTORY),
        [1.0, 1.0, 0.6405944867, 0.7617247510, 0.7930552375, 0.9450473424],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        model.expected_orders(*HISTORY, 90),
        [1.3744238086, 0.1131375590, 0.7268183708, 0.9461737347, 1.3823271773, 5.1724017844],
        rtol=1e-9,
    )


def test_mbg_nbd_matches_the_reference() -> None:
    """Integrals over the rate and the chance to leave, taken with scipy.integrate.quad."""
    model = RepeatBuying(r=0.4, alpha=10.0, a=0.7, b=4.5, leaves_at_once=True)
    np.testing.assert_allclose(
        model.probability_alive(*HISTORY),
        [0.8296987095, 0.6194365741, 0.6853817561, 0.7907103998, 0.8107155896, 0.9471718162],
        rtol=1e-9,
    )
    np.testing.assert_allclose(
        model.expected_orders(*HISTORY, 90),
        [1.1791111161, 0.0703678757, 0.7879208914, 0.9914379998, 1.4213935679, 5.1984839562],
        rtol=1e-8,
    )


@pytest.mark.parametrize("leaves_at_once", [False, True])
def test_stretches_are_ratios_whoever_is_lost(leaves_at_once: bool) -> None:
    model = RepeatBuying(r=0.4, alpha=10.0, a=0.7, b=4.5, leaves_at_once=leaves_at_once)
    orders = model.expected_orders(*HISTORY, 365) / model.expected_orders(*HISTORY, 180)
    np.testing.assert_allclose(model.stretch_orders(REPEATS, AGE, 180, 365), orders, rtol=1e-9)
    hazards = [-np.log(model.probability_silent(*HISTORY, days)) for days in (365, 180)]
    np.testing.assert_allclose(
        model.stretch_hazard(*HISTORY, 180, 365), hazards[0] / hazards[1], rtol=1e-9
    )
    # Lost beyond doubt: both chances are nothing, and their ratio is still known.
    gone = (np.array([60.0]), np.array([100.0]), np.array([900.0]))
    assert 1.0 <= model.stretch_hazard(*gone, 180, 365)[0] < 2.1
    assert 1.0 <= model.stretch_orders(gone[0], gone[2], 180, 365)[0] < 2.1


def test_mbg_nbd_loses_those_who_never_came_back() -> None:
    """Half buys every 30 days, half bought once: to BG/NBD the second half are all alive."""
    repeats = np.repeat([12.0, 0.0], 100)
    last = np.repeat([360.0, 0.0], 100)
    age = np.full(200, 365.0)
    alive = {
        at_once: fit_repeat_buying(repeats, last, age, leaves_at_once=at_once)
        for at_once in (False, True)
    }
    assert all(model is not None for model in alive.values())
    for at_once, model in alive.items():
        once = model.probability_alive(repeats, last, age)[-1]
        assert once < 0.001 if at_once else once == 1.0


def test_pareto_nbd_matches_the_reference() -> None:
    model = ParetoBuying(r=0.8, alpha=20.0, s=1.2, beta=150.0)
    np.testing.assert_allclose(
        model.probability_alive(*HISTORY),
        [0.9137061284, 0.0970937038, 0.5281002538, 0.7062414848, 0.7482600016, 0.9626858353],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        model.expected_orders(*HISTORY, 90),
        [1.6644537901, 0.0195563386, 0.6398776073, 0.8919566724, 1.2786815971, 5.0414377448],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        model.probability_silent(*HISTORY, 90),
        [0.4831121074, 0.9842404560, 0.6983795393, 0.5638041833, 0.4426232045, 0.0800026411],
        rtol=1e-6,
    )


def test_gamma_gamma_matches_the_reference() -> None:
    model = OrderValue(p=6.0, q=4.0, gamma=15.0)
    mean = np.array([10, 20, 5, 40, 60, 33.0])
    np.testing.assert_allclose(
        model.expected(REPEATS + 1, mean),
        [16.6666666667, 23.3333333333, 10.0, 38.5714285714, 57.6923076923, 32.9302325581],
        rtol=1e-9,
    )


@pytest.fixture(scope="module")
def simulated() -> dict[str, np.ndarray]:
    """Histories drawn from Pareto/NBD and Gamma-Gamma with known parameters, and 90 days more."""
    generator = np.random.default_rng(4)
    count = 4000
    rate = generator.gamma(0.8, 1 / 20.0, count)
    life = generator.exponential(1 / generator.gamma(1.2, 1 / 150.0, count))
    age = generator.uniform(100, 400, count)
    lived = np.minimum(life, age)
    repeats = generator.poisson(rate * lived).astype(float)
    # The last of n uniform points in (0, 1) is the n-th root of one.
    last = np.where(repeats > 0, lived * generator.random(count) ** (1 / np.maximum(repeats, 1)), 0)
    ahead = np.maximum(np.minimum(life, age + 90) - age, 0)
    orders = repeats + 1
    scale = generator.gamma(4.0, 1 / 15.0, count)
    return {
        "repeats": repeats,
        "last": last,
        "age": age,
        "alive": life > age,
        "future": generator.poisson(rate * ahead).astype(float),
        "orders": orders,
        "mean": generator.gamma(6.0 * orders, 1 / (orders * scale)),
    }


def test_pareto_nbd_recovers_the_customers_that_it_describes(simulated: dict) -> None:
    history = tuple(simulated[name] for name in ("repeats", "last", "age"))
    model = fit_pareto_buying(*history)
    assert model is not None
    assert model.r == pytest.approx(0.8, rel=0.15)
    assert model.alpha == pytest.approx(20.0, rel=0.25)
    # The rate of leaving is known through its mean only: s and beta move together.
    assert model.s / model.beta == pytest.approx(1.2 / 150.0, rel=0.2)
    assert model.probability_alive(*history).mean() == pytest.approx(
        simulated["alive"].mean(), abs=0.03
    )
    assert model.expected_orders(*history, 90).mean() == pytest.approx(
        simulated["future"].mean(), rel=0.07
    )
    assert model.probability_silent(*history, 90).mean() == pytest.approx(
        (simulated["future"] == 0).mean(), abs=0.02
    )


def test_bg_nbd_recovers_the_customers_that_it_describes() -> None:
    generator = np.random.default_rng(5)
    count, horizon = 4000, 90.0
    rate = generator.gamma(0.5, 1 / 15.0, count)
    leaving = generator.beta(1.2, 3.0, count)
    age = generator.uniform(100, 400, count)
    repeats, last, future = np.zeros(count), np.zeros(count), np.zeros(count)
    for customer in range(count):
        day = 0.0
        while generator.random() >= leaving[customer] or day == 0.0:
            day += generator.exponential(1 / rate[customer])
            if day > age[customer] + horizon:
                break
            if day <= age[customer]:
                repeats[customer], last[customer] = repeats[customer] + 1, day
            else:
                future[customer] += 1
    model = fit_repeat_buying(repeats, last, age, leaves_at_once=False)
    assert model is not None
    assert model.r == pytest.approx(0.5, rel=0.2)
    assert model.alpha == pytest.approx(15.0, rel=0.3)
    assert model.a / (model.a + model.b) == pytest.approx(1.2 / 4.2, rel=0.2)
    history = (repeats, last, age)
    assert model.expected_orders(*history, 90).mean() == pytest.approx(future.mean(), rel=0.1)
    assert model.probability_silent(*history, 90).mean() == pytest.approx(
        (future == 0).mean(), abs=0.02
    )


def test_gamma_gamma_recovers_the_customers_that_it_describes(simulated: dict) -> None:
    model = fit_order_value(simulated["orders"], simulated["mean"])
    assert model is not None
    assert (model.p, model.q, model.gamma) == pytest.approx((6.0, 4.0, 15.0), rel=0.2)
    expected = model.expected(simulated["orders"], simulated["mean"])
    assert expected.mean() == pytest.approx(6.0 * 15.0 / 3.0, rel=0.05)


def test_orders_that_are_all_alike_have_their_amount() -> None:
    orders = np.repeat([13.0, 1.0], 100)
    model = fit_order_value(orders, np.full(200, 10.0))
    assert model is not None
    least, most = model.between(np.array([10.0, np.nan, 0.0]))
    np.testing.assert_allclose([least, most], 10.0, rtol=0.005)


def test_nothing_to_learn_from_is_no_model() -> None:
    few = np.ones(10)
    assert fit_repeat_buying(few, few, few + 1, leaves_at_once=True) is None
    nobody = np.zeros(50)
    assert fit_pareto_buying(nobody, nobody, nobody + 30) is None
    assert fit_order_value(few, few) is None
    assert fit_order_value(np.ones(50), np.zeros(50)) is None
