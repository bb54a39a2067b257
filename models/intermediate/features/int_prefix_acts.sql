{{ config(materialized='view') }}

-- What a visitor had done after the first, third, fifth and tenth event of a session, and whether the shop could know
-- by then who it was: the customer id was on an event so far. Whose a device will turn out to be is not known, nor
-- that a session will turn out to be a bot's: leaving those out would leave out sessions by how they ended. Only what
-- looks like a bot by then is left out.
with

sessions as (

    select * from {{ ref('int_sessions') }}

),

session_events as (

    select * from {{ ref('int_session_events') }}

),

prefixes as (

    select 1 as prefix_length
    union all
    select 3
    union all
    select 5
    union all
    select 10

),

clock as (

    select max(ended_at) as now_at from sessions

),

-- What intent learns from ends with a week: at the end of the next one it reaches as far back as it did at its start.
recent as (

    select
        sessions.*,
        clock.now_at
    from sessions
    cross join clock
    where sessions.session_started_at >= {{ dbt.dateadd('day', -1 * (var('intent_history_days') + 8), 'clock.now_at') }}

),

final as (

    select
        recent.session_id,
        recent.visitor_no,
        recent.now_at,
        recent.session_started_at,
        prefixes.prefix_length,
        max(session_events.event_at) as prefix_at,
        max(recent.ended_at) as ended_at,
        max(recent.device) as device,
        max(recent.channel) as channel,
        max(recent.entry_event_type) as entry_event_type,
        {{ any_of('session_events.is_named') }} as is_told_apart,
        max(case when session_events.event_no = prefixes.prefix_length then session_events.event_type end)
            as last_event_type,
        count(case when session_events.event_type = 'view' then 1 end) as view_count,
        count(case when session_events.event_type = 'search' then 1 end) as search_count,
        count(case when session_events.stage = 'cart' then 1 end) as cart_count,
        count(case when session_events.stage = 'checkout' then 1 end) as checkout_count,
        count(case when session_events.is_friction then 1 end) as friction_count,
        count(case when session_events.stage = 'acquire' then 1 end) as login_count,
        max(case when session_events.stage <> 'after_sales' then session_events.stage_order end) as furthest_stage,
        {{ any_of("session_events.event_type = 'purchase'") }} as has_bought
    from recent
    cross join prefixes
    inner join session_events
        on recent.visitor_no = session_events.visitor_no
        and recent.session_started_at = session_events.session_started_at
        and prefixes.prefix_length >= session_events.event_no
    where recent.event_count >= prefixes.prefix_length
    group by recent.session_id, recent.visitor_no, recent.now_at, recent.session_started_at, prefixes.prefix_length
    having not {{ looks_like_a_bot(
        "count(case when session_events.event_type = 'purchase' then 1 end)",
        'prefixes.prefix_length',
        seconds_between('recent.session_started_at', 'max(session_events.event_at)'),
    ) }}

)

select * from final
