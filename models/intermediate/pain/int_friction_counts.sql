-- The plain count: of the sessions that reached a stage, how many met a friction at any time, how many bought, and the
-- same for the others. By slice; nothing is adjusted here.
with

sessions as (

    select * from {{ ref('int_pain_sessions') }}

),

slow_steps as (

    select * from {{ ref('int_slow_steps') }}
    where is_slow

),

stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage in ('browse', 'cart', 'checkout')

),

meetings as (

    select distinct
        visitor_no,
        session_started_at,
        event_type as friction
    from {{ ref('int_session_events') }}
    where is_friction

),

-- A stage that was skipped counts as reached, as in journey_funnel.
reached as (

    select
        sessions.*,
        stages.stage,
        stages.stage_order
    from sessions
    inner join stages on sessions.furthest_funnel_order >= stages.stage_order

),

met as (

    select
        reached.*,
        meetings.friction
    from reached
    inner join meetings
        on reached.visitor_no = meetings.visitor_no
        and reached.session_started_at = meetings.session_started_at

),

reached_by_slice as (
    {{ counted_by_pain_slice('reached', ['stage', 'stage_order']) }}
),

met_by_slice as (
    {{ counted_by_pain_slice('met', ['friction', 'stage_order']) }}
),

-- What meets a slow step is the slice as a whole; without it are the sessions of all other slices.
counted as (

    select
        met_by_slice.friction,
        reached_by_slice.stage,
        reached_by_slice.slice_name,
        reached_by_slice.slice_value,
        reached_by_slice.channel,
        reached_by_slice.device,
        reached_by_slice.country,
        reached_by_slice.visitor,
        reached_by_slice.segment,
        reached_by_slice.stage_order,
        met_by_slice.session_count as session_with_count,
        met_by_slice.order_count as order_with_count,
        reached_by_slice.session_count,
        reached_by_slice.order_count
    from met_by_slice
    inner join reached_by_slice
        on met_by_slice.stage_order = reached_by_slice.stage_order
        and met_by_slice.slice_name = reached_by_slice.slice_name
        and met_by_slice.slice_value = reached_by_slice.slice_value

    union all

    select
        'slow_step' as friction,
        reached_by_slice.stage,
        reached_by_slice.slice_name,
        reached_by_slice.slice_value,
        reached_by_slice.channel,
        reached_by_slice.device,
        reached_by_slice.country,
        reached_by_slice.visitor,
        reached_by_slice.segment,
        reached_by_slice.stage_order,
        reached_by_slice.session_count as session_with_count,
        reached_by_slice.order_count as order_with_count,
        everybody.session_count,
        everybody.order_count
    from slow_steps
    inner join reached_by_slice
        on slow_steps.stage_order = reached_by_slice.stage_order
        and slow_steps.slice_name = reached_by_slice.slice_name
        and slow_steps.slice_value = reached_by_slice.slice_value
    inner join reached_by_slice as everybody
        on slow_steps.stage_order = everybody.stage_order
        and everybody.slice_name = 'all'

),

final as (

    select
        friction,
        stage,
        slice_name,
        slice_value,
        channel,
        device,
        country,
        visitor,
        segment,

        stage_order,
        session_with_count,
        session_count - session_with_count as session_without_count,
        cast(order_with_count as double) / session_with_count as conversion_with,
        cast(order_count - order_with_count as double) / nullif(session_count - session_with_count, 0)
            as conversion_without
    from counted

)

select * from final
