"""Trains the attention encoder and the mixture; yields one row a tensor, never a pickle."""

from footfall.adapter import progress, tables
from footfall.core.erasures import Erasures
from footfall.recommender import recommend as recommendations


def model(dbt, session):
    # What churn and value learn from may not have been seen by the encoder they learn with.
    head_cutoff = tables.first_value(dbt.ref("int_cutoffs"), "cutoff_date")
    settings = {**dbt.config.meta_get("settings"), "head_cutoff": head_cutoff}
    return recommendations.train_encoder(
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        settings=recommendations.ScorerSettings.from_mapping(settings),
        previous=tables.previous(session, dbt.this),
        erasures=Erasures.of(tables.arrow(dbt.ref("int_erasures"))),
        progress=progress.log,
    )
