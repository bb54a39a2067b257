{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    on_schema_change='append_new_columns',
    meta={'reaches_next_session': true},
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- What follows on what: how often a customer went from one state to the next, between stages and between events, within
-- a session and from one session to the next. `(start)` and `(end)` stand around each way. Bots are left out.
{%- set markers = journey_markers() %}
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

all_sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot

),

ordered_sessions as (

    select
        visitor_no,
        session_started_at,
        row_number() over (order by visitor_no, session_started_at) as session_no,
        {{ utc_month('session_started_at') }} as period_month,
        lag(session_started_at) over visitor_history as previous_session_started_at,
        lead(session_started_at) over visitor_history as next_session_started_at,
        ended_at,
        loaded_at
    from all_sessions
    window visitor_history as (partition by visitor_no order by session_started_at)

),

sessions as (

    select * from ordered_sessions
    {% if is_incremental() -%}
    where period_month in (select period_month from ({{ touched_months() }}))
    {%- endif %}

),

-- The steps of each way: acts, under the names that the shop itself gives them, and stays in a stage.
steps as (

    select
        visitor_no,
        session_started_at,
        'event' as level,
        event_no = 1 as is_entry,
        event_name as state,
        next_event_name as next_state,
        seconds_to_next
    from session_events

    union all

    select
        visitor_no,
        session_started_at,
        'stage' as level,
        visit_first_event_no = 1 as is_entry,
        stage as state,
        lead(stage) over (
            partition by visitor_no, session_started_at order by visit_first_event_no
        ) as next_state,
        dwell_seconds as seconds_to_next
    from stage_visits

),

-- Numbers stand for the names of states: to group by names would cost more than all the rest.
states as (

    select
        level,
        state,
        row_number() over (order by level, state) as state_no
    from steps
    group by level, state

),

followed as (

    select
        steps.level,
        steps.is_entry,
        states.state_no,
        next_states.state_no as next_state_no,
        steps.seconds_to_next,
        sessions.*
    from steps
    inner join sessions
        on steps.visitor_no = sessions.visitor_no
        and steps.session_started_at = sessions.session_started_at
    inner join states
        on steps.level = states.level
        and steps.state = states.state
    left join states as next_states
        on steps.level = next_states.level
        and steps.next_state = next_states.state

),

entries as (

    select
        steps.visitor_no,
        steps.session_started_at,
        steps.level,
        states.state_no
    from steps
    inner join states
        on steps.level = states.level
        and steps.state = states.state
    where steps.is_entry

),

-- Without a number: the start, before the first step, and the end, after the last.
transitions as (

    select
        false as is_between,
        period_month,
        visitor_no,
        session_no,
        state_no as from_no,
        next_state_no as to_no,
        case when next_state_no is not null then seconds_to_next end as seconds_to_next,
        loaded_at
    from followed

    union all

    -- A visitor's way goes on with her next session, if there is one.
    select
        true as is_between,
        followed.period_month,
        followed.visitor_no,
        followed.session_no,
        followed.state_no as from_no,
        entries.state_no as to_no,
        {{ seconds_between('followed.ended_at', 'followed.next_session_started_at') }} as seconds_to_next,
        followed.loaded_at
    from followed
    left join entries
        on followed.visitor_no = entries.visitor_no
        and followed.next_session_started_at = entries.session_started_at
        and followed.level = entries.level
    where followed.next_state_no is null

    union all

    select
        scopes.is_between,
        followed.period_month,
        followed.visitor_no,
        followed.session_no,
        null as from_no,
        followed.state_no as to_no,
        null as seconds_to_next,
        followed.loaded_at
    from followed
    inner join (values (false), (true)) as scopes (is_between)
        on not scopes.is_between
        or followed.previous_session_started_at is null
    where followed.is_entry

),

counted as (

    select
        is_between,
        period_month,
        from_no,
        to_no,
        count(*) as transition_count,
        count(distinct session_no) as session_count,
        count(distinct visitor_no) as visitor_count,
        {{ quantile('seconds_to_next', 0.5) }} as median_dwell_seconds,
        {{ quantile('seconds_to_next', 0.9) }} as p90_dwell_seconds,
        max(loaded_at) as loaded_at
    from transitions
    group by is_between, period_month, from_no, to_no

),

named as (

    select
        counted.*,
        case when counted.is_between then 'between_sessions' else 'within_session' end as path_scope,
        coalesce(from_states.level, to_states.level) as level,
        coalesce(from_states.state, '{{ markers.start }}') as from_state,
        coalesce(to_states.state, '{{ markers.end }}') as to_state
    from counted
    left join states as from_states on counted.from_no = from_states.state_no
    left join states as to_states on counted.to_no = to_states.state_no

),

final as (

    select
        period_month,
        path_scope,
        level,
        from_state,
        to_state,

        transition_count,
        session_count,
        visitor_count,
        cast(transition_count as double) / sum(transition_count) over origin as probability,
        cast(transition_count as double) / sum(transition_count) over whole as share_of_all,
        median_dwell_seconds,
        p90_dwell_seconds,

        loaded_at
    from named
    window
        origin as (partition by path_scope, period_month, level, from_state),
        whole as (partition by path_scope, period_month, level)

)

select * from final
