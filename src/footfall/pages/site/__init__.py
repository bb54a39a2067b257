"""The docs site: a landing page, dbt's own site and a page that traces columns to their sources."""
