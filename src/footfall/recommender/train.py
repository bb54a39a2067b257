"""Trains the recommender and turns it into rows: plan what to do, make it, store it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import torch

from footfall.core import device as devices
from footfall.core.erasures import NOBODY, Erasures
from footfall.core.identity import Identity
from footfall.core.progress import Progress, silent
from footfall.recommender import stored_model as artifacts
from footfall.recommender.cutoffs import FITS
from footfall.recommender.fine_tuning import fine_tune
from footfall.recommender.full_training import train_from_scratch
from footfall.recommender.inputs import TrainingData
from footfall.recommender.plan import Made, Plan, Work, plan_run
from footfall.recommender.seen_events import Seen
from footfall.recommender.settings import ScorerSettings
from footfall.recommender.stored_model import Artifacts, Values
from footfall.sequences.events import day_of
from footfall.sequences.reading import ArrowRows


def train_encoder(
    events: ArrowRows,
    items: ArrowRows,
    *,
    settings: ScorerSettings,
    previous: ArrowRows | None = None,
    erasures: Erasures = NOBODY,
    progress: Progress = silent,
) -> pa.Table:
    """Train the encoder, the personal term and the mixture, as of each of the cut-offs.

    There are four fits, each starting from the one before: ``head`` for the states that other
    scores learn from, ``validation`` and ``test`` to judge the ranking, ``production`` to rank.

    Parameters
    ----------
    events
        ``customer_no`` int64, ``item_id``, ``event_at`` timestamp UTC, ``event_type``,
        ``unit_price``; unsorted.
    items
        ``item_id``, ``category``, ``brand``, ``list_price``.
    previous
        Rows of an earlier run. They are returned as they are if code, data and settings are still
        the same, and fine-tuned if only events have come in, as ``retraining.judged`` has it:
        the ``production`` fit then learns what is new, and the other fits stay.
    erasures
        Who was erased when. A model that has seen events of theirs is trained from scratch once the
        time has come; until then it is fine-tuned, and marked stale.
    progress
        Called with a line for people now and then.

    Returns
    -------
    Rows of the schema ``stored_model.SCHEMA``.
    """
    device = devices.pick(settings.device)
    devices.use_threads(settings.threads)
    data = TrainingData.read(events, items, settings)
    identity = Identity(
        artifacts.code_fingerprint(), data.fingerprint(), settings.deciding(), device.type
    )
    rows, stored = _stored(previous, progress)
    is_due = stored is not None and erasures.is_due(stored.run.get("stale_since", ""))
    if stored is not None and identity.is_of(stored.run) and not is_due:
        progress(f"nothing changed: model {stored.run_id} stays")
        return rows
    plan = plan_run(stored, identity, data, settings, erasures)
    work = Work(data, settings, device, progress)
    if plan.start is not None:
        progress(f"fine-tuning model {plan.start.run_id}")
        made = fine_tune(work, plan.start)
    else:
        if stored is not None:
            progress(f"training from scratch: {plan.reason}")
        made = train_from_scratch(work)
    return _to_rows(plan, work, made, erasures)


def _stored(
    previous: ArrowRows | None, progress: Progress
) -> tuple[pa.Table | None, Artifacts | None]:
    """Return the rows of the earlier run and what they hold; None where there is none of use."""
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


def _to_rows(plan: Plan, work: Work, made: Made, erasures: Erasures) -> pa.Table:
    """Describe the run and turn it into rows."""
    data = work.data
    production = data.cutoffs.production
    seen = Seen.of(data.tokens, data.catalogue.item_ids, production)
    run: dict[str, Any] = {
        **plan.identity.stored(),
        "training": "full" if plan.start is None else "warm",
        "training_reason": plan.reason,
        "cutoffs": {name: day_of(data.cutoffs.of(name)).isoformat() for name in FITS},
        "history": seen.described(),
        "seed": work.settings.seed,
        "device": devices.describe(work.device),
        "torch_version": torch.__version__,
        "customers": len(data.tokens.customers),
        "events": len(data.tokens.items),
        "items": len(data.catalogue.item_ids),
        "full_as_of": day_of(production).isoformat(),
        "full_tokens": data.count_before(production),
        "quality": [],
        "erased_until": erasures.until,
        "stale_since": plan.stale_since,
    }
    shared: Values = {
        "catalogue.items": list(data.catalogue.item_ids),
        "catalogue.categories": list(data.catalogue.category_names),
        "catalogue.brands": list(data.catalogue.brand_names),
        **made.fits.get("shared", {}),
        "past.bits": seen.bits,
    }
    return artifacts.to_table(plan.run_id, {**run, **made.facts}, {**made.fits, "shared": shared})
