"""Finds what each sentence of a text speaks of, and whether it praises that."""

from footfall.adapter import progress, tables
from footfall.reviews.scores import mentions, settings


def model(dbt, session):
    return mentions.mentions(
        tables.arrow(dbt.ref("int_texts")),
        settings=settings.TextSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
        progress=progress.log,
    )
