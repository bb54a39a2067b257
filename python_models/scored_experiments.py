"""Reads every experiment: checks, read-outs by each method, days and segments; a row each."""

from footfall.adapter import tables
from footfall.experiments import scoring


def model(dbt, session):
    return scoring.score(
        experiments=tables.arrow(dbt.ref("int_experiments")),
        arms=tables.arrow(dbt.ref("int_experiment_arms")),
        looks=tables.arrow(dbt.ref("int_experiment_looks")),
        roles=tables.arrow(dbt.ref("int_experiment_roles")),
        sums=tables.arrow(dbt.ref("int_experiment_sums")),
        counts=tables.arrow(dbt.ref("int_experiment_counts")),
        faults=tables.arrow(dbt.ref("int_experiment_faults")),
        segment_sums=tables.arrow(dbt.ref("int_experiment_segment_sums")),
    )
