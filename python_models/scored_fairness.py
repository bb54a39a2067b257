"""Compares groups of customers on what scores predicted of them and what happened."""

from footfall.adapter import progress, tables
from footfall.fairness import scoring
from footfall.fairness.settings import FairnessSettings


def model(dbt, session):
    return scoring.score(
        tables.arrow(dbt.ref("int_fairness_rows")),
        settings=FairnessSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
