"""Outcomes of units before they are summed: winsorising."""

from __future__ import annotations

import numpy as np

from footfall.core.arrays import FloatArray


def cap(outcomes: FloatArray, quantile: float) -> float | None:
    """Return what outcomes are capped at: one quantile over all units of all arms, zeros included.

    A cap for each arm would hide a difference of the tails as a difference of caps.

    Parameters
    ----------
    outcomes
        Of all units, each summed before; NaN where unknown, which does not count.
    quantile
        Of the outcomes, interpolated; 1 caps nothing.

    Returns
    -------
    float or None
        None where nothing is capped: outcomes of 0 and 1 never are, and neither are those whose
        quantile is 0, of which nothing would be left.

    Raises
    ------
    ValueError
        The quantile is not above 0 and at most 1.
    """
    if not 0 < quantile <= 1:
        raise ValueError(f"a quantile to cap at lies above 0 and is at most 1, not {quantile}")
    known = outcomes[~np.isnan(outcomes)]
    if quantile == 1 or not len(known) or np.isin(known, (0, 1)).all():
        return None
    return float(np.quantile(known, quantile)) or None


def capped(outcomes: FloatArray, quantile: float) -> FloatArray:
    """Return outcomes that are no higher than their cap."""
    limit = cap(outcomes, quantile)
    return outcomes if limit is None else np.minimum(outcomes, limit)
