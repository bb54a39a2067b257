"""Judges purchase intent on the latest sessions whose outcome is known, against baselines."""

from footfall import heads
from footfall.adapter import progress, tables
from footfall.adapter.sessions import Sessions


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    intent = dbt.config.meta_get("intent")
    sessions = Sessions(dbt.ref("int_session_prefixes"), dbt.ref("attention_states"))
    return heads.backtest_intent(
        *sessions.history(),
        settings=heads.HeadSettings.from_mapping(settings),
        test_days=int(intent["test_days"]),
        history_days=int(intent["history_days"]),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
