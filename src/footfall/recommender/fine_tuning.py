"""Carries a stored model on with the events that have come in since."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import time
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from footfall import ranking
from footfall.core.progress import Progress
from footfall.counts import repeats
from footfall.encoder.network import Encoder, ItemFeatures, grow, start_new_items, weights
from footfall.encoder.training import fit
from footfall.evaluation import ranking_metrics as metrics
from footfall.recommender import stored_model as artifacts
from footfall.recommender.cutoffs import FITS
from footfall.recommender.plan import LEAST_WARM_RATE, describe_fit, settings_of
from footfall.recommender.restore import POPULATIONS, config_of, context_of, ranker_of
from footfall.recommender.retraining import IDENTITY
from footfall.recommender.seen_events import Seen
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts, Values
from footfall.sequences.events import Catalogue, ItemEvents, microseconds
from footfall.sequences.reading import reordered

# A step with little news still goes over the histories of so many others.
REPLAYED_AT_LEAST = 200


def carry_on(
    stored: Artifacts,
    run: dict[str, Any],
    seen: Seen,
    tokens: ItemEvents,
    catalogue: Catalogue,
    items: pa.Table,
    cut: int,
    settings: ScorerSettings,
    device: torch.device,
    progress: Progress,
) -> pa.Table:
    """Teaches the stored production fit what has come in since; the other fits stand.

    It learns from the histories of the customers with new events and from those of as many
    others, so that it does not forget what it knew. Mixture and personal term stand: they were
    learned on windows, to which a day adds little.
    """
    began = time.monotonic()
    known = stored.names("shared", "catalogue.items")
    tokens, catalogue = reordered(
        tokens, catalogue, items, known,
        stored.names("shared", "catalogue.categories"),
        stored.names("shared", "catalogue.brands"),
    )  # fmt: skip
    values = dict(stored.fits["production"])
    before = microseconds(datetime.date.fromisoformat(stored.run["cutoffs"]["production"]))
    history = repeats.ItemHistory.of(tokens)
    quality = list(stored.run["quality"])
    judged = _quality_since(tokens, catalogue, history, before, cut, values, device)
    if judged is not None:
        quality.append(judged)
        progress(f"NDCG@10 on what {judged[1]} customers bought since: {judged[0]:.4f}")
    ends = tokens.ends_before(cut)
    random = np.random.default_rng(settings.seed)
    has_new = ends > tokens.ends_before(before)
    others = np.flatnonzero(~has_new & (ends > tokens.offsets[:-1]))
    replayed = random.permutation(others)[: max(int(has_new.sum()), REPLAYED_AT_LEAST)]
    chosen = has_new.copy()
    chosen[replayed] = True
    ends = np.where(chosen, ends, tokens.offsets[:-1])
    older = artifacts.part(values, "encoder.")
    count_items = max(catalogue.count_before(cut), len(older["item"]))
    config = dataclasses.replace(config_of(older), items=count_items)
    seed = settings.seed * 1000 + FITS.index("production")
    encoder = Encoder(config, torch.Generator().manual_seed(seed))
    grow(older, encoder)
    encoder.to(device)
    features = ItemFeatures.of(catalogue, len(catalogue.item_ids), device)
    start_new_items(encoder, len(older["item"]), features)
    report = fit(
        encoder, features, tokens, ends,
        settings_of(
            settings, int((ends - tokens.offsets[:-1]).sum()), count_items, settings.warm_epochs,
            LEAST_WARM_RATE, settings.time_budget_seconds,
        ),
        seed=seed, name="production", device=device, progress=progress,
    )  # fmt: skip
    values |= {f"encoder.{key}": value for key, value in weights(encoder).items()}
    described = describe_fit(report, count_items) | {"seconds": round(time.monotonic() - began, 3)}
    standing = {name: {**facts, "seconds": 0.0} for name, facts in stored.run["fits"].items()}
    run |= {
        "cutoffs": {**stored.run["cutoffs"], "production": run["cutoffs"]["production"]},
        "training": "warm",
        "training_reason": f"only events have come in since run {stored.run_id}",
        "started_from": stored.run_id,
        "full_as_of": stored.run["full_as_of"],
        "full_tokens": stored.run["full_tokens"],
        "quality": quality,
        "fits": {**standing, "production": described},
        "customers_with_news": int(has_new.sum()),
    }
    identity = json.dumps({name: run[name] for name in IDENTITY}, sort_keys=True)
    run_id = hashlib.sha256((identity + stored.run_id).encode()).hexdigest()[:16]
    fits: dict[str, Values] = dict(stored.fits)
    fits["production"] = values
    fits["shared"] = {
        **stored.fits["shared"],
        "catalogue.items": list(catalogue.item_ids),
        "past.bits": seen.bits,
    }
    return artifacts.to_table(run_id, run, fits)


def _quality_since(
    tokens: ItemEvents,
    catalogue: Catalogue,
    history: repeats.ItemHistory,
    before: int,
    cut: int,
    values: Values,
    device: torch.device,
) -> list[float] | None:
    """NDCG@10 of the stored model on what was bought since, and of how many customers."""
    context = context_of(tokens, catalogue, history, before, values, device)
    targets = ranking.targets_between(context, cut, new_only=False)
    if len(targets.customers) == 0:
        return None
    ranker = ranker_of(values, POPULATIONS[0])
    ranked = ranking.evaluate(
        context, ranker, targets, new_only=False, components=ranker.components
    )
    return [round(float(metrics.ndcg(ranked).mean()), 6), float(len(targets.customers))]
