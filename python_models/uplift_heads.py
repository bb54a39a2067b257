"""Learns of each arm of an experiment whom it helps; one row an array, never a pickle."""

from footfall.adapter import tables
from footfall.experiments.uplift import serving


def model(dbt, session):
    return serving.train(
        experiments=tables.arrow(dbt.ref("int_experiments")),
        arms=tables.arrow(dbt.ref("int_experiment_arms")),
        roles=tables.arrow(dbt.ref("int_experiment_roles")),
        scored=tables.arrow(dbt.ref("scored_experiments")),
        units=tables.arrow(dbt.ref("int_uplift_units")),
        settings=serving.UpliftSettings.from_mapping(dbt.config.meta_get("settings")),
        previous=tables.previous(session, dbt.this),
    )
