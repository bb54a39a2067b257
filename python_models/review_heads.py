"""Learns from the shop's own stars which texts are positive; one row an array, never a pickle."""

from footfall.adapter import progress, tables
from footfall.reviews.scores import settings, training


def model(dbt, session):
    return training.train(
        tables.arrow(dbt.ref("int_texts")),
        tables.arrow(dbt.ref("int_cutoffs")),
        settings=settings.TextSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
