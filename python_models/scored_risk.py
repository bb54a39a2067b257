"""Scores the newest attempts to pay, each by the model of its own week, or by rules."""

from footfall.adapter import payments, progress, tables
from footfall.risk.scores import serving, settings


def model(dbt, session):
    return serving.score(
        tables.arrow(dbt.ref("risk_heads")),
        payments.Payments(dbt.ref("int_payment_attempts"), dbt.ref("int_risk_features")),
        tables.arrow(dbt.ref("fraud_rules")),
        tables.first_value(dbt.ref("int_cutoffs"), "as_of_date"),
        settings=settings.ScoreSettings.from_mapping(dbt.config.meta_get("settings")),
        progress=progress.log,
    )
