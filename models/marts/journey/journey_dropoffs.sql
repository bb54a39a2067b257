{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    on_schema_change='append_new_columns',
    meta={'reach_days': var('drop_off_window_days'), 'tells_open_windows': true},
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- What became of those who stopped before an order: by the stage that the session got to, month and slice. A window
-- that is still open is kept apart: its outcome is not known yet. Bots are left out.
{%- set stages = funnel_stages()[:-1] %}
{%- set window_seconds = var('drop_off_window_days') * 86400 %}
{%- set months = touched_months() if is_incremental() else [] %}
with

-- What follows on a session comes after it: what happened before the touched months does not matter.
sessions as (

    select * from {{ ref('int_sessions') }}
    where not is_bot
    {% if is_incremental() -%}
        and {{ month_start('started_on') }} >= {{ months | first }}
    {%- endif %}

),

-- Segments know moments alone; no zone is further than a day from UTC.
session_segments as (

    select * from {{ ref('int_session_segments') }}
    {% if is_incremental() -%}
    where session_started_at >= {{ dbt.dateadd('day', -1, months | first) }}
    {%- endif %}

),

stages as (

    {{ stage_orders(stages) }}

),

data_end as (

    select max(ended_at) as ends_at from {{ ref('int_sessions') }}

),

followed as (

    select
        sessions.*,
        {{ month_start('sessions.started_on') }} as period_month,
        stages.stage,
        lead(sessions.session_started_at) over (
            partition by sessions.visitor_no order by sessions.session_started_at
        ) as next_started_at,
        lead(sessions.session_started_at) over (
            partition by sessions.visitor_no, stages.stage is not null order by sessions.session_started_at
        ) as next_dropped_at
    from sessions
    left join stages on sessions.furthest_funnel_order = stages.stage_order

),

dropped as (

    select
        followed.*,
        session_segments.segment
    from followed
    inner join session_segments
        on followed.visitor_no = session_segments.visitor_no
        and followed.session_started_at = session_segments.session_started_at
    where followed.stage is not null
    {% if is_incremental() -%}
        and followed.period_month in ({{ months | join(', ') }})
    {%- endif %}

),

{{ outcomes_of_drop_offs('dropped', 'sessions', window_seconds) }},

in_slices as (
    {{ in_every_slice('judged') }}
),

sliced as (

    select
        period_month,
        slice_name,
        slice_value,
        stage,
        outcome,
        furthest_funnel_order as stage_order,
        count(*) as session_count,
        count(distinct visitor_no) as visitor_count,
        coalesce(sum(later_amount), 0) as later_amount,
        coalesce(sum(recovered_amount), 0) as recovered_amount,
        {{ quantile('days_to_return', 0.5) }} as median_days_to_return,
        max(loaded_at) as loaded_at
    from in_slices
    group by period_month, slice_name, slice_value, stage, outcome, furthest_funnel_order

),

final as (

    select
        period_month,
        slice_name,
        slice_value,
        stage,
        outcome,

        stage_order,
        session_count,
        visitor_count,
        cast(session_count as double) / sum(session_count) over stopped as share_of_drop_offs,
        case
            when outcome <> 'open' then cast(session_count as double) / sum(session_count) over closed
        end as share_of_closed,
        cast(later_amount as double) as later_amount,
        cast(recovered_amount as double) as recovered_amount,
        median_days_to_return,

        loaded_at
    from sliced
    window
        stopped as (partition by period_month, slice_name, slice_value, stage),
        closed as (partition by period_month, slice_name, slice_value, stage, outcome = 'open')

)

select * from final
