{{ config(materialized='view') }}
{%- do stop_at_rejections(ref('int_pending_rejections')) %}
{%- do stop_at_changed_records() %}
-- depends_on: {{ ref('int_arrival_days') }}, {{ source('earlier_run', 'int_accepted_events') }}
-- depends_on: {{ source('earlier_run', 'int_rejected_rows') }}
-- depends_on: {{ ref('int_arrivals') }}, {{ ref('event_name_map') }}, {{ ref('event_types') }}

-- The share of broken rows among those that no earlier run has settled, by source. A run stops here where it is above
-- `max_rejected_share`, in all or on a day with many new rows, or where an event has a name that nobody knows: what
-- takes rows in comes after this view.
with

pending as (

    select * from {{ ref('int_pending_rejections') }}

),

counted as (

    select
        source,
        sum(case when is_broken then row_count else 0 end) as broken_count,
        sum(case when is_broken or reason is null then row_count else 0 end) as row_count
    from pending
    group by source

),

final as (

    select
        source,
        cast(broken_count as bigint) as broken_count,
        cast(row_count as bigint) as row_count,
        cast(broken_count as double) / nullif(row_count, 0) as broken_share
    from counted

)

select * from final
