"""Scores the chance of a purchase in recent sessions, after each prefix that they reached."""

from footfall import heads
from footfall.adapter import progress, tables


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    intent = dbt.config.meta_get("intent")
    return heads.score_intent(
        tables.arrow(dbt.ref("int_session_prefixes")),
        tables.arrow(dbt.ref("attention_states")),
        settings=heads.HeadSettings.from_mapping(settings),
        recent_days=int(intent["recent_days"]),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
