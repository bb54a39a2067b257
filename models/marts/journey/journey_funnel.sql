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

sliced as (
    {% for slice_name, expression in journey_slices('reached').items() %}
    select
        reached.funnel_kind,
        reached.period_month,
        '{{ slice_name }}' as slice_name,
        {{ expression }} as slice_value,
        reached.stage_order,
        count(*) as session_count,
        -- Across sessions each visitor opens one window a month.
        case
            when reached.funnel_kind = 'within_window' then count(*)
            else count(distinct case when reached.funnel_kind <> 'within_window' then reached.visitor_no end)
        end as visitor_count,
        {{ quantile('reached.dwell_seconds', 0.5) }} as median_dwell_seconds,
        {{ quantile('reached.dwell_seconds', 0.9) }} as p90_dwell_seconds,
        {{ quantile('reached.seconds_to_reach', 0.5) }} as median_seconds_to_reach,
        max(reached.loaded_at) as loaded_at
    from reached
    group by reached.funnel_kind, reached.period_month, slice_value, reached.stage_order
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

compared as (

    select
        *,
        first_value(session_count) over funnel as first_count,
        lag(session_count) over funnel as previous_count,
        lead(session_count) over funnel as next_count,
        first_value(visitor_count) over funnel as first_visitor_count,
        lag(visitor_count) over funnel as previous_visitor_count
    from sliced
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
