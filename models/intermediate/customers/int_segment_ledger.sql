{{ config(materialized='incremental', incremental_strategy='replace_snapshots') }}

-- The groups of past dates as they were last made, and when they were restated with another outcome.
{{ snapshot_ledger(
    ref('int_segment_snapshots'),
    columns=[
        'recency_score', 'frequency_score', 'monetary_score', 'segment_no', 'previous_segment_no', 'is_held',
        'segment_since'
    ],
    amounts=['segment_score']
) }}
