{{ config(materialized='incremental', incremental_strategy='replace_days_to_show') }}
-- depends_on: {{ ref('int_arrivals') }}, {{ ref('int_arrival_days') }}, {{ ref('int_repeated_events') }}
-- depends_on: {{ ref('int_order_decisions') }}
-- depends_on: {{ source('earlier_run', 'int_arrival_ledger') }}

-- Every raw row that does not count as an event, with the reason: broken rows as they arrived, duplicates, and lines of
-- orders that were sent before. The only table that holds raw ids, inside of `raw_row`.
with

arrivals as {{ read_each_time() }} (
    {{ arrivals_to_show() }}
),

accepted as (

    select * from {{ ref('int_accepted_events') }}

),

repeated_ids as {{ read_once() }} (
    {{ repeated_ids('arrivals') }}
),

-- The few rows that can end up here, in one reading.
suspicious as {{ read_once() }} (

    select
        arrivals.*,
        {{ event_key('arrivals') }} as event_key
    from arrivals
    left join repeated_ids
        on arrivals.event_id = repeated_ids.event_id
        and arrivals.source = repeated_ids.source
    where arrivals.reason is not null
        or repeated_ids.event_id is not null

),

broken as (

    select
        source,
        case when reason <> 'erased' then event_key end as event_id,
        case when reason <> 'erased' then event_type end as event_type,
        case when reason <> 'erased' then event_at end as event_at,
        case when reason = 'erased' then {{ dbt.date_trunc('day', 'received_at') }} else received_at end as received_at,
        {{ outcome_of('reason') }} as outcome,
        reason,
        raw_row
    from suspicious
    where reason is not null

),

repeated_arrivals as (

    select
        suspicious.*,
        row_number() over (
            partition by suspicious.source, suspicious.event_key, suspicious.received_at
            order by {{ delivery_digest('suspicious') }}
        ) as copy_no,
        {{ is_old_version('suspicious') if restated_sources() else 'false' }} as is_old_version
    from suspicious
    where suspicious.reason is null

),

-- All deliveries of an event but the accepted one, which is the first in the same order.
duplicates as (

    select
        repeated_arrivals.source,
        repeated_arrivals.event_key as event_id,
        repeated_arrivals.event_type,
        repeated_arrivals.event_at,
        repeated_arrivals.received_at,
        case when repeated_arrivals.is_old_version then 'superseded' else 'duplicate' end as outcome,
        case
            when repeated_arrivals.is_old_version then 'superseded: a newer version counts'
            else 'event_id was delivered before'
        end as reason,
        repeated_arrivals.raw_row
    from repeated_arrivals
    inner join accepted
        on repeated_arrivals.event_key = accepted.event_id
        and repeated_arrivals.source = accepted.source
    where repeated_arrivals.received_at <> accepted.received_at
        or repeated_arrivals.copy_no > 1

),

{{ uncounted_rows('arrivals') }},

kept as (

    select * from broken
    union all
    select * from duplicates
    union all
    select * from uncounted_rows

),

final as (

    select
        source,
        event_id,
        event_type,
        event_at,
        received_at,
        outcome = 'duplicate' as is_duplicate,
        outcome,
        reason,
        -- What was to go is not kept here.
        case when outcome not in ('erased', 'expired') then cast({{ raw_row_as_json('raw_row') }} as string) end
            as raw_row
    from kept

)

select * from final
