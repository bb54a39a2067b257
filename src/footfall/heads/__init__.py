"""Churn and value heads: calibrated chances and amounts from features and the encoder's state."""

from footfall.heads.backtests import BACKTEST_SCHEMA, backtest_churn, backtest_value
from footfall.heads.scores import CHURN_SCHEMA, VALUE_SCHEMA, score_churn, score_value
from footfall.heads.settings import HeadSettings

__all__ = [
    "BACKTEST_SCHEMA",
    "CHURN_SCHEMA",
    "VALUE_SCHEMA",
    "HeadSettings",
    "backtest_churn",
    "backtest_value",
    "score_churn",
    "score_value",
]
