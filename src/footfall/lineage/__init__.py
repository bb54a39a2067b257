"""Where each column comes from, read from the SQL and what dbt wrote."""
