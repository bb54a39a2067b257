"""How good recommendations would have been, compared with baselines on the same customers."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa
from torch import Tensor

from footfall import ranking
from footfall.core import device as devices
from footfall.core.arrays import FloatArray
from footfall.core.identity import Identity
from footfall.core.progress import Progress, silent
from footfall.counts import repeats
from footfall.evaluation import ranking_metrics as metrics
from footfall.evaluation.bootstrap import mean_of_column, measure
from footfall.evaluation.leads import LEADS, OUR_MODELS, OURS, leads
from footfall.evaluation.ranking_metrics import Ranking
from footfall.ranking import Batch, Context
from footfall.ranking.mixture import Ranker
from footfall.recommender import stored_model as artifacts
from footfall.recommender.cutoffs import Cutoffs
from footfall.recommender.inputs import read_inputs
from footfall.recommender.restore import POPULATIONS, context_of, ranker_of
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Values
from footfall.sequences.events import (
    MICROSECONDS_A_DAY,
    NEVER,
    Catalogue,
    ItemEvents,
    day_of,
    microseconds,
)
from footfall.sequences.reading import ArrowRows

HALF_LIVES = (30, 60, 90, 180)
K = 10
#: Resamples of customers behind each interval, at most.
REPLICATES = 1000
#: Leads over baselines need so many customers: a handful is alike by chance.
FEWEST_LED = 30
BACKTEST_SCHEMA = pa.schema(
    [
        pa.field("score", pa.string()),
        pa.field("population", pa.string()),
        pa.field("horizon_days", pa.int32()),
        pa.field("cutoff_date", pa.date32()),
        pa.field("model", pa.string()),
        pa.field("is_baseline", pa.bool_()),
        pa.field("metric", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("lower_bound", pa.float64()),
        pa.field("upper_bound", pa.float64()),
        pa.field("customer_count", pa.int64()),
        pa.field("run_id", pa.string()),
        pa.field("made_from", pa.string()),
    ]
)

Scores = Callable[[Batch], Tensor]


def backtest(
    model: ArrowRows,
    events: ArrowRows,
    items: ArrowRows,
    *,
    settings: ScorerSettings,
    complete_until: datetime.date | None = None,
    previous: pa.Table | None = None,
    progress: Progress = silent,
) -> pa.Table:
    """Judge the ``test`` fit on the window after the test cut-off.

    A customer's targets are the distinct items bought in the window. Customers and items must
    have had an event before; all other items are ranked, and for the population ``new items
    only`` items that the customer bought before are neither targets nor candidates. Nothing is
    chosen here: weights and the baseline's half-life come from the validation window.

    Events after the window are not looked at, and neither is what else the run of the model has
    fitted: as long as the ``test`` fit and what happened before the end of the window are the same,
    the figures of an earlier call are given back.

    Parameters
    ----------
    complete_until
        The window ends with this day's midnight (UTC) at the latest: of days from there on it is
        not known what they will hold.
    previous
        Rows of an earlier call.

    Returns
    -------
    A row a population, model and metric. Bounds are a 95 % bootstrap over customers; null where
    a metric is not a mean over customers. `<metric>_lead` and `<metric>_trivial_lead` are how far
    a model of ours leads the best baseline, and the best that needs no model, on the same
    customers; there must be :data:`FEWEST_LED` of them. No rows where there is nothing to judge.
    """
    device = devices.pick(settings.device)
    devices.use_threads(settings.threads)
    loaded = artifacts.load(model)
    tokens, catalogue = read_inputs(events, items, settings, loaded)
    cutoffs = Cutoffs.of_run(loaded.run)
    horizon = settings.window_days
    until = min(cutoffs.production, cutoffs.test + horizon * MICROSECONDS_A_DAY)
    if complete_until is not None:
        until = min(until, microseconds(complete_until))
    tokens = tokens.before(max(until, cutoffs.test))
    values = loaded.fits.get("test")
    if values is None or len(tokens.items) == 0:
        progress("no back-test: the model has no test fit")
        return BACKTEST_SCHEMA.empty_table()
    identity = Identity(
        artifacts.code_fingerprint(),
        _fingerprint(tokens, catalogue, values, until),
        {
            "seed": settings.seed,
            "window_days": horizon,
            "cutoffs": [cutoffs.validation, cutoffs.test, until],
        },
        device.type,
    )
    made_from = identity.fingerprint[:16]
    if _are_of(previous, made_from):
        progress("back-test of recommendations: nothing that it reads has changed, figures stand")
        return _of_run(previous, loaded.run_id)
    history = repeats.ItemHistory.of(tokens)
    context = context_of(tokens, catalogue, history, cutoffs.test, values, device)
    half_life = _best_half_life(
        context_of(tokens, catalogue, history, cutoffs.validation, {}, device), cutoffs.test
    )
    rows: list[dict[str, Any]] = []
    for new_only, population in enumerate(POPULATIONS):
        targets = ranking.targets_between(context, until, new_only=bool(new_only))
        if len(targets.customers) == 0:
            progress(f"no back-test for {population}: nothing was bought in the window")
            continue
        ranker = ranker_of(values, population)
        judged: dict[str, dict[str, FloatArray]] = {}
        coverage: dict[str, float] = {}
        for name, scores in _models(ranker, half_life, bool(new_only)):
            ranked = ranking.ranked_by(context, scores, targets, new_only=bool(new_only), k=K)
            judged[name] = _by_customer(ranked, context)
            coverage[name] = metrics.coverage(ranked, context.count_items)
            quality = float(judged[name][f"ndcg_{K}"].mean())
            progress(f"back-test, {population}, {name}: NDCG@{K} {quality:.4f}")
        rows.extend(
            {
                "score": "recommendations",
                "population": population,
                "horizon_days": horizon,
                "cutoff_date": day_of(cutoffs.test),
                "model": name,
                "is_baseline": name not in OUR_MODELS,
                "metric": metric,
                "value": value,
                "lower_bound": low,
                "upper_bound": high,
                "customer_count": len(targets.customers),
                "run_id": loaded.run_id,
                "made_from": made_from,
            }
            for (name, metric), (value, low, high) in _figures(judged, coverage, settings.seed)
        )
    return pa.Table.from_pylist(rows, schema=BACKTEST_SCHEMA)


def _fingerprint(tokens: ItemEvents, catalogue: Catalogue, values: Values, until: int) -> str:
    """Return a digest of all rows and trained parts that a back-test reads."""
    digest = hashlib.sha256()
    # Items without an event before the end of the window are neither ranked nor targets.
    count = catalogue.count_before(until)
    first_at = np.where(catalogue.first_at[:count] < until, catalogue.first_at[:count], NEVER)
    facts = (first_at, *(one[:count] for one in (catalogue.category, catalogue.brand)))
    for column in (*vars(tokens).values(), *facts, catalogue.price[:count]):
        digest.update(str(len(column)).encode() + b"\0" + column.tobytes())
    for name, value in sorted(values.items()):
        digest.update(name.encode() + b"\0")
        digest.update(json.dumps(value).encode() if isinstance(value, list) else value.tobytes())
    return digest.hexdigest()


def _are_of(previous: pa.Table | None, made_from: str) -> TypeGuard[pa.Table]:
    """Return whether rows of an earlier call come from the same; rows of other columns do not."""
    if previous is None or previous.num_rows == 0:
        return False
    if set(previous.column_names) != set(BACKTEST_SCHEMA.names):
        return False
    return bool(previous["made_from"].unique().to_pylist() == [made_from])


def _of_run(rows: pa.Table, run_id: str) -> pa.Table:
    """Return figures as those of a run whose test fit is the same."""
    place = BACKTEST_SCHEMA.names.index("run_id")
    rows = rows.select(BACKTEST_SCHEMA.names).cast(BACKTEST_SCHEMA)
    return rows.set_column(place, "run_id", pa.repeat(pa.scalar(run_id), rows.num_rows))


def _models(ranker: Ranker, half_life: int, new_only: bool) -> Iterator[tuple[str, Scores]]:
    """Yield name and scores of each model that is judged."""

    def mixed(batch: Batch) -> Tensor:
        found = batch.candidates(ranker.components)
        return batch.ranked(found, ranker(found))

    def single(component: str) -> Scores:
        return lambda batch: batch.dense(component)

    yield OURS, mixed
    yield "softmax_only", single("softmax")
    yield "popular", single("popular")
    yield "item_knn", single("neighbours")
    if not new_only:
        yield "personal_frequency", lambda batch: batch.personal_frequency(half_life)


def _by_customer(ranked: Ranking, context: Context) -> dict[str, FloatArray]:
    """Return the metrics that each customer has by themselves, by name; ``[customers]`` each."""
    return {
        f"ndcg_{K}": metrics.ndcg(ranked),
        f"recall_{K}": metrics.recall(ranked),
        f"hr_{K}": metrics.hit_rate(ranked),
        "mrr": metrics.reciprocal_rank(ranked),
        f"novelty_{K}": metrics.novelty(ranked, context.popular),
    }


def _figures(
    judged: dict[str, dict[str, FloatArray]], coverage: dict[str, float], seed: int
) -> Iterator[tuple[tuple[str, str], tuple[float, float | None, float | None]]]:
    """Yield model and metric with value and bounds: means over customers, leads, and coverage.

    ``judged`` holds for each model the metrics of each customer, ``[customers]`` by name.
    """
    names = list(next(iter(judged.values())))
    columns = {model: np.column_stack(list(found.values())) for model, found in judged.items()}
    count = len(columns[OURS])
    means = {name: partial(mean_of_column, column=place) for place, name in enumerate(names)}
    found = measure(means, np.zeros(count), columns, replicates=REPLICATES, seed=seed)
    if count >= FEWEST_LED:
        found |= leads(found, LEADS["recommendations"])
    for key, result in found.items():
        yield key, (result.value, result.lower, result.upper)
    for model, share in coverage.items():
        yield (model, f"coverage_{K}"), (share, None, None)


def _best_half_life(context: Context, until: int) -> int:
    """Return the half-life of the personal frequency with the best validation NDCG."""
    targets = ranking.targets_between(context, until, new_only=False)
    if len(targets.customers) == 0:
        return HALF_LIVES[-1]

    def quality(half_life: int) -> float:
        def scores(batch: Batch) -> Tensor:
            return batch.personal_frequency(half_life)

        ranked = ranking.ranked_by(context, scores, targets, new_only=False, k=K)
        return float(metrics.ndcg(ranked).mean())

    return max(HALF_LIVES, key=quality)
