"""Ranks the items that each customer is likely to want next, with the reason for each."""

from footfall import recommendations
from footfall.adapter import progress, tables


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    return recommendations.recommend(
        tables.arrow(dbt.ref("attention_encoder")),
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        settings=recommendations.ScorerSettings.from_mapping(settings),
        progress=progress.log,
    )
