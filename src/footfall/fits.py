"""Fits the scorer as of each cut-off and turns it into rows; finds it again in the rows."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from footfall import artifacts, ranking, repeats
from footfall import device as devices
from footfall import ranking_metrics as metrics
from footfall.artifacts import Artifacts, Values
from footfall.encoder import (
    Encoder,
    EncoderConfig,
    ItemFeatures,
    grow,
    start_new_items,
    weights,
)
from footfall.factors import start_vectors
from footfall.mixture import Ranker, learn
from footfall.past import Seen
from footfall.ranking import Context
from footfall.sequences import (
    ArrowRows,
    Catalogue,
    ItemEvents,
    day_of,
    microseconds,
    read,
    reordered,
)
from footfall.settings import ScorerSettings
from footfall.training import FitReport, Progress, TrainingSettings, fit
from footfall.warm import why_full

FITS = ("head", "validation", "test", "production")
IDENTITY = ("code_fingerprint", "data_fingerprint", "settings", "device_type")
# A fit that goes on from an older one lowers its learning rate to this share at most.
LEAST_WARM_RATE = 0.3
# A step with little news still goes over the histories of so many others.
REPLAYED_AT_LEAST = 200
BUDGET_SHARES = {"head": 0.4, "validation": 0.2, "test": 0.2, "production": 0.2}
POPULATIONS = ("all items", "new items only")
# The mixture where there is no validation window to learn it on: personal first, as everywhere
# that we measured, and something of all the others for customers without a past.
DEFAULT_RANKERS = {
    "all items": Ranker(np.array([0.10, 0.05, 0.05, 0.10, 0.05, 0.65], dtype=np.float32), {}),
    "new items only": Ranker(np.array([0.25, 0.10, 0.15, 0.40, 0.10, 0.0], dtype=np.float32), {}),
}


def silent(_: str) -> None:
    """A progress that tells nobody."""


@dataclass(frozen=True)
class Cutoffs:
    """Where the data of each fit ends, in microseconds since 1970."""

    head: int
    validation: int
    test: int
    production: int

    def of(self, fit_name: str) -> int:
        return int(getattr(self, fit_name))

    @classmethod
    def of_run(cls, run: Mapping[str, Any]) -> Cutoffs:
        """Those that a stored run was trained with."""
        days = (datetime.date.fromisoformat(run["cutoffs"][name]) for name in FITS)
        return cls(*(microseconds(day) for day in days))


def cutoffs_of(events: ItemEvents, settings: ScorerSettings) -> Cutoffs:
    """Takes the cut-offs from the settings and fills in those that are not given."""
    first = day_of(int(events.at.min())) if len(events.at) else datetime.date(1970, 1, 1)
    last = day_of(int(events.at.max())) if len(events.at) else first
    window = datetime.timedelta(days=settings.window_days)
    as_of = settings.as_of or last + datetime.timedelta(days=1)
    test = settings.test_cutoff or as_of - window
    validation = settings.validation_cutoff or test - window
    head = settings.head_cutoff or first + max((validation - first) / 2, datetime.timedelta())
    return Cutoffs(*(microseconds(day) for day in (min(head, validation), validation, test, as_of)))


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
            return _carry_on(
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


def read_inputs(
    events: ArrowRows, items: ArrowRows, settings: ScorerSettings, model: Artifacts | None = None
) -> tuple[ItemEvents, Catalogue]:
    """Reads events and items, in the catalogue order of ``model`` where there is one."""
    gap = settings.session_gap_minutes * 60
    if model is None:
        return read(events, items, session_gap_seconds=gap)
    return read(
        events,
        items,
        session_gap_seconds=gap,
        known_items=model.names("shared", "catalogue.items"),
        known_categories=model.names("shared", "catalogue.categories"),
        known_brands=model.names("shared", "catalogue.brands"),
    )


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


def _carry_on(
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
    config = dataclasses.replace(_config_of(older), items=count_items)
    seed = settings.seed * 1000 + FITS.index("production")
    encoder = Encoder(config, torch.Generator().manual_seed(seed))
    grow(older, encoder)
    encoder.to(device)
    features = ItemFeatures.of(catalogue, len(catalogue.item_ids), device)
    start_new_items(encoder, len(older["item"]), features)
    report = fit(
        encoder, features, tokens, ends,
        _training(
            settings, int((ends - tokens.offsets[:-1]).sum()), count_items, settings.warm_epochs,
            LEAST_WARM_RATE, settings.time_budget_seconds,
        ),
        seed=seed, name="production", device=device, progress=progress,
    )  # fmt: skip
    values |= {f"encoder.{key}": value for key, value in weights(encoder).items()}
    described = _described(report, count_items) | {"seconds": round(time.monotonic() - began, 3)}
    standing = {name: {**told, "seconds": 0.0} for name, told in stored.run["fits"].items()}
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
    training = _training(
        settings, count_tokens, count_items,
        settings.epochs if older is None else settings.warm_epochs,
        1.0 if older is None else warm_rate(fresh), budget,
    )  # fmt: skip
    report = fit(
        encoder, features, tokens, ends, training,
        seed=seed, name=name, device=device, progress=progress,
    )  # fmt: skip
    described = _described(report, count_items)
    if not report.losses:
        described["skipped"] = "no customer has two sessions: counts rank alone"
        progress(f"{name} fit: {described['skipped']}")
        return {"items": np.array([count_items], dtype=np.int64)}, described, older
    trained = weights(encoder)
    return {f"encoder.{key}": value for key, value in trained.items()}, described, trained


def _training(
    settings: ScorerSettings,
    count_tokens: int,
    count_items: int,
    epochs: int,
    rate: float,
    budget: float,
) -> TrainingSettings:
    return TrainingSettings(
        epochs=epochs,
        batch_tokens=max(settings.batch_tokens, min(count_tokens // 400, 8192)),
        learning_rate=settings.learning_rate * rate,
        weight_decay=settings.weight_decay,
        dropout=settings.dropout,
        horizon_days=settings.horizon_days,
        negatives=settings.negatives if count_items > settings.sampled_above else 0,
        time_budget_seconds=budget,
    )


def _described(report: FitReport, count_items: int) -> dict[str, Any]:
    return {
        "losses": [round(loss, 6) for loss in report.losses],
        "seconds": round(report.seconds, 3),
        "targets": report.targets,
        "stopped_early": report.stopped_early,
        "items": count_items,
    }


def warm_rate(fresh: float) -> float:
    """By how much a fit lowers its learning rate that goes on from an older one.

    Where little is new, steps as large as at the start undo more than they add.

    Parameters
    ----------
    fresh
        Share of the tokens that the older fit has not seen.
    """
    return min(1.0, max(LEAST_WARM_RATE, 2.0 * fresh))


def _tokens_before(tokens: ItemEvents, cut: int) -> int:
    return int((tokens.ends_before(cut) - tokens.offsets[:-1]).sum())


def _config_of(stored: dict[str, np.ndarray]) -> EncoderConfig:
    """The sizes that stored weights have."""
    return EncoderConfig(
        items=len(stored["item"]),
        categories=len(stored["category"]) - 1,
        brands=len(stored["brand"]) - 1,
        dim=stored["item"].shape[1],
        blocks=len({name.split(".")[1] for name in stored if name.startswith("blocks.")}),
        max_length=len(stored["position"]),
    )


def encoder_of(
    stored: dict[str, np.ndarray],
    catalogue: Catalogue,
    device: torch.device,
) -> Encoder | None:
    """Builds the encoder that stored weights are of; None without weights."""
    if not stored:
        return None
    config = _config_of(stored)
    if config.items > len(catalogue.item_ids):
        raise artifacts.ArtifactError(
            f"the encoder knows {config.items} items, its catalogue {len(catalogue.item_ids)}"
        )
    encoder = Encoder(config, torch.Generator().manual_seed(0))
    grow(stored, encoder)
    encoder.to(device)
    return encoder


def context_of(
    tokens: ItemEvents,
    catalogue: Catalogue,
    history: repeats.ItemHistory,
    cut: int,
    values: Values,
    device: torch.device,
) -> Context:
    """Puts the events before ``cut`` beside the trained parts of one fit."""
    encoder = encoder_of(artifacts.part(values, "encoder."), catalogue, device)
    model = repeats.RepeatModel(artifacts.part(values, "repeats."))
    return ranking.context_at(tokens, catalogue, history, cut, encoder, model, device)


def ranker_of(values: Values, population: str) -> Ranker:
    """The ranker that stored arrays are of.

    Raises
    ------
    artifacts.ArtifactError
        When an array is missing or does not fit.
    """
    try:
        return Ranker.of(artifacts.part(values, f"mixture.{population}."))
    except ValueError as error:
        raise artifacts.ArtifactError(f"{population}: {error}; train anew") from error


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
        rankers[population], told = learn(context, targets, new_only=bool(new_only), seed=seed)
        report[population] = told
        reached = told["ndcg_10"]
        if told["uses_network"]:
            reached = told["ndcg_10_network"]
        progress(f"mixture for {population}: validation NDCG@10 {reached:.4f}")
    return rankers, report
