{{ config(materialized='table') }}

-- How each comparison stood by the end of each day, with an interval that holds on all days at once: it may be read as
-- often as one likes. Only units whose window had closed by then count.
with

days as (

    select * from {{ ref('scored_experiments') }}
    where kind = 'daily'

),

words as (

    select * from {{ words() }}

),

final as (

    select
        days.experiment,
        days.metric,
        days.arm,
        days.adjustment,

        days.control_arm,
        days.role as metric_role,
        {{ experiment_reason('days') }} as reason,
        days.reason_key,
        days.reason_values,

        days.control_units as control_unit_count,
        days.units as unit_count,
        days.control_mean,
        days.mean,
        days.difference,
        days.lower as difference_lower,
        days.upper as difference_upper,
        days.lift,
        days.p as p_value,

        days.read_on
    from days
    left join words on days.reason_key = words.message_key

)

select * from final
