"""Fine-tunes a stored model on the events that have come in since."""

from __future__ import annotations

import dataclasses
import datetime
import time

import numpy as np
import torch

from footfall import ranking
from footfall.core.arrays import BoolArray, IntArray
from footfall.counts import repeats
from footfall.encoder.network import Encoder, ItemFeatures, grow, start_new_items, weights
from footfall.encoder.training import FitReport, fit
from footfall.evaluation import ranking_metrics as metrics
from footfall.recommender import stored_model as artifacts
from footfall.recommender.cutoffs import FITS
from footfall.recommender.inputs import TrainingData
from footfall.recommender.plan import LEAST_WARM_RATE, Made, Work, describe_fit, settings_of
from footfall.recommender.restore import POPULATIONS, config_of, context_of, ranker_of
from footfall.recommender.stored_model import Artifacts, Values
from footfall.sequences.events import ItemEvents, day_of, microseconds
from footfall.sequences.reading import reordered

# A step with little news still goes over the histories of so many others.
REPLAYED_AT_LEAST = 200


def fine_tune(work: Work, stored: Artifacts) -> Made:
    """Teach the stored production fit what has come in since; the other fits stay.

    It learns from the histories of the customers with new events and from those of as many
    others, so that it does not forget what it knew. Mixture and personal term stay: they were
    learned on windows, to which a day adds little.
    """
    began = time.monotonic()
    work = dataclasses.replace(work, data=_in_stored_order(work.data, stored))
    values = dict(stored.fits["production"])
    before = microseconds(datetime.date.fromisoformat(stored.run["cutoffs"]["production"]))
    quality = [*stored.run["quality"], *_quality_since(work, before, values)]
    ends, has_news = _histories(work, before)
    encoder, report = _fit_production(work, values, ends)
    values |= {f"encoder.{key}": value for key, value in weights(encoder).items()}
    described = describe_fit(report, encoder.config.items)
    described["seconds"] = round(time.monotonic() - began, 3)
    untouched = {name: {**facts, "seconds": 0.0} for name, facts in stored.run["fits"].items()}
    facts = {
        "cutoffs": {
            **stored.run["cutoffs"],
            "production": day_of(work.data.cutoffs.production).isoformat(),
        },
        "started_from": stored.run_id,
        "full_as_of": stored.run["full_as_of"],
        "full_tokens": stored.run["full_tokens"],
        "quality": quality,
        "fits": {**untouched, "production": described},
        "customers_with_news": int(has_news.sum()),
    }
    shared = {
        **stored.fits["shared"],
        "catalogue.items": list(work.data.catalogue.item_ids),
    }
    return Made({**stored.fits, "production": values, "shared": shared}, facts)


def _in_stored_order(data: TrainingData, stored: Artifacts) -> TrainingData:
    """Put items, categories and brands into the stored model's order."""
    tokens, catalogue = reordered(
        data.tokens,
        data.catalogue,
        data.listed,
        stored.names("shared", "catalogue.items"),
        stored.names("shared", "catalogue.categories"),
        stored.names("shared", "catalogue.brands"),
    )
    return dataclasses.replace(data, tokens=tokens, catalogue=catalogue)


def _quality_since(work: Work, before: int, values: Values) -> list[list[float]]:
    """Judge the stored model on what was bought since: NDCG@10 and customers; none, no pair."""
    data = work.data
    history = repeats.ItemHistory.of(data.tokens)
    context = context_of(data.tokens, data.catalogue, history, before, values, work.device)
    targets = ranking.targets_between(context, data.cutoffs.production, new_only=False)
    count = len(targets.customers)
    if count == 0:
        return []
    ranker = ranker_of(values, POPULATIONS[0])
    ranked = ranking.evaluate(
        context, ranker, targets, new_only=False, components=ranker.components
    )
    reached = round(float(metrics.ndcg(ranked).mean()), 6)
    work.progress(f"NDCG@10 on what {count} customers bought since: {reached:.4f}")
    return [[reached, float(count)]]


def _histories(work: Work, before: int) -> tuple[IntArray, BoolArray]:
    """Choose whose histories to learn from.

    Returns
    -------
    ends
        Ends of the histories, an empty one for customers left out; int64 ``[customers]``.
    has_news
        Who has events since ``before``; bool ``[customers]``.
    """
    tokens: ItemEvents = work.data.tokens
    ends, starts = tokens.ends_before(work.data.cutoffs.production), tokens.offsets[:-1]
    has_news: BoolArray = ends > tokens.ends_before(before)
    others = np.flatnonzero(~has_news & (ends > starts))
    random = np.random.default_rng(work.settings.seed)
    replayed = random.permutation(others)[: max(int(has_news.sum()), REPLAYED_AT_LEAST)]
    chosen = has_news.copy()
    chosen[replayed] = True
    return np.where(chosen, ends, starts), has_news


def _fit_production(work: Work, values: Values, ends: IntArray) -> tuple[Encoder, FitReport]:
    """Train the stored encoder, grown by the new items, on the chosen histories."""
    data, settings = work.data, work.settings
    older = artifacts.part(values, "encoder.")
    count_items = max(data.catalogue.count_before(data.cutoffs.production), len(older["item"]))
    config = dataclasses.replace(config_of(older), items=count_items)
    seed = settings.seed * 1000 + FITS.index("production")
    encoder = Encoder(config, torch.Generator().manual_seed(seed))
    grow(older, encoder)
    encoder.to(work.device)
    features = ItemFeatures.of(data.catalogue, len(data.catalogue.item_ids), work.device)
    start_new_items(encoder, len(older["item"]), features)
    training = settings_of(
        settings,
        int((ends - data.tokens.offsets[:-1]).sum()),
        count_items,
        settings.warm_epochs,
        LEAST_WARM_RATE,
        settings.time_budget_seconds,
    )
    report = fit(
        encoder,
        features,
        data.tokens,
        ends,
        training,
        seed=seed,
        name="production",
        device=work.device,
        progress=work.progress,
    )
    return encoder, report
