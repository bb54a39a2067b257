"""What the encoder knows of each customer on each cut-off date, as one vector."""

from footfall import recommendations
from footfall.adapter import progress, tables


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    return recommendations.encode_states(
        tables.arrow(dbt.ref("attention_encoder")),
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        tables.arrow(dbt.ref("int_customer_features").select("customer_no", "cutoff_date")),
        settings=recommendations.ScorerSettings.from_mapping(settings),
        progress=progress.log,
    )
