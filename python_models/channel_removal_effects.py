"""How many conversions go with each channel when it is taken away, month by month."""

from footfall.adapter import tables
from footfall.journey import attribution


def model(dbt, session):
    return attribution.removal_effects(tables.arrow(dbt.ref("int_channel_transitions")))
