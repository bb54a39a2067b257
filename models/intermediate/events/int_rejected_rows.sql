{{ config(materialized='incremental', incremental_strategy='replace_arrival_days') }}
-- depends_on: {{ ref('int_arrival_days') }}, {{ ref('int_repeated_events') }}

-- Every raw row that did not become an event, with the reason: broken rows as they arrived, and duplicates. The
-- only table that holds raw ids, inside of `raw_row`.
with

arrivals as {{ read_each_time() }} (
    {{ pending_arrivals() }}
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
        event_key as event_id,
        event_type,
        received_at,
        false as is_duplicate,
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
        ) as copy_no
    from suspicious
    where suspicious.reason is null

),

-- All deliveries of an event but the accepted one, which is the first in the same order.
duplicates as (

    select
        repeated_arrivals.source,
        repeated_arrivals.event_key as event_id,
        repeated_arrivals.event_type,
        repeated_arrivals.received_at,
        true as is_duplicate,
        'event_id was delivered before' as reason,
        repeated_arrivals.raw_row
    from repeated_arrivals
    inner join accepted
        on repeated_arrivals.event_key = accepted.event_id
        and repeated_arrivals.source = accepted.source
    where repeated_arrivals.received_at <> accepted.received_at
        or repeated_arrivals.copy_no > 1

),

kept as (

    select * from broken
    union all
    select * from duplicates

),

final as (

    select
        source,
        event_id,
        event_type,
        received_at,
        is_duplicate,
        reason,
        cast({{ raw_row_as_json('raw_row') }} as string) as raw_row
    from kept

)

select * from final
