{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    on_schema_change='append_new_columns',
) }}
-- depends_on: {{ ref('int_touched_visitors') }}

-- How many sessions get how far, by month and slice. A session counts for a stage when it reached that stage or a
-- later one (open funnel), so a later stage never holds more than an earlier one. Bots are left out.
{%- set slices = {
    'all': "cast('all' as varchar)",
    'channel': "coalesce(sessions.channel, 'unknown')",
    'device': "coalesce(sessions.device, 'unknown')",
    'country': "coalesce(sessions.country, 'unknown')",
    'visitor': "case when sessions.visit_number > 1 then 'returning' else 'new' end",
} %}
with

all_sessions as (

    select * from {{ ref('int_sessions') }}

),

stage_visits as (

    select * from {{ ref('int_stage_visits') }}

),

-- After-sales is no step towards a purchase; the funnel ends with the order.
stages as (

    select distinct
        stage,
        stage_order
    from {{ ref('event_types') }}
    where stage in ('browse', 'cart', 'checkout', 'purchase')

),

sessions as (

    select
        visitor_no,
        session_started_at,
        {{ utc_month('session_started_at') }} as period_month,
        channel,
        device,
        country,
        visit_number,
        furthest_funnel_order,
        loaded_at
    from all_sessions
    where not is_bot
    {% if is_incremental() -%}
        and {{ utc_month('session_started_at') }} in (select period_month from ({{ touched_months() }}))
    {%- endif %}

),

dwells as (

    select
        visitor_no,
        session_started_at,
        stage,
        sum(dwell_seconds) as dwell_seconds
    from stage_visits
    group by visitor_no, session_started_at, stage

),

reached as (

    select
        sessions.*,
        stages.stage,
        stages.stage_order,
        sessions.furthest_funnel_order = stages.stage_order as is_dropped,
        dwells.dwell_seconds
    from sessions
    inner join stages on sessions.furthest_funnel_order >= stages.stage_order
    left join dwells
        on sessions.visitor_no = dwells.visitor_no
        and sessions.session_started_at = dwells.session_started_at
        and stages.stage = dwells.stage

),

sliced as (
    {% for slice_name, expression in slices.items() %}
    select
        sessions.period_month,
        '{{ slice_name }}' as slice_name,
        {{ expression }} as slice_value,
        sessions.stage,
        sessions.stage_order,
        count(*) as session_count,
        count(distinct sessions.visitor_no) as visitor_count,
        count(*) filter (where sessions.is_dropped and sessions.stage <> 'purchase') as drop_off_count,
        median(sessions.dwell_seconds) as median_dwell_seconds,
        quantile_cont(sessions.dwell_seconds, 0.9) as p90_dwell_seconds,
        max(sessions.loaded_at) as loaded_at
    from reached as sessions
    group by sessions.period_month, slice_value, sessions.stage, sessions.stage_order
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

compared as (

    select
        *,
        first_value(session_count) over funnel as first_count,
        lag(session_count) over funnel as previous_count
    from sliced
    window funnel as (partition by period_month, slice_name, slice_value order by stage_order)

),

final as (

    select
        period_month,
        slice_name,
        slice_value,
        stage,

        stage_order,
        session_count,
        visitor_count,
        drop_off_count,
        cast(session_count as double) / first_count as conversion_from_first,
        cast(session_count as double) / coalesce(previous_count, session_count) as conversion_from_previous,
        median_dwell_seconds,
        p90_dwell_seconds,

        loaded_at
    from compared

)

select * from final
