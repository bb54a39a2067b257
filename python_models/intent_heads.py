"""Fits the heads of purchase intent once a week; one row an array, never a pickle."""

from footfall import heads
from footfall.adapter import progress, tables
from footfall.adapter.sessions import Sessions


def model(dbt, session):
    intent = dbt.config.meta_get("intent")
    sessions = Sessions(dbt.ref("int_session_prefixes"), dbt.ref("attention_states"))
    return heads.train_intent(
        *sessions.history(),
        settings=heads.HeadSettings.from_mapping(dbt.config.meta_get("settings")),
        recent_days=int(intent["recent_days"]),
        history_days=int(intent["history_days"]),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
