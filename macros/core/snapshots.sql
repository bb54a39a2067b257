{#- The CTE `periods`: each shown snapshot date with the one before it, which may be before all that are shown. -#}
{% macro snapshot_periods() -%}
periods as (

    select
        previous_cutoff_date as period_start,
        cutoff_date as period_end
    from {{ ref('int_snapshot_dates') }}
    where is_shown
        and previous_cutoff_date is not null

)
{%- endmacro %}
