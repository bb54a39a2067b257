{{ config(
    materialized='incremental',
    incremental_strategy='replace_visitor_months',
    meta={'reach_days': var('funnel_window_days')},
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- Who reached which stage on the way to an order, counted in three ways: in any order within a session (an open
-- funnel), in strict order within a session, and in strict order across sessions within a window of days. Bots are left
-- out.
{%- set stages = funnel_stages() %}
with

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

stages as (

    {{ stage_orders(stages) }}

),

{% if is_incremental() -%}
touched as (
    {{ touched_visitor_months() }}
),
{%- endif %}

sessions as (

    select
        all_sessions.visitor_no,
        all_sessions.session_started_at,
        {{ month_start('all_sessions.started_on') }} as period_month,
        all_sessions.furthest_funnel_order,
        all_sessions.loaded_at
    from {{ ref('int_sessions') }} as all_sessions
    {% if is_incremental() -%}
    inner join touched
        on all_sessions.visitor_no = touched.visitor_no
        and {{ month_start('all_sessions.started_on') }} >= touched.from_month
    {%- endif %}
    where not all_sessions.is_bot

),

-- Each visit to a stage, numbered along the visitor's whole way, so that a session may follow on another.
visits as (

    select
        sessions.period_month,
        stage_visits.visitor_no,
        stage_visits.session_started_at,
        stage_visits.stage as step,
        row_number() over (
            partition by stage_visits.visitor_no
            order by stage_visits.session_started_at, stage_visits.visit_first_event_no
        ) as place,
        stage_visits.dwell_seconds,
        stage_visits.entered_at as happened_at
    from stage_visits
    inner join sessions
        on stage_visits.visitor_no = sessions.visitor_no
        and stage_visits.session_started_at = sessions.session_started_at
    where stage_visits.stage in (select stages.stage from stages)

),

dwells as (

    select
        visitor_no,
        session_started_at,
        step,
        sum(dwell_seconds) as dwell_seconds,
        min(happened_at) as reached_at
    from visits
    group by visitor_no, session_started_at, step

),

{{ ordered_steps('strict', 'visits', stages, who=['visitor_no', 'session_started_at']) }},

{{ ordered_steps('windowed', 'visits', stages, ['visitor_no'], ['period_month'], var('funnel_window_days') * 86400) }},

reached as (

    select
        'any_order' as funnel_kind,
        sessions.visitor_no,
        sessions.session_started_at,
        stages.stage,
        sessions.session_started_at as reached_session_started_at,
        sessions.session_started_at as first_at,
        dwells.reached_at
    from sessions
    inner join stages on sessions.furthest_funnel_order >= stages.stage_order
    left join dwells
        on sessions.visitor_no = dwells.visitor_no
        and sessions.session_started_at = dwells.session_started_at
        and stages.stage = dwells.step

    -- The session that opened the window represents the visitor; a month opens one window for each.
    {%- for funnel_kind, taken in {'strict_order': 'strict_taken', 'within_window': 'windowed_taken'}.items() %}

    union all

    select
        '{{ funnel_kind }}' as funnel_kind,
        visitor_no,
        first_session_started_at as session_started_at,
        step as stage,
        reached_session_started_at,
        first_at,
        reached_at
    from {{ taken }}
    {%- endfor %}

),

final as (

    select
        reached.funnel_kind,
        sessions.period_month,
        reached.visitor_no,
        reached.session_started_at,
        reached.stage,

        stages.stage_order,
        dwells.dwell_seconds,
        {{ seconds_between('reached.first_at', 'reached.reached_at') }} as seconds_to_reach,

        sessions.loaded_at
    from reached
    inner join stages on reached.stage = stages.stage
    inner join sessions
        on reached.visitor_no = sessions.visitor_no
        and reached.session_started_at = sessions.session_started_at
    left join dwells
        on reached.visitor_no = dwells.visitor_no
        and reached.reached_session_started_at = dwells.session_started_at
        and reached.stage = dwells.step

)

select * from final
