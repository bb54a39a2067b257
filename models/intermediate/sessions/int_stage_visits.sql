{{ config(materialized='incremental', incremental_strategy='replace_touched') }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- One row each time a session enters a stage of the journey and stays there until the next stage.
with

session_events as (

    select * from {{ ref('int_session_events') }}

),

{% if is_incremental() -%}
windows as (
    {{ touched_windows() }}
),
{%- endif %}

touched_events as (

    select session_events.*
    from session_events
    {% if is_incremental() %}{{ within_windows('session_events') }}{% endif %}

),

final as (

    select
        visitor_no,
        session_started_at,
        visit_first_event_no,

        max(stage) as stage,

        max(stage_order) as stage_order,
        count(*) as event_count,
        count(case when is_friction then 1 end) as friction_count,
        -- Empty where the session ended within the stage and had one act in it.
        sum(seconds_to_next) as dwell_seconds,

        max(started_on) as started_on,
        min(event_at) as entered_at,
        max(event_at) as last_event_at,
        max(loaded_at) as loaded_at
    from touched_events
    group by visitor_no, session_started_at, visit_first_event_no

)

select * from final
