{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    on_schema_change='append_new_columns',
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- The ways through the shop, from entry to exit: between stages and between events, as they were walked and with
-- repeats merged. What is rare or long is one row, `(other)`, so that the paths of a month always hold all its
-- sessions.
{%- set max_steps = var('path_max_steps') %}
with

sessions as (

    select
        *,
        row_number() over (order by visitor_no, session_started_at) as session_no,
        {{ utc_month('session_started_at') }} as period_month
    from {{ ref('int_sessions') }}
    where not is_bot
    {% if is_incremental() -%}
        and {{ utc_month('session_started_at') }} in (select period_month from ({{ touched_months() }}))
    {%- endif %}

),

session_events as (

    select
        session_events.*,
        sessions.session_no
    from {{ ref('int_session_events') }} as session_events
    inner join sessions
        on session_events.visitor_no = sessions.visitor_no
        and session_events.session_started_at = sessions.session_started_at

),

stage_visits as (

    select
        stage_visits.*,
        sessions.session_no
    from {{ ref('int_stage_visits') }} as stage_visits
    inner join sessions
        on stage_visits.visitor_no = sessions.visitor_no
        and stage_visits.session_started_at = sessions.session_started_at

),

-- Numbers stand for the kinds of paths: names cost more to group by.
kinds as (

    select
        named.kind_no,
        named.level,
        named.path_kind
    from (
        values (1, 'event', 'whole'), (2, 'event', 'collapsed'), (3, 'stage', 'collapsed')
    ) as named (kind_no, level, path_kind)

),

walked as (

    select
        1 as kind_no,
        session_no,
        event_name as state,
        event_no as step_no
    from session_events

    union all

    -- Of a run of equal acts the last one stands for all.
    select
        2 as kind_no,
        session_no,
        event_name as state,
        row_number() over (partition by session_no order by event_no) as step_no
    from session_events
    where next_event_name is null
        or next_event_name <> event_name

    union all

    -- A stay in a stage is a run of acts already.
    select
        3 as kind_no,
        session_no,
        stage as state,
        row_number() over (partition by session_no order by visit_first_event_no) as step_no
    from stage_visits

),

-- One column a step, put together again: no list has to be kept in order.
session_paths as (

    select
        kind_no,
        session_no,
        max(step_no) as step_count,
        any_value(case when step_no = 1 then state end) as entry_state,
        {{ value_at_max('state', 'step_no') }} as exit_state,
        concat_ws(
            ' > '
            {%- for step in range(1, max_steps + 1) %},
            any_value(case when step_no = {{ step }} then state end)
            {%- endfor %}
        ) as path
    from walked
    group by kind_no, session_no

),

measured as (

    select
        session_paths.*,
        sessions.visitor_no,
        sessions.period_month,
        sessions.amount,
        sessions.is_converted,
        sessions.loaded_at
    from session_paths
    inner join sessions on session_paths.session_no = sessions.session_no

),

ranked as (

    select
        period_month,
        kind_no,
        path,
        row_number() over (partition by period_month, kind_no order by count(*) desc, path) as path_rank
    from measured
    where step_count <= {{ max_steps }}
    group by period_month, kind_no, path

),

kept as (

    select * from ranked
    where path_rank <= {{ var('paths_kept') }}

),

labelled as (

    select
        measured.*,
        kept.path_rank,
        kept.path as kept_path
    from measured
    left join kept
        on measured.period_month = kept.period_month
        and measured.kind_no = kept.kind_no
        and measured.path = kept.path
        and measured.step_count <= {{ max_steps }}

),

counted as (

    select
        period_month,
        kind_no,
        coalesce(kept_path, '{{ journey_markers().other }}') as path,
        path_rank,
        case when path_rank is not null then max(entry_state) end as entry_state,
        case when path_rank is not null then max(exit_state) end as exit_state,
        case when path_rank is not null then max(step_count) end as step_count,
        count(*) as session_count,
        count(distinct visitor_no) as visitor_count,
        count(*) filter (where is_converted) as converted_session_count,
        sum(amount) as amount,
        max(loaded_at) as loaded_at
    from labelled
    group by period_month, kind_no, kept_path, path_rank

),

final as (

    select
        counted.period_month,
        kinds.level,
        kinds.path_kind,
        counted.path,
        counted.entry_state,
        counted.exit_state,

        counted.path_rank,
        counted.step_count,
        counted.session_count,
        counted.visitor_count,
        counted.converted_session_count,
        cast(counted.session_count as double)
        / sum(counted.session_count) over (partition by counted.period_month, counted.kind_no) as share_of_sessions,
        cast(counted.converted_session_count as double) / counted.session_count as conversion_rate,
        counted.amount,

        counted.path_rank is null as is_other,

        counted.loaded_at
    from counted
    inner join kinds on counted.kind_no = kinds.kind_no

)

select * from final
