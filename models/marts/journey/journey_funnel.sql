{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    on_schema_change='append_new_columns',
    meta={'reach_days': var('funnel_window_days')},
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- How many get how far, by month and slice: sessions in any order (open funnel) and in strict order, and visitors
-- across their sessions within a window. A later stage never holds more than an earlier one.
{%- set stages = funnel_stages() %}
with

{% if is_incremental() -%}
months as (
    {{ touched_months() }}
),
{%- endif %}

progress as (

    select * from {{ ref('int_funnel_progress') }}
    {% if is_incremental() -%}
    where period_month in (select months.period_month from months)
    {%- endif %}

),

sessions as (

    select * from {{ ref('int_sessions') }}
    {% if is_incremental() -%}
    where {{ utc_month('session_started_at') }} in (select months.period_month from months)
    {%- endif %}

),

session_segments as (

    select * from {{ ref('int_session_segments') }}
    {% if is_incremental() -%}
    where {{ utc_month('session_started_at') }} in (select months.period_month from months)
    {%- endif %}

),

stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage in ('{{ stages | join("', '") }}')

),

data_end as (

    select
        max({{ utc_date('ended_at') }}) as ends_on,
        {{ dbt.dateadd('day', -var('funnel_window_days'), 'max(' ~ utc_date('ended_at') ~ ')') }} as windows_close_until
    from {{ ref('int_sessions') }}

),

reached as (

    select
        progress.funnel_kind,
        progress.period_month,
        progress.visitor_no,
        progress.stage_order,
        progress.dwell_seconds,
        progress.seconds_to_reach,
        progress.loaded_at,
        sessions.channel,
        sessions.device,
        sessions.country,
        sessions.visit_number,
        session_segments.segment
    from progress
    inner join sessions
        on progress.visitor_no = sessions.visitor_no
        and progress.session_started_at = sessions.session_started_at
    inner join session_segments
        on progress.visitor_no = session_segments.visitor_no
        and progress.session_started_at = session_segments.session_started_at

),

in_slices as (
    {{ in_every_slice('reached') }}
),

sliced as (

    select
        funnel_kind,
        period_month,
        slice_name,
        slice_value,
        stage_order,
        count(*) as session_count,
        {{ quantile_of('dwell_seconds', [0.5, 0.9], 1) }} as median_dwell_seconds,
        {{ quantile_of('dwell_seconds', [0.5, 0.9], 2) }} as p90_dwell_seconds,
        {{ quantile('seconds_to_reach', 0.5) }} as median_seconds_to_reach,
        max(loaded_at) as loaded_at
    from in_slices
    group by funnel_kind, period_month, slice_name, slice_value, stage_order

),

-- Who reached a stage has reached all before it: the furthest stage of each visitor tells how many reached any.
-- To count the visitors of each stage apart would take a row for each of them and each stage.
furthest as (

    select
        funnel_kind,
        period_month,
        slice_name,
        slice_value,
        visitor_no,
        max(stage_order) as stage_order
    from in_slices
    where funnel_kind <> 'within_window'
    group by funnel_kind, period_month, slice_name, slice_value, visitor_no

),

furthest_counts as (

    select
        funnel_kind,
        period_month,
        slice_name,
        slice_value,
        stage_order,
        count(*) as visitor_count
    from furthest
    group by funnel_kind, period_month, slice_name, slice_value, stage_order

),

counted as (

    select
        sliced.*,
        -- Across sessions each visitor opens one window a month.
        case
            when sliced.funnel_kind = 'within_window' then sliced.session_count
            else cast(sum(coalesce(furthest_counts.visitor_count, 0)) over from_here_on as bigint)
        end as visitor_count
    from sliced
    left join furthest_counts
        on sliced.funnel_kind = furthest_counts.funnel_kind
        and sliced.period_month = furthest_counts.period_month
        and sliced.slice_name = furthest_counts.slice_name
        and sliced.slice_value = furthest_counts.slice_value
        and sliced.stage_order = furthest_counts.stage_order
    window from_here_on as (
        partition by sliced.funnel_kind, sliced.period_month, sliced.slice_name, sliced.slice_value
        order by sliced.stage_order desc
    )

),

compared as (

    select
        *,
        first_value(session_count) over funnel as first_count,
        lag(session_count) over funnel as previous_count,
        lead(session_count) over funnel as next_count,
        first_value(visitor_count) over funnel as first_visitor_count,
        lag(visitor_count) over funnel as previous_visitor_count
    from counted
    window funnel as (
        partition by funnel_kind, period_month, slice_name, slice_value
        order by stage_order
    )

),

final as (

    select
        compared.funnel_kind,
        compared.period_month,
        compared.slice_name,
        compared.slice_value,
        stages.stage,

        compared.stage_order,
        compared.session_count,
        compared.visitor_count,
        case
            when stages.stage = 'purchase' then 0
            else compared.session_count - coalesce(compared.next_count, 0)
        end as drop_off_count,
        cast(compared.session_count as double) / compared.first_count as conversion_from_first,
        cast(compared.session_count as double) / coalesce(compared.previous_count, compared.session_count)
            as conversion_from_previous,
        cast(compared.visitor_count as double) / compared.first_visitor_count as visitor_conversion_from_first,
        cast(compared.visitor_count as double) / coalesce(compared.previous_visitor_count, compared.visitor_count)
            as visitor_conversion_from_previous,
        compared.median_dwell_seconds,
        compared.p90_dwell_seconds,
        compared.median_seconds_to_reach,

        -- A window that is still open may bring more of its visitors to a later stage.
        {{ dbt.dateadd('month', 1, 'compared.period_month') }}
        <= case compared.funnel_kind when 'within_window' then data_end.windows_close_until else data_end.ends_on end
            as is_complete,

        compared.loaded_at
    from compared
    inner join stages on compared.stage_order = stages.stage_order
    cross join data_end

)

select * from final
