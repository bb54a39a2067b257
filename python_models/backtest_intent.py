"""Judges purchase intent on the latest sessions whose outcome is known, against baselines."""

from footfall import heads
from footfall.adapter import progress, tables


def model(dbt, session):
    settings = dbt.config.meta_get("settings")
    intent = dbt.config.meta_get("intent")
    return heads.backtest_intent(
        tables.arrow(dbt.ref("int_session_prefixes")),
        tables.arrow(dbt.ref("attention_states")),
        settings=heads.HeadSettings.from_mapping(settings),
        test_days=int(intent["test_days"]),
        history_days=int(intent["history_days"]),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
