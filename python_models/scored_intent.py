"""Scores the chance of a purchase in recent sessions, by the stored heads."""

from footfall import heads
from footfall.adapter import progress, tables
from footfall.adapter.sessions import Sessions


def model(dbt, session):
    intent = dbt.config.meta_get("intent")
    sessions = Sessions(dbt.ref("int_session_prefixes"), dbt.ref("attention_states"))
    recent_days = int(intent["recent_days"])
    return heads.score_intent(
        tables.arrow(dbt.ref("intent_heads")),
        *sessions.recent(recent_days),
        recent_days=recent_days,
        progress=progress.log,
    )
