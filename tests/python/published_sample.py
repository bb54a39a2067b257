"""A small publication to read: a cut of the simulated shop's marts, under today's contracts.

The cut is in `tests/data/marts`. Make it again from a published storefront with
`.venv/bin/python tests/python/published_sample.py published/footfall.duckdb`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml

from bench_uniqueness import declared_forms
from footfall import publishing

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "tests" / "data" / "marts"
NAME = "shop"
RUN = publishing.Run("run-of-the-sample", datetime(2026, 7, 1, 12, tzinfo=UTC), "abc123def456789")
# Enough for every tile to have rows, and few enough to be read in a moment.
SOME_CUSTOMERS = "hash(customer_key) % 16 = 0"
LAST_MONTHS = "period_month >= date '2026-03-01'"
SLICES = "slice_name in ('all', 'device')"
CUTS: Mapping[str, str] = {
    "sessions": f"{SOME_CUSTOMERS} and started_at >= timestamptz '2026-04-01 00:00:00+00'",
    "customer_actions": SOME_CUSTOMERS,
    "customer_lifecycle": f"{SOME_CUSTOMERS} and snapshot_date >= date '2026-04-01'",
    "customer_lifecycle_transitions": "period_end >= date '2026-06-01'",
    "customer_profile": SOME_CUSTOMERS,
    "customer_rfm": SOME_CUSTOMERS,
    "customer_segment_transitions": "period_end >= date '2026-06-01'",
    "customer_segments": f"{SOME_CUSTOMERS} and snapshot_date >= date '2026-04-01'",
    "customer_value": SOME_CUSTOMERS,
    "churn_risk": SOME_CUSTOMERS,
    "experiment_daily": "adjustment = 'cuped' and metric_role = 'primary'",
    "experiment_segments": "adjustment = 'cuped' and metric_role = 'primary'",
    "journey_attribution": LAST_MONTHS,
    "journey_cohorts": "slice_name = 'all' and cohort_month >= date '2025-10-01'",
    "journey_dropoffs": f"{LAST_MONTHS} and {SLICES}",
    "journey_funnel": f"{LAST_MONTHS} and {SLICES} and funnel_kind = 'any_order'",
    "journey_pain_points": "pain_rank <= 20",
    "journey_paths": f"{LAST_MONTHS} and level = 'stage' and session_count > 10",
    "journey_transitions": f"{LAST_MONTHS} and level = 'stage'",
    "model_calibration": "model = 'attention_scorer'",
    "model_evaluation": "metric in ('auc', 'brier', 'mae', 'rmse', 'gini', 'macro_f1', 'ndcg_10',"
    " 'hr_10')",
    "order_lines": SOME_CUSTOMERS,
    "purchase_intent": SOME_CUSTOMERS,
    "recommendations": SOME_CUSTOMERS,
    "score_attributions": "hash(coalesce(customer_key, session_id)) % 64 = 0",
}


def contracts() -> dict[str, dict[str, str]]:
    """The columns of every mart with their types, as its YAML declares them."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((PROJECT / "models" / "marts").glob("*/_*__models.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            found[model["name"]] = {
                column["name"]: column["data_type"] for column in model["columns"]
            }
    return found


def publish_sample(folder: Path, *statements: str) -> Path:
    """Publish the sample into a folder, changed by some statements before; the published file.

    What has come into the contracts since the cut was made, marts or columns, is empty.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema marts")
        for mart, columns in contracts().items():
            told = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f"create table marts.{mart} ({told})")
            if not (SAMPLE / f"{mart}.parquet").is_file():
                continue
            rows = connection.sql(f"from read_parquet('{SAMPLE / mart}.parquet')")
            shared = ", ".join(f'"{name}"' for name in rows.columns if name in columns)
            connection.execute(f"insert into marts.{mart} by name select {shared} from rows")
        for statement in statements:
            connection.execute(statement)
        forms = declared_forms()
        marts = [
            publishing.Mart(name, f"marts.{name}", "", {}, published_as=forms.get(name, {}))
            for name in contracts()
        ]
        publishing.publish(
            connection.cursor(), marts, RUN, folder=folder, name=NAME, progress=lambda _: None
        )
    return publishing.published_file(folder, NAME)


def cut(published: Path) -> None:
    """Write the sample from a publication of the simulated shop."""
    SAMPLE.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(published), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for mart in contracts():
            where = CUTS.get(mart, "true")
            connection.execute(
                f"copy (select * from marts.{mart} where {where} order by all)"
                f" to '{SAMPLE / mart}.parquet' (format parquet, compression zstd)"
            )


if __name__ == "__main__":
    cut(Path(sys.argv[1]))
