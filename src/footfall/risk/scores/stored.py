"""The model of each block as rows of a table, fitted once and applied as often as needed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from footfall.core.stored_rows import ArtifactError, Values, load, to_table
from footfall.heads.learners.calibration import PlattScaling
from footfall.heads.learners.lightgbm_alone import lightgbm
from footfall.risk.model import RiskModel
from footfall.risk.scores.calendar import first_date


@dataclass(frozen=True)
class BlockModel:
    """What was learned for one block.

    Attributes
    ----------
    block
        Its number.
    fingerprint
        Of code, settings and what was learned from.
    learnt, frauds
        Attempts that were learned from, and frauds among them.
    model
        Trees that are not calibrated; None where there were too few labels.
    """

    block: int
    fingerprint: str
    learnt: int
    frauds: int
    model: RiskModel | None

    @property
    def model_id(self) -> str:
        """Return a readable identity that equal models of a block share."""
        return f"risk-{first_date(self.block).isoformat()}-{self.fingerprint[:12]}"


@dataclass(frozen=True)
class StoredRisk:
    """The models by block, with the run that stored them."""

    run: dict[str, Any]
    models: dict[int, BlockModel]

    def to_table(self) -> pa.Table:
        """Return the rows."""
        fits: dict[str, Values] = {
            _fit_name(one.block): {
                "names": one.model.names,
                "trees": [booster.model_to_string() for booster in one.model.boosters],
            }
            for one in self.models.values()
            if one.model is not None
        }
        blocks = {
            str(one.block): {
                "fingerprint": one.fingerprint,
                "learnt": one.learnt,
                "frauds": one.frauds,
                "has_model": one.model is not None,
            }
            for one in self.models.values()
        }
        return to_table(self.run["run_id"], {**self.run, "blocks": blocks}, fits)

    def metadata(self, metrics: Mapping[str, Any]) -> str:
        """Return the run as JSON, with what applying its models came to."""
        known = self.run["metrics"]["0d"]
        return json.dumps({**self.run, "metrics": {"0d": {**known, **metrics}}}, sort_keys=True)


def load_risk(rows: pa.Table) -> StoredRisk:
    """Read models from their rows.

    Raises
    ------
    ArtifactError
        When the rows are damaged, of an earlier form, or no models of risk.
    """
    stored = load(rows)
    run = {k: v for k, v in stored.run.items() if k not in ("blocks", "format", "digest")}
    by_block = stored.run.get("blocks")
    if not isinstance(by_block, dict):
        raise ArtifactError(f"the run {stored.run_id} holds no models of risk; train them again")
    models = {}
    for name, facts in by_block.items():
        block = int(name)
        model = None
        if facts["has_model"]:
            trees = stored.names(_fit_name(block), "trees")
            model = RiskModel(
                stored.names(_fit_name(block), "names"),
                tuple(lightgbm.Booster(model_str=text) for text in trees),
                PlattScaling(),
                False,
            )
        models[block] = BlockModel(
            block, facts["fingerprint"], int(facts["learnt"]), int(facts["frauds"]), model
        )
    return StoredRisk(run, models)


def _fit_name(block: int) -> str:
    return f"block {block}"
