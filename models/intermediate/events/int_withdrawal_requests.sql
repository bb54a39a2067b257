{{ config(materialized='view') }}

-- The events that are to leave, whoever asks for it. A further way to withdraw events is a further part of `requested`;
-- what becomes of them, and of the tables that they went into, follows from here.
with

requested as (

    select
        source,
        event_id,
        reason
    from {{ ref('withdrawn_events') }}

),

final as (

    select
        source,
        event_id,
        min(reason) as reason
    from requested
    group by source, event_id

)

select * from final
