"""Works out what moves the purchase intent of recent sessions, by the stored heads."""

from footfall import attributions
from footfall.adapter import progress, tables
from footfall.adapter.sessions import Sessions


def model(dbt, session):
    intent = dbt.config.meta_get("intent")
    sessions = Sessions(dbt.ref("int_session_prefixes"), dbt.ref("attention_states"))
    recent_days = int(intent["recent_days"])
    return attributions.explain_sessions(
        tables.arrow(dbt.ref("intent_heads")),
        *sessions.recent(recent_days),
        recent_days=recent_days,
        progress=progress.log,
    )
