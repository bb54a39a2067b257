"""Customer segments judged 90 days after they were learned, and other ways to group customers.

usage: python benchmarks/bench_segments.py FILE [--learned 2011-06-12]

FILE holds the invoice lines of Online Retail. The warehouse is built by dbt with snapshots on the
day that the segments are learned (L), 90 days later (J) and another 30 days later. Each way of
grouping learns at L: its thresholds or centres, and from L to J how many customers of a group
bought and how much they spent on average. At J customers are ranked by what their group did after
L, and judged by what they themselves do in the 90 days after J:

- AUC of who buys, Gini (normalised) of who spends, ties sharing evenly,
- the share of customers who are in the same group 30 days after J.

Customers are those who have bought by J. Prints a table with the 95 % intervals of the lead over
k-means from a paired bootstrap over customers; the last line is one JSON object.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from sklearn.cluster import KMeans

from footfall.core.arrays import FloatArray
from footfall.evaluation.score_metrics import auc, normalised_gini

HORIZON_DAYS = 90
LATER_DAYS = 30
REPLICATES = 1_000
KMEANS_SEEDS = (0, 1, 2)

Groups = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Snapshot:
    """Customers who have bought by a day, in the order of their keys; arrays are [customers].

    Attributes:
        keys: customer keys.
        groups: way of grouping -> group of each customer.
        rfm: recency, frequency and money on a log scale, float64 [customers, 3].
        bought: 1.0 for those with an order day in the next 90 days.
        spent: net spend in the next 90 days.
    """

    keys: Groups
    groups: dict[str, Groups]
    rfm: FloatArray
    bought: FloatArray
    spent: FloatArray


@dataclass(frozen=True)
class Verdict:
    """The three figures of a way of grouping, with bootstrap replicates of the first two."""

    auc: float
    gini: float
    unchanged: float
    groups: int
    auc_replicates: FloatArray
    gini_replicates: FloatArray


def build(file: Path, database: Path, days: Iterable[dt.date], learned: dt.date) -> None:
    """Build what the segments need; raises RuntimeError naming the nodes that failed."""
    os.environ["FOOTFALL_DB"] = str(database)
    variables = {
        "footfall_source": "online_retail",
        "online_retail_path": str(file.resolve()),
        "segment_learned_on": str(learned),
        "more_cutoff_dates": [str(day) for day in days],
    }
    project = Path(__file__).parents[1]
    outcome = dbtRunner().invoke(
        [
            *("build", "--quiet", "--select", "+customer_segments", "+segment_thresholds"),
            *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
            *("--project-dir", str(project), "--profiles-dir", str(project)),
            *("--target-path", str(database.parent / "target")),
            *("--log-path", str(database.parent / "logs")),
            *("--vars", json.dumps(variables)),
        ]
    )
    DuckDBConnectionManager.close_all_connections()
    if not outcome.success:
        failed = [row.node.name for row in outcome.result or [] if str(row.status) == "error"]
        raise RuntimeError(f"The build failed at {failed}: {outcome.exception}")


def snapshot(connection: duckdb.DuckDBPyConnection, day: dt.date) -> Snapshot:
    """Read the customers of a day, as they were known then, and what they did afterwards.

    Raises:
        ValueError: the warehouse has no snapshot of that day.
    """
    columns = connection.execute(
        """
        with future as (
            select customer_no, sum(spend_amount) as spent
            from intermediate.int_customer_days
            where is_order_day and active_on >= $day and active_on < $day + $horizon
            group by customer_no
        )
        select segments.customer_key, segments.segment, segments.rfm_segment,
            segments.recency_score || '-' || segments.frequency_score as recency_frequency,
            segments.recency_score || '-' ||
                (segments.frequency_score + segments.monetary_score + 1) // 2 as recency_value,
            features.f_recency_days, features.f_order_days, features.f_amount,
            cast(future.spent is not null as double) as bought, coalesce(future.spent, 0) as spent
        from marts.customer_segments as segments
        inner join intermediate.int_customers as customers using (customer_key)
        inner join intermediate.int_customer_features as features
            on customers.customer_no = features.customer_no
            and segments.snapshot_date = features.cutoff_date
        left join future on customers.customer_no = future.customer_no
        where segments.snapshot_date = $day
        order by segments.customer_key
        """,
        {"day": day, "horizon": HORIZON_DAYS},
    ).fetchnumpy()
    if len(columns["customer_key"]) == 0:
        raise ValueError(f"No customers on {day}: the file does not reach back or on far enough")

    def text(name: str) -> Groups:
        return np.asarray(columns[name]).astype(str)

    def numbers(name: str) -> FloatArray:
        return np.asarray(columns[name], dtype=np.float64)

    return Snapshot(
        keys=text("customer_key"),
        groups={
            "behavioural segments (ours)": text("segment"),
            "11 RFM names": text("rfm_segment"),
            "25 cells, recency x frequency": text("recency_frequency"),
            "25 cells, recency x value": text("recency_value"),
        },
        rfm=np.log1p(
            np.column_stack(
                [numbers("f_recency_days"), numbers("f_order_days"), numbers("f_amount")]
            )
        ),
        bought=numbers("bought"),
        spent=numbers("spent"),
    )


def cluster(learned: Snapshot, others: Iterable[Snapshot], seed: int) -> list[Groups]:
    """Eight clusters of standardised log RFM, learned at one snapshot and found at the others."""
    mean, spread = learned.rfm.mean(axis=0), learned.rfm.std(axis=0)
    fitted = KMeans(8, n_init=10, random_state=seed).fit((learned.rfm - mean) / spread)
    return [fitted.predict((one.rfm - mean) / spread).astype(str) for one in (learned, *others)]


def mean_by_group(groups: Groups, values: FloatArray, asked: Groups) -> FloatArray:
    """The mean of ``values`` in the group of each asked customer; the mean of all if unseen."""
    names, place = np.unique(groups, return_inverse=True)
    means = np.bincount(place, values) / np.bincount(place)
    found = dict(zip(names.tolist(), means.tolist(), strict=True))
    overall = float(values.mean())
    return np.array([found.get(name, overall) for name in asked.tolist()])


def judge(
    learned: Snapshot, judged: Snapshot, later: Snapshot, groups: list[Groups], weights: FloatArray
) -> Verdict:
    """Rank the customers of ``judged`` by what their group did after ``learned``.

    Parameters
    ----------
    groups
        The groups of the three snapshots in their order.
    weights
        The first row all ones; ``[1 + replicates, customers of judged]``.
    """
    at_learning, at_judging, at_later = groups
    buying = mean_by_group(at_learning, learned.bought, at_judging)
    spending = mean_by_group(at_learning, learned.spent, at_judging)
    aucs = auc(judged.bought, buying, weights)
    ginis = normalised_gini(judged.spent, spending, weights)
    place = dict(zip(later.keys.tolist(), at_later.tolist(), strict=True))
    stayed = [place[key] == group for key, group in zip(judged.keys, at_judging, strict=True)]
    return Verdict(
        auc=float(aucs[0]),
        gini=float(ginis[0]),
        unchanged=float(np.mean(stayed)),
        groups=len(np.unique(at_judging)),
        auc_replicates=aucs[1:],
        gini_replicates=ginis[1:],
    )


def interval(lead: FloatArray) -> list[float]:
    """The 95 % interval of a lead from its replicates."""
    return [round(float(bound), 4) for bound in np.quantile(lead, [0.025, 0.975])]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--learned", type=dt.date.fromisoformat, default=dt.date(2011, 6, 12))
    options = parser.parse_args()
    judged_on = options.learned + dt.timedelta(days=HORIZON_DAYS)
    days = [options.learned, judged_on, judged_on + dt.timedelta(days=LATER_DAYS)]

    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "segments.duckdb"
        build(options.file, database, days, options.learned)
        with duckdb.connect(str(database), read_only=True) as connection:
            learned, judged, later = (snapshot(connection, day) for day in days)
            thresholds = connection.sql("select * from marts.segment_thresholds order by 1")
            print(thresholds)

    draws = np.random.default_rng(7)
    count = len(judged.keys)
    weights = np.vstack(
        [np.ones(count), draws.multinomial(count, np.full(count, 1 / count), REPLICATES)]
    )
    verdicts = {
        name: judge(
            learned,
            judged,
            later,
            [one.groups[name] for one in (learned, judged, later)],
            weights,
        )
        for name in judged.groups
    }
    for seed in KMEANS_SEEDS:
        verdicts[f"k-means, 8 clusters, seed {seed}"] = judge(
            learned, judged, later, cluster(learned, (judged, later), seed), weights
        )

    print(f"\nLearned {days[0]}, judged {days[1]} ({count:,} customers), again {days[2]}\n")
    print(f"  {'':34}{'AUC(buys)':>10}{'Gini(spend)':>12}{'unchanged':>11}{'groups':>8}")
    for name, verdict in verdicts.items():
        print(
            f"  {name:34}{verdict.auc:10.4f}{verdict.gini:12.4f}{verdict.unchanged:11.3f}"
            f"{verdict.groups:8d}"
        )
    ours = verdicts["behavioural segments (ours)"]
    leads = {}
    for seed in KMEANS_SEEDS:
        rival = verdicts[f"k-means, 8 clusters, seed {seed}"]
        leads[f"seed {seed}"] = {
            "auc": interval(ours.auc_replicates - rival.auc_replicates),
            "gini": interval(ours.gini_replicates - rival.gini_replicates),
        }
    print(f"\n  95 % intervals of our lead over k-means: {leads}")
    figures = {
        name: {
            "auc": round(verdict.auc, 4),
            "gini": round(verdict.gini, 4),
            "unchanged": round(verdict.unchanged, 4),
        }
        for name, verdict in verdicts.items()
    }
    print(json.dumps({"judged_on": str(days[1]), "customers": count, **figures, "leads": leads}))


if __name__ == "__main__":
    main()
