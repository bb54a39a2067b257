"""What purchase histories show by themselves: models that need no labels, fitted at a day.

They learn from everybody's history up to the day that predictions are made on, where a model that
needs labels has to stay a whole horizon behind it.
"""

from __future__ import annotations

from footfall.heads.cutoffs.features import purchase_days, repeat_history
from footfall.heads.cutoffs.study import Study
from footfall.heads.learners.lifetimes import (
    OrderValue,
    ParetoBuying,
    RepeatBuying,
    fit_order_value,
    fit_pareto_buying,
    fit_repeat_buying,
)


def repeat_buying_at(study: Study, origin: int) -> RepeatBuying | None:
    """Return MBG/NBD of the histories at ``origin``; None where there are too few."""
    return _beta_geometric_at(study, origin, leaves_at_once=True)


def plain_repeat_buying_at(study: Study, origin: int) -> RepeatBuying | None:
    """Return BG/NBD of the histories at ``origin``; None where there are too few."""
    return _beta_geometric_at(study, origin, leaves_at_once=False)


def pareto_buying_at(study: Study, origin: int) -> ParetoBuying | None:
    """Return Pareto/NBD of the histories at ``origin``; None where there are too few."""

    def fit() -> ParetoBuying | None:
        history = repeat_history(study.rows.at([origin]))
        return None if history is None else fit_pareto_buying(*history)

    return study.recall("pareto_nbd", 0, origin, fit)


def order_value_at(study: Study, origin: int) -> OrderValue | None:
    """Return Gamma-Gamma of the order values at ``origin``; None where there are too few."""

    def fit() -> OrderValue | None:
        rows = study.rows.at([origin])
        if "f_mean_order_amount" not in rows.features:
            return None
        return fit_order_value(purchase_days(rows), rows.features["f_mean_order_amount"])

    return study.recall("order value", 0, origin, fit)


def _beta_geometric_at(study: Study, origin: int, *, leaves_at_once: bool) -> RepeatBuying | None:
    def fit() -> RepeatBuying | None:
        history = repeat_history(study.rows.at([origin]))
        if history is None:
            return None
        return fit_repeat_buying(*history, leaves_at_once=leaves_at_once)

    return study.recall("mbg_nbd" if leaves_at_once else "bg_nbd", 0, origin, fit)
