"""The only room that knows dbt: the adapter plugin and what Python models share."""
