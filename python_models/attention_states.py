"""What the encoder makes of each customer on each cut-off date, as one vector."""

from footfall.adapter import progress, tables
from footfall.recommender import recommend as recommendations
from footfall.recommender import stored_model as artifacts


def model(dbt, session):
    given = dbt.config.meta_get("settings")
    settings = recommendations.ScorerSettings.from_mapping(given)
    encoder = tables.arrow(dbt.ref("attention_encoder"))
    cutoffs = tables.arrow(dbt.ref("int_customer_features").select("customer_no", "cutoff_date"))
    run_id = artifacts.load(encoder).run_id
    made_from = recommendations.made_from(run_id, cutoffs)
    kept = tables.kept(session, dbt.this, "made_from", made_from)
    if kept is not None:
        return kept
    return recommendations.encode_states(
        encoder,
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        cutoffs,
        settings=settings,
        previous=tables.previous_stream(session, dbt.this, "state_from"),
        progress=progress.log,
    )
