"""Ranks the items that each customer is likely to want next, with the reason for each."""

from footfall.adapter import progress, tables
from footfall.recommender import recommend as recommendations
from footfall.recommender import stored_model as artifacts


def model(dbt, session):
    given = dbt.config.meta_get("settings")
    settings = recommendations.ScorerSettings.from_mapping(given)
    encoder = tables.arrow(dbt.ref("attention_encoder"))
    items = tables.arrow(dbt.ref("int_items"))
    run_id = artifacts.load(encoder).run_id
    made_from = recommendations.made_from(run_id, items, settings)
    kept = tables.kept(session, dbt.this, "made_from", made_from)
    if kept is not None:
        return kept
    return recommendations.recommend(
        encoder,
        tables.stream(session, dbt.ref("int_item_events")),
        items,
        settings=settings,
        progress=progress.log,
    )
