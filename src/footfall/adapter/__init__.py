"""The only room that imports dbt: the adapter plugin and what Python models share."""
