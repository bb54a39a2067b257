"""The moments of a metric as aggregates of SQL, and back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from footfall.core.arrays import FloatArray
from footfall.experiments.files.names import Metric
from footfall.experiments.moments import Moments


def aggregates(metric: Metric, values: Mapping[str, str], covariate: str | None) -> list[str]:
    """Return the aggregates of a metric in the order of the fields of its moments."""
    y = values[metric.column]
    known = f"{y} is not null"
    d = values[metric.denominator] if metric.denominator is not None else None
    if d is not None:
        known += f" and {d} is not null"
    x = f"coalesce({values[covariate]}, 0e0)" if covariate is not None else None
    found = ["count(*)", f"count(*) filter (where {y} <> 0)", f"avg({y})", f"var_samp({y})"]
    if x is not None:
        found += [f"avg({x})", f"var_samp({x})", f"covar_samp({y}, {x})"]
    if d is not None:
        found += [f"avg({d})", f"var_samp({d})", f"covar_samp({y}, {d})"]
        found += [f"covar_samp({x}, {d})"] if x is not None else []
    return [
        one.replace("filter (where", f"filter (where {known} and")
        if "filter" in one
        else f"{one} filter (where {known})"
        for one in found
    ]


def moments_of(metric: Metric, values: list[FloatArray], *, has_covariate: bool) -> Moments:
    """Return the moments of what these aggregates gave, in their order."""
    units, nonzero, mean, variance, *more = values
    fields: dict[str, FloatArray] = {}
    if has_covariate:
        names = ("covariate_mean", "covariate_variance", "covariance")
        fields |= dict(zip(names, more[:3], strict=True))
        more = more[3:]
    if metric.denominator is not None:
        names = ("denominator_mean", "denominator_variance", "denominator_covariance")
        fields |= dict(zip(names, more[:3], strict=True))
        if has_covariate:
            fields["denominator_with_covariate"] = more[3]
    # What is the same for every unit varies by what threads round differently.
    variance = np.where(variance <= 1e-24 * mean**2, 0.0, variance)
    return Moments(units, mean, variance, nonzero=nonzero, **fields)
