"""Judges the scores of texts on the months after those that they learned from."""

from footfall.adapter import progress, tables
from footfall.reviews.scores import backtest, settings


def model(dbt, session):
    return backtest.backtest(
        tables.arrow(dbt.ref("int_texts")),
        tables.arrow(dbt.ref("int_cutoffs")),
        settings=settings.TextSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
