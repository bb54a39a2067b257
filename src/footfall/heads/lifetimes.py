"""The BG/NBD model of repeat buying as a source of two features that need no labels.

Fader, Hardie and Lee (2005), "Counting your customers the easy way: an alternative to the
Pareto/NBD model", Marketing Science 24(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

FloatArray = npt.NDArray[np.float64]

_MAX_CUSTOMERS = 4_000


@dataclass(frozen=True)
class RepeatBuying:
    """Fitted BG/NBD parameters; purchase rates are Gamma(r, alpha), drop-out is Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    def probability_alive(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray
    ) -> FloatArray:
        """Return P(still a customer at ``age``), float64 [customers]."""
        odds = (self.r + repeats) * (np.log(self.alpha + age) - np.log(self.alpha + last))
        dropped = (
            self.a / (self.b + np.maximum(repeats, 1.0) - 1.0) * np.exp(np.minimum(odds, 50.0))
        )
        return np.where(repeats > 0, 1.0 / (1.0 + dropped), 1.0)

    def probability_silent(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, horizon: int
    ) -> FloatArray:
        """Return P(no purchase in the next ``horizon`` days), float64 [customers].

        A living customer's rate is Gamma(r + repeats, alpha + age) and is certain to hold until
        the next purchase, so the chance of none is the Laplace transform of that Gamma.
        """
        alive = self.probability_alive(repeats, last, age)
        none = ((self.alpha + age) / (self.alpha + age + horizon)) ** (self.r + repeats)
        return 1.0 - alive + alive * none

    def expected_rate(self, repeats: FloatArray, last: FloatArray, age: FloatArray) -> FloatArray:
        """Return the expected purchases a day now, float64 [customers]."""
        alive = self.probability_alive(repeats, last, age)
        return alive * (self.r + repeats) / (self.alpha + age)


def fit_repeat_buying(
    repeats: FloatArray, last: FloatArray, age: FloatArray
) -> RepeatBuying | None:
    """Fit BG/NBD by maximum likelihood with a weak pull of the log-parameters to zero.

    Args:
        repeats: purchase days after the first, [customers].
        last: days from the first to the last purchase day, [customers].
        age: days from the first purchase day to now, [customers].

    Returns:
        The fit, or None where there is nothing to learn from (fewer than 20 customers, or
        nobody came back).
    """
    if len(repeats) < 20 or not (repeats > 0).any():
        return None
    # Evenly spaced rows stand for all where there are many: four numbers are to be learnt.
    step = max(1, -(-len(repeats) // _MAX_CUSTOMERS))
    x, t_x, t = (torch.from_numpy(np.ascontiguousarray(v[::step])) for v in (repeats, last, age))
    # Days are scaled by the mean age, which puts all four parameters near one.
    unit = float(t.mean().clamp_min(1.0))
    t_x, t = t_x / unit, t / unit
    returned = x > 0
    theta = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([theta], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        search.zero_grad()
        r, alpha, a, b = torch.exp(theta.clamp(-7.0, 7.0))
        shared = torch.lgamma(r + x) - torch.lgamma(r) + r * torch.log(alpha)
        shared = shared + torch.lgamma(a + b) + torch.lgamma(b + x)
        shared = shared - torch.lgamma(b) - torch.lgamma(a + b + x)
        living = -(r + x) * torch.log(alpha + t)
        gone = torch.log(a) - torch.log(b + x.clamp_min(1.0) - 1.0)
        gone = gone - (r + x) * torch.log(alpha + t_x)
        either = torch.where(returned, torch.logaddexp(living, gone), living)
        loss = -(shared + either).mean() + 1e-3 * (theta**2).sum()
        loss.backward()
        return loss

    search.step(closure)
    fitted = torch.exp(theta.detach().clamp(-7.0, 7.0)).tolist()
    if not all(np.isfinite(fitted)):
        return None
    return RepeatBuying(r=fitted[0], alpha=fitted[1] * unit, a=fitted[2], b=fitted[3])
