"""Fits the heads of value whose closed cut-offs have changed; one row an array, never a pickle."""

from footfall import heads
from footfall.adapter import cutoffs, progress, tables
from footfall.core.erasures import Erasures


def model(dbt, session):
    source = cutoffs.Cutoffs(
        session,
        dbt.ref("int_customer_cutoffs"),
        dbt.ref("attention_states"),
        dbt.ref("cutoff_digests"),
    )
    return heads.train_value(
        source,
        settings=heads.HeadSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        erasures=Erasures.of(tables.arrow(dbt.ref("int_erasures"))),
        progress=progress.log,
    )
