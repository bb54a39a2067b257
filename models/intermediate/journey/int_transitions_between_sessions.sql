{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    meta={'reaches_next_session': true},
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- A visitor's way goes on with their next session: from the last state of one to the first of the next, between acts
-- and between stages. Bots are left out.
{%- set markers = journey_markers() %}
{%- set dwell = 'seconds_to_next' %}
{%- set months = touched_months() if is_incremental() else [] %}
with

session_ways as (

    select * from {{ ref('int_session_ways') }}

),

-- Sessions before the touched months are looked back on, too: only who has none before starts.
sessions as (

    select
        visitor_no,
        session_started_at,
        {{ month_start('started_on') }} as period_month,
        ended_at,
        loaded_at
    from {{ ref('int_sessions') }}
    where not is_bot

),

followed as (

    select
        sessions.period_month,
        sessions.visitor_no,
        session_ways.entry_event,
        session_ways.entry_stage,
        session_ways.exit_event,
        session_ways.exit_stage,
        lead(session_ways.entry_event) over visitor_history as next_event,
        lead(session_ways.entry_stage) over visitor_history as next_stage,
        {{ seconds_between('sessions.ended_at', 'lead(sessions.session_started_at) over visitor_history') }}
            as seconds_to_next,
        row_number() over visitor_history = 1 as is_first,
        sessions.loaded_at
    from sessions
    inner join session_ways
        on sessions.visitor_no = session_ways.visitor_no
        and sessions.session_started_at = session_ways.session_started_at
    window visitor_history as (partition by sessions.visitor_no order by sessions.session_started_at)

),

touched as (

    select * from followed
    {% if is_incremental() -%}
    where period_month in ({{ months | join(', ') }})
    {%- endif %}

),

final as (
    {% for level in ['event', 'stage'] %}
    select
        period_month,
        'between_sessions' as path_scope,
        '{{ level }}' as level,
        exit_{{ level }} as from_state,
        coalesce(next_{{ level }}, '{{ markers.end }}') as to_state,

        count(*) as transition_count,
        count(*) as session_count,
        count(distinct visitor_no) as visitor_count,
        {{ quantile_of(dwell, [0.5, 0.9], 1) }} as median_dwell_seconds,
        {{ quantile_of(dwell, [0.5, 0.9], 2) }} as p90_dwell_seconds,

        max(loaded_at) as loaded_at
    from touched
    group by period_month, exit_{{ level }}, next_{{ level }}

    union all

    select
        period_month,
        'between_sessions' as path_scope,
        '{{ level }}' as level,
        '{{ markers.start }}' as from_state,
        entry_{{ level }} as to_state,

        count(*) as transition_count,
        count(*) as session_count,
        count(*) as visitor_count,
        null as median_dwell_seconds,
        null as p90_dwell_seconds,

        max(loaded_at) as loaded_at
    from touched
    where is_first
    group by period_month, entry_{{ level }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from final
