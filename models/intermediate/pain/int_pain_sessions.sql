{{ config(materialized='view') }}

-- The sessions that pain points are looked for in: people's, of the last months (var `pain_window_months`), with the
-- columns that like is compared with like by. Money is in whole cents: sums of them do not depend on their order.
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

session_segments as (

    select * from {{ ref('int_session_segments') }}

),

newest as (

    select max(started_on) as newest_started_on
    from sessions
    where not is_bot

),

final as (

    select
        sessions.visitor_no,
        sessions.session_started_at,
        sessions.started_on,

        {{ dbt.date_trunc('quarter', 'sessions.started_on') }} as quarter,
        coalesce(sessions.channel, 'unknown') as channel,
        coalesce(sessions.device, 'unknown') as device,
        coalesce(sessions.country, 'unknown') as country,
        case when sessions.visit_number > 1 then 'returning' else 'new' end as visitor,
        session_segments.segment,

        sessions.furthest_funnel_order,
        case when sessions.is_converted then cast(round(sessions.amount * 100) as bigint) else 0 end as amount_cents,

        sessions.is_converted
    from sessions
    inner join newest
        on sessions.started_on
        > {{ dbt.dateadd('month', -var('pain_window_months'), 'newest.newest_started_on') }}
    inner join session_segments
        on sessions.visitor_no = session_segments.visitor_no
        and sessions.session_started_at = session_segments.session_started_at
    where not sessions.is_bot

)

select * from final
