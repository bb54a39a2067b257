"""Works out which events moved scores by way of the encoder's state, for customers on lists."""

from footfall.adapter import progress, tables
from footfall.attributions import events
from footfall.recommender.settings import ScorerSettings


def model(dbt, session):
    listed = dbt.ref("scored_attributions").filter(
        "method = 'permutation' and idea = 'encoder_state' and score in ('churn', 'value')"
    )
    names = "customer_no, score, horizon_days, bound_by_days, link_contribution, cutoff_date"
    return events.explain_events(
        tables.arrow(dbt.ref("attention_encoder")),
        tables.stream(session, dbt.ref("int_item_events")),
        tables.arrow(dbt.ref("int_items")),
        tables.arrow(listed.project(names)),
        tables.arrow(dbt.ref("churn_heads")),
        tables.arrow(dbt.ref("value_heads")),
        settings=ScorerSettings.from_mapping(dbt.config.meta_get("settings")),
        progress=progress.log,
    )
