"""Churn, value and intent heads: calibrated chances and amounts from features and the state."""

from footfall.heads.backtests import backtest_churn, backtest_intent, backtest_value
from footfall.heads.cutoffs.settings import HeadSettings
from footfall.heads.cutoffs.source import ArrowCutoffs, CutoffSource, Wanted
from footfall.heads.intent_heads import INTENT_SCHEMA, score_intent, train_intent
from footfall.heads.result_rows import BACKTEST_SCHEMA
from footfall.heads.scores import CHURN_SCHEMA, VALUE_SCHEMA, score_churn, score_value
from footfall.heads.training import train_churn, train_value

__all__ = [
    "BACKTEST_SCHEMA",
    "CHURN_SCHEMA",
    "INTENT_SCHEMA",
    "VALUE_SCHEMA",
    "ArrowCutoffs",
    "CutoffSource",
    "HeadSettings",
    "Wanted",
    "backtest_churn",
    "backtest_intent",
    "backtest_value",
    "score_churn",
    "score_intent",
    "score_value",
    "train_churn",
    "train_intent",
    "train_value",
]
