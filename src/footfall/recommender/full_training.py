"""Fits everything from scratch, as of each cut-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from footfall import ranking
from footfall.core.arrays import Array, IntArray
from footfall.counts import repeats
from footfall.counts.initial_vectors import start_vectors
from footfall.encoder.network import Encoder, EncoderConfig, ItemFeatures, grow, weights
from footfall.encoder.training import fit
from footfall.ranking.mixture import Ranker, learn
from footfall.recommender.cutoffs import FITS
from footfall.recommender.plan import Made, Work, describe_fit, settings_of, warm_rate
from footfall.recommender.restore import POPULATIONS, context_of
from footfall.recommender.stored_model import Values
from footfall.sequences.events import day_of

BUDGET_SHARES = {"head": 0.4, "validation": 0.2, "test": 0.2, "production": 0.2}
# The mixture where there is no validation window to learn it on: personal first, as everywhere
# that we measured, and something of all the others for customers without a past.
DEFAULT_RANKERS = {
    "all items": Ranker(np.array([0.10, 0.05, 0.05, 0.10, 0.05, 0.65], dtype=np.float32), {}),
    "new items only": Ranker(np.array([0.25, 0.10, 0.15, 0.40, 0.10, 0.0], dtype=np.float32), {}),
}


@dataclass(frozen=True)
class Start:
    """What the next fit starts from: weights, and how many tokens they have learned from."""

    weights: dict[str, Array] | None
    count_tokens: int


def train_from_scratch(work: Work) -> Made:
    """Fit ``head``, ``validation``, ``test`` and ``production``, each from the one before.

    The mixture's weights are learned on the window after the validation cut-off and on nothing
    else; before there are any, ``DEFAULT_RANKERS`` are used. A fit without data is left out, and
    its report says why.
    """
    history = repeats.ItemHistory.of(work.data.tokens)
    fits: dict[str, Values] = {}
    reports: dict[str, Any] = {}
    rankers = DEFAULT_RANKERS
    start = Start(None, 0)
    left = work.settings.time_budget_seconds
    for name in FITS:
        values, report, start = _fit_encoder(work, name, start, _share_of_budget(name, left))
        left -= report["seconds"]
        if values and name != "head":
            values |= _personal_term(work, history, name)
            if name == "validation":
                rankers, report["mixture"] = _learn_rankers(work, history, values)
            values |= _stored_rankers(rankers)
        if values:
            fits[name] = values
        reports[name] = report
    return Made(fits, {"fits": reports})


def _share_of_budget(name: str, left: float) -> float:
    """Return seconds for a fit of those that are left for it and all later ones."""
    later = FITS[FITS.index(name) :]
    return max(left * (BUDGET_SHARES[name] / sum(BUDGET_SHARES[one] for one in later)), 1.0)


def _fit_encoder(
    work: Work, name: str, start: Start, budget: float
) -> tuple[Values, dict[str, Any], Start]:
    """Fit the encoder as of one cut-off: its values, what to report, and the next fit's start."""
    data, cut = work.data, work.data.cutoffs.of(name)
    ends = data.tokens.ends_before(cut)
    count_tokens = data.count_before(cut)
    count_items = data.catalogue.count_before(cut)
    if count_items == 0:
        reason = f"no events before {day_of(cut)}"
        work.progress(f"{name} fit: left out, {reason}")
        return {}, {"skipped": reason, "seconds": 0.0}, start
    seed = work.settings.seed * 1000 + FITS.index(name)
    encoder = _new_encoder(work, ends, count_items, start, seed)
    fresh = 1.0 - start.count_tokens / max(count_tokens, 1)
    is_first = start.weights is None
    training = settings_of(
        work.settings,
        count_tokens,
        count_items,
        work.settings.epochs if is_first else work.settings.warm_epochs,
        1.0 if is_first else warm_rate(fresh),
        budget,
    )
    report = fit(
        encoder,
        ItemFeatures.of(data.catalogue, len(data.catalogue.item_ids), work.device),
        data.tokens,
        ends,
        training,
        seed=seed,
        name=name,
        device=work.device,
        progress=work.progress,
    )
    described = describe_fit(report, count_items)
    if not report.losses:
        described["skipped"] = "no customer has two sessions: counts rank alone"
        work.progress(f"{name} fit: {described['skipped']}")
        return {"items": np.array([count_items], dtype=np.int64)}, described, start
    trained = weights(encoder)
    values: Values = {f"encoder.{key}": value for key, value in trained.items()}
    return values, described, Start(trained, count_tokens)


def _new_encoder(work: Work, ends: IntArray, count_items: int, start: Start, seed: int) -> Encoder:
    """Build an encoder with the weights to start from, or with vectors made of counts."""
    catalogue, settings = work.data.catalogue, work.settings
    config = EncoderConfig(
        items=count_items,
        categories=len(catalogue.category_names),
        brands=len(catalogue.brand_names),
        dim=settings.dim,
        blocks=settings.blocks,
        max_length=settings.max_length,
    )
    encoder = Encoder(config, torch.Generator().manual_seed(seed))
    if start.weights is not None:
        grow(start.weights, encoder)
    else:
        vectors = start_vectors(work.data.tokens, ends, count_items, settings.dim, seed=seed)
        with torch.no_grad():
            encoder.item += torch.from_numpy(vectors)
    encoder.to(work.device)
    return encoder


def _personal_term(work: Work, history: repeats.ItemHistory, name: str) -> Values:
    """Fit what customers buy again, as of one cut-off."""
    data, cut = work.data, work.data.cutoffs.of(name)
    model = repeats.fit(
        data.tokens,
        history,
        data.catalogue.count_before,
        cut,
        float(work.settings.window_days),
        seed=work.settings.seed,
    )
    return {f"repeats.{key}": value for key, value in model.weights.items()}


def _learn_rankers(
    work: Work, history: repeats.ItemHistory, values: Values
) -> tuple[dict[str, Ranker], dict[str, Any]]:
    """Learn the mixture for each population on the window after the validation cut-off."""
    data = work.data
    context = context_of(
        data.tokens, data.catalogue, history, data.cutoffs.validation, values, work.device
    )
    rankers = dict(DEFAULT_RANKERS)
    report: dict[str, Any] = {}
    for new_only, population in enumerate(POPULATIONS):
        targets = ranking.targets_between(context, data.cutoffs.test, new_only=bool(new_only))
        if len(targets.customers) == 0:
            report[population] = {"skipped": "nothing was bought in the validation window"}
            continue
        rankers[population], learned = learn(
            context, targets, new_only=bool(new_only), seed=work.settings.seed
        )
        report[population] = learned
        reached = learned["ndcg_10_network" if learned["uses_network"] else "ndcg_10"]
        work.progress(f"mixture for {population}: validation NDCG@10 {reached:.4f}")
    return rankers, report


def _stored_rankers(rankers: dict[str, Ranker]) -> Values:
    return {
        f"mixture.{population}.{key}": array
        for population, ranker in rankers.items()
        for key, array in ranker.arrays().items()
    }
