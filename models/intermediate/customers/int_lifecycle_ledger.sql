{{ config(materialized='incremental', incremental_strategy='replace_snapshots') }}

-- The lifecycle states of past dates as they were last made, and when they were restated with another outcome.
{{ snapshot_ledger(
    ref('int_lifecycle_states'),
    columns=[
        'lifecycle_state', 'previous_state', 'order_day_count', 'recency_days', 'tenure_days', 'state_since'
    ],
    amounts=['net_amount', 'period_amount']
) }}
