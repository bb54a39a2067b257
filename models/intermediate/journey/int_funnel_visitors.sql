{{ config(materialized='incremental', incremental_strategy='replace_months') }}
-- depends_on: {{ ref('int_sessions') }}, {{ ref('int_touched_visitors') }}

-- How many visitors get no further than a stage within a session, by month and slice. Who reached a stage has reached
-- all before it: the furthest stage of each visitor shows how many reached any.
{%- set months = touched_months() if is_incremental() else [] %}
with

slices as (

    select * from {{ ref('int_funnel_slices') }}
    where funnel_kind in ('any_order', 'strict_order')
    {% if is_incremental() -%}
        and period_month in ({{ months | join(', ') }})
    {%- endif %}

),

furthest as (

    select
        funnel_kind,
        period_month,
        slice_name,
        slice_value,
        visitor_no,
        max(stage_order) as stage_order,
        max(loaded_at) as loaded_at
    from slices
    group by funnel_kind, period_month, slice_name, slice_value, visitor_no

),

final as (

    select
        funnel_kind,
        period_month,
        slice_name,
        slice_value,
        stage_order,

        count(*) as visitor_count,

        max(loaded_at) as loaded_at
    from furthest
    group by funnel_kind, period_month, slice_name, slice_value, stage_order

)

select * from final
