"""Fits the model of each week whose knowledge has changed; one row an array, never a pickle."""

from footfall.adapter import payments, progress, tables
from footfall.risk.scores import settings, training


def model(dbt, session):
    return training.train(
        payments.Payments(dbt.ref("int_payment_attempts"), dbt.ref("int_risk_features")),
        tables.first_value(dbt.ref("int_cutoffs"), "as_of_date"),
        settings=settings.ScoreSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
