"""Trains the attention encoder and the mixture; yields one row a tensor, never a pickle."""

from footfall import recommendations
from footfall.adapter import progress, tables


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    return recommendations.train_encoder(
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        settings=recommendations.ScorerSettings.from_mapping(settings),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
