{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- What follows on what within a session, between acts under the names that the shop gives them and between stays in a
-- stage. Bots are left out. Each level is counted for itself: names straight from a table are cheap to group by.
{%- set markers = journey_markers() %}
{%- set dwell = 'case when next_state is not null then seconds_to_next end' %}
{%- set months = touched_months() if is_incremental() else [] %}
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

bots as (

    select
        visitor_no,
        session_started_at
    from {{ ref('int_sessions') }}
    where is_bot

),

acts as (

    select
        {{ month_start('session_events.started_on') }} as period_month,
        session_events.visitor_no,
        session_events.session_started_at,
        session_events.event_name as state,
        session_events.next_event_name as next_state,
        session_events.seconds_to_next,
        session_events.event_no = 1 as is_entry,
        session_events.loaded_at
    from session_events
    left join bots
        on session_events.visitor_no = bots.visitor_no
        and session_events.session_started_at = bots.session_started_at
    where bots.visitor_no is null
    {%- if is_incremental() %}
        and {{ month_start('session_events.started_on') }} in ({{ months | join(', ') }})
    {%- endif %}

),

stays as (

    select
        {{ month_start('stage_visits.started_on') }} as period_month,
        stage_visits.visitor_no,
        stage_visits.session_started_at,
        stage_visits.stage as state,
        lead(stage_visits.stage) over (
            partition by stage_visits.visitor_no, stage_visits.session_started_at
            order by stage_visits.visit_first_event_no
        ) as next_state,
        stage_visits.dwell_seconds as seconds_to_next,
        stage_visits.visit_first_event_no = 1 as is_entry,
        stage_visits.loaded_at
    from stage_visits
    left join bots
        on stage_visits.visitor_no = bots.visitor_no
        and stage_visits.session_started_at = bots.session_started_at
    where bots.visitor_no is null
    {%- if is_incremental() %}
        and {{ month_start('stage_visits.started_on') }} in ({{ months | join(', ') }})
    {%- endif %}

),

final as (
    {% for level, steps in {'event': 'acts', 'stage': 'stays'}.items() %}
    select
        period_month,
        'within_session' as path_scope,
        '{{ level }}' as level,
        state as from_state,
        coalesce(next_state, '{{ markers.end }}') as to_state,

        count(*) as transition_count,
        {{ count_distinct(['visitor_no', 'session_started_at']) }} as session_count,
        count(distinct visitor_no) as visitor_count,
        {{ quantile_of(dwell, [0.5, 0.9], 1) }} as median_dwell_seconds,
        {{ quantile_of(dwell, [0.5, 0.9], 2) }} as p90_dwell_seconds,

        max(loaded_at) as loaded_at
    from {{ steps }}
    group by period_month, state, next_state

    union all

    select
        period_month,
        'within_session' as path_scope,
        '{{ level }}' as level,
        '{{ markers.start }}' as from_state,
        state as to_state,

        count(*) as transition_count,
        count(*) as session_count,
        count(distinct visitor_no) as visitor_count,
        null as median_dwell_seconds,
        null as p90_dwell_seconds,

        max(loaded_at) as loaded_at
    from {{ steps }}
    where is_entry
    group by period_month, state
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select * from final
