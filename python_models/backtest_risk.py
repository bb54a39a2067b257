"""Judges the scores of risk on the newest weeks whose labels have had their time."""

from footfall.adapter import payments, progress, tables
from footfall.risk.scores import backtest, settings


def model(dbt, session):
    return backtest.backtest(
        tables.arrow(dbt.ref("risk_heads")),
        payments.Payments(dbt.ref("int_payment_attempts"), dbt.ref("int_risk_features")),
        tables.arrow(dbt.ref("fraud_rules")),
        tables.first_value(dbt.ref("int_cutoffs"), "as_of_date"),
        settings=settings.ScoreSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
