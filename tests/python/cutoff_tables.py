"""A simulated shop as a table of cut-offs, for tests of the churn and value heads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from footfall import attributions, heads
from footfall.core.erasures import NOBODY, Erasures
from footfall.core.progress import Progress, silent

KEYS = ["score", "horizon_days", "customer_no"]
FIRST_CUTOFF = date(2024, 2, 1)
WINDOWS = (30, 90, 180)


def simulated_cutoffs(
    *,
    customers: int = 300,
    cutoffs: int = 10,
    horizons: tuple[int, ...] = (30, 90),
    seed: int = 1,
) -> pa.Table:
    """Customers buy at their own rate and spend level until a day on which they are lost.

    Cut-offs are 30 days apart; the last is the as-of date, and windows that reach beyond it have
    no labels.
    """
    generator = np.random.default_rng(seed)
    as_of = 31 + 30 * (cutoffs - 1)
    rows: list[dict[str, object]] = []
    for customer in range(customers):
        rate = generator.gamma(1.0, 0.05) + 0.005
        level = generator.lognormal(3.0, 0.7)
        lost = generator.exponential(300.0)
        start = generator.uniform(0, 60)
        gaps = generator.exponential(1 / rate, size=200)
        days = np.unique(np.floor(start + np.concatenate([[0.0], np.cumsum(gaps)])))
        days = days[(days < as_of) & ((days <= start + lost) | (days == np.floor(start)))]
        amounts = level * generator.lognormal(0.0, 0.4, size=len(days))
        for index in range(cutoffs):
            cutoff = 31 + 30 * index
            past = days < cutoff
            if past.any():
                rows.append(_row(customer, cutoff, as_of, days, amounts, past, horizons))
    return pa.Table.from_pylist(rows, schema=_schema(horizons))


def steady_and_lost_cutoffs(*, horizons: tuple[int, ...]) -> pa.Table:
    """A shop of 400 days: 100 customers buy every 30 days, 100 bought once; all orders are 10.00.

    Who bought once did so more than 300 days before the last of the 12 cut-offs.
    """
    rows: list[dict[str, object]] = []
    for customer in range(200):
        first = customer % 100
        days = np.arange(customer % 30, 400, 30) if customer < 100 else np.array([first])
        for cutoff in range(400 - 30 * 11, 401, 30):
            past = days < cutoff
            if past.any():
                amounts = np.full(len(days), 10.0)
                rows.append(_row(customer, cutoff, 400, days, amounts, past, horizons))
    return pa.Table.from_pylist(rows, schema=_schema(horizons))


def random_states(cutoffs: pa.Table, *, width: int = 6, seed: int = 2) -> pa.Table:
    """States of noise, one a row of the cut-off table."""
    noise = np.random.default_rng(seed).normal(size=(cutoffs.num_rows, width))
    return states_table(cutoffs, noise)


def states_table(cutoffs: pa.Table, values: np.ndarray) -> pa.Table:
    """Encoder states [rows, width] with the keys of the cut-off table."""
    return pa.table(
        {
            "customer_no": cutoffs["customer_no"],
            "cutoff_date": cutoffs["cutoff_date"],
            "state": pa.array(values.astype(np.float32).tolist(), pa.list_(pa.float32())),
        }
    )


def train_churn(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: heads.HeadSettings,
    previous: pa.Table | None = None,
    erasures: Erasures = NOBODY,
    progress: Progress = silent,
) -> pa.Table:
    """Heads of churn that are fitted to tables in memory."""
    source = heads.ArrowCutoffs(cutoffs, states)
    return heads.train_churn(
        source, settings=settings, previous=previous, erasures=erasures, progress=progress
    )


def train_value(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: heads.HeadSettings,
    previous: pa.Table | None = None,
    erasures: Erasures = NOBODY,
    progress: Progress = silent,
) -> pa.Table:
    """Heads of value that are fitted to tables in memory."""
    source = heads.ArrowCutoffs(cutoffs, states)
    return heads.train_value(
        source, settings=settings, previous=previous, erasures=erasures, progress=progress
    )


def score_churn(
    cutoffs: pa.Table, states: pa.Table | None, *, settings: heads.HeadSettings
) -> pa.Table:
    """Churn of tables in memory, by heads that are fitted to the same tables."""
    stored = train_churn(cutoffs, states, settings=settings)
    source = heads.ArrowCutoffs(cutoffs, states)
    return heads.score_churn(stored, source, settings=settings, progress=silent)


def score_value(
    cutoffs: pa.Table, states: pa.Table | None, *, settings: heads.HeadSettings
) -> pa.Table:
    """Value of tables in memory, by heads that are fitted to the same tables."""
    stored = train_value(cutoffs, states, settings=settings)
    source = heads.ArrowCutoffs(cutoffs, states)
    return heads.score_value(stored, source, settings=settings, progress=silent)


def backtest_churn(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: heads.HeadSettings,
    previous: pa.Table | None = None,
    progress: Progress = silent,
) -> pa.Table:
    """Back-test of churn on tables in memory."""
    source = heads.ArrowCutoffs(cutoffs, states)
    return heads.backtest_churn(source, settings=settings, previous=previous, progress=progress)


def backtest_value(
    cutoffs: pa.Table,
    states: pa.Table | None,
    *,
    settings: heads.HeadSettings,
    previous: pa.Table | None = None,
    progress: Progress = silent,
) -> pa.Table:
    """Back-test of value on tables in memory."""
    source = heads.ArrowCutoffs(cutoffs, states)
    return heads.backtest_value(source, settings=settings, previous=previous, progress=progress)


def _row(
    customer: int,
    cutoff: int,
    as_of: int,
    days: np.ndarray,
    amounts: np.ndarray,
    past: np.ndarray,
    horizons: tuple[int, ...],
) -> dict[str, object]:
    ages, spent = cutoff - days[past], amounts[past]
    gaps = np.diff(days[past])
    row: dict[str, object] = {
        "customer_no": customer + 1,
        "cutoff_date": FIRST_CUTOFF + timedelta(days=cutoff - 31),
        "is_as_of": cutoff == as_of,
        "f_recency_days": float(ages.min()),
        "f_order_count": float(len(ages)),
        "f_order_days": float(len(ages)),
        "f_tenure_days": float(ages.max()),
        "f_amount": float(spent.sum()),
        "f_mean_order_amount": float(spent.mean()),
        "f_max_order_amount": float(spent.max()),
        "f_mean_gap_days": float(gaps.mean()) if len(gaps) else None,
        "f_std_gap_days": float(gaps.std(ddof=1)) if len(gaps) > 1 else None,
    }
    for window in WINDOWS:
        row[f"f_orders_{window}d"] = float((ages <= window).sum())
        row[f"f_amount_{window}d"] = float(spent[ages <= window].sum())
    for horizon in horizons:
        coming = ~past & (days < cutoff + horizon)
        closed = cutoff + horizon <= as_of
        row[f"orders_next_{horizon}d"] = int(coming.sum()) if closed else None
        row[f"spend_next_{horizon}d"] = float(amounts[coming].sum()) if closed else None
    return row


def _schema(horizons: tuple[int, ...]) -> pa.Schema:
    numbers = [
        "f_recency_days",
        "f_order_count",
        "f_order_days",
        "f_tenure_days",
        "f_amount",
        "f_mean_order_amount",
        "f_max_order_amount",
        "f_mean_gap_days",
        "f_std_gap_days",
        *(f"f_{what}_{window}d" for window in WINDOWS for what in ("orders", "amount")),
    ]
    labels = [
        field
        for horizon in horizons
        for field in (
            (f"orders_next_{horizon}d", pa.int64()),
            (f"spend_next_{horizon}d", pa.float64()),
        )
    ]
    return pa.schema(
        [
            ("customer_no", pa.int64()),
            ("cutoff_date", pa.date32()),
            ("is_as_of", pa.bool_()),
            *((name, pa.float64()) for name in numbers),
            *labels,
        ]
    )


@dataclass(frozen=True)
class Explained:
    """Heads that were fitted to customers at cut-offs, and what they explain."""

    cutoffs: pa.Table
    states: pa.Table | None
    churn: pa.Table
    value: pa.Table
    settings: heads.HeadSettings

    @classmethod
    def of(
        cls, cutoffs: pa.Table, states: pa.Table | None = None, *, settings: heads.HeadSettings
    ) -> Explained:
        """Fit heads to tables in memory."""
        churn, value = (
            fit(cutoffs, states, settings=settings) for fit in (train_churn, train_value)
        )
        return cls(cutoffs, states, churn, value, settings)

    def rows(self, by_permutations: int = 0) -> pd.DataFrame:
        """Contributions to the scores of the customers."""
        source = heads.ArrowCutoffs(self.cutoffs, self.states)
        return attributions.explain_customers(
            self.churn,
            self.value,
            source,
            churn_settings=self.settings,
            value_settings=self.settings,
            by_permutations=by_permutations,
            progress=silent,
        ).to_pandas()

    def sums(self, by_permutations: int = 0) -> pd.DataFrame:
        """Contributions summed by score, horizon and customer, next to what is served."""
        source = heads.ArrowCutoffs(self.cutoffs, self.states)
        sums = (
            self.rows(by_permutations)
            .groupby(KEYS)
            .agg(
                base=("base", "first"),
                moved=("contribution", "sum"),
                value=("score_value", "first"),
                link_base=("link_base", "first"),
                link_moved=("link_contribution", "sum"),
                link_score=("link_score", "first"),
                method=("method", "first"),
                bound_by=("bound_by_days", "first"),
                ideas=("idea", list),
                best=("idea_rank", "min"),
                worst=("idea_rank", "max"),
            )
        )
        told = heads.score_churn(
            self.churn, source, settings=self.settings, progress=silent
        ).to_pandas()
        spent = heads.score_value(
            self.value, source, settings=self.settings, progress=silent
        ).to_pandas()
        served = pd.concat(
            [
                told.assign(score="churn", served=told["probability"]),
                spent.assign(score="value", served=spent["predicted_amount"]),
                spent.assign(score="tier", served=spent["tier_vip_probability"]),
            ]
        )
        return sums.join(served.set_index(KEYS)["served"])


def assert_they_add_up(sums: pd.DataFrame) -> None:
    served = sums["served"]
    np.testing.assert_array_equal(sums["value"], served)
    np.testing.assert_allclose(sums["base"] + sums["moved"], served, rtol=1e-9, atol=1e-12)
    link = sums["link_base"] + sums["link_moved"]
    np.testing.assert_allclose(link, sums["link_score"], rtol=0, atol=1e-9)
    assert (sums["best"] == 1).all()
    assert (sums["worst"] == sums["ideas"].map(len)).all()
