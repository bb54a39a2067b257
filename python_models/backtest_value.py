"""Judges the value scores and tiers on the last closed horizon, beside baselines."""

from footfall import heads
from footfall.adapter import progress, tables


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    return heads.backtest_value(
        tables.arrow(dbt.ref("int_customer_cutoffs")),
        tables.arrow(dbt.ref("attention_states")),
        settings=heads.HeadSettings.from_mapping(settings),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
