"""Fits the scorer as of each cut-off and turns it into rows."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from footfall import ranking
from footfall.core import device as devices
from footfall.core.progress import Progress, silent
from footfall.counts import repeats
from footfall.counts.initial_vectors import start_vectors
from footfall.encoder.network import Encoder, EncoderConfig, ItemFeatures, grow, weights
from footfall.encoder.training import fit
from footfall.ranking import Context
from footfall.ranking.mixture import Ranker, learn
from footfall.recommender import stored_model as artifacts
from footfall.recommender.cutoffs import FITS, cutoffs_of
from footfall.recommender.fine_tuning import carry_on
from footfall.recommender.inputs import read_inputs
from footfall.recommender.plan import describe_fit, settings_of, warm_rate
from footfall.recommender.restore import POPULATIONS, context_of
from footfall.recommender.retraining import why_full
from footfall.recommender.seen_events import Seen
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts, Values
from footfall.sequences.events import Catalogue, ItemEvents, day_of, microseconds
from footfall.sequences.reading import ArrowRows

BUDGET_SHARES = {"head": 0.4, "validation": 0.2, "test": 0.2, "production": 0.2}
# The mixture where there is no validation window to learn it on: personal first, as everywhere
# that we measured, and something of all the others for customers without a past.
DEFAULT_RANKERS = {
    "all items": Ranker(np.array([0.10, 0.05, 0.05, 0.10, 0.05, 0.65], dtype=np.float32), {}),
    "new items only": Ranker(np.array([0.25, 0.10, 0.15, 0.40, 0.10, 0.0], dtype=np.float32), {}),
}


def train_encoder(
    events: ArrowRows,
    items: ArrowRows,
    *,
    settings: ScorerSettings,
    previous: ArrowRows | None = None,
    progress: Progress = silent,
) -> pa.Table:
    """Trains the encoder, the personal term and the mixture, as of each of the cut-offs.

    There are four fits, each starting from the one before: ``head`` for the states that other
    scores learn from, ``validation`` and ``test`` to judge the ranking, ``production`` to rank.
    The mixture's weights are learned on the window after the validation cut-off and on nothing
    else. A fit without data is left out, and the run says why.

    Parameters
    ----------
    events
        ``customer_no`` int64, ``item_id``, ``event_at`` timestamp UTC, ``event_type``,
        ``unit_price``; unsorted.
    items
        ``item_id``, ``category``, ``brand``, ``list_price``.
    previous
        Rows of an earlier run. They are returned as they are if code, data and settings are still
        the same, and carried on if only events have come in, as ``warm.why_full`` has it: the
        ``production`` fit then learns what is new, and the other fits stand.
    progress
        Called with a line for people now and then.

    Returns
    -------
    Rows of the schema ``artifacts.SCHEMA``.
    """
    device = devices.pick(settings.device)
    devices.use_threads(settings.threads)
    listed = items.read_all() if isinstance(items, pa.RecordBatchReader) else items
    tokens, catalogue = read_inputs(events, listed, settings)
    cutoffs = cutoffs_of(tokens, settings)
    run: dict[str, Any] = {
        "code_fingerprint": artifacts.code_fingerprint(),
        "data_fingerprint": _data_fingerprint(tokens, catalogue),
        "settings": settings.training_values(),
        "device_type": device.type,
    }
    identity = json.dumps(run, sort_keys=True)
    rows, stored = _stored(previous, progress)
    if stored is not None and rows is not None and _is_same(stored.run, run):
        progress(f"nothing changed: model {stored.run_id} stays")
        return rows
    count_tokens = _tokens_before(tokens, cutoffs.production)
    seen = Seen.of(tokens, catalogue.item_ids, cutoffs.production)
    run |= {
        "cutoffs": {name: day_of(cutoffs.of(name)).isoformat() for name in FITS},
        "history": seen.described(),
        "seed": settings.seed,
        "device": devices.describe(device),
        "torch_version": torch.__version__,
        "customers": len(tokens.customers),
        "events": len(tokens.items),
        "items": len(catalogue.item_ids),
    }
    reason = "there is no earlier run"
    if stored is not None:
        refused = why_full(
            stored.run, run, _why_gone(stored, tokens, catalogue), count_tokens,
            day_of(cutoffs.production), settings,
        ) or _why_no_start(stored, settings)  # fmt: skip
        if refused is None:
            progress(f"carrying on from model {stored.run_id}")
            return carry_on(
                stored, run, seen, tokens, catalogue, listed, cutoffs.production, settings, device,
                progress,
            )  # fmt: skip
        reason = refused
        progress(f"training from scratch: {reason}")
    run |= {
        "training": "full",
        "training_reason": reason,
        "full_as_of": day_of(cutoffs.production).isoformat(),
        "full_tokens": count_tokens,
        "quality": [],
    }
    run_id = hashlib.sha256(identity.encode()).hexdigest()[:16]
    fits: dict[str, Values] = {
        "shared": {
            "catalogue.items": list(catalogue.item_ids),
            "catalogue.categories": list(catalogue.category_names),
            "catalogue.brands": list(catalogue.brand_names),
            "past.bits": seen.bits,
        }
    }
    reports: dict[str, Any] = {}
    history = repeats.ItemHistory.of(tokens)
    left = settings.time_budget_seconds
    older: dict[str, np.ndarray] | None = None
    learned = 0
    rankers = DEFAULT_RANKERS
    for number, name in enumerate(FITS):
        share = BUDGET_SHARES[name] / sum(BUDGET_SHARES[later] for later in FITS[number:])
        budget = max(left * share, 1.0)
        values, report, older = _fit(
            name, tokens, catalogue, cutoffs.of(name), settings, older, learned, budget, device,
            progress,
        )  # fmt: skip
        if report.get("losses"):
            learned = _tokens_before(tokens, cutoffs.of(name))
        left -= report["seconds"]
        if name != "head" and values:
            model = repeats.fit(
                tokens, history, catalogue.count_before, cutoffs.of(name),
                float(settings.window_days), seed=settings.seed,
            )  # fmt: skip
            values |= {f"repeats.{key}": value for key, value in model.weights.items()}
            if name == "validation":
                context = context_of(tokens, catalogue, history, cutoffs.validation, values, device)
                rankers, report["mixture"] = _learn_rankers(
                    context, cutoffs.test, settings.seed, progress
                )
            for population, ranker in rankers.items():
                values |= {
                    f"mixture.{population}.{key}": array for key, array in ranker.arrays().items()
                }
        if values:
            fits[name] = values
        reports[name] = report
    run["fits"] = reports
    return artifacts.to_table(run_id, run, fits)


def _data_fingerprint(tokens: ItemEvents, catalogue: Catalogue) -> str:
    """Digest of all that a fit reads; equal whatever order the rows came in."""
    digest = hashlib.sha256()
    for column in (tokens.customers, tokens.offsets, tokens.items, tokens.kinds, tokens.at):
        digest.update(column.tobytes())
    for feature in (catalogue.category, catalogue.brand, catalogue.price):
        digest.update(feature.tobytes())
    names = [catalogue.item_ids, catalogue.category_names, catalogue.brand_names]
    digest.update(json.dumps(names).encode())
    return digest.hexdigest()[:16]


def _stored(
    previous: ArrowRows | None, progress: Progress
) -> tuple[pa.Table | None, Artifacts | None]:
    """The rows of the earlier run and what they hold; None where there is none of use."""
    if previous is None:
        return None, None
    rows = previous.read_all() if isinstance(previous, pa.RecordBatchReader) else previous
    if rows.num_rows == 0:
        return None, None
    try:
        return rows, artifacts.load(rows)
    except artifacts.ArtifactError as error:
        progress(f"the earlier model can't be used, training anew: {error}")
        return None, None


def _is_same(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(stored.get(name) == value for name, value in wanted.items())


def _why_gone(stored: Artifacts, tokens: ItemEvents, catalogue: Catalogue) -> str | None:
    """What has become of the events that the stored run has seen; None where they all stand."""
    seen = Seen.stored(stored.run.get("history"), stored.fits.get("shared", {}).get("past.bits"))
    day = (stored.run.get("cutoffs") or {}).get("production")
    if seen is None or day is None:
        return "the earlier run does not say what it has seen"
    cut = microseconds(datetime.date.fromisoformat(day))
    return seen.why_gone(tokens, catalogue.item_ids, cut)


def _why_no_start(stored: Artifacts, settings: ScorerSettings) -> str | None:
    """Why the stored weights are no start for today's; None where they are."""
    if not artifacts.part(stored.fits.get("production", {}), "encoder."):
        return "the earlier run has no encoder for production"
    # What the states of other scores come from may neither grow old nor know too much.
    wanted, found = settings.head_cutoff, stored.run["cutoffs"]["head"]
    if wanted is not None and wanted.isoformat() != found:
        return f"churn and value now learn from {wanted} on, not from {found}"
    return None


def _fit(
    name: str,
    tokens: ItemEvents,
    catalogue: Catalogue,
    cut: int,
    settings: ScorerSettings,
    older: dict[str, np.ndarray] | None,
    count_before: int,
    budget: float,
    device: torch.device,
    progress: Progress,
) -> tuple[Values, dict[str, Any], dict[str, np.ndarray] | None]:
    """One fit: its values, what to report, and the weights that the next fit starts from.

    ``count_before`` are the tokens that the older weights have learned from.
    """
    ends = tokens.ends_before(cut)
    count_tokens = _tokens_before(tokens, cut)
    count_items = catalogue.count_before(cut)
    fresh = 1.0 - count_before / max(count_tokens, 1)
    if count_items == 0:
        reason = f"no events before {day_of(cut)}"
        progress(f"{name} fit: left out, {reason}")
        return {}, {"skipped": reason, "seconds": 0.0}, older
    config = EncoderConfig(
        items=count_items,
        categories=len(catalogue.category_names),
        brands=len(catalogue.brand_names),
        dim=settings.dim,
        blocks=settings.blocks,
        max_length=settings.max_length,
    )
    seed = settings.seed * 1000 + FITS.index(name)
    encoder = Encoder(config, torch.Generator().manual_seed(seed))
    if older is not None:
        grow(older, encoder)
    else:
        start = start_vectors(tokens, ends, count_items, settings.dim, seed=seed)
        with torch.no_grad():
            encoder.item += torch.from_numpy(start)
    encoder.to(device)
    features = ItemFeatures.of(catalogue, len(catalogue.item_ids), device)
    training = settings_of(
        settings, count_tokens, count_items,
        settings.epochs if older is None else settings.warm_epochs,
        1.0 if older is None else warm_rate(fresh), budget,
    )  # fmt: skip
    report = fit(
        encoder, features, tokens, ends, training,
        seed=seed, name=name, device=device, progress=progress,
    )  # fmt: skip
    described = describe_fit(report, count_items)
    if not report.losses:
        described["skipped"] = "no customer has two sessions: counts rank alone"
        progress(f"{name} fit: {described['skipped']}")
        return {"items": np.array([count_items], dtype=np.int64)}, described, older
    trained = weights(encoder)
    return {f"encoder.{key}": value for key, value in trained.items()}, described, trained


def _tokens_before(tokens: ItemEvents, cut: int) -> int:
    return int((tokens.ends_before(cut) - tokens.offsets[:-1]).sum())


def _learn_rankers(
    context: Context, until: int, seed: int, progress: Progress
) -> tuple[dict[str, Ranker], dict[str, Any]]:
    """The mixture for each population, learned on one window."""
    rankers = dict(DEFAULT_RANKERS)
    report: dict[str, Any] = {}
    for new_only, population in enumerate(POPULATIONS):
        targets = ranking.targets_between(context, until, new_only=bool(new_only))
        if len(targets.customers) == 0:
            report[population] = {"skipped": "nothing was bought in the validation window"}
            continue
        rankers[population], learned = learn(context, targets, new_only=bool(new_only), seed=seed)
        report[population] = learned
        reached = learned["ndcg_10"]
        if learned["uses_network"]:
            reached = learned["ndcg_10_network"]
        progress(f"mixture for {population}: validation NDCG@10 {reached:.4f}")
    return rankers, report
