{{ config(materialized='view') }}

-- The events that are to leave, whatever asks for it. A further way to withdraw events is a further part of
-- `requested`; what becomes of them, and of the tables that they went into, follows from here.
with

by_hand as (

    select
        source,
        event_id as given_id,
        reason
    from {{ ref('withdrawn_events') }}

),

-- An event is named by its id in the source, or by the key that tables show of it.
requested as (

    select
        source,
        {{ id_key('event', 'given_id') }} as event_id,
        given_id,
        false as is_by_key,
        reason
    from by_hand

    union all

    select
        source,
        given_id as event_id,
        given_id,
        true as is_by_key,
        reason
    from by_hand
    where {{ matches('given_id', '^[0-9a-f]{32}$') }}

),

final as (

    select
        source,
        event_id,
        coalesce(min(case when not is_by_key then given_id end), min(given_id)) as given_id,
        min(reason) as reason,
        {{ all_of('is_by_key') }} as is_by_key
    from requested
    group by source, event_id

)

select * from final
