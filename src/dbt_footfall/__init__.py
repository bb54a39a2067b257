"""Where dbt finds what it asks before it reads the project: it looks for modules named `dbt_…`."""

from footfall.adapter.guard import Guard

plugins = [Guard]
