"""Judges the recommendations on the last closed window, against baselines on the same customers."""

from footfall.adapter import progress, tables
from footfall.recommender import recommend as recommendations


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    return recommendations.backtest(
        tables.arrow(dbt.ref("attention_encoder")),
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        settings=recommendations.ScorerSettings.from_mapping(settings),
        complete_until=tables.first_value(dbt.ref("int_cutoffs"), "complete_until"),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
