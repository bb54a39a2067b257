"""Scores the chance that a customer buys nothing within each horizon, by the stored heads."""

from footfall import heads
from footfall.adapter import cutoffs, progress, tables


def model(dbt, session):
    source = cutoffs.Cutoffs(
        session,
        dbt.ref("int_customer_cutoffs"),
        dbt.ref("attention_states"),
        dbt.ref("cutoff_digests"),
    )
    return heads.score_churn(
        tables.arrow(dbt.ref("churn_heads")),
        source,
        settings=heads.HeadSettings.from_mapping(dbt.config.meta_get("settings")),
        progress=progress.log,
    )
