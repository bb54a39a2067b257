"""Judges the recommendations on the last closed window, beside baselines on the same customers."""

from footfall.adapter import progress, tables
from footfall.recommender import recommend as recommendations
from footfall.recommender import stored_model as artifacts


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    encoder = tables.arrow(dbt.ref("attention_encoder"))
    kept = tables.kept(session, dbt.this, "run_id", artifacts.load(encoder).run_id)
    if kept is not None:
        return kept
    return recommendations.backtest(
        encoder,
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        settings=recommendations.ScorerSettings.from_mapping(settings),
        progress=progress.log,
    )
