"""Buy-till-you-die models of repeat buying: chances and amounts that need no labels.

BG/NBD: Fader, Hardie and Lee (2005), "Counting your customers the easy way: an alternative to the
Pareto/NBD model", Marketing Science 24(2). MBG/NBD, in which customers may leave right after the
first purchase as well: Batislam, Denizel and Filiztekin (2007), "Empirical validation and
comparison of models for customer base analysis", International Journal of Research in Marketing
24(3). Pareto/NBD: Schmittlein, Morrison and Colombo (1987), "Counting your customers: who are they
and what will they do next?", Management Science 33(1). Gamma-Gamma: Fader and Hardie (2013), "The
Gamma-Gamma model of monetary value".

A customer is described by three numbers: ``repeats``, purchase days after the first; ``last``, days
from the first purchase day to the last; ``age``, days from the first purchase day to now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from scipy.special import hyp2f1

from footfall.core.arrays import FloatArray

#: Four numbers are to be learnt: a sample is enough, and the integral of Pareto/NBD is expensive.
_MAX_CUSTOMERS, _MAX_INTEGRATED = 4_000, 2_000
_FEWEST_CUSTOMERS = 20
_PULL = 1e-4
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
#: A factor e^-z beyond this adds nothing.
_FAR = 30.0


class RepeatModel(Protocol):
    """What all these models say of a customer."""

    def probability_silent(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return P(no purchase in the next ``horizon`` days), float64 [customers]."""

    def expected_orders(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return the expected purchases in the next ``horizon`` days, float64 [customers]."""


@dataclass(frozen=True)
class RepeatBuying:
    """Fitted BG/NBD or MBG/NBD; purchase rates are Gamma(r, alpha), drop-out is Beta(a, b).

    Attributes
    ----------
    r, alpha, a, b
        Parameters.
    leaves_at_once
        Whether customers may leave right after their first purchase (MBG/NBD). In BG/NBD they
        leave after a repeat at the earliest: a customer who bought once is a customer for ever.
    """

    r: float
    alpha: float
    a: float
    b: float
    leaves_at_once: bool

    def probability_alive(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray
    ) -> FloatArray:
        """Return P(still a customer at ``age``), float64 [customers]."""
        chances = self._chances_to_leave(repeats)
        odds = (self.r + repeats) * (np.log(self.alpha + age) - np.log(self.alpha + last))
        left = self.a / (self.b + np.maximum(chances, 1.0) - 1.0) * np.exp(np.minimum(odds, 50.0))
        return np.where(chances > 0, 1.0 / (1.0 + left), 1.0)

    def probability_silent(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return P(no purchase in the next ``horizon`` days), float64 [customers]."""
        alive = self.probability_alive(repeats, last, age)
        return 1.0 - alive * self._buys_if_alive(repeats, age, horizon)

    def expected_rate(self, repeats: FloatArray, last: FloatArray, age: FloatArray) -> FloatArray:
        """Return the expected purchases a day now, float64 [customers]."""
        alive = self.probability_alive(repeats, last, age)
        return alive * (self.r + repeats) / (self.alpha + age)

    def expected_orders(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return the expected purchases in the next ``horizon`` days, float64 [customers]."""
        alive = self.probability_alive(repeats, last, age)
        return alive * self._orders_if_alive(repeats, age, horizon)

    def stretch_orders(
        self, repeats: FloatArray, age: FloatArray, known: int, horizon: int
    ) -> FloatArray:
        """Return expected purchases in ``horizon`` days over those in ``known``, [customers].

        Whether somebody is still a customer cancels out, so the ratio holds for those who are
        surely lost as well.
        """
        wanted = self._orders_if_alive(repeats, age, horizon)
        return wanted / self._orders_if_alive(repeats, age, known)

    def stretch_hazard(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, known: int, horizon: int
    ) -> FloatArray:
        """Return -log P(silent for ``horizon`` days) over that of ``known`` days, [customers]."""
        alive = self.probability_alive(repeats, last, age)
        # Certain to buy would be an infinite hazard.
        most = 1.0 - 1e-12
        wanted, had = (
            -np.log1p(-np.minimum(alive * self._buys_if_alive(repeats, age, days), most))
            for days in (horizon, known)
        )
        ratio: FloatArray = wanted / had
        return ratio

    def _chances_to_leave(self, repeats: FloatArray) -> FloatArray:
        """Return how often a customer could have left so far, [customers]."""
        return repeats + 1.0 if self.leaves_at_once else repeats

    def _buys_if_alive(self, repeats: FloatArray, age: FloatArray, horizon: int) -> FloatArray:
        """Return P(a purchase in the next ``horizon`` days, given still a customer), [customers].

        A living customer's rate is Gamma(r + repeats, alpha + age) and is certain to hold until
        the next purchase, so the chance of none is the Laplace transform of that Gamma.
        """
        waited = np.log1p(horizon / (self.alpha + age))
        return -np.expm1(-(self.r + repeats) * waited)

    def _orders_if_alive(self, repeats: FloatArray, age: FloatArray, horizon: int) -> FloatArray:
        """Return expected purchases, given still a customer (equation 10 of the paper of 2005).

        Never less than the chance of one, whatever digits the series loses.
        """
        # The formula has a hole at a = 1, and is smooth on both sides of it.
        a = self.a if abs(self.a - 1.0) > 1e-4 else 1.0 + 1e-4
        chances = self._chances_to_leave(repeats)
        shape, ahead = self.r + repeats, self.alpha + age + horizon
        series = hyp2f1(shape, self.b + chances, a + self.b + chances - 1.0, horizon / ahead)
        bought = 1.0 - ((self.alpha + age) / ahead) ** shape * series
        orders = (a + self.b + chances - 1.0) / (a - 1.0) * bought
        bounded: FloatArray = np.maximum(orders, self._buys_if_alive(repeats, age, horizon))
        return bounded


@dataclass(frozen=True)
class ParetoBuying:
    """Fitted Pareto/NBD parameters; rates are Gamma(r, alpha), drop-out rates Gamma(s, beta)."""

    r: float
    alpha: float
    s: float
    beta: float

    def probability_alive(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray
    ) -> FloatArray:
        """Return P(still a customer at ``age``), float64 [customers]."""
        theta = torch.log(torch.tensor([self.r, self.alpha, self.s, self.beta]).double())
        living, gone = _pareto_paths(theta, *map(_tensor, (repeats, last, age)))
        alive: FloatArray = torch.sigmoid(living - gone).numpy()
        return np.where(age > last, alive, 1.0)

    def probability_silent(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return P(no purchase in the next ``horizon`` days), float64 [customers].

        Either they are gone, or they go in the horizon before they buy (the integral), or they
        stay and buy nothing.
        """
        alive = self.probability_alive(repeats, last, age)
        shape, known, aged = self.r + repeats, self.alpha + age, self.beta + age
        when = 0.5 * horizon * (_NODES + 1.0)
        leaves = self.s * aged[:, None] ** self.s / (aged[:, None] + when) ** (self.s + 1.0)
        quiet = (known[:, None] / (known[:, None] + when)) ** shape[:, None]
        left_first = 0.5 * horizon * (leaves * quiet) @ _WEIGHTS
        stays = (aged / (aged + horizon)) ** self.s * (known / (known + horizon)) ** shape
        silent: FloatArray = 1.0 - alive + alive * np.minimum(left_first + stays, 1.0)
        return silent

    def expected_orders(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return the expected purchases in the next ``horizon`` days, float64 [customers]."""
        alive = self.probability_alive(repeats, last, age)
        s = self.s if abs(self.s - 1.0) > 1e-6 else 1.0 + 1e-6
        aged = self.beta + age
        lived = aged / (s - 1.0) * (1.0 - (aged / (aged + horizon)) ** (s - 1.0))
        orders: FloatArray = alive * (self.r + repeats) / (self.alpha + age) * lived
        return orders


@dataclass(frozen=True)
class OrderValue:
    """Fitted Gamma-Gamma parameters: order amounts are Gamma(p, v), and v is Gamma(q, gamma)."""

    p: float
    q: float
    gamma: float

    def expected(self, orders: FloatArray, mean_amount: FloatArray) -> FloatArray:
        """Return a customer's expected order amount, drawn towards the mean of all, [customers].

        Parameters
        ----------
        orders
            Orders that the mean is over, [customers].
        mean_amount
            Their mean amount, [customers].
        """
        # Below q = 1 the amounts have no mean; the fit keeps q above.
        known = self.p * orders
        expected: FloatArray = self.p * (self.gamma + orders * mean_amount) / (known + self.q - 1.0)
        return expected

    def between(self, mean_amount: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the least and the largest order amount that the model can expect, [customers].

        With more and more orders the expectation moves from the mean of all to the customer's own
        mean, and never leaves what lies between. Without a mean of their own it is that of all.
        """
        of_all = np.full(len(mean_amount), self.p * self.gamma / (self.q - 1.0))
        own = np.where(mean_amount > 0, mean_amount, of_all)
        return np.minimum(own, of_all), np.maximum(own, of_all)


def fit_repeat_buying(
    repeats: FloatArray, last: FloatArray, age: FloatArray, *, leaves_at_once: bool
) -> RepeatBuying | None:
    """Fit BG/NBD or MBG/NBD by maximum likelihood; the log-parameters are pulled weakly to zero.

    Parameters
    ----------
    repeats
        Purchase days after the first, [customers].
    last
        Days from the first to the last purchase day, [customers].
    age
        Days from the first purchase day to now, [customers].
    leaves_at_once
        Whether customers may leave right after their first purchase (MBG/NBD).

    Returns
    -------
    The fit, or None where there is nothing to learn from (fewer than 20 customers, or nobody came
    back).
    """
    if len(repeats) < _FEWEST_CUSTOMERS or not (repeats > 0).any():
        return None
    x, t_x, t, unit = _in_unit_time(repeats, last, age, _MAX_CUSTOMERS)
    chances = x + 1.0 if leaves_at_once else x

    def mean_log_likelihood(theta: torch.Tensor) -> torch.Tensor:
        r, alpha, a, b = torch.exp(theta)
        shared = torch.lgamma(r + x) - torch.lgamma(r) + r * torch.log(alpha)
        shared = shared + torch.lgamma(a + b) + torch.lgamma(b + chances)
        shared = shared - torch.lgamma(b) - torch.lgamma(a + b + chances)
        living = -(r + x) * torch.log(alpha + t)
        gone = torch.log(a) - torch.log(b + chances.clamp_min(1.0) - 1.0)
        gone = gone - (r + x) * torch.log(alpha + t_x)
        either = torch.where(chances > 0, torch.logaddexp(living, gone), living)
        return (shared + either).mean()

    fitted = _maximise(mean_log_likelihood, parameters=4)
    if fitted is None:
        return None
    r, alpha, a, b = fitted
    return RepeatBuying(r=r, alpha=alpha * unit, a=a, b=b, leaves_at_once=leaves_at_once)


def fit_pareto_buying(
    repeats: FloatArray, last: FloatArray, age: FloatArray
) -> ParetoBuying | None:
    """Fit Pareto/NBD as :func:`fit_repeat_buying` fits BG/NBD."""
    if len(repeats) < _FEWEST_CUSTOMERS or not (repeats > 0).any():
        return None
    x, t_x, t, unit = _in_unit_time(repeats, last, age, _MAX_INTEGRATED)

    def mean_log_likelihood(theta: torch.Tensor) -> torch.Tensor:
        r, alpha = torch.exp(theta[0]), torch.exp(theta[1])
        shared = torch.lgamma(r + x) - torch.lgamma(r) + r * torch.log(alpha)
        return (shared + torch.logaddexp(*_pareto_paths(theta, x, t_x, t))).mean()

    fitted = _maximise(mean_log_likelihood, parameters=4)
    if fitted is None:
        return None
    return ParetoBuying(r=fitted[0], alpha=fitted[1] * unit, s=fitted[2], beta=fitted[3] * unit)


def fit_order_value(orders: FloatArray, mean_amount: FloatArray) -> OrderValue | None:
    """Fit Gamma-Gamma by maximum likelihood to customers with a positive mean order amount.

    Returns
    -------
    The fit, or None where fewer than 20 customers have one.
    """
    usable = np.flatnonzero(np.isfinite(mean_amount) & (mean_amount > 0) & (orders > 0))
    if len(usable) < _FEWEST_CUSTOMERS:
        return None
    usable = usable[:: _stride(len(usable), _MAX_CUSTOMERS)]
    n = _tensor(orders[usable])
    unit = float(mean_amount[usable].mean())
    m = _tensor(mean_amount[usable] / unit)

    def mean_log_likelihood(theta: torch.Tensor) -> torch.Tensor:
        # One is added to q, so that every fit has a mean, and it is the mean that is searched for:
        # where all orders are alike, p, q and gamma grow without end, and the mean stays.
        p, excess, mean = torch.exp(theta)
        q, gamma = 1.0 + excess, mean * excess / p
        shape = p * n
        log_likelihood = torch.lgamma(shape + q) - torch.lgamma(shape) - torch.lgamma(q)
        log_likelihood = log_likelihood + q * torch.log(gamma) + (shape - 1.0) * torch.log(m)
        log_likelihood = log_likelihood + shape * torch.log(n)
        return (log_likelihood - (shape + q) * torch.log(gamma + m * n)).mean()

    fitted = _maximise(mean_log_likelihood, parameters=3)
    if fitted is None:
        return None
    p, excess, mean = fitted
    return OrderValue(p=p, q=1.0 + excess, gamma=mean * excess / p * unit)


def _pareto_paths(
    theta: torch.Tensor, x: torch.Tensor, t_x: torch.Tensor, t: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the log-likelihoods of living until now and of having left since the last purchase.

    Without the factor that both share. Having left is an integral over the day of leaving, taken
    in z = (r + x) * log((alpha + day) / (alpha + last)): there the likelihood of silence is e^-z,
    and 24 Gauss-Legendre nodes suffice for any number of purchases.
    """
    r, alpha, s, beta = torch.exp(theta)
    nodes, weights = torch.from_numpy(_NODES), torch.from_numpy(_WEIGHTS)
    shape = r + x
    living = -shape * torch.log(alpha + t) + s * (torch.log(beta) - torch.log(beta + t))
    longest = (shape * (torch.log(alpha + t) - torch.log(alpha + t_x))).clamp(1e-12, _FAR)
    z = 0.5 * longest[:, None] * (nodes + 1.0)
    passed = z / shape[:, None]
    since = (alpha + t_x)[:, None] * torch.exp(passed)
    density = torch.exp(passed - z - (s + 1.0) * torch.log(since + (beta - alpha)))
    integral = 0.5 * longest * (density @ weights)
    gone = (1.0 - shape) * torch.log(alpha + t_x) - torch.log(shape)
    gone = gone + torch.log(s) + s * torch.log(beta)
    return living, gone + torch.log(integral)


def _maximise(
    mean_log_likelihood: Callable[[torch.Tensor], torch.Tensor], *, parameters: int
) -> list[float] | None:
    """Return the positive parameters of greatest likelihood; None where the search fails."""
    theta = torch.zeros(parameters, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [theta], max_iter=60, tolerance_change=1e-7, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        search.zero_grad()
        held = theta.clamp(-7.0, 7.0)
        loss = -mean_log_likelihood(held) + _PULL * (theta**2).sum()
        loss.backward()
        return loss

    search.step(closure)
    fitted: list[float] = torch.exp(theta.detach().clamp(-7.0, 7.0)).tolist()
    return fitted if all(np.isfinite(fitted)) else None


def _in_unit_time(
    repeats: FloatArray, last: FloatArray, age: FloatArray, limit: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, float]:
    """Return a sample of the histories with days scaled by the mean age, and that scale.

    Evenly spaced rows represent all where there are many. The scale puts all parameters near one.
    """
    step = _stride(len(repeats), limit)
    x, t_x, t = (_tensor(values[::step]) for values in (repeats, last, age))
    unit = float(t.mean().clamp_min(1.0))
    return x, t_x / unit, t / unit, unit


def _stride(count: int, limit: int) -> int:
    return max(1, -(-count // limit))


def _tensor(values: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float64))
