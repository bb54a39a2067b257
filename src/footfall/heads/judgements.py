"""How well heads did on days that they did not learn from, so that two can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from footfall.core.arrays import FloatArray, IntArray
from footfall.heads.cutoffs.rows import customer_uniform


@dataclass(frozen=True)
class Judgement:
    """Mean losses over the customers of one day.

    Attributes
    ----------
    rows
        How many customers.
    loss
        Of the head.
    plain_loss
        Of what everybody's mean would say.
    """

    rows: int
    loss: float
    plain_loss: float


Judgements = Mapping[int, Judgement]


def judge(losses: FloatArray, plain_losses: FloatArray) -> Judgement:
    """Return the means of losses, [rows] each."""
    return Judgement(len(losses), float(np.mean(losses)), float(np.mean(plain_losses)))


def parts_to_leave_out(day: IntArray, customer_no: IntArray, seed: int) -> IntArray:
    """Return the part of each held-out row: what is chosen on the others is judged on it.

    A part is a day; where there is one day only, half of the customers.

    Parameters
    ----------
    day, customer_no
        Of each row, [rows].
    seed
        Of the halves.
    """
    days, part = np.unique(day, return_inverse=True)
    if len(days) > 1:
        return part.astype(np.int64)
    return (customer_uniform(customer_no, seed) < 0.5).astype(np.int64)


def skill(judged: Judgements) -> float | None:
    """Return 1 - loss / loss of everybody's mean over all days; None where nothing differs."""
    both = skills(judged, judged)
    return None if both is None else both[0]


def skills(new: Judgements, old: Judgements) -> tuple[float, float] | None:
    """Return the skill of both on the days that both were judged on, the newer head's first.

    Skill is 1 - loss / loss of everybody's mean: 0 is no better, 1 is certainty. Both are held to
    the same mean, on the same days: a season that is hard to foresee is hard for both.

    Returns
    -------
    None where they have no day in common, or nothing differs between customers on these days.
    """
    days = sorted(day for day in new if day in old and new[day].rows and old[day].rows)
    rows = np.array([new[day].rows for day in days], dtype=np.float64)
    plain = float(rows @ np.array([new[day].plain_loss for day in days])) if days else 0.0
    if plain <= 0.0:
        return None
    lost = [float(rows @ np.array([one[day].loss for day in days])) for one in (new, old)]
    return 1.0 - lost[0] / plain, 1.0 - lost[1] / plain
