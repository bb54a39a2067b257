"""Do the explanations of a shop hold: sums, deletion, seeds, exact Shapley values, chance, cost.

usage: python benchmarks/bench_explanations.py --warehouse FILE [--vars JSON] [--customers 100000]

Reads the features, states and heads of a built warehouse; where there is none, what it takes is
built from VARS in one that is thrown away. Churn, value and tiers are looked at, and intent where
there are sessions:

additivity  base and contributions less the score, at most, in the unit that people read (of amounts
            above 1 as a share of them) and in that of the model, by the heads that are served
deletion    what the AUC (of value, the Gini) of the newest back-test loses without each customer's
            first idea, over what it loses without another one
stability   rank correlation, a customer at a time, of contributions by heads fitted with two seeds
agreement   the same of contributions by permutations, and by log-mean weights, with exact Shapley
            values: all coalitions of eight ideas, the smallest ones merged, of 200 customers; of
            log-mean weights, of those of them whom no shorter horizon binds
planted     mean size of the contributions of a column of random numbers that was learned from,
            over that of the largest idea
cost        CPU-seconds that explaining this shop takes, events included, and 100,000 customers:
            churn, value and tier of customers of the shop, repeated, and recommendations of made-up
            candidates, by weights alone and with a network, whose sampled contributions are
            compared with exact ones

Prints a table, and as its last line one JSON object. Exits with 1 where a check is not passed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exact_shapley import Merged, agreement, exact_values, largest_and_rest
from explained_recommendations import cost_of_recommendations
from explained_shop import PLANTED, Shop, progress, read_shop, repeated, with_planted
from footfall import heads
from footfall.attributions.permutations import Amount, Game, Silence, TopTier, walk
from footfall.heads.cutoffs.background import BACKGROUND_ROWS
from footfall.heads.scores import asked_of
from footfall.heads.stored import StoredHeads, load_heads

#: What passes, by check; of agreement that of permutations.
LIMITS = {"additivity": 1e-6, "additivity_in_link": 1e-9, "deletion": 3.0, "stability": 0.8,
          "agreement": 0.9, "planted": 0.05, "cost": 30.0}  # fmt: skip
#: Checks whose figures have to be that large; others that small.
AT_LEAST = frozenset({"deletion", "stability", "agreement"})
MERGED_IDEAS, COMPARED_CUSTOMERS = 8, 200
FITTED = ("log_mean", "permutation")
Figures = dict[str, dict[str, Any]]


def additivity(tables: Sequence[pa.Table]) -> tuple[Figures, Figures]:
    """Return the largest gap by score, in the unit that people read and in that of the model."""
    gaps: Figures = {}
    of_link: Figures = {}
    for table in tables:
        for name, rows in _by_score(table, FITTED):
            sums = rows.groupby("subject", observed=True).agg(
                gap=("gap", "first"),
                value=("score_value", "first"),
                base=("link_base", "first"),
                moved=("link_contribution", "sum"),
                score=("link_score", "first"),
            )
            gap = sums["gap"].abs() / sums["value"].abs().clip(lower=1.0)
            gaps[name] = {"figure": float(gap.max())}
            link_gap = (sums["base"] + sums["moved"] - sums["score"]).abs().max()
            of_link[name] = {"figure": float(link_gap)}
    return gaps, of_link


def deletion(shop: Shop) -> Figures:
    """Return how many times as much the first idea costs as another, by score."""
    tables = [
        heads.backtest_churn(shop.source, settings=shop.settings(shop.churn), progress=progress),
        heads.backtest_value(shop.source, settings=shop.settings(shop.value), progress=progress),
    ]
    if shop.prefixes.num_rows:
        settings = heads.HeadSettings(threads=1)
        tables.append(
            heads.backtest_intent(shop.prefixes, shop.states, settings=settings, progress=progress)
        )
    rows = [
        row
        for table in tables
        for row in table.filter(pc.is_in(table["metric"], pa.array(_DELETIONS))).to_pylist()
        if row["population"] == "all" or row["population"].endswith(", after 3 events")
    ]
    return ratios(rows)


_DELETIONS = [
    f"{metric}_top_idea_{what}" for metric in ("auc", "gini") for what in ("cost", "margin")
]


def ratios(rows: Sequence[Mapping[str, Any]]) -> Figures:
    """Return what the first idea costs over what another does, of rows of a back-test.

    A score that knows one idea alone has no other to be compared with, and is left out.
    """
    found: Figures = {}
    for row in rows:
        one = found.setdefault(f"{row['score']} {row['horizon_days']} d", {})
        one["customers"] = row["customer_count"]
        if row["metric"].endswith("_cost"):
            one["cost"] = row["value"]
        else:
            one["margin"] = row["value"]
            one["margin_lower"], one["margin_upper"] = row["lower_bound"], row["upper_bound"]
    compared = {name: one for name, one in found.items() if "margin" in one}
    for one in compared.values():
        cost, upper = one["cost"], one["margin_upper"]
        other = (cost - one["margin"]) / LIMITS["deletion"]
        one["cost_of_another"] = other
        without_other = float("inf") if cost > 0.0 else 0.0
        one["figure"] = cost / other if other > 0.0 else without_other
        # Below by chance is not below, and what costs nothing is worth nothing: as in
        # explanation_quality.
        one["passed"] = cost > 0.0 and (one["margin"] >= 0.0 if upper is None else upper > 0.0)
    return compared


def stability(first: Sequence[pa.Table], second: Sequence[pa.Table]) -> Figures:
    """Return the rank correlation of contributions by two seeds, by score."""
    found: Figures = {}
    others = {name: _wide(rows) for table in second for name, rows in _by_score(table, FITTED)}
    for table in first:
        for name, rows in _by_score(table, FITTED):
            if name not in others:
                continue
            one, other = _wide(rows).align(others[name], join="outer", axis=1, fill_value=0.0)
            one, other = one.align(other, join="inner", axis=0)
            same_top = one.abs().to_numpy().argmax(1) == other.abs().to_numpy().argmax(1)
            found[name] = {
                "figure": agreement(one.to_numpy(), other.to_numpy()),
                "same_first_idea": float(same_top.mean()),
            }
    return found


def planted(tables: Sequence[pa.Table]) -> Figures:
    """Return the mean size of contributions of the planted column over those of the top idea."""
    found: Figures = {}
    for table in tables:
        for name, rows in _by_score(table, FITTED):
            size = rows["contribution"].abs().groupby(rows["idea"], observed=True).mean()
            lot = float(size.get(PLANTED, 0.0))
            found[name] = {"figure": lot / float(size.drop(PLANTED, errors="ignore").max())}
    return found


def agreements(shop: Shop) -> Figures:
    """Return how far contributions agree with exact Shapley values, by score.

    Of the longest horizon that has a model; none where the shop is too young for any.
    """
    stored = {"churn": load_heads(shop.churn), "value": load_heads(shop.value)}
    fitted = [h for h, one in stored["churn"].heads.items() if one.silence is not None]
    if not fitted:
        return {}
    horizon = max(fitted)
    asked = asked_of(shop.source, shop.settings(shop.value))
    draw = np.random.default_rng(1).permutation(len(asked))[:COMPARED_CUSTOMERS]
    customers = asked.take(np.sort(draw))
    by_weights = {
        name: _wide(rows[rows["subject"].isin([str(one) for one in customers.customer_no])])
        for name, rows in _by_score(_unbound(shop.explained()), FITTED)
    }
    found: Figures = {}
    for score, game in _games(stored, horizon, customers):
        name = f"{score} {horizon} d"
        started = time.process_time()
        walked = walk(game, BACKGROUND_ROWS, seed=1)
        groups = largest_and_rest(walked.moved, MERGED_IDEAS)
        merged = Merged(game, groups)
        permuted = walk(merged, BACKGROUND_ROWS, seed=2).moved
        exact = exact_values(merged, BACKGROUND_ROWS)
        one = {"figure": agreement(permuted, exact), "customers": len(customers)}
        if name in by_weights:
            wide = by_weights[name].reindex(columns=list(game.ideas), fill_value=0.0)
            order = [str(one) for one in customers.customer_no]
            shared = [place for place, key in enumerate(order) if key in wide.index]
            weighed = wide.loc[[order[place] for place in shared]].to_numpy()
            grouped = np.column_stack([weighed[:, list(group)].sum(axis=1) for group in groups])
            one["log_mean"] = agreement(grouped, exact[shared])
        found[name] = one
        progress(f"exact values of {name}: {time.process_time() - started:.0f} CPU-s")
    return found


def _unbound(table: pa.Table) -> pa.Table:
    """Return contributions to scores of the horizon itself, which no shorter one binds."""
    return table.filter(pc.equal(table["bound_by_days"], table["horizon_days"]))


def _games(
    stored: Mapping[str, StoredHeads], horizon: int, customers: Any
) -> Iterator[tuple[str, Game]]:
    silence = stored["churn"].silences[horizon]
    background = stored["churn"].backgrounds[horizon].rows()
    if silence is not None:
        yield "churn", Silence(silence, customers, background)
    value = stored["value"].values.get(horizon)
    if value is None or silence is None:
        return
    background = stored["value"].backgrounds[horizon].rows()
    yield "value", Amount(value, customers, background)
    members = value.members
    yield "tier", TopTier(silence, members.tiers, members.space, customers, background)


def cost(shop: Shop, count: int) -> Figures:
    """Return the CPU-seconds of explaining so many customers, the shop's own repeated."""
    large = repeated(shop, count)
    started = time.process_time()
    rows = large.explained(by_permutations=50).num_rows
    used = (time.process_time() - started) * 100_000 / count
    own = time.process_time()
    explained, *_ = shop.everything(by_permutations=50)
    scores = time.process_time() - own
    own = time.process_time()
    found_events = shop.explained_events(explained)
    events = time.process_time() - own
    found: Figures = {
        "churn, value and tier": {"figure": used, "contributions": rows},
        "this shop, without events": {"figure": scores, "limit": 8.0},
        "this shop, its events": {
            "figure": events,
            "limit": 8.0,
            "contributions": found_events.num_rows,
        },
        "this shop": {"figure": scores + events, "limit": 8.0},
    }
    for name, one in cost_of_recommendations(100_000).items():
        found[f"recommendations, {name}"] = one
        found[f"all, recommendations {name}"] = {"figure": used + one["figure"]}
    return found


def _by_score(table: pa.Table, methods: Sequence[str]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield contributions by score and horizon, made by one of these methods."""
    kept = table.filter(pc.is_in(table["method"], pa.array(methods)))
    frame = kept.to_pandas()
    subject = "session_id" if "session_id" in frame else "customer_no"
    frame["subject"] = frame[subject].astype(str)
    for (score, horizon), rows in frame.groupby(["score", "horizon_days"], observed=True):
        yield f"{score} {horizon} d", rows


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """Return contributions, a row a customer or session and a column an idea."""
    return rows.pivot(index="subject", columns="idea", values="contribution").fillna(0.0)


def judged(check: str, by_score: Figures) -> dict[str, Any]:
    """Return what a check found: its worst figure, its limit and whether it passed."""
    figures = [one["figure"] for one in by_score.values()]
    if not figures:
        return {"figure": None, "limit": LIMITS[check], "passed": None, "by_score": {}}
    worst = min(figures) if check in AT_LEAST else max(figures)
    for one in by_score.values():
        limit = one.setdefault("limit", LIMITS[check])
        passes = one["figure"] >= limit if check in AT_LEAST else one["figure"] <= limit
        one.setdefault("passed", passes)
    passed = all(one["passed"] for one in by_score.values())
    return {"figure": worst, "limit": LIMITS[check], "passed": passed, "by_score": by_score}


def main() -> None:
    """Read or build, look, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--vars", type=json.loads, default={}, help="of dbt, where it is built")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--checks", default=",".join(LIMITS), help="only these, by a comma")
    options = parser.parse_args()
    wanted = set(options.checks.split(","))
    if unknown := wanted - LIMITS.keys():
        parser.error(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(LIMITS)}")
    shop = read_shop(options.warehouse, options.vars)
    found = {}
    for check, result in looked_at(shop, wanted, options.customers):
        found[check] = result
        show(check, result)
    print(json.dumps(_plain(found), allow_nan=False))
    if any(result["passed"] is False for result in found.values()):
        raise SystemExit(1)


def show(check: str, result: Mapping[str, Any]) -> None:
    """Print what a check found, a line a score."""
    print(f"\n{check} (passes {'>=' if check in AT_LEAST else '<='} {result['limit']:g})")
    for name, one in result["by_score"].items():
        more = ", ".join(
            f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
            for key, value in one.items()
            if key not in ("figure", "limit", "passed")
        )
        passed = "yes" if one["passed"] else "NO"
        print(f"  {name:36s} {one['figure']:10.3g} {passed:4s} {more}", flush=True)


def looked_at(shop: Shop, wanted: set[str], customers: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each check that is wanted and what it found."""
    if wanted & {"additivity", "additivity_in_link"}:
        tables = shop.everything(by_permutations=50)
        for check, gaps in zip(
            ("additivity", "additivity_in_link"), additivity(tables), strict=True
        ):
            yield check, judged(check, gaps)
    checks: dict[str, Callable[[], Figures]] = {
        "deletion": lambda: deletion(shop),
        "stability": lambda: stability(*(shop.fitted_anew(seed).everything() for seed in (1, 2))),
        "agreement": lambda: agreements(shop),
        "planted": lambda: planted(
            replace(
                shop,
                cutoffs=with_planted(shop.cutoffs, 1),
                prefixes=with_planted(shop.prefixes, 2),
            ).fitted_anew(1).everything()
        ),
        "cost": lambda: cost(shop, customers),
    }  # fmt: skip
    for check, look in checks.items():
        if check in wanted:
            progress(f"{check} ...")
            yield check, judged(check, look())


def _plain(value: Any) -> Any:
    """Return figures with six digits, and infinite ones as null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value


if __name__ == "__main__":
    main()
