"""Scores what a customer will spend within each horizon, and their tier, by the stored heads."""

from footfall import heads
from footfall.adapter import cutoffs, progress, tables


def model(dbt, session):
    source = cutoffs.Cutoffs(
        session,
        dbt.ref("int_customer_cutoffs"),
        dbt.ref("attention_states"),
        dbt.ref("cutoff_digests"),
    )
    return heads.score_value(
        tables.arrow(dbt.ref("value_heads")),
        source,
        settings=heads.HeadSettings.from_mapping(dbt.config.meta_get("settings")),
        progress=progress.log,
    )
