{{ config(materialized='incremental', incremental_strategy='replace_touched') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- The way of each session in one row: what it began and ended with, and its path between acts as they happened,
-- between acts with repeats merged, and between stages. A path of more than `path_max_steps` steps is empty: the mart
-- shows none so long. One column a step, put together at the end: no list has to be kept in order.
{%- set max_steps = var('path_max_steps') %}
{%- set steps = step_columns(max_steps) %}
{%- set session = ['visitor_no', 'session_started_at'] %}
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

{% if is_incremental() -%}
windows as (
    {{ touched_windows() }}
),
{%- endif %}

acts as (

    select
        {{ prefixed('session_events', session) | join(', ') }},
        session_events.event_no,
        session_events.event_name,
        {{ path_step('session_events.event_name') }} as step,
        session_events.stage,
        session_events.next_event_name is null as is_exit, session_events.started_on,
        -- Of a run of equal acts the last one represents all.
        coalesce(session_events.next_event_name <> session_events.event_name, true) as is_run_end,
        session_events.loaded_at
    from session_events
    {% if is_incremental() %}{{ within_windows('session_events') }}{% endif %}

),

walks as (

    select
        {{ session | join(', ') }},
        count(*) as event_count,
        count(case when is_run_end then 1 end) as run_count,
        {% for level, name in {'event': 'event_name', 'stage': 'stage'}.items() -%}
        {{ only_known('case when event_no = 1 then ' ~ name ~ ' end') }} as entry_{{ level }},
        {{ only_known('case when is_exit then ' ~ name ~ ' end') }} as exit_{{ level }},
        {% endfor -%}
        {% for column in steps -%}
        {{ only_known('case when event_no = ' ~ loop.index ~ ' then step end') }} as {{ column }},
        {% endfor -%}
        max(started_on) as started_on, max(loaded_at) as loaded_at
    from acts
    group by {{ session | join(', ') }}

),

-- Where a walk is too long but its runs are not, the runs have to be counted.
long_runs as (

    select
        {{ prefixed('acts', session) | join(', ') }},
        acts.step,
        row_number() over (partition by {{ prefixed('acts', session) | join(', ') }} order by acts.event_no) as step_no
    from acts
    inner join walks
        on acts.visitor_no = walks.visitor_no
        and acts.session_started_at = walks.session_started_at
    where acts.is_run_end
        and walks.event_count > {{ max_steps }}
        and walks.run_count <= {{ max_steps }}

),

long_run_paths as (

    select
        {{ session | join(', ') }},
        {{ path_of_rows('step_no', 'step', max_steps) }} as collapsed_path
    from long_runs
    group by {{ session | join(', ') }}

),

-- A stay in a stage is a run of acts already.
stays as (

    select
        {{ prefixed('stage_visits', session) | join(', ') }},
        {{ path_step('stage_visits.stage') }} as step,
        row_number() over (
            partition by {{ prefixed('stage_visits', session) | join(', ') }} order by stage_visits.visit_first_event_no
        ) as step_no
    from stage_visits
    {% if is_incremental() %}{{ within_windows('stage_visits') }}{% endif %}

),

stay_paths as (

    select
        {{ session | join(', ') }},
        count(*) as stay_count,
        {{ path_of_rows('step_no', 'step', max_steps) }} as stage_path
    from stays
    group by {{ session | join(', ') }}

),

final as (

    select
        {{ prefixed('walks', session) | join(', ') }},

        walks.entry_event,
        walks.exit_event,
        walks.entry_stage,
        walks.exit_stage,
        case when walks.event_count <= {{ max_steps }} then {{ path_of(prefixed('walks', steps)) }} end as whole_path,
        case
            when walks.event_count <= {{ max_steps }}
                then {{ path_of(without_repeats(prefixed('walks', steps))) }}
            else long_run_paths.collapsed_path
        end as collapsed_path,
        case when stay_paths.stay_count <= {{ max_steps }} then stay_paths.stage_path end as stage_path,

        walks.event_count,
        walks.run_count,
        stay_paths.stay_count,

        walks.started_on, walks.loaded_at
    from walks
    inner join stay_paths
        on walks.visitor_no = stay_paths.visitor_no
        and walks.session_started_at = stay_paths.session_started_at
    left join long_run_paths
        on walks.visitor_no = long_run_paths.visitor_no
        and walks.session_started_at = long_run_paths.session_started_at

)

select * from final
