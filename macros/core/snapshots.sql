{#- The CTE `periods`: each snapshot date with the one before it. -#}
{% macro snapshot_periods() -%}
cutoffs as (

    select * from {{ ref('int_cutoffs') }}

),

followed_cutoffs as (

    select
        lag(cutoff_date) over (order by cutoff_date) as period_start,
        cutoff_date as period_end
    from cutoffs

),

periods as (

    select * from followed_cutoffs
    where period_start is not null

)
{%- endmacro %}
