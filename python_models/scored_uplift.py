"""Puts the customers of today in the order of what each experiment does for them."""

from footfall.adapter import tables
from footfall.experiments.uplift import serving


def model(dbt, session):
    features, cutoffs = dbt.ref("int_customer_features"), dbt.ref("int_cutoffs")
    today = features.join(cutoffs.filter("is_as_of"), "cutoff_date", how="semi")
    return serving.score(
        tables.arrow(dbt.ref("uplift_heads")),
        customers=lambda: tables.arrow(today),
    )
