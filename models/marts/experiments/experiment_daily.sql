{{ config(materialized='table') }}

-- How each comparison stood by the end of each day, with an interval that holds on all days at once: it may be read as
-- often as one likes. Only units whose window had closed by then count.
with

days as (

    select * from {{ ref('scored_experiments') }}
    where kind = 'daily'

),

final as (

    select
        experiment,
        metric,
        arm,
        adjustment,

        control_arm,
        role as metric_role,
        reason,

        control_units as control_unit_count,
        units as unit_count,
        control_mean,
        mean,
        difference,
        lower as difference_lower,
        upper as difference_upper,
        lift,
        p as p_value,

        read_on
    from days

)

select * from final
