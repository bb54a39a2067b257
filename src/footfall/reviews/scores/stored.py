"""The models of all languages as rows of a table, fitted once and applied as often as needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from footfall.core.identity import Identity
from footfall.core.stored_rows import load, to_table
from footfall.reviews.scores.models import LanguageModel, restored


@dataclass(frozen=True)
class StoredModels:
    """Models by language, with the run that made them."""

    run: dict[str, Any]
    models: dict[str, LanguageModel]

    @property
    def run_id(self) -> str:
        """Return the identity that equal models share."""
        return str(self.run["run_id"])

    def is_of(self, identity: Identity) -> bool:
        """Return whether the models were made of this code, these texts and settings."""
        return identity.is_of(self.run)

    def to_table(self) -> pa.Table:
        """Return the rows."""
        fits = {name: model.stored() for name, model in self.models.items()}
        return to_table(self.run_id, self.run, fits)

    def metadata(self, metrics: Mapping[str, Any]) -> str:
        """Return the run as JSON, with what applying its models came to."""
        known = self.run["metrics"]["0d"]
        return json.dumps({**self.run, "metrics": {"0d": {**known, **metrics}}}, sort_keys=True)


def load_models(rows: pa.Table) -> StoredModels:
    """Read models from their rows.

    Raises
    ------
    ArtifactError
        When the rows are damaged, or of an earlier form.
    """
    stored = load(rows)
    run = {name: value for name, value in stored.run.items() if name not in ("format", "digest")}
    models = {name: restored(name, values) for name, values in stored.fits.items()}
    return StoredModels(run, models)
