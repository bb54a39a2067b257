"""Judges the churn scores on the last closed horizons, with baselines on the same customers."""

from footfall import heads
from footfall.adapter import cutoffs, progress, tables


def model(dbt, session):
    source = cutoffs.Cutoffs(
        session,
        dbt.ref("int_customer_cutoffs"),
        dbt.ref("attention_states"),
        dbt.ref("cutoff_digests"),
    )
    return heads.backtest_churn(
        source,
        settings=heads.HeadSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
