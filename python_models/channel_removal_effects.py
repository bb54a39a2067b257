"""How many conversions go with each channel when it is taken away, month by month."""

from footfall import attribution
from footfall.adapter import tables


def model(dbt, session):
    return attribution.removal_effects(tables.arrow(dbt.ref("int_channel_transitions")))
