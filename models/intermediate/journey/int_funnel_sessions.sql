{{ config(
    materialized='incremental',
    incremental_strategy='replace_months',
    meta={'reach_days': var('funnel_window_days')},
) }}
-- depends_on: {{ ref('int_sessions') }}, {{ ref('int_touched_visitors') }}

-- How many sessions get how far, by month and slice, and how long it took them. Visitors are counted apart
-- (`int_funnel_visitors`): what both keep in memory at once is more than a small machine has.
{%- set months = touched_months() if is_incremental() else [] %}
with

slices as (

    select * from {{ ref('int_funnel_slices') }}
    {% if is_incremental() -%}
    where period_month in ({{ months | join(', ') }})
    {%- endif %}

),

final as (

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
    from slices
    group by funnel_kind, period_month, slice_name, slice_value, stage_order

)

select * from final
