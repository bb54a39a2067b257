"""Scores what customers wrote; texts that the models in force have scored before stay."""

from footfall.adapter import progress, tables
from footfall.reviews.scores import serving, settings


def model(dbt, session):
    return serving.score(
        tables.arrow(dbt.ref("review_heads")),
        tables.arrow(dbt.ref("int_texts")),
        tables.first_value(dbt.ref("int_cutoffs"), "as_of_date"),
        settings=settings.TextSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
