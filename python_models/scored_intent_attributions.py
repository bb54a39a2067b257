"""Works out what moves the purchase intent of recent sessions, by the stored heads."""

from footfall import attributions
from footfall.adapter import progress, tables


def model(dbt, session):
    intent = dbt.config.meta_get("intent")
    return attributions.explain_sessions(
        tables.arrow(dbt.ref("intent_heads")),
        tables.arrow(dbt.ref("int_session_prefixes")),
        tables.arrow(dbt.ref("attention_states")),
        recent_days=int(intent["recent_days"]),
        progress=progress.log,
    )
