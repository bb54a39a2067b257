"""Who is in a ring with whom, and on which days: customers who share what they pay with."""

from footfall.adapter import tables
from footfall.risk import rings


def model(dbt, session):
    shared = dbt.ref("int_risk_links").filter("customer_count > 1")
    return rings.grow_rings(
        tables.arrow(shared),
        int(dbt.config.meta_get("max_shared")),
        tables.to_go_on_from(session, dbt.this, "links_digest"),
    )
